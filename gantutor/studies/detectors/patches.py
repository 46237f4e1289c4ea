"""Patches of real photographs, and what happens to images on their way to a detector."""

import functools
import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import color, data
from sklearn.datasets import load_sample_image

from gantutor.runs import seeds

SIDE = 32
PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "chelsea", "china", "coffee"),
    *("coins", "flower", "grass", "gravel", "motorcycle", "rocket"),
)
TESTED, CALIBRATED = 4, 2  # photographs to test on, and to set a threshold with
BLOCK = 8  # pixels at each side of a block of JPEG

#: What is done to real and fake images alike before a detector sees them.
CHANGES = {
    "none": {},
    "JPEG 75": {"quality": 75},
    "JPEG 50": {"quality": 50},
    "blur": {"blur": 0.7},
    "resize": {"resize": True},
    "noise": {"noise": 0.05},
}


@functools.cache
def load_photograph(name: str) -> np.ndarray:
    """Return a grey photograph, float32 [H, W], in [−1, 1]."""
    if name in ("china", "flower"):
        image = load_sample_image(f"{name}.jpg")
    else:
        image = data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(data, name)()
    grey = color.rgb2gray(image) if image.ndim == 3 else image / 255
    return (2 * grey - 1).astype(np.float32)


def split(seed: int) -> dict[str, list[str]]:
    """Divide the twelve photographs into those to train on, to set a threshold with, to test on."""
    names = list(seeds.rng(seed, "data").permutation(PHOTOGRAPHS))
    rest = names[TESTED:]
    return {"train": rest[CALIBRATED:], "threshold": rest[:CALIBRATED], "test": names[:TESTED]}


def cut(names, count: int, random: np.random.Generator) -> np.ndarray:
    """Cut patches [count, 32, 32, 1] at random places, equally many from each photograph."""
    found = []
    for number in range(count):
        photograph = load_photograph(names[number % len(names)])
        top, left = (random.integers(side - SIDE + 1) for side in photograph.shape)
        found.append(photograph[top : top + SIDE, left : left + SIDE, None])
    return np.stack(found)


def rounded(images: np.ndarray) -> np.ndarray:
    """Return images with the 256 grey values that a file can hold."""
    return as_bytes(images).astype(np.float32) / 127.5 - 1


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Return images in [−1, 1] as whole numbers from 0 to 255."""
    return np.rint((images.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


def through_jpeg(image: np.ndarray, quality: int, above: int = 0, left: int = 0) -> np.ndarray:
    """Save an image [H, W, 1] as a JPEG file in memory, and read it again.

    Parameters
    ----------
    image : numpy.ndarray
    quality : int
        Of the file; 100 is the best.
    above, left : int
        The first pixel lies so far below and to the right of the corner of a block of 8 × 8 pixels,
        as in a patch of a large image. JPEG treats each block alone: 8 pixels inside the edge, the
        result is that of saving the large image and cutting the patch out of it.
    """
    sides = [(before, BLOCK - before) for before in (above, left)]
    padded = np.pad(as_bytes(image)[..., 0], sides, mode="edge")
    file = io.BytesIO()
    Image.fromarray(padded).save(file, "JPEG", quality=int(quality))
    found = np.asarray(Image.open(file), np.float32)[..., None] / 127.5 - 1
    return found[above : above + image.shape[0], left : left + image.shape[1]]


def shrink_and_enlarge(image: np.ndarray) -> np.ndarray:
    """Shrink an image [32, 32, 1] to three quarters and enlarge it again, both bicubic."""
    whole = Image.fromarray(as_bytes(image)[..., 0])
    small = whole.resize((SIDE * 3 // 4,) * 2, Image.Resampling.BICUBIC)
    large = small.resize((SIDE,) * 2, Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32)[..., None] / 127.5 - 1


def change(
    images, quality=None, alike=False, blur=0.0, resize=False, noise=0.0, seed=0
) -> np.ndarray:
    """Return images [N, 32, 32, 1] after one change, rounded to 256 grey values.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 32, 32, 1]
    quality : int, optional
        Of a JPEG file; 100 is the best.
    alike : bool
        Whether JPEG's blocks begin at the corner of each patch, as if each patch were a file. If
        not, they lie at random, as in patches that are cut from large files.
    blur : float
        Standard deviation of a Gaussian blur, in pixels.
    resize : bool
        Whether they are shrunk to three quarters and enlarged again.
    noise : float
        Standard deviation of noise, where black and white are 2 apart.
    seed : int
    """
    if quality is not None:
        places = np.zeros((len(images), 2), int)
        if not alike:
            places = seeds.rng(seed, "noise", 1).integers(BLOCK, size=places.shape)
        pairs = zip(images, places, strict=True)
        images = np.stack([through_jpeg(image, quality, *place) for image, place in pairs])
    if blur:
        images = gaussian_filter(images, (0, blur, blur, 0))
    if resize:
        images = np.stack([shrink_and_enlarge(image) for image in images])
    if noise:
        random = seeds.rng(seed, "noise")
        images = images + random.normal(0, noise, images.shape).astype(np.float32)
    return rounded(images)


def change_at_random(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return images of which each was blurred, or went through JPEG, or both, or neither."""
    changed = []
    for image in images:
        if random.random() < 0.5:
            image = gaussian_filter(image, (*(random.uniform(0, 1.2),) * 2, 0))
        if random.random() < 0.5:
            image = through_jpeg(image, random.integers(40, 96), *random.integers(BLOCK, size=2))
        changed.append(image)
    return rounded(np.stack(changed))
