"""The kernel distance: an unbiased estimate of the squared maximum mean discrepancy."""

from dataclasses import dataclass

import numpy as np

from gantutor.validation import check_features, check_positive, check_same_columns

_TILE = 1024  # rows and columns of the kernel matrix that are in memory at a time


@dataclass(frozen=True)
class KernelDistance:
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


def kernel_distance(first, second, subsets=100, subset_size=1000, seed=0):
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
    first, second : array_like, shape [N, d] and [M, d]
        Features, at least two rows each. The kernel is not scale-free: it belongs to the features.
    subsets : int
        How many subsets.
    subset_size : int
        Points of each set in a subset; at most the size of the smaller set.
    seed : int or numpy.random.RandomState
        Seed of the subsets, which are those that torch-fidelity draws with the same ``rng_seed``.

    Returns
    -------
    KernelDistance

    Raises
    ------
    ValueError
        If a set has fewer than two rows, the dimensions differ, a value is not finite, or
        `subset_size` is 1.

    References
    ----------
    Bińkowski et al. (2018), section 4; Gretton et al. (2012), equation 3.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(200, 4))
    >>> kernel_distance(points, points + 1).value > 10 * abs(kernel_distance(points, -points).value)
    True
    """
    first, second = check_features(first, "first", 2), check_features(second, "second", 2)
    check_same_columns(first, second)
    size = min(check_positive(subset_size, "subset_size"), len(first), len(second))
    if size < 2:
        raise ValueError("subset_size must be at least 2; got 1.")
    generator = np.random.RandomState(seed)
    chosen = [np.zeros((subsets, len(rows)), dtype=first.dtype) for rows in (first, second)]
    for subset in range(check_positive(subsets, "subsets")):
        for mask in chosen:
            mask[subset, generator.choice(mask.shape[1], size, replace=False)] = 1
    within = _sums_within(first, chosen[0]) + _sums_within(second, chosen[1])
    between = _sums(first, second, *chosen)
    estimates = within / (size * (size - 1)) - 2 * between / size**2
    error = estimates.std(ddof=1) / np.sqrt(subsets) if subsets > 1 else 0.0
    return KernelDistance(float(estimates.mean()), float(error), estimates)


def _sums(first, second, first_chosen, second_chosen):
    """Sum the kernel over the pairs (i, j) of each subset, shape [S]."""
    total = np.zeros(len(first_chosen))
    for i in _tiles(first):
        for j in _tiles(second):
            total += _chosen_sum(
                _kernel(first[i], second[j]), first_chosen[:, i], second_chosen[:, j]
            )
    return total


def _sums_within(rows, chosen):
    """Sum the kernel over the pairs i ≠ j of each subset, shape [S]."""
    total = np.zeros(len(chosen))
    tiles = _tiles(rows)
    for number, i in enumerate(tiles):
        for j in tiles[number:]:
            kernel = _kernel(rows[i], rows[j])
            if i == j:
                np.fill_diagonal(kernel, 0)
            # The tile across the diagonal is the transpose, with the same sum.
            total += (1 if i == j else 2) * _chosen_sum(kernel, chosen[:, i], chosen[:, j])
    return total


def _kernel(first, second):
    values = first @ second.T
    values /= first.shape[1]
    values += 1
    return values * values * values


def _chosen_sum(kernel, first_chosen, second_chosen):
    return np.einsum("sj,sj->s", first_chosen @ kernel, second_chosen, dtype=np.float64)


def _tiles(rows):
    return [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]
