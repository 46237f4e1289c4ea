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
from gantutor.studies.detectors.training import make, train

TRAINED = 2000  # real patches to train on, and as many fakes
TESTED = 600  # patches of each kind to test on
QUALITY = 75  # of the JPEG files of the biased data
FALSE_ALARMS = 0.05  # on the patches that the threshold is set with
LONGER = 2400  # updates of one network

FROM_NOISE = ("transposed 4", "nearest")
GENERATORS = (*DECODERS, *(f"{kind}, noise" for kind in FROM_NOISE))
CONTROLS = ("JPEG 75", "blur", "resize")  # changes of real patches, without any generator
ALL = "all five"

KEYS = ("detector", "trained_on")
SETTINGS = {
    **{(d, kind): {} for d in DETECTORS for kind in (*DECODERS, ALL)},
    **{(d, f"all but {k}"): {} for d in ("spectrum", "network") for k in DECODERS},
    **{(d, f"{ALL}, changed"): {"changed": True} for d in ("spectrum", "network")},
    **{("network", f"all but {k}, changed"): {"changed": True} for k in DECODERS},
    **{(d, f"{ALL}, reals as JPEG"): {"jpeg": True} for d in ("spectrum", "network")},
    **{(d, "no fakes, reals as JPEG"): {"jpeg": True} for d in ("spectrum", "network")},
    ("network", "transposed 4, longer"): {"steps": LONGER},
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
    **dict.fromkeys(("biased", "empty", "reversed"), (0, 1)),
}


def run(
    seed: int,
    detector: str,
    fakes: str,
    changed: bool = False,
    jpeg: bool = False,
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
        What it is trained on: a decoder, ``"all five"``, ``"all but …"``, or ``"no fakes"``: other
        real patches take their place.
    changed : bool
        Whether each patch is blurred or compressed at random, real and fake alike.
    jpeg : bool
        Whether the real patches are JPEG files, while the fakes are not.
    steps : int
        Updates of a network.

    Returns
    -------
    dict of float
        ``seconds`` of training; ``on …``: the AUROC between real patches and those of a generator;
        ``real, …``: between real patches and the same ones after a change, no generator involved;
        then after each change of both, for fakes of the five decoders together: ``auroc, …``,
        ``alarms, …`` and ``hits, …``, the shares of reals and of fakes beyond a threshold that
        `FALSE_ALARMS` of the unchanged real patches of two other photographs are beyond. Last the
        AUROC if only real patches are JPEG files (``biased``), if only fakes are (``reversed``),
        and if the fakes are the real patches and only the reals are JPEG files (``empty``).
    """
    real, fake = fakes_of(seed, fakes, "train")
    if jpeg:
        real = change(real, quality=QUALITY)
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
    for name in GENERATORS:
        found[f"on {name}"] = auroc(real, answers[name])
    for name in CONTROLS:
        found[f"real, {name}"] = auroc(real, answers[f"{name}, real"])
    limit = np.quantile(answers["threshold"], 1 - FALSE_ALARMS)
    for name in CHANGES:
        pair = answers[f"{name}, real"], answers[f"{name}, fake"]
        found[f"auroc, {name}"] = auroc(*pair)
        found[f"alarms, {name}"], found[f"hits, {name}"] = ((some > limit).mean() for some in pair)
    fake, saved = answers["none, fake"], answers["real as JPEG"]
    found["biased"] = auroc(saved, fake)
    found["empty"] = auroc(saved, real)
    found["reversed"] = auroc(real, answers["fake as JPEG"])
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
    """Return a trained generator, one of `GENERATORS`."""
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
        return real[::2], real[1::2]
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
    found = {name: made(seed, name, "test") for name in GENERATORS}
    found["threshold"] = reals(seed, "threshold")
    for name, how in CHANGES.items():
        for place, (word, images) in enumerate((("real", real), ("fake", fake))):
            found[f"{name}, {word}"] = change(images, **how, seed=2 * seed + place)
    found["real as JPEG"] = change(real, quality=QUALITY)
    found["fake as JPEG"] = change(fake, quality=QUALITY)
    return found
