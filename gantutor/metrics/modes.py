"""How many of the modes that are known to exist a generator reaches, and how well."""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr

from gantutor.metrics.digits import digit_probabilities
from gantutor.validation import check_images, check_rows


@dataclass(frozen=True, eq=False)
class ModeCoverage:
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


def mode_coverage(points, mixture):
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


@dataclass(frozen=True, eq=False)
class StackedModes:
    """What `stacked_digit_modes` found.

    Parameters
    ----------
    found : int
        Of the 1,000 three-digit numbers, those that at least one image shows.
    divergence : float
        Kullback–Leibler divergence of the numbers' frequencies from the uniform ones, in nats:
        0 if all are equally frequent, log 1000 ≈ 6.9 if there is only one.
    counts : numpy.ndarray, int64, shape [1000]
        How many images show each number; its hundreds stand in the first channel.
    """

    found: int
    divergence: float
    counts: np.ndarray


def stacked_digit_modes(images):
    """Count the modes of stacked digits, images whose three channels each show a digit.

    The shipped digit classifier reads each channel.

    Parameters
    ----------
    images : array_like, float, shape [N, 28, 28, 3]
        In [−1, 1]. The published protocol takes 26,000; fewer find fewer modes and a larger
        divergence, also of real data.

    Returns
    -------
    StackedModes

    Raises
    ------
    TypeError, ValueError
        If `images` are not such images.

    References
    ----------
    Metz et al. (2017), section 3.3.1; Lin et al. (2018), section 4.2.

    Examples
    --------
    >>> from gantutor.data import load_digits
    >>> stacked_digit_modes(np.repeat(load_digits()[0][:4], 3, axis=-1)).found  # 0 shown as 000
    1
    """
    images = check_images(images, channels=3, side=28)
    digits = [digit_probabilities(images[..., [c]]).argmax(axis=1) for c in range(3)]
    counts = np.bincount(np.dot([100, 10, 1], digits), minlength=1000)
    shares = counts / counts.sum()
    divergence = float(rel_entr(shares, 1 / 1000).sum())
    return StackedModes(int((counts > 0).sum()), divergence, counts)
