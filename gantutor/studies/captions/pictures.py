"""Captions of one coloured shape, drawings that fit them, and a reader that measures pictures."""

from itertools import product
from typing import NamedTuple

import numpy as np

SIDE = 24  # pixels
COLOURS = ("red", "yellow", "green", "blue")
SHAPES = ("circle", "square", "triangle", "cross")
SIZES = ("small", "large")
PLACES = ("top left", "top right", "bottom left", "bottom right")
ASPECTS = {"colour": COLOURS, "shape": SHAPES, "size": SIZES, "position": PLACES}
#: The words that differ from caption to caption.
WORDS = (*COLOURS, *SHAPES, *SIZES, "top", "bottom", "left", "right")

_HUES = np.array([0.0, 60.0, 120.0, 240.0])  # degrees, of COLOURS
_RADII = np.array([2.6, 4.2])  # pixels, of a disc of the same area, of SIZES
_NEAR, _FAR = 7.5, 16.5  # pixels from the left or the top: the middle of a place
# How much a drawing of one caption may differ from another, either way.
_HUE, _DARK, _GROWTH, _SHIFT, _TURN = 12.0, 0.25, 0.06, 1.0, 15.0
# Radius of a square, a triangle and a cross whose area is a disc's of radius 1: half the side, from
# the centre to a corner, from the centre to the end of an arm a third as wide as the cross.
_SAME_AREA = (np.sqrt(np.pi) / 2, np.sqrt(4 * np.pi / 27**0.5), np.sqrt(np.pi * 9 / 20))


class Reading(NamedTuple):
    """What a picture shows, measured.

    Attributes
    ----------
    captions : numpy.ndarray of int64, shape [N, 4]
        The nearest words, as indices into the lists of `ASPECTS`.
    places : numpy.ndarray, shape [N, 2]
        Centre of mass, in pixels from the left and from the top.
    faults : numpy.ndarray, shape [N]
        Distance to the nearest drawing of the same place, size and colour, squared, as a share of
        the picture's own square sum over black. 0 is a perfect drawing, 1 is black or worse.
    """

    captions: np.ndarray
    places: np.ndarray
    faults: np.ndarray


def all_captions() -> np.ndarray:
    """Return the 128 captions, as indices into the lists of `ASPECTS`, shape [128, 4]."""
    return np.array(list(product(*(range(len(words)) for words in ASPECTS.values()))))


def sentence(caption: np.ndarray) -> str:
    """Return a caption in words.

    Examples
    --------
    >>> sentence([0, 0, 0, 0])
    'a small red circle at the top left'
    """
    colour, shape, size, place = (
        words[i] for words, i in zip(ASPECTS.values(), caption, strict=True)
    )
    return f"a {size} {colour} {shape} at the {place}"


def to_words(captions: np.ndarray) -> np.ndarray:
    """Return which of `WORDS` are in captions, 1 or 0, float32 [N, 14]: a bag of words.

    Examples
    --------
    >>> bag = to_words([[0, 0, 0, 0]])[0]
    >>> [word for word, there in zip(WORDS, bag) if there]
    ['red', 'circle', 'small', 'top', 'left']
    """
    captions = np.asarray(captions)
    colour, shape, size, place = captions.T
    numbers = [colour, 4 + shape, 8 + size, 10 + place // 2, 12 + place % 2]
    bag = np.zeros((len(captions), len(WORDS)), np.float32)
    np.put_along_axis(bag, np.stack(numbers, axis=1), 1, axis=1)
    return bag


def draw(captions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a picture for each caption; place, size, hue, brightness and angle vary a little.

    Parameters
    ----------
    captions : numpy.ndarray of int, shape [N, 4]
        As `all_captions` returns them.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, float32, shape [N, 24, 24, 3]
        RGB in [−1, 1]; the background is black.
    """
    colour, shape, size, place = np.asarray(captions).T
    across, down, growth, turn, hue = rng.uniform(-1, 1, (5, len(colour)))
    bright = 1 - _DARK * rng.random(len(colour))
    left = np.where(place % 2, _FAR, _NEAR) + _SHIFT * across
    top = np.where(place // 2, _FAR, _NEAR) + _SHIFT * down
    radius = _RADII[size] * (1 + _GROWTH * growth)
    cover = outlines(left, top, radius, np.deg2rad(_TURN) * turn)
    cover = cover[shape, np.arange(len(shape))]
    shade = bright[:, None] * rgb(_HUES[colour] + _HUE * hue)
    return (2 * cover[..., None] * shade[:, None, None] - 1).astype(np.float32)


def spots(captions: np.ndarray) -> np.ndarray:
    """Return soft round spots of a caption's colour, size and place, whatever its shape.

    Examples
    --------
    >>> circle, cross = spots([[0, 0, 1, 0], [0, 3, 1, 0]])
    >>> bool((circle == cross).all())
    True
    """
    colour, _, size, place = np.asarray(captions).T
    pixel = np.arange(SIDE) + 0.5
    x = pixel[None, None, :] - np.where(place % 2, _FAR, _NEAR)[:, None, None]
    y = pixel[None, :, None] - np.where(place // 2, _FAR, _NEAR)[:, None, None]
    width = _RADII[size][:, None, None] / 1.5
    light = np.exp(-(x**2 + y**2) / (2 * width**2))
    return (2 * light[..., None] * rgb(_HUES[colour])[:, None, None] - 1).astype(np.float32)


def outlines(left, top, radius, turn) -> np.ndarray:
    """Return how much of each pixel each of `SHAPES` covers, shape [4, N, 24, 24]."""
    pixel = np.arange(SIDE) + 0.5
    x = pixel[None, None, :] - left[:, None, None]
    y = pixel[None, :, None] - top[:, None, None]
    cos, sin = (f(turn)[:, None, None] for f in (np.cos, np.sin))
    x, y = x * cos + y * sin, y * cos - x * sin
    one = radius[:, None, None]
    square, triangle, cross = (one * factor for factor in _SAME_AREA)
    across, down = np.abs(x), np.abs(y)
    arms = np.minimum(
        np.maximum(across - cross, down - cross / 3), np.maximum(across - cross / 3, down - cross)
    )
    sides = np.maximum(np.sqrt(0.75) * across - 0.5 * y, y) - triangle / 2
    distances = [np.hypot(x, y) - one, np.maximum(across, down) - square, sides, arms]
    return np.clip(0.5 - np.stack(distances), 0, 1)


def rgb(degrees) -> np.ndarray:
    """Return the fully saturated colours of hues, in [0, 1], shape [N, 3]."""
    apart = np.array([0, 4, 2])
    return np.clip(np.abs((np.asarray(degrees)[:, None] / 60 + apart) % 6 - 3) - 1, 0, 1)


def read(pictures: np.ndarray) -> Reading:
    """Measure what pictures show: no network, nothing is learnt.

    The place is the centre of mass, the size the area, the colour the nearest hue, and the shape
    that of the nearest of drawings of this place, size and colour at eleven angles.

    Parameters
    ----------
    pictures : numpy.ndarray, float32, shape [N, 24, 24, 3]
        In [−1, 1].
    """
    light = (np.asarray(pictures, np.float64) + 1) / 2
    bright = light.max(axis=3)
    mass = bright.sum(axis=(1, 2)) + 1e-9
    pixel = np.arange(SIDE) + 0.5
    left = bright.sum(axis=1) @ pixel / mass
    top = bright.sum(axis=2) @ pixel / mass
    full = np.sort(bright.reshape(len(bright), -1), axis=1)[:, -8:].mean(axis=1) + 1e-9
    radius = np.clip(np.sqrt(mass / full / np.pi), 1, SIDE / 2)
    shade = (light * bright[..., None]).sum(axis=(1, 2)) / ((bright**2).sum(axis=(1, 2)) + 1e-9)[
        :, None
    ]
    similar = shade @ (rgb(_HUES) / np.linalg.norm(rgb(_HUES), axis=1, keepdims=True)).T

    errors = np.full((len(SHAPES), len(light)), np.inf)
    total = (light**2).sum(axis=(1, 2, 3)) + 1e-9
    for angle in np.deg2rad(np.linspace(-_TURN, _TURN, 11)):
        cover = outlines(left, top, radius, np.full(len(light), angle))
        # The best brightness of each colour is a projection, so nothing is left to choose.
        inner = np.einsum("snij,nijc->snc", cover, light)
        square = (cover**2).sum(axis=(2, 3)) + 1e-9
        errors = np.minimum(errors, 1 - (inner**2).sum(axis=2) / square / total)
    place = 2 * (top > SIDE / 2) + (left > SIDE / 2)
    captions = [similar.argmax(axis=1), errors.argmin(axis=0), radius > _RADII.mean(), place]
    return Reading(
        np.stack(captions, axis=1).astype(np.int64),
        np.stack([left, top], axis=1),
        np.clip(errors.min(axis=0), 0, 1),
    )
