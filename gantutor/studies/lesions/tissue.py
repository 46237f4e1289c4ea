"""Crops of a photographed retina with drawn lesions, as two devices see them, and a detector."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.ndimage import correlate, gaussian_filter
from skimage import data

SIDE = 16  # of a crop, in pixels
SHRINK = 4  # pixels of the photograph in one of ours, along each side
EDGE = 4  # least distance of a lesion's centre from the edge of its crop
WIDTH = 1.4  # standard deviation of a lesion's profile
THRESHOLD = 0.16  # of the detector, chosen on real tissue


class Crops(NamedTuple):
    """Crops of tissue.

    Attributes
    ----------
    images : numpy.ndarray, float32, shape [N, SIDE, SIDE]
        In [−1, 1].
    ill : numpy.ndarray, bool, shape [N]
        Which have a lesion.
    centres : numpy.ndarray, shape [N, 2]
        Row and column of the lesion, or of where it would be.
    """

    images: np.ndarray
    ill: np.ndarray
    centres: np.ndarray


@cache
def photograph() -> np.ndarray:
    """Return the retina's green channel, made smaller and evenly lit, float32 [352, 352]."""
    green = data.retina()[..., 1].astype(np.float32)[:1408, :1408]
    small = green.reshape(352, SHRINK, 352, SHRINK).mean(axis=(1, 3))
    return np.clip((small - gaussian_filter(small, 8)) / 80, -1, 1).astype(np.float32)


def places(angle: float, half: int) -> np.ndarray:
    """Return the corners [N, 2] of all crops in one half of the retina.

    The optic disc and the retina's rim are left out. No crop of one half overlaps one of the other.

    Parameters
    ----------
    angle : float
        Direction of the line through the centre that divides the retina, in radians.
    half : {1, -1}
    """
    corners = np.moveaxis(np.indices((352 - SIDE, 352 - SIDE)), 0, -1).reshape(-1, 2)
    y, x = (corners + SIDE / 2 - 176).T
    inside = (np.hypot(y, x) < 150) & (np.hypot(y + 11, x + 116) > 55)
    return corners[inside & (half * (np.cos(angle) * y + np.sin(angle) * x) > 12)]


def draw(count: int, share: float, corners: np.ndarray, random: np.random.Generator) -> Crops:
    """Return crops from given corners, a share of them with one bright, soft lesion each."""
    chosen = corners[random.integers(len(corners), size=count)]
    images = np.stack([photograph()[y : y + SIDE, x : x + SIDE] for y, x in chosen])
    ill = random.permutation(count) < round(share * count)
    centres = random.uniform(EDGE, SIDE - 1 - EDGE, (count, 2))
    strengths = random.uniform(0.5, 1.0, count)
    return Crops(add(images, centres, strengths * ill), ill, centres)


def add(images: np.ndarray, centres: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Return images [N, SIDE, SIDE] with a lesion at each centre, cut off at −1 and 1."""
    rows, columns = np.indices((SIDE, SIDE))
    squares = (rows - centres[:, 0, None, None]) ** 2 + (columns - centres[:, 1, None, None]) ** 2
    lesions = np.exp(-squares / (2 * WIDTH**2)) * strengths[:, None, None]
    return np.clip(images + lesions, -1, 1).astype(np.float32)


def second_device(images: np.ndarray) -> np.ndarray:
    """Return what the second device sees: a little blurred, with less contrast, darker."""
    return (0.7 * gaussian_filter(images, (0, 0.5, 0.5)) - 0.2).astype(np.float32)


def contrast(images: np.ndarray) -> np.ndarray:
    """Return how far each place is brighter than its surroundings: a matched filter.

    Parameters
    ----------
    images : numpy.ndarray, shape [N, SIDE, SIDE]

    Returns
    -------
    numpy.ndarray, shape [N, SIDE − 6, SIDE − 6]
        Of places at least 3 pixels from the edge.
    """
    distance = np.hypot(*(np.indices((7, 7)) - 3))
    template = np.exp(-(distance**2) / (2 * 1.5**2))
    disc = distance < 3.6
    template = np.where(disc, template - template[disc].mean(), 0)
    template /= np.abs(template).sum() / 2
    return np.stack([correlate(i, template, mode="nearest") for i in images])[:, 3:-3, 3:-3]


def has_lesion(images: np.ndarray) -> np.ndarray:
    """Return whether the detector finds a lesion anywhere in an image, bool [N]."""
    return contrast(images).max(axis=(1, 2)) > THRESHOLD


def lesion_is_there(images: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return whether the detector finds a lesion within a pixel of a place, bool [N]."""
    found = contrast(images) > THRESHOLD
    near = []
    for image, (y, x) in zip(found, np.rint(centres).astype(int) - 3, strict=True):
        near.append(image[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].any())
    return np.array(near)
