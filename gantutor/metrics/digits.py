"""Scores of digits, as the shipped digit classifier sees them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from gantutor.metrics._results import Score
from gantutor.metrics.features.digits import (
    SIDE,
    digit_classifier,
    digit_probabilities,
    digit_test_statistics,
)
from gantutor.metrics.frechet import FeatureStatistics, frechet_distance
from gantutor.validation import check_images


def digit_fid(fake: ArrayLike, *, real: ArrayLike | FeatureStatistics | None = None) -> float:
    """Return the digit FID: the Fréchet distance between digit features of two sets of images.

    The scale is this classifier's own; it cannot be compared with an FID on Inception features.
    Fewer images give a larger number, so always compare at the same count (the book uses 10,000).

    Parameters
    ----------
    fake : array_like, float, shape [N, 28, 28, 1]
        Generated grey digits in [−1, 1]; N at least 2.
    real : array_like of shape [M, 28, 28, 1], or FeatureStatistics, optional
        What to compare with, by keyword only: other images, or the statistics of their features.
        The default is the shipped statistics of the 10,000 digits of MNIST's test set.

    Returns
    -------
    float
        At least 0; smaller is better.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    See Also
    --------
    frechet_distance : The same of any features.
    digit_report : Every score of digits at once.

    References
    ----------
    Heusel et al. (2017), equation 6, with this classifier's features in place of Inception's.

    Examples
    --------
    >>> images = np.tile(np.linspace(-1, 1, 28, dtype="float32")[:, None, None], (2, 1, 28, 1))
    >>> digit_fid(images, real=images)
    0.0
    """
    features = digit_classifier().features
    if real is None:
        real = digit_test_statistics()
    elif not isinstance(real, FeatureStatistics):
        real = features(check_images(real, "real", channels=1, size=SIDE))
    return frechet_distance(real, features(check_images(fake, "fake", channels=1, size=SIDE)))


def digits_found(fake: ArrayLike) -> int:
    """Count the digits that generated images show.

    A digit counts if the shipped digit classifier sees it in at least 1 % of the images, taking
    those of which it is at least 90 % sure. A rare wrong reading does therefore not count; but
    images that show nothing may all be read as one digit, so that 1 says little.

    Parameters
    ----------
    fake : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1].

    Returns
    -------
    int
        From 0 to 10.

    Raises
    ------
    TypeError, ValueError
        If the images are not as above.

    See Also
    --------
    stacked_digit_modes : The same of three digits in one image.

    Examples
    --------
    >>> from gantutor.data import load_digits
    >>> digits, labels = load_digits()
    >>> digits_found(digits[::10]), digits_found(digits[labels < 3])
    (10, 3)
    """
    shares = (digit_probabilities(fake) >= 0.9).mean(axis=0)
    return int((shares >= 0.01).sum())


def perceptual_distance(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Return how differently the shipped digit classifier sees the two images of each pair.

    As in LPIPS, the outputs of a layer are scaled to length 1 at each pixel; squared differences
    are summed over channels, averaged over pixels, and added over the three layers. LPIPS weighs
    channels by what people judged; here all count alike.

    Parameters
    ----------
    first, second : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1], the i-th of one set with the i-th of the other.

    Returns
    -------
    numpy.ndarray, float32, shape [N]
        From 0, for equal images, to 6.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form, or the sets differ in number.

    See Also
    --------
    ssim, ms_ssim, psnr : What pixels alone say of a pair.

    References
    ----------
    Zhang et al. (2018), equation 1.

    Examples
    --------
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> perceptual_distance(images, images)
    array([0., 0.], dtype=float32)
    """
    first = check_images(first, "first", channels=1, size=SIDE)
    second = check_images(second, "second", channels=1, size=SIDE)
    if len(first) != len(second):
        raise ValueError(
            "first and second must hold the same number of images; got "
            f"{len(first)} and {len(second)}."
        )
    layers = digit_classifier().layers
    return np.concatenate(
        [_layers_apart(*pair) for pair in zip(layers(first), layers(second), strict=True)]
    )


@dataclass(frozen=True, eq=False)
class StackedModes(Score):
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

    @property
    def value(self) -> float:
        """`found`, as a float."""
        return float(self.found)


def stacked_digit_modes(fake: ArrayLike) -> StackedModes:
    """Count the modes of stacked digits, images whose three channels each show a digit.

    The shipped digit classifier reads each channel.

    Parameters
    ----------
    fake : array_like, float, shape [N, 28, 28, 3]
        In [−1, 1]. The published protocol takes 26,000; fewer find fewer modes and a larger
        divergence, also of real data.

    Returns
    -------
    StackedModes

    Raises
    ------
    TypeError, ValueError
        If the images are not as above.

    See Also
    --------
    mode_coverage : The same of points.

    References
    ----------
    Metz et al. (2017), section 3.3.1; Lin et al. (2018), section 4.2.

    Examples
    --------
    >>> from gantutor.data import load_digits
    >>> stacked_digit_modes(np.repeat(load_digits()[0][:4], 3, axis=-1)).found  # 0 shown as 000
    1
    """
    fake = check_images(fake, "fake", channels=3, size=SIDE)
    classifier = digit_classifier()
    features = [classifier.features(fake[..., [channel]]) for channel in range(3)]
    digits = [classifier.logits(rows).argmax(axis=1) for rows in features]
    counts = np.bincount(np.dot([100, 10, 1], digits), minlength=1000)
    shares = counts / counts.sum()
    divergence = float(rel_entr(shares, 1 / 1000).sum())
    return StackedModes(int((counts > 0).sum()), divergence, counts)


def _layers_apart(first, second):
    """Perceptual distance of pairs of images, from the outputs of their layers."""
    return sum(
        ((_unit(a) - _unit(b)) ** 2).sum(axis=-1).reshape(len(a), -1).mean(axis=1)
        for a, b in zip(first, second, strict=True)
    )


def _unit(outputs):
    """Scale the channels at each place to length 1; where all are 0 they stay 0."""
    lengths = np.sqrt((outputs**2).sum(axis=-1, keepdims=True))
    return outputs / np.maximum(lengths, 1e-10)
