"""Squared distances between large sets of features, quick and certain at once.

Two sets of 10,000 rows of 2,048 features have 10⁸ distances. Rounded to float32 they take less
time and memory than in float64, but a few comparisons of a distance with a radius come out wrong,
and so do the scores. So features are shifted and scaled to a norm of at most 1, where the rounding
of a squared distance in float32 has a known bound; a comparison that is decided by more than the
bound is certain, and only the others are made again in float64. Tiles of the matrix of distances
keep memory from growing with N². For the two sets above that takes a quarter of the time and a
twelfth of the memory of prdc, with equal scores (`benchmarks/metrics.py`).

Rows are handed on “scaled”: a pair of the rows [N, d] and their squared norms [N].
"""

from collections.abc import Sized
from dataclasses import dataclass

import numpy as np

_TILE = 512  # rows and columns of the distances that are in memory at a time

Scaled = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Scaling:
    """Shifts features and divides them; as it stands, it leaves them as they are."""

    center: np.ndarray | float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, *sets: np.ndarray) -> "Scaling":
        """Scale to the middle of the first set and a largest norm of 1."""
        center = sets[0].mean(axis=0, dtype=np.float64)
        tiles = [(rows, i) for rows in sets for i in tiles_of(rows)]
        peak = max(np.abs(rows[i] - center).max() for rows, i in tiles) or 1.0
        # Divided first, because squares of large features could overflow.
        norms = (np.linalg.norm((rows[i] - center) / peak, axis=1).max() for rows, i in tiles)
        return cls(center, peak * max(norms) or 1.0)

    def apply(self, features: np.ndarray, dtype: type = np.float64) -> Scaled:
        """Return the scaled rows [N, d] and their squared norms [N]."""
        rows: np.ndarray = np.empty(features.shape, dtype)
        for i in tiles_of(features):
            rows[i] = (features[i] - self.center) / self.scale
        return rows, np.einsum("ij,ij->i", rows, rows)


def tiles_of(rows: Sized) -> list[slice]:
    """Return slices that cover the rows, each of one tile's height."""
    return [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]


def squared_distances(first: Scaled, i: slice, second: Scaled, j: slice) -> np.ndarray:
    """Squared distances of some rows of two scaled sets, by |x|² + |y|² − 2 x·y."""
    squares = first[0][i] @ second[0][j].T
    squares *= -2
    squares += first[1][i, None]
    squares += second[1][j]
    return np.maximum(squares, 0, out=squares)


def kth_squares(scaled: Scaled, k: int) -> np.ndarray:
    """Squared distance of each row to its k-th nearest other row, float64, shape [N]."""
    tiles = tiles_of(scaled[0])
    nearest = np.full((len(scaled[0]), k), np.inf, dtype=scaled[0].dtype)
    for number, i in enumerate(tiles):
        for j in tiles[number:]:  # the other half is the transpose
            squares = squared_distances(scaled, i, scaled, j)
            if i == j:
                np.fill_diagonal(squares, np.inf)
            else:
                nearest[j] = _smallest(nearest[j], squares.T.copy())
            nearest[i] = _smallest(nearest[i], squares)
    return nearest.max(axis=1).astype(np.float64)


def rounding_margin(dimension: int, dtype: type) -> float:
    """Return by how much a squared distance and a squared radius together can be wrong.

    Norms are at most 1. The bound is for d products and sums in each of the three terms of a
    squared distance and for the rounding of features; twice, for a distance and for a radius.
    """
    return 4 * (dimension + 8) * float(np.finfo(dtype).eps)


def certainly_below(
    squares: np.ndarray, radii: np.ndarray, margin: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where the squares are certainly below the radii, and where that is in doubt."""
    below = squares < (radii - margin).astype(squares.dtype)
    return below, below != (squares < (radii + margin).astype(squares.dtype))


def pairs_of(mask: np.ndarray, i: slice, j: slice) -> np.ndarray:
    """Rows and columns, [2, P], at which the mask of tile (i, j) is true."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return np.stack([rows + i.start, columns + j.start])


def holds(
    centers: np.ndarray, points: np.ndarray, rows: np.ndarray, others: np.ndarray, k: int
) -> np.ndarray:
    """Whether neighbourhoods of some rows of `centers` hold some rows of `points`, in float64."""
    rows, which = np.unique(rows, return_inverse=True)
    chosen, every = Scaling().apply(centers[rows]), slice(None)
    nearest = np.full((len(rows), k), np.inf)
    for j in tiles_of(centers):
        squares = squared_distances(chosen, every, Scaling().apply(centers[j]), every)
        squares[rows[:, None] == np.arange(len(centers))[j]] = np.inf
        nearest = _smallest(nearest, squares)
    squares = np.empty(len(others))
    for i in tiles_of(others):
        differences = centers[rows[which[i]]].astype(np.float64) - points[others[i]]
        squares[i] = np.square(differences).sum(axis=1)
    return squares < nearest.max(axis=1)[which]


def _smallest(nearest, squares):
    """Of the old nearest [n, k] and new candidates [n, m], the k smallest of each row.

    Sorts the candidates in place.
    """
    kept = nearest.shape[1]
    if squares.shape[1] > kept:
        squares.partition(kept - 1, axis=1)
    both = np.concatenate([nearest, squares[:, :kept]], axis=1)
    return np.partition(both, kept - 1, axis=1)[:, :kept]
