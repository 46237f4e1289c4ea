"""Textures from one example: noise, Gram matrices, quilting and a GAN, and what they copy."""

import time

import numpy as np
import skimage.data
from scipy.signal import fftconvolve
from scipy.spatial.distance import cdist
from skimage.filters import gabor_kernel

from gantutor import metrics
from gantutor.runs import seeds
from gantutor.studies.textures.making import (
    RandomFeatures,
    draw,
    imitate,
    quilt,
    random_phase,
    shuffled,
    train_gan,
)

TEXTURES = ("brick", "gravel")
METHODS = (
    "shuffled pixels",
    "random phases",
    "Gram matrices",
    "quilting",
    "GAN",
    "the example",
    "another quarter",
)
SIDE = 128  # of an example: a quarter of a photograph
WIDTHS = (4, 8, 16)  # wavelengths of the filters, in pixels
DIRECTIONS = 4
LINES = 64  # of the sliced distance
COPY = 12  # side of the patches that are looked up in the example

KEYS = ("texture", "method")
SETTINGS = {(t, m): {"texture": t, "method": m} for t in TEXTURES for m in METHODS}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "pattern": (0, np.inf),
    "edges": (0, np.inf),
    "copied": (0, 1),
    "nearest": (0, np.inf),
}


def run(seed: int, texture: str, method: str) -> dict[str, float]:
    """Make a texture from a quarter of a photograph, and compare it with a quarter held out.

    Parameters
    ----------
    seed : int
        Chooses the quarter (its remainder by four), and seeds all noise, weights and batches.
    texture : {"brick", "gravel"}
    method : str
        One of `METHODS`; the last two make nothing, and take the example and the quarter that lies
        diagonally.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; ``pattern``, the `pattern_distance` from
        the quarter held out; ``edges``, the `kurtosis` of differences; and what `copying` returns.
    """
    example, another = quarters(texture, seed)
    begin = time.process_time()
    real = {"the example": example, "another quarter": another}
    image = real[method] if method in real else make(method, example, seed)
    seconds = time.process_time() - begin
    copied, nearest = copying(image, example, another)
    scores = {
        "seconds": round(seconds, 2),
        "pattern": pattern_distance(another, image),
        "edges": kurtosis(image),
        "copied": copied,
        "nearest": nearest,
    }
    return {name: round(float(value), 4) for name, value in scores.items()}


def quarters(texture: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a quarter of a photograph, [128, 128, 1] in [−1, 1], and the diagonal one."""
    photo = getattr(skimage.data, texture)().astype(np.float32) / 127.5 - 1
    photo = photo.reshape(2 * SIDE, 2, 2 * SIDE, 2, 1).mean(axis=(1, 3))
    parts = [photo[y:, x:][:SIDE, :SIDE] for y in (0, SIDE) for x in (0, SIDE)]
    return parts[seed % 4], parts[3 - seed % 4]


def make(method: str, example: np.ndarray, seed: int) -> np.ndarray:
    """Return a texture of the size of an example [H, W, 1], by one of `METHODS`."""
    random = seeds.rng(seed, "noise")
    if method == "Gram matrices":
        network = RandomFeatures(1, seeds.number(seed, "generator"))
        return imitate(example, network, shuffled(example, random))
    if method == "GAN":
        return draw(train_gan(example, random), len(example), random)
    makers = {
        "shuffled pixels": shuffled,
        "random phases": random_phase,
        "quilting": quilt,
    }
    return makers[method](example, random)


def strengths(image: np.ndarray) -> np.ndarray:
    """Return what is seen at each pixel of an image [H, W, C]: a row of C + 12 numbers.

    Its colours; and how strong stripes of three widths and four directions are there: the
    absolute value of the response of a Gabor filter to the mean of the colours. Pixels that are
    nearer to a border than the longest wave are left out.
    """
    grey, edge = image.mean(axis=-1).astype(np.float64), max(WIDTHS)
    seen = [image[..., c] for c in range(image.shape[-1])]
    for width in WIDTHS:
        for turn in range(DIRECTIONS):
            kernel = gabor_kernel(1 / width, turn * np.pi / DIRECTIONS, n_stds=2)
            kernel -= np.abs(kernel) * kernel.sum() / np.abs(kernel).sum()
            seen.append(np.abs(fftconvolve(grey, kernel, mode="same")))
    return np.stack(seen, axis=-1)[edge:-edge, edge:-edge].reshape(-1, len(seen))


def pattern_distance(real: np.ndarray, image: np.ndarray, seed: int = 0) -> float:
    """Return how far the `strengths` in an image are distributed from those in a real one.

    Each number is divided by its standard deviation in the real image; then it is the
    `gantutor.metrics.sliced_wasserstein_distance` on `LINES` lines.
    """
    first, second = strengths(real), strengths(image)
    scale = first.std(axis=0)
    return metrics.sliced_wasserstein_distance(first / scale, second / scale, LINES, seed)


def kurtosis(image: np.ndarray) -> float:
    """Return the kurtosis of the differences of neighbours in an image [H, W, C].

    It is 3 for a Gaussian field, and larger if most differences are small and a few are large, as
    at edges. The mean of the horizontal and the vertical one.
    """
    grey = image.mean(axis=-1).astype(np.float64)
    squares = [(d - d.mean()) ** 2 for d in (np.diff(grey, axis=0), np.diff(grey, axis=1))]
    return float(np.mean([np.mean(square**2) / np.mean(square) ** 2 for square in squares]))


def copying(image, example, another) -> tuple[float, float]:
    """Look up patches of an image in the example.

    Each patch of 12 × 12 pixels is taken relative to its mean and its standard deviation, so that
    neither flat patches nor a change of brightness or contrast are near to everything.

    Parameters
    ----------
    image, example, another : numpy.ndarray, shape [H, W, 1]
        The last one cannot contain copies.

    Returns
    -------
    copied : float
        Share of the patches that are nearer to the example than all but one in a hundred of
        `another` are.
    nearest : float
        Mean distance of a patch from the nearest of the example: 0 for a copy, about 1 if flat.
    """
    known = _patches(example, example, 1)
    found, usual = (
        cdist(_patches(part, example, 5), known).min(axis=1) / COPY for part in (image, another)
    )
    return float(np.mean(found < np.quantile(usual, 0.01))), float(found.mean())


def _patches(image, example, step):
    """Return every so many of the patches, [N, 144], each with mean 0 and standard deviation 1."""
    windows = np.lib.stride_tricks.sliding_window_view(image[..., 0], (COPY, COPY))
    rows = windows[::step, ::step].reshape(-1, COPY**2).astype(np.float64)
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(rows.std(axis=1, keepdims=True), 0.01 * example.std())
