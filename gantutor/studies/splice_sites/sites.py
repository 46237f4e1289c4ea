"""Human 5′ splice sites with their counts, and what one measures on a distribution of sites."""

import hashlib
import io
from functools import cache
from importlib.resources import files

import numpy as np

LETTERS = "ACGU"
PLACES = ("−3", "−2", "−1", "+1", "+2", "+3", "+4", "+5", "+6")
LENGTH = len(PLACES)
SHA256 = "57720d487a803c482cb5dec902133e2dc484d6a35824e6ce2c7df9e04842ef5e"
NUMBERS = 4 ** np.arange(LENGTH - 1, -1, -1)  # of the letters in a site's number


@cache
def load() -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct sites as letters 0–3, int [N, 9], and how often each occurs, int [N].

    Raises
    ------
    ValueError
        If logomaker's file is not the one that this module knows.
    """
    path = files("logomaker") / "examples" / "datafiles" / "ss_sequences.txt"
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path} is not the known file of splice sites.")
    lines = [line for line in io.StringIO(content.decode("utf-8")) if line[0] != "#"][1:]
    rows = [line.split() for line in lines if line.strip()]
    sites = np.array([[LETTERS.index(letter) for letter in site] for site, _ in rows])
    return sites, np.array([int(count) for _, count in rows])


def split(train: int, seed: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return that many occurrences of sites to learn from, and all others, int [N, 9] each."""
    sites, counts = load()
    occurrences = np.repeat(sites, counts, axis=0)
    occurrences = occurrences[seed.permutation(len(occurrences))]
    return occurrences[:train], occurrences[train:]


def distribution(sites: np.ndarray) -> np.ndarray:
    """Return the share of each of the 4⁹ possible sites among sites [N, 9]; it sums to 1."""
    return np.bincount(sites @ NUMBERS, minlength=4**LENGTH) / len(sites)


def frequencies(shares: np.ndarray) -> np.ndarray:
    """Return the share of each letter at each place, [9, 4], under a distribution [4⁹]."""
    return np.stack([_onto(shares, place) for place in range(LENGTH)])


def mutual_information(shares: np.ndarray) -> np.ndarray:
    """Return the mutual information of each two places in bits, [9, 9], zero on the diagonal."""
    table = np.zeros((LENGTH, LENGTH))
    for a in range(LENGTH):
        for b in range(a + 1, LENGTH):
            joint = _onto(shares, a, b)
            product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
            seen = joint > 0
            table[a, b] = table[b, a] = np.sum(joint[seen] * np.log2(joint[seen] / product[seen]))
    return table


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """Return half the sum of the absolute differences of two distributions, from 0 to 1."""
    return float(np.abs(first - second).sum() / 2)


def _onto(shares, *kept):
    others = tuple(place for place in range(LENGTH) if place not in kept)
    return shares.reshape((4,) * LENGTH).sum(axis=others)
