"""Photographs enlarged four times: by filters, and by networks with and without a discriminator."""

import functools
import time

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.super_resolution.images import (
    bicubic,
    contrast,
    degrade,
    fit_components,
    fit_linear,
    load_photograph,
    psnr,
    random_degradation,
    repeat,
    sharpen,
    shrink,
    smooth,
    split,
    texture_distance,
)
from gantutor.studies.super_resolution.training import Pairs, apply, train, train_classifier

STEPS = 300  # updates of each network
CLASSIFIER_STEPS = 100
VERSIONS = 6  # degraded versions of a photograph to train on
CONDITIONS = {
    "clean": {},
    "blur": {"blur": 2.0},
    "noise": {"noise": 0.1},
    "jpeg": {"quality": 30},
}

KEYS = ("setting",)
SETTINGS = {
    "grey": {"method": "grey"},
    "repeated": {"method": "repeat"},
    "bicubic": {"method": "bicubic"},
    "bicubic of smoothed": {"method": "smoothed"},
    "linear": {"method": "linear"},
    "linear, degraded": {"method": "linear", "degraded": True},
    "L1": {},
    "L1, 1500 updates": {"steps": 1500},
    **{f"L1, sharpened {a}": {"sharpened": a} for a in (1.0, 2.0, 3.0)},
    **{f"L1, grain {k}": {"sharpened": 0.5, "grain": k} for k in (1.0, 1.5, 2.0)},
    "features": {"features": 0.1},
    "features and adversarial 0.1": {"features": 0.1, "adversarial": 0.1},
    **{f"adversarial {w}": {"adversarial": w} for w in (0.03, 0.1, 0.3)},
    "L1, degraded": {"degraded": True},
    "adversarial 0.1, degraded": {"adversarial": 0.1, "degraded": True},
    "truth": {"method": "truth"},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"psnr_{name}": (0, 100) for name in CONDITIONS},
    **dict.fromkeys(("texture", "fine"), (0, np.inf)),
    "consistency": (0, 100),
}


def run(
    seed: int,
    method: str = "network",
    adversarial: float = 0.0,
    features: float = 0.0,
    degraded: bool = False,
    sharpened: float = 0.0,
    grain: float = 0.0,
    steps: int = STEPS,
) -> dict[str, float]:
    """Enlarge four photographs by a method that may have learnt from eight others; score them.

    Parameters
    ----------
    seed : int
        Seed of the choice of photographs, and of all weights and batches.
    method : {"network", "grey", "repeat", "bicubic", "smoothed", "linear", "truth"}
        The upscaler; the photograph's mean; repetition of pixels; bicubic interpolation, also of
        the small image after a Gaussian blur of 0.4 pixels; linear regression; the original.
    adversarial, features
        As of `training.train`.
    degraded : bool
        Train on randomly degraded small images instead of means of blocks.
    sharpened, grain : float
        What is done to the result: the amount of `images.sharpen`, and then white noise whose
        standard deviation is ``grain`` times the local `images.contrast`.
    steps : int
        Updates of a network.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors; ``psnr_…``: mean of the PSNR
        over the four photographs, by what was done to the small ones; for the clean ones
        also ``texture`` and ``fine``, the distances of `images.texture_distance` without and with
        components, and ``consistency``, the PSNR of the shrunk result to the small image. PSNR is
        cut off at 100.
    """
    upscale, seconds = _method(seed, method, adversarial, features, degraded, steps)
    larges, components = _tested(seed)
    random, found = seeds.rng(seed, "noise"), {}
    for name, arguments in CONDITIONS.items():
        smalls = [degrade(i, random=random, **arguments) for i in larges]
        made = [larges[i] if method == "truth" else upscale(s) for i, s in enumerate(smalls)]
        made = [finish(i, sharpened, grain, random) for i in made]
        found[f"psnr_{name}"] = _mean_psnr(made, larges)
        if name == "clean":
            found["texture"] = texture_distance(larges, made)
            found["fine"] = texture_distance(larges, made, components)
            found["consistency"] = _mean_psnr([shrink(i) for i in made], smalls)
    found = {name: round(float(value), 3) for name, value in found.items()}
    return {"seconds": round(seconds, 2), **found}


def finish(image, sharpened, grain, random):
    """Return an image that is sharpened, then noisy, and cut off at −1 and 1."""
    noise = random.normal(size=image.shape)
    noise = grain * contrast(image) * noise if grain else 0
    image = sharpen(image, sharpened) if sharpened else image
    return (image + noise).clip(-1, 1).astype(np.float32)


def load_pairs(seed: int, degraded: bool = False) -> Pairs:
    """Return pairs of small and large patches of the photographs that a seed trains on."""
    larges = [load_photograph(name) for name in split(seed)[0]]
    random = seeds.rng(seed, "data", 1)
    smalls = [
        [random_degradation(i, random) for _ in range(VERSIONS)] if degraded else [shrink(i)]
        for i in larges
    ]
    return Pairs(smalls, larges, seed)


def _method(seed, method, adversarial, features, degraded, steps):
    """Return a function from a small image to a large one, and the seconds of its training."""
    if method == "network":
        return _network(seed, adversarial, features, degraded, steps)
    if method == "linear":
        return _linear(seed, degraded)
    upscale = {
        "grey": lambda small: repeat(np.full_like(small, small.mean())),
        "repeat": repeat,
        "bicubic": bicubic,
        "smoothed": lambda small: bicubic(smooth(small)),
        "truth": None,
    }[method]
    return upscale, 0.0


def _linear(seed, degraded):
    pairs, begin = load_pairs(seed, degraded), time.process_time()
    smalls = [small for versions in pairs.smalls for small in versions]
    larges = [
        large for versions, large in zip(pairs.smalls, pairs.larges, strict=True) for _ in versions
    ]
    return fit_linear(smalls, larges), time.process_time() - begin


@functools.lru_cache(maxsize=32)
def _network(seed, adversarial, features, degraded, steps):
    pairs, begin = load_pairs(seed, degraded), time.process_time()
    classifier = train_classifier(pairs, CLASSIFIER_STEPS, seed) if features else None
    network = train(pairs, steps, seed, adversarial, features, classifier)
    return functools.partial(apply, network), time.process_time() - begin


@functools.lru_cache(maxsize=8)
def _tested(seed):
    trained, tested = ([load_photograph(n) for n in names] for names in split(seed))
    return tested, fit_components(trained)


def _mean_psnr(made, larges):
    return np.mean([min(psnr(*pair), 100) for pair in zip(made, larges, strict=True)])
