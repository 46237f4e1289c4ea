"""Pictures from captions and captions from pictures, with combinations of words held out."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.captions.pictures import (
    ASPECTS,
    all_captions,
    draw,
    read,
    spots,
    to_words,
)
from gantutor.studies.captions.training import KINDS, train_captioner, train_painter

STEPS = 1500  # updates of each painter
CAPTION_STEPS = 600  # updates of each captioner
HELD_OUT = 26  # of the 128 captions
EACH = 50  # drawings to train on of each of the others
MADE = 20  # pictures that are made of each caption held out; of the others, a quarter
RIDGE = 10.0

_PAINTERS = ("squared error", "flow", "GAN, no mismatches", "GAN, mismatches")
_PICTURES = (
    "drawings",
    "mean drawing",
    "any drawing",
    "spot",
    "nearest caption",
    "recoloured",
    *_PAINTERS,
)
_CAPTIONS = (
    "measured",
    "random words",
    "nearest picture",
    "nearest in grey",
    "linear",
    "cross-entropy",
    "adversarial",
)
KEYS = ("task", "method")
SETTINGS = {("pictures", name): {"task": "pictures", "method": name} for name in _PICTURES} | {
    ("captions", name): {"task": "captions", "method": name} for name in _CAPTIONS
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys([*ASPECTS, "held_out", "seen"], (0, 1)),
    "faults": (-1, 1),
    "spread": (-1, 12),
}


class Data(NamedTuple):
    """What one seed trains on and is asked.

    Attributes
    ----------
    seen, held_out : numpy.ndarray of int64, shapes [102, 4] and [26, 4]
        Captions.
    captions, pictures : numpy.ndarray
        Of the drawings to train on: 50 for each caption in `seen`.
    """

    seen: np.ndarray
    held_out: np.ndarray
    captions: np.ndarray
    pictures: np.ndarray


@cache
def data(seed: int) -> Data:
    """Divide the captions at random, and draw the pictures to train on."""
    rng = seeds.rng(seed, "data")
    captions = all_captions()[rng.permutation(128)]
    seen = captions[HELD_OUT:]
    drawn = np.repeat(seen, EACH, axis=0)
    return Data(seen, captions[:HELD_OUT], drawn, draw(drawn, rng))


def find(captions: np.ndarray, seed: int) -> np.ndarray:
    """Return for each caption a drawing to train on with as many words in common as possible."""
    known, rng = data(seed), seeds.rng(seed, "noise")
    common = (captions[:, None] == known.captions).sum(axis=2)
    return known.pictures[(common + rng.random(common.shape)).argmax(axis=1)]


def recolour(captions: np.ndarray, seed: int) -> np.ndarray:
    """Return drawings to train on that agree but for the colour, in the mean colour of the word."""
    known, rng = data(seed), seeds.rng(seed, "noise")
    light = (known.pictures + 1) / 2
    means = [light[known.captions[:, 0] == colour].mean(axis=(0, 1, 2)) for colour in range(4)]
    same = (captions[:, None, 1:] == known.captions[:, 1:]).sum(axis=2)
    rows = (same + rng.random(same.shape)).argmax(axis=1)
    shade = np.stack([mean / mean.max() for mean in means])[captions[:, 0]]
    return (2 * light[rows].max(axis=3, keepdims=True) * shade[:, None, None] - 1).astype("f4")


def make(captions: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Make a picture for each caption without a network."""
    if method == "drawings":
        return draw(captions, seeds.rng(seed, "latents"))
    if method == "any drawing":
        rows = seeds.rng(seed, "noise").integers(len(data(seed).pictures), size=len(captions))
        return data(seed).pictures[rows]
    if method == "mean drawing":
        kinds, rows = np.unique(captions, axis=0, return_inverse=True)
        many = draw(np.repeat(kinds, EACH, axis=0), seeds.rng(seed, "noise"))
        return many.reshape(len(kinds), EACH, *many.shape[1:]).mean(axis=1)[rows.ravel()]
    if method == "spot":
        return spots(captions)
    return (find if method == "nearest caption" else recolour)(captions, seed)


def choose(scores: np.ndarray) -> np.ndarray:
    """Return the captions of which the words have the highest scores, [N, 14] → [N, 4]."""
    kinds = np.split(scores, np.cumsum(KINDS)[:-1], axis=1)
    colour, shape, size, down, right = (kind.argmax(axis=1) for kind in kinds)
    return np.stack([colour, shape, size, 2 * down + right], axis=1)


def caption(pictures: np.ndarray, method: str, seed: int) -> np.ndarray:
    """Write a caption for each picture without a network."""
    known = data(seed)
    if method == "measured":
        return read(pictures).captions
    if method == "random words":
        rng = seeds.rng(seed, "noise")
        return known.captions[rng.integers(len(known.captions), size=len(pictures))]
    old, new = (some.reshape(len(some), -1) for some in (known.pictures, pictures))
    if method == "nearest picture":
        squares = (old**2).sum(axis=1) - 2 * new @ old.T
        return known.captions[squares.argmin(axis=1)]
    if method == "nearest in grey":
        return in_grey(pictures, seed)
    middle, words = old.mean(axis=0), to_words(known.captions)
    slopes = (old - middle).T @ (old - middle) + RIDGE * np.eye(old.shape[1])
    weights = np.linalg.solve(slopes, (old - middle).T @ (words - words.mean(axis=0)))
    return choose((new - middle) @ weights + words.mean(axis=0))


def in_grey(pictures: np.ndarray, seed: int) -> np.ndarray:
    """Return the colour of the nearest drawing, and the other words of the nearest one in grey."""
    known = data(seed)
    old, new = (
        ((some + 1) / 2).max(axis=3).reshape(len(some), -1) for some in (known.pictures, pictures)
    )
    old, new = (grey / np.linalg.norm(grey, axis=1, keepdims=True) for grey in (old, new))
    said = known.captions[(new @ old.T).argmax(axis=1)]
    said[:, 0] = caption(pictures, "nearest picture", seed)[:, 0]
    return said


def run(seed: int, task: str, method: str) -> dict[str, float]:
    """Draw captions or write them, for combinations of words seen and held out.

    Parameters
    ----------
    seed : int
        Of the captions held out, and of all else.
    task : {"pictures", "captions"}
        What is made.
    method : str
        One that the study names.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors for training; shares of right words with
        captions held out, ``colour``, ``shape``, ``size`` and ``position``; the shares with all
        words right, ``held_out`` and ``seen``. For pictures of captions held out: ``faults``, the
        median, and ``spread``, the standard deviation of the place within a caption in pixels; −1
        for captions.
    """
    known = data(seed)
    held_out = np.repeat(known.held_out, MADE, axis=0)
    seen = np.repeat(known.seen, MADE // 4, axis=0)
    learnt = (known.pictures, to_words(known.captions))
    begin = time.process_time()
    if task == "pictures":
        work = lambda captions: make(captions, method, seed)  # noqa: E731
        if method in _PAINTERS:
            paint = train_painter(method, *learnt, STEPS, seed)
            work = lambda captions: paint(to_words(captions), seed)  # noqa: E731
        seconds = time.process_time() - begin
        scores = score(work(held_out), held_out)
        scores["seen"] = score(work(seen), seen)["held_out"]
    else:
        work = lambda pictures: caption(pictures, method, seed)  # noqa: E731
        if method in ("cross-entropy", "adversarial"):
            logits = train_captioner(method == "adversarial", *learnt, CAPTION_STEPS, seed)
            work = lambda pictures: choose(logits(pictures))  # noqa: E731
        seconds = time.process_time() - begin
        rng = seeds.rng(seed, "latents")
        scores = agreement(work(draw(held_out, rng)), held_out) | {"faults": -1.0, "spread": -1.0}
        scores["seen"] = agreement(work(draw(seen, rng)), seen)["held_out"]
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(scores[name]), 4) for name in list(COLUMNS)[2:]},
    }


def agreement(given: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Return the share of right words of each aspect, and of captions with all words right."""
    right = given == asked
    shares = dict(zip(ASPECTS, right.mean(axis=0), strict=True))
    return shares | {"held_out": right.all(axis=1).mean()}


def score(pictures: np.ndarray, captions: np.ndarray) -> dict[str, float]:
    """Measure pictures of captions; those of one caption follow each other."""
    reading = read(pictures)
    count = len(np.unique(captions, axis=0))
    places = reading.places.reshape(count, -1, 2)
    return agreement(reading.captions, captions) | {
        "faults": np.median(reading.faults),
        "spread": places.std(axis=1).mean(),
    }
