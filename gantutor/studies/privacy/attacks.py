"""Who was in the training set: scores, and how good they are."""

import numpy as np
from scipy.stats import beta, rankdata

FALSE = 0.01  # false positives that are allowed


def auc(members: np.ndarray, outsiders: np.ndarray) -> float:
    """Return the chance that a member's score is above an outsider's; equal ones count one half.

    Examples
    --------
    >>> auc(np.array([3, 1]), np.array([2, 0]))
    0.75
    """
    ranks = rankdata(np.concatenate([members, outsiders]))[: len(members)].sum()
    count = len(members)
    return float((ranks - count * (count + 1) / 2) / count / len(outsiders))


def caught(members: np.ndarray, outsiders: np.ndarray, false: float = FALSE) -> float:
    """Return the share of members above the score that a share `false` of the outsiders exceeds.

    Examples
    --------
    >>> caught(np.array([9, 100, 101]), np.arange(100), 0.01)  # above 98, as one outsider is
    0.6666666666666666
    """
    allowed = int(false * len(outsiders))
    return float((members > np.sort(outsiders)[-allowed - 1]).mean())


def clopper_pearson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return an interval that holds the chance of a hit with at least this confidence.

    Examples
    --------
    >>> low, high = clopper_pearson(0, 100)
    >>> low, round(high, 3)
    (0.0, 0.036)
    """
    tail = (1 - level) / 2
    low = beta.ppf(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return float(low), float(high)


def nearest(targets: np.ndarray, classes, published: np.ndarray, labels) -> np.ndarray:
    """Return each target's distance to the nearest published image of its class."""
    found = np.empty(len(targets))
    for digit in np.unique(classes):
        here, there = targets[classes == digit], published[labels == digit]
        squares = (here**2).sum(1)[:, None] + (there**2).sum(1) - 2 * here @ there.T
        found[classes == digit] = np.sqrt(squares.min(axis=1).clip(1e-12))
    return found
