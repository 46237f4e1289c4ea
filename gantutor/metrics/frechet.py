"""The Fréchet distance between the Gaussians that best fit two sets of features."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from gantutor.validation import check_rows


@dataclass(frozen=True)
class FeatureStatistics:
    """Mean and covariance of features, all that the Fréchet distance needs of them.

    Parameters
    ----------
    mean : numpy.ndarray, float64, shape [d]
    covariance : numpy.ndarray, float64, shape [d, d]
        Unbiased: divided by `count` − 1.
    count : int
        How many feature rows they were computed from.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int

    @classmethod
    def of(cls, features):
        """Compute the statistics of `features`, in float64.

        Parameters
        ----------
        features : array_like, shape [N, d]
            At least two rows, finite.

        Returns
        -------
        FeatureStatistics

        Raises
        ------
        ValueError
            If there are fewer than two rows, or a value is NaN or infinite.

        Examples
        --------
        >>> float(FeatureStatistics.of([[0.0], [2.0]]).covariance[0, 0])
        2.0
        """
        check_rows(features, "features")
        features = np.asarray(features, dtype=np.float64)
        count = len(features)
        if count < 2:
            raise ValueError("features must have at least two rows for a covariance; got 1.")
        mean = features.mean(axis=0)
        centred = features - mean
        return cls(mean, centred.T @ centred / (count - 1), count)


def frechet_distance(first, second):
    r"""Return the squared Fréchet (2-Wasserstein) distance of two Gaussians fitted to features.

    .. math::

        \lVert\mu_1-\mu_2\rVert^2 + \operatorname{tr}\bigl(C_1 + C_2 - 2(C_1C_2)^{1/2}\bigr)

    The trace of :math:`(C_1C_2)^{1/2}` is the sum of the singular values of
    :math:`C_1^{1/2}C_2^{1/2}`. Both roots are of symmetric matrices, so nothing complex and no
    matrix square root of an ill-conditioned product appears. The number shrinks with the sample's
    size: compare distances only between samples of the same number of rows.

    Parameters
    ----------
    first, second : array_like, shape [N, d], or FeatureStatistics
        Two sets of features, or their statistics; N may differ, d must not.

    Returns
    -------
    float
        At least 0, in squared units of the features; 0 for equal statistics.

    Raises
    ------
    ValueError
        If the dimensions d differ, or a set is not as `FeatureStatistics.of` wants it.

    References
    ----------
    Dowson and Landau (1982), equation 4; Heusel et al. (2017), equation 6.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(100, 2))
    >>> round(frechet_distance(points, points + [3, 4]), 6)  # 3² + 4²
    25.0
    """
    first, second = (
        each if isinstance(each, FeatureStatistics) else FeatureStatistics.of(each)
        for each in (first, second)
    )
    if len(first.mean) != len(second.mean):
        raise ValueError(
            "Both sets of features must have the same dimension; "
            f"got {len(first.mean)} and {len(second.mean)}."
        )
    shift = first.mean - second.mean
    roots = _symmetric_root(first.covariance) @ _symmetric_root(second.covariance)
    overlap = scipy.linalg.svdvals(roots).sum()
    spread = np.trace(first.covariance) + np.trace(second.covariance) - 2 * overlap
    return max(0.0, float(shift @ shift + spread))


def _symmetric_root(covariance):
    """Return the square root of a covariance; rounding below zero counts as zero."""
    values, vectors = scipy.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
