"""Digits in 80 bits: codes of a small network with four kinds of losses, and of none."""

import time
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.tokenizers.simple import (
    ENTRIES,
    Patches,
    contrast,
    draw_codes,
    nearest,
    principal_components,
)
from gantutor.studies.tokenizers.training import Losses, classifier_features, train

HELD_OUT = 1500  # digits that no method sees
SEEDS = 3
KEYS = ("setting",)
SETTINGS = {
    "mean digit": {"method": "mean"},
    "random digit": {"method": "random"},
    "nearest digit": {"method": "nearest"},
    "patches": {"method": "patches"},
    "patches, regression": {"method": "patches", "regression": True},
    "patches, regression, contrast": {"method": "patches", "regression": True, "sharpened": True},
    "components": {"method": "components"},
    "components, contrast": {"method": "components", "sharpened": True},
    "digits": {"method": "truth"},
    "L2": {},
    "L2, contrast": {"sharpened": True},
    "L2, 640 updates": {"steps": 640},
    "L2, no restarts": {"restarts": False},
    "L2, wide start": {"spread": 5.0},
    "L2, wide start, no restarts": {"spread": 5.0, "restarts": False},
    "features 10": {"features": 10.0},
    "features 10, game 0.03": {"features": 10.0, "game": 0.03},
    "game 0.01": {"game": 0.01},
    "game 0.01, contrast": {"game": 0.01, "sharpened": True},
    "game 0.01, from the start": {"game": 0.01, "start": 0.0},
    "game 0.03": {"game": 0.03},
    "game 0.03, contrast": {"game": 0.03, "sharpened": True},
    "game 0.1": {"game": 0.1},
    "game 0.1, from the start": {"game": 0.1, "start": 0.0},
    "adaptive 0.3": {"game": 0.3, "adaptive": True},
    "adaptive 0.8": {"game": 0.8, "adaptive": True},
    "adaptive 1": {"game": 1.0, "adaptive": True},
    "adaptive 1, judge ahead": {"game": 1.0, "adaptive": True, "ahead": 0.1},
    "adaptive 1, error at most 0.2": {"game": 1.0, "adaptive": True, "error_most": 0.2},
    "adaptive 1, game at least 1": {"game": 1.0, "adaptive": True, "game_least": 1.0},
    "balanced 1": {"game": 1.0, "adaptive": True, "balanced": True},
    "L2, 1600 updates": {"steps": 1600},
    "L2, contrast, 1600 updates": {"steps": 1600, "sharpened": True},
    "game 0.03, 1600 updates": {"game": 0.03, "steps": 1600},
    "game 0.03, contrast, 1600 updates": {"game": 0.03, "steps": 1600, "sharpened": True},
}
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "psnr": (0, 100),
    "fid": (0, np.inf),
    "strokes": (0, np.inf),
    "changed": (0, 1),
    "grey": (0, 1),
    "used": (0, ENTRIES),
    "perplexity": (0, ENTRIES),
    "generated": (0, np.inf),
    "weight_first": (0, np.inf),
    "weight_most": (0, np.inf),
    "weight_last": (0, np.inf),
    "error_grows": (0, np.inf),
    "game_grows": (0, np.inf),
}


class Digits(NamedTuple):
    """Digits of one seed, float32 [N, 28, 28, 1] in [−1, 1], and labels of those to train on."""

    held_out: np.ndarray
    train: np.ndarray
    labels: np.ndarray


@cache
def digits(seed: int) -> Digits:
    """Divide the 5,000 digits at random into those held out and those to train on."""
    images, labels = load_digits()
    order = seeds.rng(seed, "data").permutation(len(images))
    images, labels = images[order], labels[order]
    return Digits(images[:HELD_OUT], images[HELD_OUT:], labels[HELD_OUT:])


def run(
    seed: int, method: str = "network", sharpened: bool = False, regression: bool = False, **options
) -> dict[str, float]:
    """Code held-out digits, decode them, and score what comes out.

    Parameters
    ----------
    seed : int
        Of the division of the digits, the weights, the batches.
    method : str
        ``"network"``; ``"mean"``, the mean training digit; ``"random"``, any; ``"nearest"``, the
        nearest one; ``"patches"`` of k-means; principal ``"components"``; ``"truth"``, the digits
        themselves.
    sharpened : bool
        Change the grey values of the images by `contrast`.
    regression : bool
        As of `Patches`.
    **options
        Of `network`.

    Returns
    -------
    dict of float
        ``seconds`` of this process on processors, for training; what `score` returns; ``used``
        codes and the ``perplexity`` of all, on held-out digits; ``generated``: the digit FID of
        images decoded from drawn codes; ``weight_first``, ``weight_most``, ``weight_last``: the
        weight of the game in its first update, its largest, and the mean of the last 20;
        ``error_grows`` and ``game_grows``: with an adaptive weight, by how much the two norms of
        its ratio grow, from the mean of the first 20 updates of the game to that of the last 20.
        What a method does not have is 0.
    """
    found = dict.fromkeys(("seconds", *list(COLUMNS)[7:]), 0.0)
    held_out, known, _ = digits(seed)
    begin, coder = time.process_time(), None
    if method == "network":
        coder, log, found["seconds"] = network(seed, **options)
        played = log[log[:, 1] > 0]
        if len(played):
            weight = played[:, 1]
            names = ("weight_first", "weight_most", "weight_last")
            found |= zip(names, (weight[0], weight.max(), weight[-20:].mean()), strict=True)
        if options.get("adaptive"):
            grown = played[-20:, 4:].mean(axis=0) / played[:20, 4:].mean(axis=0)
            found["error_grows"], found["game_grows"] = grown
    elif method == "patches":
        coder = Patches(known, seed, regression)
    if coder:
        codes, others = coder.encode(held_out), coder.encode(known)
        drawn = draw_codes(others, HELD_OUT, seeds.rng(seed, "latents"))
        made, more = coder.decode(codes), coder.decode(drawn)
        if sharpened:
            curve = contrast(coder.decode(others), known)
            made, more = curve(made), curve(more)
        shares = np.bincount(codes.ravel(), minlength=ENTRIES) / codes.size
        found |= {"used": np.count_nonzero(shares), "perplexity": perplexity(shares)}
        found["generated"] = metrics.digit_fid(more)
    elif method == "components":
        made = principal_components(known, held_out)[0]
        if sharpened:
            made = contrast(principal_components(known, known)[0], known)(made)
    elif method == "nearest":
        made = nearest(known, held_out)
    elif method == "random":
        made = known[-HELD_OUT:]
    else:
        made = np.tile(known.mean(axis=0), (HELD_OUT, 1, 1, 1)) if method == "mean" else held_out
    if method != "network":
        found["seconds"] = time.process_time() - begin
    found |= score(held_out, made, known[:HELD_OUT])
    return {name: round(float(found[name]), 4) for name in COLUMNS if name != "seed"}


def score(real: np.ndarray, made: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """Score reconstructions.

    Parameters
    ----------
    real, made, other : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1]: digits, what was made of them, and other digits.

    Returns
    -------
    dict of float
        ``psnr`` in dB, of the mean squared error over all images, at most 97; ``fid``, the digit
        FID to MNIST's test digits, which are other digits than `real`; ``strokes``, the
        `patch_distance` to `other` digits; ``changed``, the share that the classifier reads as
        another digit than the real one; ``grey``, the share of grey pixels.
    """
    error = np.mean((real - made) ** 2, dtype=np.float64)
    first, second = (metrics.digit_probabilities(some).argmax(axis=1) for some in (real, made))
    return {
        "psnr": 10 * np.log10(4 / max(error, 1e-9)),
        "fid": metrics.digit_fid(made),
        "strokes": patch_distance(other, made),
        "changed": np.mean(first != second),
        "grey": np.mean(np.abs(made) < 0.5),
    }


def patch_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """Return the sliced Wasserstein distance of patches of 5 × 5 pixels, four of each image.

    The patches lie at random places, the same in both sets, and no network sees them.
    """
    rng = np.random.default_rng(0)
    corners = rng.integers(4, 20, (4, 2))  # the middle of the images
    rows = [
        np.concatenate([some[:, i : i + 5, j : j + 5].reshape(len(some), -1) for i, j in corners])
        for some in (real, fake)
    ]
    return metrics.sliced_wasserstein_distance(*rows, lines=64)


def perplexity(shares: np.ndarray) -> float:
    """Return e to the entropy of shares: how many equally frequent codes would be as varied."""
    some = shares[shares > 0]
    return float(np.exp(-(some * np.log(some)).sum()))


@lru_cache(maxsize=4)
def network(seed: int, **options):
    """Return a trained tokenizer, its log, and the seconds that it took.

    The options are those of `Losses` and of `train`.
    """
    data, judged = digits(seed), None
    losses = Losses(**{name: options.pop(name) for name in Losses._fields if name in options})
    begin = time.process_time()
    if losses.features:
        judged = classifier_features(data.train, data.labels, seed)
    tokenizer, log = train(data.train, seed, losses, features=judged, **options)
    return tokenizer, log, time.process_time() - begin
