"""Detectors of generated patches, on generators and files that they were not trained on."""

import functools
import time

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.detectors.detecting import DETECTORS, STEPS, Detector, auroc
from gantutor.studies.detectors.detecting import train as train_detector
from gantutor.studies.detectors.patches import (
    CHANGES,
    change,
    change_at_random,
    cut,
    rounded,
    split,
)
from gantutor.studies.detectors.training import ENLARGEMENTS as DECODERS
from gantutor.studies.detectors.training import build, make, train

TRAINED = 2000  # real patches to train on, and as many fakes
TESTED = 600  # patches of each kind to test on
QUALITY = 75  # of the JPEG files of the biased data
FALSE_ALARMS = 0.05  # on the patches that the threshold is set with

FROM_NOISE = ("transposed 4", "nearest")
GENERATORS = (*DECODERS, *(f"{kind}, noise" for kind in FROM_NOISE))
CONTROLS = ("JPEG 75", "blur", "resize")  # changes of real patches, without any generator
ALL = "all five"

GRIDS = ("alike", "at random")  # where the blocks of JPEG lie in the patches
TRAINABLE = ("spectrum", "network")

KEYS = ("detector", "trained_on")
SETTINGS = {
    **{(d, kind): {} for d in DETECTORS for kind in (*DECODERS, ALL)},
    **{("spectrum", f"all but {k}"): {} for k in DECODERS},
    ("spectrum", f"{ALL}, changed"): {"changed": True},
    **{("spectrum", f"{ALL}, JPEG {grid}"): {"jpeg": grid} for grid in GRIDS},
    **{(d, f"no fakes, JPEG {grid}"): {"jpeg": grid} for d in TRAINABLE for grid in GRIDS},
}
for (_detector, _trained_on), _arguments in SETTINGS.items():
    _arguments |= {"detector": _detector, "fakes": _trained_on.split(",")[0]}
SEEDS = 4
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"on {name}": (0, 1) for name in GENERATORS},
    **{f"real, {name}": (0, 1) for name in CONTROLS},
    **{f"{what}, {name}": (0, 1) for what in ("auroc", "alarms", "hits") for name in CHANGES},
    **{f"on {name}, untrained": (0, 1) for name in DECODERS},
    **{f"{what}, {grid}": (0, 1) for what in ("biased", "empty", "reversed") for grid in GRIDS},
}


def run(
    seed: int,
    detector: str,
    fakes: str,
    changed: bool = False,
    jpeg: str | None = None,
    steps: int = STEPS,
) -> dict[str, float]:
    """Train a detector on some generators' patches, and test it on others.

    Parameters
    ----------
    seed : int
        Seed of the choice of photographs and patches, and of all weights and batches.
    detector : str
        As of `detecting.train`.
    fakes : str
        What it is trained on: a decoder, ``"all five"``, ``"all but …"``, or ``"no fakes"``: the
        real patches themselves take their place.
    changed : bool
        Whether each patch is blurred or compressed at random, real and fake alike.
    jpeg : str, optional
        One of `GRIDS`, if the real patches are JPEG files, while the fakes are not.
    steps : int
        Updates of a network.

    Returns
    -------
    dict of float
        ``seconds`` of training; ``on …``: the AUROC between real patches and those of a generator,
        trained or with its first weights;
        ``real, …``: between real patches and the same ones after a change, no generator involved;
        then after each change of both, for fakes of the five decoders together: ``auroc, …``,
        ``alarms, …`` and ``hits, …``, the shares of reals and of fakes beyond a threshold that
        `FALSE_ALARMS` of the unchanged real patches of two other photographs are beyond. Last, for
        both `GRIDS`, the AUROC if only real patches are JPEG files (``biased``), if only fakes are
        (``reversed``), and between real patches as JPEG files and the same ones without
        (``empty``).
    """
    real, fake = fakes_of(seed, fakes, "train")
    if jpeg:
        real = change(real, quality=QUALITY, alike=jpeg == "alike", seed=seed)
    if changed:
        random = seeds.rng(seed, "data", 5)
        real, fake = (change_at_random(some, random) for some in (real, fake))
    begin = time.process_time()
    judge = train_detector(detector, real, fake, seed, steps)
    found = {"seconds": time.process_time() - begin, **score(judge, seed)}
    return {name: round(float(value), 4) for name, value in found.items()}


def score(judge: Detector, seed: int) -> dict[str, float]:
    """Return all scores of `run` of a detector."""
    tested, answers = test_sets(seed), {}
    for name, images in tested.items():
        answers[name] = judge(images)
    real, found = answers["none, real"], {}
    for name in (*GENERATORS, *(f"{kind}, untrained" for kind in DECODERS)):
        found[f"on {name}"] = auroc(real, answers[name])
    for name in CONTROLS:
        found[f"real, {name}"] = auroc(real, answers[f"{name}, real"])
    limit = np.quantile(answers["threshold"], 1 - FALSE_ALARMS)
    for name in CHANGES:
        pair = answers[f"{name}, real"], answers[f"{name}, fake"]
        found[f"auroc, {name}"] = auroc(*pair)
        found[f"alarms, {name}"], found[f"hits, {name}"] = ((some > limit).mean() for some in pair)
    fake = answers["none, fake"]
    for grid in GRIDS:
        saved = answers[f"real, {grid}"]
        found[f"biased, {grid}"] = auroc(saved, fake)
        found[f"empty, {grid}"] = auroc(saved, real)
        found[f"reversed, {grid}"] = auroc(real, answers[f"fake, {grid}"])
    return found


@functools.lru_cache(maxsize=64)
def reals(seed: int, part: str) -> np.ndarray:
    """Return real patches of one part of the photographs: "train", "threshold" or "test"."""
    place = ("train", "threshold", "test").index(part)
    count = TRAINED if part == "train" else TESTED
    random = seeds.rng(seed, "data", 1 + place)
    return rounded(cut(split(seed)[part], count, random))


@functools.lru_cache(maxsize=64)
def generator(seed: int, name: str):
    """Return a generator, one of `GENERATORS`, or a decoder that is "untrained"."""
    if name.endswith("untrained"):
        return build(name.removesuffix(", untrained"), seed)[0]
    kind, noise = name.removesuffix(", noise"), name.endswith("noise")
    return train(reals(seed, "train"), kind, seed, noise)


@functools.lru_cache(maxsize=64)
def made(seed: int, name: str, part: str) -> np.ndarray:
    """Return what a generator makes of the real patches of a part, or as many from noise."""
    return make(generator(seed, name), reals(seed, part), seed)


def fakes_of(seed: int, fakes: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return real patches, and as many fakes: of each decoder that is asked for, equally many."""
    real = reals(seed, part)
    if fakes == "no fakes":
        return real, real
    left_out = fakes.removeprefix("all but ")
    names = [fakes] if fakes in DECODERS else [kind for kind in DECODERS if kind != left_out]
    fake = np.empty_like(real)
    for place, name in enumerate(names):
        fake[place :: len(names)] = made(seed, name, part)[place :: len(names)]
    return real, fake


@functools.lru_cache(maxsize=4)
def test_sets(seed: int) -> dict[str, np.ndarray]:
    """Return all sets of patches that a detector of this seed is tested on."""
    real, fake = fakes_of(seed, ALL, "test")
    names = (*GENERATORS, *(f"{kind}, untrained" for kind in DECODERS))
    found = {name: made(seed, name, "test") for name in names}
    found["threshold"] = reals(seed, "threshold")
    for name, how in CHANGES.items():
        for place, (word, images) in enumerate((("real", real), ("fake", fake))):
            found[f"{name}, {word}"] = change(images, **how, seed=2 * seed + place)
    for grid in GRIDS:
        for place, (word, images) in enumerate((("real", real), ("fake", fake))):
            how = {"quality": QUALITY, "alike": grid == "alike"}
            found[f"{word}, {grid}"] = change(images, **how, seed=2 * seed + place)
    return found
