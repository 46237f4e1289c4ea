"""Translation between two devices, where the target has more or fewer lesions than the source."""

import time
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.lesions.tissue import (
    Crops,
    draw,
    has_lesion,
    lesion_is_there,
    places,
    second_device,
)
from gantutor.studies.lesions.training import train, train_pairs

STEPS = 1200  # updates of each network
HEAP = 4000  # crops of each device to train on
TEST = 400  # healthy crops to test on, and as many with a lesion
SOURCE_SHARE = 0.5  # of the crops of the first device that have a lesion
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the second device's
CYCLE = 10.0

KEYS = ("method", "share")
SETTINGS = {("truth", "50 %"): {"method": "truth", "share": 0.5}}
SETTINGS |= {
    (method, f"{share:.0%}".replace("%", " %")): {"method": method, "share": share}
    for method in ("grey curve", "pairs", "one-way", "cycle")
    for share in (SHARES if method in ("grey curve", "one-way") else (0.1, 0.9))
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("added", "kept"), (0, 1)),
    **dict.fromkeys(("error_healthy", "error_ill"), (0, 2)),
}


class Sets(NamedTuple):
    """What a translator is trained and tested on.

    Attributes
    ----------
    source : Crops
        Of the first device, `SOURCE_SHARE` of them with a lesion.
    target : numpy.ndarray, float32, shape [N, SIDE, SIDE]
        Of the second device, other crops.
    paired : Crops
        Of the first device, with the target's share of lesions; only for training on pairs.
    healthy, ill : Crops
        Of the first device, from the other half of the retina: without, and with a lesion.
    """

    source: Crops
    target: np.ndarray
    paired: Crops
    healthy: Crops
    ill: Crops


def draw_sets(seed: int, share: float) -> Sets:
    """Return the crops of a run; the seed chooses the halves, the crops and the lesions."""
    random = seeds.rng(seed, "data")
    angle = random.uniform(0, 2 * np.pi)
    ours, theirs = places(angle, 1), places(angle, -1)
    healthy, ill = (draw(TEST, part, theirs, random) for part in (0.0, 1.0))
    source, target, paired = (
        draw(HEAP, part, ours, random) for part in (SOURCE_SHARE, share, share)
    )
    return Sets(source, second_device(target.images), paired, healthy, ill)


def run(seed: int, method: str, share: float, steps: int = STEPS) -> dict[str, float]:
    """Train a translator, and count lesions in what it makes.

    Parameters
    ----------
    seed : int
    method : {"truth", "grey curve", "pairs", "one-way", "cycle"}
        What the second device sees of the same tissue; `grey_curve`; the same network, trained on
        pairs; the game with one translator; the one with two, and a cycle loss.
    share : float
        Of the second device's crops that have a lesion.
    steps : int

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    sets = draw_sets(seed, share)
    begin = time.process_time()
    if method == "truth":
        translate = second_device
    elif method == "grey curve":
        translate = grey_curve(sets.source.images, sets.target)
    elif method == "pairs":
        pairs = sets.paired.images, second_device(sets.paired.images)
        translate = train_pairs(*pairs, steps, seed).images
    else:
        cycle = CYCLE if method == "cycle" else None
        translate = train(sets.source.images, sets.target, steps, seed, cycle).images
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(translate, sets)}


def grey_curve(source: np.ndarray, target: np.ndarray):
    """Return the rising curve of grey values that gives the source the target's histogram."""
    shares = np.linspace(0, 1, 257)
    given, wanted = np.quantile(source, shares), np.quantile(target, shares)
    return lambda images: np.interp(images, given, wanted).astype(np.float32)


def score(translate, sets: Sets) -> dict[str, float]:
    """Count lesions in translated crops of the half that was held out.

    Parameters
    ----------
    translate : callable
        From images [N, SIDE, SIDE] to images.
    sets : Sets

    Returns
    -------
    dict of float
        ``added``: share of the healthy crops in whose translation the detector finds a lesion;
        ``kept``: share of the lesions that it finds where they were; ``error_healthy`` and
        ``error_ill``: mean absolute error to what the second device sees.
    """
    made = [translate(crops.images) for crops in (sets.healthy, sets.ill)]
    truth = [second_device(crops.images) for crops in (sets.healthy, sets.ill)]
    scores = {
        "added": has_lesion(made[0]).mean(),
        "kept": lesion_is_there(made[1], sets.ill.centres).mean(),
        "error_healthy": np.abs(made[0] - truth[0]).mean(),
        "error_ill": np.abs(made[1] - truth[1]).mean(),
    }
    return {name: round(float(value), 4) for name, value in scores.items()}


def least_changed(share: float) -> tuple[float, float]:
    """Return the least added and the largest kept share of a perfect match of the shares.

    Examples
    --------
    >>> least_changed(0.75)  # a half of the healthy half has to fall ill
    (0.5, 1.0)
    """
    more = share - SOURCE_SHARE
    return max(0.0, more / (1 - SOURCE_SHARE)), min(1.0, share / SOURCE_SHARE)
