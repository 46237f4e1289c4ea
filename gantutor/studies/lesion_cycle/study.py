"""Does a cycle loss keep lesions? Networks beside copies, and one that can move grey values."""

import time

import numpy as np
import torch
from torch import nn

from gantutor.studies.lesions.study import STEPS, Sets, draw_sets
from gantutor.studies.lesions.study import score as count_lesions
from gantutor.studies.lesions.tissue import has_lesion, second_device
from gantutor.studies.lesions.training import Translator, train

SHIFT = 0.2  # by which the second device is darker: the copy that is made darker knows it
FASTER = 10.0  # how much faster than its other weights a translator's line of grey values moves
CYCLE = 1.0  # weight of the cycle loss of the translators with a line

KEYS = ("method", "share")
SETTINGS = {
    (method, f"{share:.0%}".replace("%", " %")): {"method": method, "share": share}
    for method, shares in {
        "truth": (0.5,),
        "copy": (0.5,),
        "copy, darker": (0.5,),
        "quartile line": (0.1, 0.9),
        "cycle 1, line": (0.1,),
        "one-way, line": (0.1,),
    }.items()
    for share in shares
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "contrast": (-2, 4),
    **dict.fromkeys(("added", "added_by_copy", "kept"), (0, 1)),
    **dict.fromkeys(("error_healthy", "error_ill"), (0, 2)),
}


class LineTranslator(Translator):
    """From rows of pixels to rows: a line of grey values and a correction, at first a copy."""

    def __init__(self, pixels: int):
        super().__init__(pixels)
        self.line = nn.Parameter(torch.zeros(2))

    def forward(self, rows):
        """Rows [N, pixels] on the line, with their correction."""
        slope, shift = FASTER * self.line
        return (1 + slope) * rows + shift + self.correction(rows)


def run(seed: int, method: str, share: float, steps: int = STEPS) -> dict[str, float]:
    """Make a translator, and count lesions in what it makes.

    Parameters
    ----------
    seed : int
    method : str
        As in `SETTINGS`. Those with ", line" train a `LineTranslator`; the others, no network.
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
    if method.endswith(", line"):
        cycle = CYCLE if method.startswith("cycle") else None
        translate = train(
            sets.source.images, sets.target, steps, seed, cycle, LineTranslator
        ).images
    else:
        translate = {
            "truth": second_device,
            "copy": lambda images: images,
            "copy, darker": lambda images: images - np.float32(SHIFT),
            "quartile line": quartile_line(sets.source.images, sets.target),
        }[method]
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(translate, sets)}


def quartile_line(source: np.ndarray, target: np.ndarray):
    """Return the line of grey values that gives the source two quartiles of the target."""
    low, high = np.quantile(source, (0.25, 0.75))
    goal_low, goal_high = np.quantile(target, (0.25, 0.75))
    slope = (goal_high - goal_low) / (high - low)
    return lambda images: ((images - low) * slope + goal_low).astype(np.float32)


def contrast_kept(translate, images: np.ndarray) -> float:
    """Return the slope of a translation on its input, the mean of each image taken off."""
    given, made = (
        values - values.mean(axis=(1, 2), keepdims=True) for values in (images, translate(images))
    )
    return float((given * made).sum() / np.square(given).sum())


def score(translate, sets: Sets) -> dict[str, float]:
    """Count lesions, and compare with a copy of the same contrast.

    Parameters
    ----------
    translate : callable
        From images [N, SIDE, SIDE] to images.
    sets : Sets

    Returns
    -------
    dict of float
        ``contrast``: `contrast_kept` on the healthy crops; ``added_by_copy``: share of the healthy
        crops in which the detector finds a lesion after their contrast alone was multiplied by
        that; and what the study `lesions` counts.
    """
    contrast = contrast_kept(translate, sets.healthy.images)
    copied = has_lesion(contrast * sets.healthy.images).mean()
    scores = {"contrast": contrast, "added_by_copy": float(copied)}
    return {name: round(value, 4) for name, value in scores.items()} | count_lesions(
        translate, sets
    )
