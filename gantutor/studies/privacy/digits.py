"""Digits as records of 64 numbers and a class, divided for an attack."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.fft import dctn, idctn

from gantutor.data import load_digits
from gantutor.runs import seeds

SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = 10
MEMBERS, OTHERS = 2000, 1000


class Parts(NamedTuple):
    """Digits of one seed, float32 [N, 28, 28, 1], and their classes.

    Attributes
    ----------
    members : tuple
        Those that may be trained on: the first n of them are.
    outsiders : tuple
        As many of the same kind as an attack needs that nobody trained on.
    test : tuple
        The attacker's own; quality is measured with them, too.
    others : tuple
        What the floor publishes.
    """

    members: tuple
    outsiders: tuple
    test: tuple
    others: tuple


@cache
def divide(seed: int) -> Parts:
    """Divide the 5,000 digits at random into 2,000 members and three times 1,000."""
    images, labels = load_digits()
    order = seeds.rng(seed, "data").permutation(len(images))
    places = np.split(order, np.cumsum([MEMBERS, OTHERS, OTHERS]))
    return Parts(*((images[place], labels[place]) for place in places))


def shrink(images: np.ndarray) -> np.ndarray:
    """Return the 64 lowest frequencies of images as small images, float32 [N, 64], about 0 to 1."""
    waves = dctn((images[..., 0] + 1) / 2, axes=(1, 2), norm="ortho")[:, :SIDE, :SIDE]
    small = idctn(waves, axes=(1, 2), norm="ortho") * SIDE / images.shape[1]
    return small.reshape(len(images), -1).astype(np.float32)


def enlarge(small: np.ndarray) -> np.ndarray:
    """Return images that have the frequencies of small ones and no others, [N, 28, 28, 1]."""
    waves = np.zeros((len(small), 28, 28))
    waves[:, :SIDE, :SIDE] = dctn(small.reshape(-1, SIDE, SIDE), axes=(1, 2), norm="ortho")
    images = 2 * idctn(waves * 28 / SIDE, axes=(1, 2), norm="ortho") - 1
    return images.clip(-1, 1).astype(np.float32)[..., None]


def record(small: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return records, float32 [N, 74]: small images and their classes, one-hot."""
    return np.concatenate([small, np.eye(CLASSES, dtype=np.float32)[labels]], axis=1)


def move(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return images moved by whole pixels; what comes in is black."""
    size, margin = images.shape[1], 8
    edges = [(0, 0), (margin, margin), (margin, margin), (0, 0)]
    padded = np.pad(images, edges, constant_values=-1)
    top, left = margin - down, margin - right
    return padded[:, top : top + size, left : left + size]
