"""How many of the modes that are known to exist a generator reaches, and how well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gantutor.data import GaussianMixture
from gantutor.metrics._results import Score
from gantutor.validation import check_rows


@dataclass(frozen=True, eq=False)
class ModeCoverage(Score):
    """What `mode_coverage` found.

    Parameters
    ----------
    found : int
        Modes with at least one good point.
    good_share : float
        The part of all points that is good, in [0, 1].
    counts : numpy.ndarray, int64, shape [K]
        Good points of each mode.
    """

    found: int
    good_share: float
    counts: np.ndarray

    @property
    def value(self) -> float:
        """`found`, as a float."""
        return float(self.found)


def mode_coverage(points: ArrayLike, mixture: GaussianMixture) -> ModeCoverage:
    """Count the modes that points reach.

    A point is good if it lies within three standard deviations of its nearest centre; a mode is
    found if at least one good point is nearest to it. Even real points are not all good: in two
    dimensions 1 − exp(−9/2) ≈ 98.9 % of them are.

    Parameters
    ----------
    points : array_like, shape [N, d]
    mixture : gantutor.data.GaussianMixture
        Its K centres have d coordinates.

    Returns
    -------
    ModeCoverage

    Raises
    ------
    ValueError
        If `points` is empty, has another number of columns than the centres, or is not finite.

    See Also
    --------
    stacked_digit_modes : The same of images.

    References
    ----------
    Lin, Khetan, Fanti and Oh (2018), PacGAN: the power of two samples in generative adversarial
    networks, section 4.

    Examples
    --------
    >>> from gantutor.data import ring
    >>> coverage = mode_coverage([[2.0, 0.0], [0.0, 0.0]], ring(modes=8, radius=2.0))
    >>> coverage.found, coverage.good_share
    (1, 0.5)
    """
    centres = mixture.centres
    points = check_rows(points, "points", columns=centres.shape[1]).astype(np.float64)
    distances = np.linalg.norm(points[:, None, :] - centres, axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= 3 * mixture.std
    counts = np.bincount(nearest[good], minlength=len(centres))
    return ModeCoverage(int((counts > 0).sum()), float(good.mean()), counts)
