"""The Fréchet distance between the Gaussians that best fit two sets of features."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from gantutor.metrics._results import Score
from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_features, check_positive, check_same_columns


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """Mean and scatter of features: all that the Fréchet distance needs of them.

    Statistics of the parts of a set, added, are those of the whole, whatever the parts: a set may
    be larger than memory, or spread over several processes.

    Parameters
    ----------
    mean : numpy.ndarray, float64, shape [d]
    scatter : numpy.ndarray, float64, shape [d, d]
        Sum of the outer products of the rows' deviations from their mean.
    count : int
        How many feature rows they were computed from.

    Examples
    --------
    >>> chunks = np.arange(12.0).reshape(3, 2, 2)
    >>> sum(map(FeatureStatistics.of, chunks)).mean
    array([5., 6.])
    """

    mean: np.ndarray
    scatter: np.ndarray
    count: int

    @classmethod
    def of(cls, features: ArrayLike) -> "FeatureStatistics":
        """Compute the statistics of `features`, in float64.

        Parameters
        ----------
        features : array_like, shape [N, d]
            At least one row, finite.

        Returns
        -------
        FeatureStatistics

        Raises
        ------
        ValueError
            If there is no row, or a value is NaN or infinite.

        Examples
        --------
        >>> float(FeatureStatistics.of([[0.0], [2.0]]).covariance[0, 0])
        2.0
        """
        features = check_features(features)
        mean = features.mean(axis=0, dtype=np.float64)
        centred = features - mean
        return cls(mean, centred.T @ centred, len(features))

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, shape [d, d]: `scatter` divided by `count` − 1.

        Raises
        ------
        ValueError
            If there is only one row.
        """
        if self.count < 2:
            raise ValueError("features must have at least two rows for a covariance; got 1.")
        return self.scatter / (self.count - 1)

    def __add__(self, other: "FeatureStatistics") -> "FeatureStatistics":
        """Return the statistics of both sets together (Chan, Golub and LeVeque, 1983)."""
        if not isinstance(other, FeatureStatistics):
            return NotImplemented
        check_same_columns(first=self.mean, second=other.mean)
        count = self.count + other.count
        shift = other.mean - self.mean
        between = np.outer(shift, shift) * (self.count * other.count / count)
        mean = self.mean + shift * (other.count / count)
        return FeatureStatistics(mean, self.scatter + other.scatter + between, count)

    def __radd__(self, other: int) -> "FeatureStatistics":
        """Let ``sum`` begin with its 0."""
        return self if other == 0 else NotImplemented


@dataclass(frozen=True, eq=False)
class FrechetExtrapolation(Score):
    """What `frechet_infinity` found.

    Parameters
    ----------
    value : float
        The distance that the line reaches at 1/N = 0; may be slightly negative.
    sizes : numpy.ndarray, int64, shape [P]
        Numbers N of rows.
    distances : numpy.ndarray, float64, shape [P]
        The distance of a subset of each size.
    """

    value: float
    sizes: np.ndarray
    distances: np.ndarray


def frechet_distance(
    real: ArrayLike | FeatureStatistics, fake: ArrayLike | FeatureStatistics
) -> float:
    r"""Return the squared Fréchet (2-Wasserstein) distance of two Gaussians fitted to features.

    .. math::

        \lVert\mu_1-\mu_2\rVert^2 + \operatorname{tr}\bigl(C_1 + C_2 - 2(C_1C_2)^{1/2}\bigr)

    with the unbiased covariances. Nothing complex and no root of an unsymmetric product appears.
    With :math:`C_1=LL^\top` the trace of :math:`(C_1C_2)^{1/2}` is the sum of the square roots of
    the eigenvalues of :math:`L^\top C_2L`. Where a set has no more rows than dimensions, its
    centred features :math:`A` take the place of :math:`L`: for two such sets the trace is the sum
    of the singular values of :math:`A_1A_2^\top`, which costs N² instead of d² and loses no digits.

    The number shrinks with the sample's size: compare distances only between samples of the same
    number of rows, or extrapolate with `frechet_infinity`.

    Parameters
    ----------
    real, fake : array_like, shape [N, d], or FeatureStatistics
        Two sets of features, or their statistics; N may differ, d must not. The distance is
        symmetric.

    Returns
    -------
    float
        At least 0, in squared units of the features; 0 for equal statistics.

    Raises
    ------
    ValueError
        If the dimensions d differ, a set has fewer than two rows, or a value is not finite.

    See Also
    --------
    frechet_infinity : What remains of it at infinitely many samples.
    kernel_distance : A distance without bias.
    digit_fid : This distance between digits.

    References
    ----------
    Dowson and Landau (1982), equation 4; Heusel et al. (2017), equation 6.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(100, 2))
    >>> round(frechet_distance(points, points + [3, 4]), 6)  # 3² + 4²
    25.0
    """
    first, second = _gaussian(real, "real"), _gaussian(fake, "fake")
    check_same_columns(real=first.mean, fake=second.mean)
    return _distance(first, second)


def frechet_infinity(
    real: ArrayLike | FeatureStatistics, fake: ArrayLike, points: int = 15, seed: Seed = 0
) -> FrechetExtrapolation:
    """Extrapolate the Fréchet distance to infinitely many generated samples.

    The bias of the distance is nearly proportional to 1/N. A straight line through the distances
    of random subsets of the generated samples, of N/2 to N rows, is followed to 1/N = 0.

    Parameters
    ----------
    real : array_like, shape [M, d], or FeatureStatistics
        What to compare with; its own size is not extrapolated.
    fake : array_like, shape [N, d]
        Features of the generated samples; 4 rows at least, and better some thousands.
    points : int
        How many subsets; at least 2.
    seed : int or numpy.random.Generator
        Source of the subsets.

    Returns
    -------
    FrechetExtrapolation

    Raises
    ------
    ValueError
        If there are fewer than 4 rows, fewer than 2 points, or an argument of `frechet_distance`
        would be refused.

    See Also
    --------
    frechet_distance : The distance of the samples that there are.

    References
    ----------
    Chong and Forsyth (2020), section 4.

    Examples
    --------
    >>> real, fake = np.random.default_rng(0).normal(size=(2, 1000, 8))
    >>> bool(abs(frechet_infinity(real, fake).value) < frechet_distance(real, fake))
    True
    """
    fake = check_features(fake, "fake", 4)
    points = check_positive(points, "points")
    if points < 2:
        raise ValueError("points must be at least 2 for a line; got 1.")
    first = _gaussian(real, "real")
    check_same_columns(real=first.mean, fake=fake)
    # Equally spaced in 1/N, where the line is fitted.
    sizes = np.rint(1 / np.linspace(2 / len(fake), 1 / len(fake), points)).astype(int)
    if first.root is None and sizes[0] <= fake.shape[1]:  # once, for all small subsets
        first = first._replace(root=_root(first.covariance))
    rng = as_rng(seed)
    subsets = (fake[rng.permutation(len(fake))[:size]] for size in sizes)
    distances = np.array([_distance(first, _gaussian(subset, "fake")) for subset in subsets])
    _, value = np.polyfit(1 / sizes, distances, 1)
    return FrechetExtrapolation(float(value), sizes, distances)


class _Gaussian(NamedTuple):
    """A mean [d], and of its covariance a root [N, d], the matrix [d, d], or both."""

    mean: np.ndarray
    root: np.ndarray | None = None
    covariance: np.ndarray | None = None


def _gaussian(features, name):
    """Return the Gaussian of features [N, d] or statistics: with a root where N ≤ d."""
    if not isinstance(features, FeatureStatistics):
        rows = check_features(features, name, rows=2)
        if len(rows) <= rows.shape[1]:
            mean = rows.mean(axis=0, dtype=np.float64)
            return _Gaussian(mean, root=(rows - mean) / np.sqrt(len(rows) - 1))
        features = FeatureStatistics.of(rows)
    return _Gaussian(features.mean, covariance=features.covariance)


def _distance(first, second):
    """Return the distance of two Gaussians."""
    shift = first.mean - second.mean
    traces = sum(
        np.vdot(one.root, one.root) if one.covariance is None else np.trace(one.covariance)
        for one in (first, second)
    )
    if first.covariance is None or second.covariance is None:
        roots = [_root(one.covariance) if one.root is None else one.root for one in (first, second)]
        # NumPy for both: its threads and those of SciPy would wait for each other.
        overlap = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    else:
        overlap = _overlap(first.covariance, second.covariance)
    return max(0.0, float(shift @ shift + traces - 2 * overlap))


def _overlap(first, second):
    """Return the trace of the root of the product of two covariances [d, d]."""
    try:
        lower = scipy.linalg.cholesky(first, lower=True)
    except scipy.linalg.LinAlgError:  # some direction has no variance
        return scipy.linalg.svdvals(_root(first) @ _root(second)).sum()
    # The second matrix, equal to its transpose, makes room for the product Lᵀ C₂ L.
    half = scipy.linalg.blas.dtrmm(1.0, lower, second.T, lower=1, trans_a=1, overwrite_b=1)
    product = scipy.linalg.blas.dtrmm(1.0, lower, half, side=1, lower=1, overwrite_b=1)
    values = scipy.linalg.eigvalsh(product, overwrite_a=True, check_finite=False)
    return np.sqrt(np.clip(values, 0, None)).sum()


def _root(covariance):
    """Return the symmetric root of a covariance; what rounding leaves of a 0 counts as 0."""
    values, vectors = scipy.linalg.eigh(covariance)
    floor = values[-1] * len(values) * np.finfo(values.dtype).eps
    return (vectors * np.sqrt(np.where(values > floor, values, 0))) @ vectors.T
