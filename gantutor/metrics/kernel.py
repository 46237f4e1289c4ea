"""The kernel distance: an unbiased estimate of the squared maximum mean discrepancy."""

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike

from gantutor.metrics._results import Score
from gantutor.runs.seeds import Seed, check_seed
from gantutor.validation import check_features, check_positive, check_same_columns

_TILE = 1024  # rows and columns of the kernel matrix that are in memory at a time


@dataclass(frozen=True)
class KernelSum:
    r"""The sum of the cubic kernel over pairs of feature rows, and how many pairs these are.

    Sums over different pairs of the same sets add up, so that a set may be larger than memory, or
    its pairs be spread over several processes: for a set in two parts `a` and `b`,
    ``KernelSum.within(a) + KernelSum.within(b) + KernelSum.between(a, b)`` is the sum of the whole.

    Parameters
    ----------
    total : float
        Of the kernel :math:`k(x,y)=(x^\top y/d+1)^3`.
    pairs : int

    See Also
    --------
    squared_mmd : What is computed from three such sums.

    Examples
    --------
    >>> a, b = np.random.default_rng(0).normal(size=(2, 5, 3))
    >>> parts = KernelSum.within(a) + KernelSum.within(b) + KernelSum.between(a, b)
    >>> whole = KernelSum.within(np.concatenate([a, b]))
    >>> parts.pairs == whole.pairs, round(parts.mean / whole.mean, 9)
    (True, 1.0)
    """

    total: float
    pairs: int

    @classmethod
    def within(cls, features: ArrayLike) -> "KernelSum":
        """Sum over the pairs of two different rows of one set [N, d], each pair counted once.

        Raises
        ------
        ValueError
            If there is no row, or a value is not finite.
        """
        rows = check_features(features)
        return cls(_total(_tiles_within(rows)), _pairs(len(rows)))

    @classmethod
    def between(cls, first: ArrayLike, second: ArrayLike) -> "KernelSum":
        """Sum over the pairs of a row of the first set [N, d] and one of the second [M, d].

        Raises
        ------
        ValueError
            If a set has no row, a value is not finite, or the dimensions differ.
        """
        first, second = check_features(first, "first"), check_features(second, "second")
        check_same_columns(first=first, second=second)
        return cls(_total(_tiles_between(first, second)), len(first) * len(second))

    @property
    def mean(self) -> float:
        """Of the kernel over the pairs.

        Raises
        ------
        ValueError
            If there is no pair.
        """
        if self.pairs == 0:
            raise ValueError("a mean of the kernel needs at least one pair of rows; got none.")
        return self.total / self.pairs

    def __add__(self, other: "KernelSum") -> "KernelSum":
        """Return the sum over the pairs of both."""
        if not isinstance(other, KernelSum):
            return NotImplemented
        return KernelSum(self.total + other.total, self.pairs + other.pairs)

    def __radd__(self, other: int) -> "KernelSum":
        """Let ``sum`` begin with its 0."""
        return self if other == 0 else NotImplemented


def squared_mmd(real: ArrayLike, fake: ArrayLike) -> float:
    r"""Return the squared maximum mean discrepancy of two whole sets, of any sizes.

    With the kernel of `kernel_distance` and N and M rows,

    .. math::

        \frac{1}{N(N-1)}\sum_{i\ne j}k(x_i,x_j)+\frac{1}{M(M-1)}\sum_{i\ne j}k(y_i,y_j)
        -\frac{2}{NM}\sum_{i,j}k(x_i,y_j),

    the estimate without bias that uses every pair, where `kernel_distance` draws subsets. The
    kernel matrix is computed in tiles, so that memory does not grow with N². For sets that do not
    fit in memory, add `KernelSum` of their parts.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features, at least two rows each.

    Returns
    -------
    float
        May be negative where the distributions agree.

    Raises
    ------
    ValueError
        If a set has fewer than two rows, the dimensions differ, or a value is not finite.

    See Also
    --------
    kernel_distance : The mean over subsets, as published, with a standard error.

    References
    ----------
    Gretton et al. (2012), equation 3.

    Examples
    --------
    >>> squared_mmd([[0.0], [0.0]], [[1.0], [1.0], [1.0]])  # 1 + 8 − 2 · 1
    7.0
    """
    real, fake = check_features(real, "real", 2), check_features(fake, "fake", 2)
    check_same_columns(real=real, fake=fake)
    within = KernelSum.within(real).mean + KernelSum.within(fake).mean
    return within - 2 * KernelSum.between(real, fake).mean


@dataclass(frozen=True, eq=False)
class KernelDistance(Score):
    """What `kernel_distance` found.

    Parameters
    ----------
    value : float
        Mean over the subsets. An unbiased estimate of a number that is at least 0, so that it may
        be negative where the distributions agree.
    standard_error : float
        Standard deviation over the subsets (divided by their number − 1), divided by the square
        root of their number; 0 for one subset. Subsets share points, so that it is too small where
        they are large parts of the sets.
    subsets : numpy.ndarray, float64, shape [S]
        The estimate of each subset.
    """

    value: float
    standard_error: float
    subsets: np.ndarray


def kernel_distance(
    real: ArrayLike,
    fake: ArrayLike,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: Seed = 0,
) -> KernelDistance:
    r"""Return the kernel distance with the cubic kernel, which on Inception features is the KID.

    With :math:`k(x,y)=(x^\top y/d+1)^3` and :math:`m` points of each set,

    .. math::

        \frac{1}{m(m-1)}\sum_{i\ne j}k(x_i,x_j)+\frac{1}{m(m-1)}\sum_{i\ne j}k(y_i,y_j)
        -\frac{2}{m^2}\sum_{i,j}k(x_i,y_j),

    averaged over random subsets, each drawn without replacement. Each entry of the kernel matrix is
    computed once for all subsets. Features in float32 are multiplied in float32, where rounding
    averages out over the matrix, and summed in float64; features in float64 keep all digits.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features, at least two rows each. The kernel is not scale-free: it belongs to the features.
    subsets : int
        How many subsets.
    subset_size : int
        Points of each set in a subset; at most the size of the smaller set.
    seed : int or numpy.random.Generator
        Source of the subsets. Those of a whole number are the ones that torch-fidelity draws with
        the same ``rng_seed``.

    Returns
    -------
    KernelDistance

    Raises
    ------
    ValueError
        If a set has fewer than two rows, the dimensions differ, a value is not finite, or
        `subset_size` is 1.

    See Also
    --------
    squared_mmd : The same of the whole sets.
    frechet_distance : A distance of means and covariances only.

    References
    ----------
    Bińkowski et al. (2018), section 4; Gretton et al. (2012), equation 3.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(200, 4))
    >>> kernel_distance(points, points + 1).value > 10 * abs(kernel_distance(points, -points).value)
    True
    """
    real, fake = check_features(real, "real", 2), check_features(fake, "fake", 2)
    check_same_columns(real=real, fake=fake)
    subsets = check_positive(subsets, "subsets")
    size = min(check_positive(subset_size, "subset_size"), len(real), len(fake))
    if size < 2:
        raise ValueError("subset_size must be at least 2; got 1.")
    rng = seed if isinstance(seed, np.random.Generator) else RandomState(check_seed(seed))
    masks = [np.zeros((subsets, len(rows)), dtype=rows.dtype) for rows in (real, fake)]
    for subset in range(subsets):
        for mask in masks:
            mask[subset, rng.choice(mask.shape[1], size, replace=False)] = 1
    within = sum(
        _subset_totals(_tiles_within(rows), mask, mask)
        for rows, mask in zip((real, fake), masks, strict=True)
    )
    between = _subset_totals(_tiles_between(real, fake), *masks)
    estimates = within / _pairs(size) - 2 * between / size**2
    error = estimates.std(ddof=1) / np.sqrt(subsets) if subsets > 1 else 0.0
    return KernelDistance(float(estimates.mean()), float(error), estimates)


def _pairs(count):
    """Return the number of pairs of two different rows of `count`."""
    return count * (count - 1) // 2


def _tiles_between(first, second):
    """Yield the kernel of each row of the first set with each of the second, and which rows."""
    for i in _tiles(first):
        for j in _tiles(second):
            yield _kernel(first[i], second[j]), i, j


def _tiles_within(rows):
    """Yield the kernel of every two rows of one set, each pair counted once, and which rows."""
    tiles = _tiles(rows)
    for number, i in enumerate(tiles):
        for j in tiles[number:]:
            kernel = _kernel(rows[i], rows[j])
            if i == j:  # holds every pair twice, and each row with itself
                np.fill_diagonal(kernel, 0)
                kernel /= 2
            yield kernel, i, j


def _total(tiles):
    return float(sum(kernel.sum(dtype=np.float64) for kernel, _, _ in tiles))


def _subset_totals(tiles, first, second):
    """Sum over the rows and columns that the masks [S, N] and [S, M] of S subsets hold."""
    return sum(
        np.einsum("sj,sj->s", first[:, i] @ kernel, second[:, j], dtype=np.float64)
        for kernel, i, j in tiles
    )


def _kernel(first, second):
    values = first @ second.T
    values /= first.shape[1]
    values += 1
    return values * values * values


def _tiles(rows):
    return [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]
