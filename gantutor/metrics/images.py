"""Comparing images pair by pair: PSNR, SSIM, MS-SSIM, and what a classifier sees of a change."""

import numpy as np
import skimage.metrics  # loads its functions, and scipy.stats with them, when they are first used
from numpy.typing import ArrayLike
from scipy.ndimage import correlate1d

from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_images, check_positive

#: Weights of the five scales, finest first (Wang, Simoncelli and Bovik, 2003, section 3.2).
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

_WINDOW = 11  # pixels of the Gaussian window of SSIM, σ = 1.5 pixels
_RANGE = 2.0  # images lie in [−1, 1]
_CHUNK = 2**20  # numbers in the images that are blurred at a time


def psnr(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Return the peak signal-to-noise ratio of each pair of images.

    Parameters
    ----------
    first, second : array_like, shape [N, H, W, C]
        Images in [−1, 1], the i-th of one set with the i-th of the other; any H, W and C.

    Returns
    -------
    numpy.ndarray, float64, shape [N]
        In decibels, 10 log₁₀(2² / mean squared error); infinite for equal images.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form, or the sets differ in shape.

    See Also
    --------
    ssim : Looks at neighbourhoods of pixels.

    Examples
    --------
    >>> black = np.full((1, 8, 8, 1), -1.0)
    >>> psnr(black, black + 0.2).round(3)
    array([20.])
    """
    first, second = _pairs(first, second)
    with np.errstate(divide="ignore"):
        values = [
            skimage.metrics.peak_signal_noise_ratio(a, b, data_range=_RANGE)
            for a, b in zip(first, second, strict=True)
        ]
    return np.array(values)


def ssim(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Return the structural similarity of each pair of images, mean over pixels and channels.

    With the constants of its authors: a Gaussian window of 11 pixels with σ = 1.5, K₁ = 0.01,
    K₂ = 0.03, population covariances.

    Parameters
    ----------
    first, second : array_like, shape [N, H, W, C]
        Images in [−1, 1] of at least 11 × 11 pixels; any number of channels.

    Returns
    -------
    numpy.ndarray, float64, shape [N]
        In [−1, 1]; 1 for equal images.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form or too small, or the sets differ in shape.

    See Also
    --------
    ms_ssim : The same at several scales.
    perceptual_distance : What a classifier sees of a change.

    References
    ----------
    Wang et al. (2004), equation 13.

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1))
    >>> ssim(images, images)
    array([1., 1.])
    """
    first, second = _pairs(first, second, with_window=True)
    return np.array(
        [
            skimage.metrics.structural_similarity(
                a.astype(np.float64),
                b.astype(np.float64),
                channel_axis=-1,
                data_range=_RANGE,
                gaussian_weights=True,
                use_sample_covariance=False,
                sigma=1.5,
            )
            for a, b in zip(first, second, strict=True)
        ]
    )


def ms_ssim(first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Return the multi-scale structural similarity of each pair of images.

    There are as many of the five scales as the shorter side of the images allows: at the coarsest
    the window of 11 pixels must fit, so that five need 176 pixels, and two are left at 28. The
    weights of the scales that there are are divided by their sum.

    Parameters
    ----------
    first, second : array_like, shape [N, H, W, C]
        Images in [−1, 1] of at least 11 × 11 pixels; any number of channels.

    Returns
    -------
    numpy.ndarray, float64, shape [N]
        In [0, 1] (a negative similarity counts as 0); 1 for equal images.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form or too small, or the sets differ in shape.

    See Also
    --------
    diversity : Its mean over pairs of generated images.

    References
    ----------
    Wang, Simoncelli and Bovik (2003), equation 7.

    Examples
    --------
    >>> images = np.random.default_rng(0).uniform(-1, 1, (2, 28, 28, 1))
    >>> ms_ssim(images, images).round(12)
    array([1., 1.])
    """
    first, second = _pairs(first, second, with_window=True)
    rows = np.arange(len(first))
    return _in_chunks(first, rows, second, rows)


def diversity(images: ArrayLike, pairs: int = 1000, seed: Seed = 0) -> float:
    """Return the mean MS-SSIM of random pairs of images of one set; the lower, the more diverse.

    Meaningful within a class only: between classes even poor images differ.

    Parameters
    ----------
    images : array_like, shape [N, H, W, C]
        At least two images in [−1, 1] of at least 11 × 11 pixels.
    pairs : int
        How many pairs, each of two different images.
    seed : int or numpy.random.Generator
        Source of the pairs.

    Returns
    -------
    float
        In [0, 1]; 1 if all images are equal.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form, or there is only one.

    See Also
    --------
    ms_ssim : The similarity of a pair.
    precision_recall : Variety with respect to real data.

    References
    ----------
    Odena, Olah and Shlens (2017), section 4.2.

    Examples
    --------
    >>> diversity(np.full((3, 28, 28, 1), -1.0), pairs=5)
    1.0
    """
    images = check_images(images)
    if len(images) < 2:
        raise ValueError("images must be at least two for a pair; got 1.")
    _check_window(images, "images")
    pairs = check_positive(pairs, "pairs")
    rng = as_rng(seed)
    first = rng.integers(len(images), size=pairs)
    other = (first + rng.integers(1, len(images), size=pairs)) % len(images)
    return float(_in_chunks(images, first, images, other).mean())


def _pairs(first, second, with_window=False) -> tuple[np.ndarray, np.ndarray]:
    first, second = check_images(first, "first"), check_images(second, "second")
    if first.shape != second.shape:
        raise ValueError(
            f"first and second must have the same shape; got {list(first.shape)} and "
            f"{list(second.shape)}."
        )
    if with_window:
        _check_window(first, "first and second")
    return first, second


def _check_window(images, name):
    height, width = images.shape[1:3]
    if min(height, width) < _WINDOW:
        raise ValueError(
            f"{name} must have at least {_WINDOW}×{_WINDOW} pixels; got {height}×{width}."
        )


def _in_chunks(first, rows, second, others):
    """MS-SSIM of some rows of one set with some of another, shape [P].

    A few pairs at a time: their blurred squares and products take many times their memory.
    """
    few = max(1, _CHUNK // first[0].size)
    return np.concatenate(
        [
            _ms_ssim(first[rows[k : k + few]], second[others[k : k + few]])
            for k in range(0, len(rows), few)
        ]
    )


def _ms_ssim(first, second):
    first, second = first.astype(np.float64), second.astype(np.float64)
    scales = min(len(MS_SSIM_WEIGHTS), int(np.log2(min(first.shape[1:3]) / _WINDOW)) + 1)
    weights = np.array(MS_SSIM_WEIGHTS[:scales]) / sum(MS_SSIM_WEIGHTS[:scales])
    result = np.ones(first[:, 0, 0].shape)  # [N, C]
    for scale, weight in enumerate(weights):
        if scale:
            first, second = _halved(first), _halved(second)
        luminance, structure = _similarity(first, second)
        coarsest = scale == scales - 1
        value = (luminance * structure if coarsest else structure).mean(axis=(1, 2))
        result = result * np.maximum(value, 0) ** weight
    return result.mean(axis=1)


def _similarity(first, second):
    """Luminance and contrast-structure similarity at each pixel where the window fits."""
    one, two = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2
    mean1, mean2 = _blurred(first), _blurred(second)
    variance1 = _blurred(first**2) - mean1**2
    variance2 = _blurred(second**2) - mean2**2
    covariance = _blurred(first * second) - mean1 * mean2
    luminance = (2 * mean1 * mean2 + one) / (mean1**2 + mean2**2 + one)
    return luminance, (2 * covariance + two) / (variance1 + variance2 + two)


def _blurred(images):
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    kernel = np.exp(-(offsets**2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    for axis in (1, 2):
        images = correlate1d(images, kernel, axis=axis)
    edge = _WINDOW // 2
    return images[:, edge:-edge, edge:-edge]


def _halved(images):
    """Means of 2×2 pixels; an odd last row or column is left out."""
    height, width = (n // 2 * 2 for n in images.shape[1:3])
    images = images[:, :height, :width]
    return (
        images[:, ::2, ::2] + images[:, 1::2, ::2] + images[:, ::2, 1::2] + images[:, 1::2, 1::2]
    ) / 4
