"""Precision, recall, density and coverage: two sets of features judged by nearest neighbours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gantutor.metrics._distances import (
    Scaling,
    certainly_below,
    holds,
    kth_squares,
    pairs_of,
    rounding_margin,
    squared_distances,
    tiles_of,
)
from gantutor.validation import check_features, check_positive, check_same_columns


@dataclass(frozen=True)
class NeighborScores:
    """What `precision_recall` found.

    Parameters
    ----------
    precision : float
        Share of fakes inside the neighbourhood of some real point, in [0, 1].
    recall : float
        Share of real points inside the neighbourhood of some fake, in [0, 1].
    density : float
        In how many real neighbourhoods a fake lies on average, divided by the number of
        neighbours; at least 0, expected to be 1 if both sets come from the same distribution.
    coverage : float
        Share of real neighbourhoods that hold a fake, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float

    def __float__(self) -> float:
        """Raise TypeError: these are four numbers."""
        raise TypeError(
            "precision_recall gives four numbers; take one of them, such as .precision or .recall."
        )


def precision_recall(real: ArrayLike, fake: ArrayLike, neighbors: int = 5) -> NeighborScores:
    """Return precision, recall, density and coverage of `fake` with respect to `real`.

    The neighbourhood of a point is the open ball whose radius is the Euclidean distance to its
    k-th nearest neighbour in its own set, itself not counted. Kynkäänniemi et al. use k = 3, Naeem
    et al. k = 5. Distances are computed tile by tile, so that memory does not grow with N². Most
    comparisons are settled in float32 with a bound on its rounding; the few that lie within the
    bound are repeated in float64, so that the scores are those of float64.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features; more than `neighbors` rows each.
    neighbors : int
        The k above.

    Returns
    -------
    NeighborScores

    Raises
    ------
    ValueError
        If a set has too few rows, the dimensions differ, or a value is not finite.

    See Also
    --------
    nearest_distances : How far each point is from another set.
    frechet_distance : One number for quality and variety together.

    References
    ----------
    Kynkäänniemi et al. (2019), section 3; Naeem et al. (2020), equations 1 to 4.

    Examples
    --------
    >>> real = np.random.default_rng(0).normal(size=(50, 2))
    >>> precision_recall(real, real + 100)
    NeighborScores(precision=0.0, recall=0.0, density=0.0, coverage=0.0)
    """
    neighbors = check_positive(neighbors, "neighbors")
    real = check_features(real, "real", neighbors + 1)
    fake = check_features(fake, "fake", neighbors + 1)
    check_same_columns(real=real, fake=fake)
    quick = _scores(real, fake, neighbors, np.float32)
    return quick or _scores(real, fake, neighbors, np.float64)


def nearest_distances(points: ArrayLike, others: ArrayLike) -> np.ndarray:
    """Return the Euclidean distance of each point to the nearest of `others`.

    Parameters
    ----------
    points, others : array_like, shape [N, d] and [M, d]

    Returns
    -------
    numpy.ndarray, float64, shape [N]
        In units of the features.

    Raises
    ------
    ValueError
        If the dimensions differ, or a set is empty or not finite.

    See Also
    --------
    memorization_test : Whether samples are too near to the training data.

    Examples
    --------
    >>> nearest_distances([[0.0, 0.0]], [[3.0, 4.0], [6.0, 8.0]])
    array([5.])
    """
    points, others = check_features(points, "points"), check_features(others, "others")
    check_same_columns(points=points, others=others)
    return nearest_of(points, others)[0]


def nearest_of(points: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each point to the nearest of `others`, and the number of that one."""
    first, second = Scaling().apply(points), Scaling().apply(others)
    squares, numbers = np.full(len(points), np.inf), np.zeros(len(points), dtype=int)
    for i in tiles_of(points):
        for j in tiles_of(others):
            tile = squared_distances(first, i, second, j)
            least = tile.argmin(axis=1)
            found = tile[np.arange(len(tile)), least]
            nearer = found < squares[i]
            squares[i] = np.where(nearer, found, squares[i])
            numbers[i] = np.where(nearer, j.start + least, numbers[i])
    return np.sqrt(squares), numbers


def _scores(real, fake, neighbors, dtype):
    """Return the scores; None if rounding to float32 leaves too many comparisons in doubt."""
    rough = dtype == np.float32
    scaling = Scaling.of(real, fake) if rough else Scaling()
    margin = rounding_margin(real.shape[1], dtype) if rough else 0.0
    real_radii = kth_squares(scaling.apply(real, dtype), neighbors)
    scaled = scaling.apply(fake, dtype)
    fake_radii = kth_squares(scaled, neighbors)
    inside = np.zeros(len(fake), dtype=int)  # real neighbourhoods around each fake
    covered, recalled = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    in_real, in_fake = [], []  # comparisons in doubt: pairs [2, P] of a real point and a fake
    for i in tiles_of(real):
        rows = scaling.apply(real[i], dtype)
        for j in tiles_of(fake):
            squares = squared_distances(rows, slice(None), scaled, j)
            sure, doubt = certainly_below(squares, real_radii[i, None], margin)
            inside[j] += sure.sum(axis=0)
            covered[i] |= sure.any(axis=1)
            in_real.append(pairs_of(doubt, i, j))
            sure, doubt = certainly_below(squares, fake_radii[j], margin)
            recalled[i] |= sure.any(axis=1)
            in_fake.append(pairs_of(doubt & ~recalled[i, None], i, j))
        if sum(pairs.shape[1] for pairs in in_real + in_fake) > (len(real) + len(fake)) / 10:
            return None
    centers, others = np.concatenate(in_real, axis=1)
    found = holds(real, fake, centers, others, neighbors)
    np.add.at(inside, others[found], 1)
    covered[centers[found]] = True
    others, centers = np.concatenate(in_fake, axis=1)
    found = holds(fake, real, centers, others, neighbors)
    recalled[others[found]] = True
    return NeighborScores(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / neighbors),
        coverage=float(covered.mean()),
    )
