"""Precision, recall, density and coverage: two sets of features judged by nearest neighbours."""

from dataclasses import dataclass

import numpy as np

from gantutor.validation import check_features, check_positive, check_same_columns

_TILE = 1024  # rows and columns of the distances that are in memory at a time


@dataclass(frozen=True)
class NeighbourScores:
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


def precision_recall(real, fake, neighbours=5):
    """Return precision, recall, density and coverage of `fake` with respect to `real`.

    The neighbourhood of a point is the open ball whose radius is the Euclidean distance to its
    k-th nearest neighbour in its own set, itself not counted. Kynkäänniemi et al. use k = 3, Naeem
    et al. k = 5. Distances are computed tile by tile, so that memory does not grow with N².

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features; more than `neighbours` rows each.
    neighbours : int
        The k above.

    Returns
    -------
    NeighbourScores

    Raises
    ------
    ValueError
        If a set has too few rows, the dimensions differ, or a value is not finite.

    References
    ----------
    Kynkäänniemi et al. (2019), section 3; Naeem et al. (2020), equations 1 to 4.

    Examples
    --------
    >>> real = np.random.default_rng(0).normal(size=(50, 2))
    >>> precision_recall(real, real + 100)
    NeighbourScores(precision=0.0, recall=0.0, density=0.0, coverage=0.0)
    """
    rows = check_positive(neighbours, "neighbours") + 1
    real, fake = check_features(real, "real", rows), check_features(fake, "fake", rows)
    check_same_columns(real, fake)
    real_radii, fake_radii = _squared_radii(real, neighbours), _squared_radii(fake, neighbours)
    inside = np.zeros(len(fake), dtype=int)  # real neighbourhoods around each fake
    recalled = np.zeros(len(real), dtype=bool)
    covered = np.zeros(len(real), dtype=bool)
    for i in _tiles(real):
        for j in _tiles(fake):
            squares = _squared_distances(real[i], fake[j])
            in_real = squares < real_radii[i, None]
            inside[j] += in_real.sum(axis=0)
            covered[i] |= in_real.any(axis=1)
            recalled[i] |= (squares < fake_radii[j]).any(axis=1)
    return NeighbourScores(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / neighbours),
        coverage=float(covered.mean()),
    )


def nearest_distances(points, others):
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

    Examples
    --------
    >>> nearest_distances([[0.0, 0.0]], [[3.0, 4.0], [6.0, 8.0]])
    array([5.])
    """
    points, others = check_features(points, "points"), check_features(others, "others")
    check_same_columns(points, others)
    nearest = np.full(len(points), np.inf)
    for i in _tiles(points):
        for j in _tiles(others):
            squares = _squared_distances(points[i], others[j])
            nearest[i] = np.minimum(nearest[i], squares.min(axis=1))
    return np.sqrt(nearest)


def _squared_radii(features, neighbours):
    """Squared distance of each row to its k-th nearest other row, shape [N]."""
    nearest = np.full((len(features), neighbours), np.inf)
    tiles = _tiles(features)
    for number, i in enumerate(tiles):
        for j in tiles[number:]:  # the other half is the transpose
            squares = _squared_distances(features[i], features[j])
            if i == j:
                np.fill_diagonal(squares, np.inf)
            else:
                nearest[j] = _smallest(nearest[j], squares.T)
            nearest[i] = _smallest(nearest[i], squares)
    return nearest.max(axis=1)


def _smallest(nearest, squares):
    """Of the old nearest [n, k] and new candidates [n, m], the k smallest of each row."""
    kept = nearest.shape[1]
    both = np.concatenate([nearest, squares], axis=1)
    return np.partition(both, kept - 1, axis=1)[:, :kept]


def _squared_distances(first, second):
    first, second = first.astype(np.float64), second.astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    return np.maximum(squares, 0, out=squares)


def _tiles(rows):
    return [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]
