"""Photographs that are made smaller, and what enlarges them without a network."""

import io

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import color, data
from sklearn.datasets import load_sample_image
from torch.nn.functional import interpolate

from gantutor import metrics
from gantutor.runs import seeds

SCALE = 4
PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "chelsea", "china", "coffee"),
    *("coins", "flower", "grass", "gravel", "motorcycle", "rocket"),
)
HELD_OUT = 4  # photographs that are tested on
PATCH = 8  # side of the patches of `texture_distance`, in pixels
LINES = 128  # of `texture_distance`
EDGE = 8  # pixels at the edge that no score looks at


def load_photograph(name: str) -> np.ndarray:
    """Return a grey photograph, float32 [H, W, 1] in [−1, 1], with sides divisible by 4."""
    if name in ("china", "flower"):
        image = load_sample_image(f"{name}.jpg")
    else:
        image = data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(data, name)()
    grey = color.rgb2gray(image) if image.ndim == 3 else image / 255
    height, width = (side // SCALE * SCALE for side in grey.shape)
    return (2 * grey[:height, :width, None] - 1).astype(np.float32)


def split(seed: int) -> tuple[list[str], list[str]]:
    """Return the names of 8 photographs to train on, and of 4 others."""
    names = list(seeds.rng(seed, "data").permutation(PHOTOGRAPHS))
    return names[HELD_OUT:], names[:HELD_OUT]


def shrink(images: np.ndarray) -> np.ndarray:
    """Return images [..., H, W, 1] of a quarter of the size: the means of 4 × 4 pixels."""
    *rest, height, width, _ = images.shape
    blocks = images.reshape(*rest, height // SCALE, SCALE, width // SCALE, SCALE, 1)
    return blocks.mean(axis=(-4, -2))


def degrade(image: np.ndarray, blur=0.0, noise=0.0, quality=None, random=None) -> np.ndarray:
    """Return a small image, made from a large one [H, W, 1] by more than the means of blocks.

    Parameters
    ----------
    image : numpy.ndarray, float32, shape [H, W, 1]
    blur : float
        Standard deviation of a Gaussian blur of the large image, in its pixels.
    noise : float
        Standard deviation of the noise of the small image, where black and white are 2 apart.
    quality : int, optional
        Of a JPEG file that the small image goes through at the end; 100 is the best.
    random : numpy.random.Generator
        Source of the noise.
    """
    small = shrink(gaussian_filter(image, (blur, blur, 0)) if blur else image)
    if noise:
        small = small + random.normal(0, noise, small.shape).astype(np.float32)
    if quality is not None:
        file = io.BytesIO()
        grey = np.rint((small[..., 0].clip(-1, 1) + 1) * 127.5).astype(np.uint8)
        Image.fromarray(grey).save(file, "JPEG", quality=int(quality))
        small = np.asarray(Image.open(file), np.float32)[..., None] / 127.5 - 1
    return small.astype(np.float32)


def random_degradation(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a small image after blur, noise and JPEG, each in half of the cases."""
    blur, noise = 3 * random.random(), 0.15 * random.random()
    quality = int(random.integers(20, 90))
    chosen = random.random(3) < 0.5
    return degrade(
        image, blur * chosen[0], noise * chosen[1], quality if chosen[2] else None, random
    )


def as_tensor(images: np.ndarray) -> torch.Tensor:
    """Return images [N, H, W, 1] as a tensor [N, 1, H, W]."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)


def enlarge(small: torch.Tensor) -> torch.Tensor:
    """Return images [N, 1, H, W] of four times the size, by bicubic interpolation."""
    return interpolate(small, scale_factor=SCALE, mode="bicubic", antialias=True)


def bicubic(small: np.ndarray) -> np.ndarray:
    """Return one image [h, w, 1] enlarged four times by bicubic interpolation."""
    return enlarge(as_tensor(small[None]))[0].permute(1, 2, 0).numpy()


def repeat(small: np.ndarray) -> np.ndarray:
    """Return one image [h, w, 1] enlarged four times by repetition of its pixels."""
    return small.repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def smooth(small: np.ndarray) -> np.ndarray:
    """Return one image [h, w, 1] after a Gaussian blur with a deviation of 0.4 pixels."""
    return gaussian_filter(small, (0.4, 0.4, 0))


def sharpen(image: np.ndarray, amount: float, radius: float = 1.5) -> np.ndarray:
    """Return an image [H, W, 1] plus ``amount`` times what a Gaussian blur takes away from it."""
    blurred = gaussian_filter(image, (radius, radius, 0))
    return (image + amount * (image - blurred)).clip(-1, 1)


def contrast(image: np.ndarray, radius: float = 1.5) -> np.ndarray:
    """Return the local deviation of an image [H, W, 1] from its Gaussian blur."""
    blurred = gaussian_filter(image, (radius, radius, 0))
    return np.sqrt(gaussian_filter((image - blurred) ** 2, (radius, radius, 0)))


def mirror_blocks(image: np.ndarray) -> np.ndarray:
    """Return an image [H, W, 1] with each block of 4 × 4 pixels mirrored in its place."""
    height, width, _ = image.shape
    blocks = image.reshape(height, width // SCALE, SCALE, 1)
    return blocks[:, :, ::-1].reshape(image.shape)


def fit_linear(smalls, larges, reach=2, ridge=1e-3):
    """Return the linear regression of 4 × 4 pixels on (2·reach + 1)² pixels of the small image.

    Parameters
    ----------
    smalls, larges : sequence of numpy.ndarray, float32, shape [h, w, 1] and [4h, 4w, 1]
    reach : int
        Pixels of the small image to each side.
    ridge : float
        Added to the variances.

    Returns
    -------
    callable
        A small image → a large one, cut off at −1 and 1.
    """

    def windows(small):
        padded = np.pad(small[..., 0], reach, mode="edge")
        views = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1,) * 2)
        # Differences to the pixel in the middle: then a brighter image gives a brighter result.
        return views.reshape(small.size, -1) - small.reshape(-1, 1)

    def blocks(large):
        height, width = (side // SCALE for side in large.shape[:2])
        return large.reshape(height, SCALE, width, SCALE).swapaxes(1, 2).reshape(-1, SCALE**2)

    x = np.concatenate([windows(small) for small in smalls])
    y = np.concatenate([blocks(b) - s.reshape(-1, 1) for s, b in zip(smalls, larges, strict=True)])
    squares = x.T.astype(np.float64) @ x + ridge * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(squares, x.T.astype(np.float64) @ y)

    def upscale(small):
        height, width, _ = small.shape
        made = (windows(small) @ weights + small.reshape(-1, 1)).reshape(
            height, width, SCALE, SCALE
        )
        return made.swapaxes(1, 2).reshape(SCALE * height, SCALE * width, 1).clip(-1, 1)

    return upscale


def draw_patches(images, count, random) -> np.ndarray:
    """Return ``count`` patches of each image, from anywhere but the edge, rows of 64 pixels."""
    offsets = np.arange(PATCH)
    rows = []
    for image in images:
        top, left = (
            random.integers(EDGE, side - EDGE - PATCH + 1, count)[:, None, None]
            for side in image.shape[:2]
        )
        rows.append(image[top + offsets[:, None], left + offsets, 0].reshape(count, -1))
    return np.concatenate(rows)


def fit_components(images, count=4000) -> np.ndarray:
    """Return directions [64, 63] in which patches of these images have variance 1 and no mean."""
    patches = _without_mean(draw_patches(images, count, seeds.rng(0, "noise", 1)))
    values, axes = np.linalg.eigh(np.cov(patches.T))
    return (axes[:, 1:] / np.sqrt(values[1:] + 1e-4)).astype(np.float32)


def texture_distance(first, second, components=None, count=8000, seed=0) -> float:
    """Return how differently the patches of two sets of images are distributed.

    The mean of each patch is taken away. Then all patches are looked at through 128 random linear
    filters, the same for both sets; the result is the mean over the filters of the distance between
    the two distributions of their outputs: the `gantutor.metrics.sliced_wasserstein_distance`.

    Parameters
    ----------
    first, second : sequence of numpy.ndarray, float32, shape [H, W, 1]
        Photographs, the i-th of one set of the size of the i-th of the other.
    components : numpy.ndarray, optional
        Of `fit_components`. Without them a filter is a direction in the space of pixels, and
        contrasts that stretch over several pixels, the largest, count most; with them it is a
        direction in the space of the components, of which each counts alike.
    count : int
        Patches of each image, at places of their own in either set.
    seed : int
        Seed of places and filters.

    Returns
    -------
    float
        In hundredths of half the range from black to white, or of a component's deviation.
    """
    random = seeds.rng(seed, "noise")
    rows = [_without_mean(draw_patches(images, count, random)) for images in (first, second)]
    if components is not None:
        rows = [patches @ components for patches in rows]
    return 100 * metrics.sliced_wasserstein_distance(*rows, LINES, random)


def _without_mean(patches):
    return patches - patches.mean(axis=1, keepdims=True)


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of two images [H, W, 1] without their edges, in dB."""
    inside = (slice(EDGE, -EDGE),) * 2
    error = np.mean((first[inside] - second[inside]).astype(float) ** 2)
    return float(10 * np.log10(4 / max(error, 1e-12)))
