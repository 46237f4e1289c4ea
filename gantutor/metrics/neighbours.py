"""Precision, recall, density and coverage: two sets of features judged by nearest neighbours."""

from dataclasses import dataclass

import numpy as np

from gantutor.validation import check_features, check_positive, check_same_columns

_TILE = 512  # rows and columns of the distances that are in memory at a time


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
    et al. k = 5. Distances are computed tile by tile, so that memory does not grow with N². Most
    comparisons are settled in float32 with a bound on its rounding; the few that lie within the
    bound are repeated in float64, so that the scores are those of float64.

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
    quick = _scores(real, fake, neighbours, np.float32)
    return quick or _scores(real, fake, neighbours, np.float64)


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
    first, second = _Scaling().apply(points), _Scaling().apply(others)
    nearest = np.full(len(points), np.inf)
    for i in _tiles(points):
        for j in _tiles(others):
            nearest[i] = np.minimum(nearest[i], _squares(first, i, second, j).min(axis=1))
    return np.sqrt(nearest)


@dataclass(frozen=True)
class _Scaling:
    """Shifts features and divides them; as it stands, it leaves them as they are."""

    centre: np.ndarray | float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, *sets):
        """Scale to the middle of the first set and a largest norm of 1."""
        centre = sets[0].mean(axis=0, dtype=np.float64)
        tiles = [(rows, i) for rows in sets for i in _tiles(rows)]
        peak = max(np.abs(rows[i] - centre).max() for rows, i in tiles) or 1.0
        # Divided first, because squares of large features could overflow.
        norms = (np.linalg.norm((rows[i] - centre) / peak, axis=1).max() for rows, i in tiles)
        return cls(centre, peak * max(norms) or 1.0)

    def apply(self, features, dtype=np.float64):
        """Return the scaled rows [N, d] and their squared norms [N]."""
        rows = np.empty(features.shape, dtype)
        for i in _tiles(features):
            rows[i] = (features[i] - self.centre) / self.scale
        return rows, np.einsum("ij,ij->i", rows, rows)


def _scores(real, fake, neighbours, dtype):
    """Return the scores; None if rounding to float32 leaves too many comparisons in doubt."""
    rough = dtype == np.float32
    scaling = _Scaling.of(real, fake) if rough else _Scaling()
    real_radii = _squared_radii(scaling.apply(real, dtype), neighbours)
    scaled = scaling.apply(fake, dtype)
    fake_radii = _squared_radii(scaled, neighbours)
    # Norms are at most 1. The bound is for d products and sums in each of the three terms of a
    # squared distance and for the rounding of features; twice, for a distance and for a radius.
    margin = 4 * (real.shape[1] + 8) * np.finfo(dtype).eps if rough else 0.0
    inside = np.zeros(len(fake), dtype=int)  # real neighbourhoods around each fake
    covered, recalled = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    in_real, in_fake = [], []  # comparisons in doubt: pairs [2, P] of a real point and a fake
    for i in _tiles(real):
        rows = scaling.apply(real[i], dtype)
        for j in _tiles(fake):
            squares = _squares(rows, slice(None), scaled, j)
            holds, doubt = _compare(squares, real_radii[i, None], margin)
            inside[j] += holds.sum(axis=0)
            covered[i] |= holds.any(axis=1)
            in_real.append(_pairs(doubt, i, j))
            holds, doubt = _compare(squares, fake_radii[j], margin)
            recalled[i] |= holds.any(axis=1)
            in_fake.append(_pairs(doubt & ~recalled[i, None], i, j))
        if sum(pairs.shape[1] for pairs in in_real + in_fake) > (len(real) + len(fake)) / 10:
            return None
    pairs = np.concatenate(in_real, axis=1)
    pairs = pairs[:, _holds(real, fake, *pairs, neighbours)]
    np.add.at(inside, pairs[1], 1)
    covered[pairs[0]] = True
    pairs = np.concatenate(in_fake, axis=1)
    pairs = pairs[:, _holds(fake, real, *pairs[::-1], neighbours)]
    recalled[pairs[0]] = True
    return NeighbourScores(
        precision=float((inside > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside.mean() / neighbours),
        coverage=float(covered.mean()),
    )


def _compare(squares, radii, margin):
    """Where the squares are certainly below the radii, and where that is in doubt."""
    below = squares < (radii - margin).astype(squares.dtype)
    return below, below != (squares < (radii + margin).astype(squares.dtype))


def _pairs(mask, i, j):
    """Rows and columns, [2, P], at which the mask of tile (i, j) is true."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return np.stack([rows + i.start, columns + j.start])


def _holds(centres, points, rows, others, neighbours):
    """Whether neighbourhoods of some rows of `centres` hold some rows of `points`, in float64."""
    rows, which = np.unique(rows, return_inverse=True)
    chosen, every = _Scaling().apply(centres[rows]), slice(None)
    nearest = np.full((len(rows), neighbours), np.inf)
    for j in _tiles(centres):
        squares = _squares(chosen, every, _Scaling().apply(centres[j]), every)
        squares[rows[:, None] == np.arange(len(centres))[j]] = np.inf
        nearest = _smallest(nearest, squares)
    squares = np.empty(len(others))
    for i in _tiles(others):
        differences = centres[rows[which[i]]].astype(np.float64) - points[others[i]]
        squares[i] = np.square(differences).sum(axis=1)
    return squares < nearest.max(axis=1)[which]


def _squared_radii(scaled, neighbours):
    """Squared distance of each row to its k-th nearest other row, shape [N]."""
    tiles = _tiles(scaled[0])
    nearest = np.full((len(scaled[0]), neighbours), np.inf, dtype=scaled[0].dtype)
    for number, i in enumerate(tiles):
        for j in tiles[number:]:  # the other half is the transpose
            squares = _squares(scaled, i, scaled, j)
            if i == j:
                np.fill_diagonal(squares, np.inf)
            else:
                nearest[j] = _smallest(nearest[j], squares.T.copy())
            nearest[i] = _smallest(nearest[i], squares)
    return nearest.max(axis=1).astype(np.float64)


def _smallest(nearest, squares):
    """Of the old nearest [n, k] and new candidates [n, m], the k smallest of each row.

    Sorts the candidates in place.
    """
    kept = nearest.shape[1]
    if squares.shape[1] > kept:
        squares.partition(kept - 1, axis=1)
    both = np.concatenate([nearest, squares[:, :kept]], axis=1)
    return np.partition(both, kept - 1, axis=1)[:, :kept]


def _squares(first, i, second, j):
    """Squared distances of some rows of two scaled sets, by |x|² + |y|² − 2 x·y."""
    squares = first[0][i] @ second[0][j].T
    squares *= -2
    squares += first[1][i, None]
    squares += second[1][j]
    return np.maximum(squares, 0, out=squares)


def _tiles(rows):
    return [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]
