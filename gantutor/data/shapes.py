"""Coloured shapes, drawn by seeded arithmetic: RGB images for when digits are too grey."""

from collections.abc import Sequence

import numpy as np

from gantutor.runs.seeds import as_rng
from gantutor.validation import check_positive, check_size

SHAPES = ("circle", "square", "triangle")
_CHUNK = 250  # images at a time: the memory for intermediate results stays small


def draw_shapes(
    count: int, size: int | Sequence[int] = 32, seed: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one bright shape on a dark plain background in each image.

    Kind, colour, place and size are random. Edges are smooth (anti-aliased), and the whole shape
    lies inside the image.

    Parameters
    ----------
    count : int
        How many images; at least 1.
    size : int or (int, int)
        Side of square images, or height and width, in pixels; at least 8. The shapes' size goes by
        the smaller of the two.
    seed : int or numpy.random.Generator

    Returns
    -------
    images : numpy.ndarray, float32, shape [count, height, width, 3]
        RGB in [−1, 1].
    labels : numpy.ndarray, int64, shape [count]
        Indices into ``SHAPES``.

    Raises
    ------
    TypeError, ValueError
        If `count` is not positive, `size` is less than 8, or `seed` is no seed.

    Examples
    --------
    >>> images, labels = draw_shapes(4, size=16, seed=0)
    >>> images.shape, SHAPES[labels[0]]
    ((4, 16, 16, 3), 'triangle')
    """
    count = check_positive(count, "count")
    height, width = check_size(size)
    if min(height, width) < 8:
        raise ValueError(f"size must be at least 8 pixels each way; got {size!r}.")
    rng = as_rng(seed)
    labels = rng.integers(len(SHAPES), size=count)
    radii = rng.uniform(0.2, 0.42, size=count) * min(height, width)  # half a shape's width
    places = rng.uniform(radii, np.array([[width], [height]]) - radii, size=(2, count))
    colours = _bright_colours(rng.uniform(0, 6, size=count))
    backgrounds = rng.uniform(-1, -0.4, size=(count, 3))

    x, y = (np.arange(side, dtype=np.float32) + 0.5 for side in (width, height))  # pixels' centres
    images = np.empty((count, height, width, 3), np.float32)
    for start in range(0, count, _CHUNK):
        part = slice(start, start + _CHUNK)
        radius, left, top = (
            values[part, None, None].astype(np.float32) for values in (radii, *places)
        )
        distances = _signed_distances(x - left, y[:, None] - top, radius)
        distances = np.take_along_axis(distances, labels[None, part, None, None], axis=0)[0]
        coverage = np.clip(0.5 - distances, 0, 1)[..., None]  # of each pixel by the shape
        background = backgrounds[part, None, None]
        images[part] = background + coverage * (colours[part, None, None] - background)
    return images, labels


def _signed_distances(x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return pixels' distances from the edge of each of SHAPES, negative inside; y points down.

    At the outside of corners they are too small, which no one sees at the width of a pixel.
    """
    circle = np.hypot(x, y) - radius
    square = np.maximum(np.abs(x), np.abs(y)) - radius
    # Apex at (0, −r), base from (−r, r) to (r, r): the sloping edges have normals (±2, −1) / √5.
    triangle = np.maximum((2 * np.abs(x) - y - radius) / np.sqrt(5), y - radius)
    return np.stack([circle, square, triangle])


def _bright_colours(hues: np.ndarray) -> np.ndarray:
    """Return the fully saturated colours of hues in [0, 6), in [−1, 1], shape [N, 3]."""
    # Red, green and blue follow one trapezium over the circle of hues, a third of it apart.
    apart = np.array([0, 4, 2])
    return 2 * np.clip(np.abs((hues[:, None] + apart) % 6 - 3) - 1, 0, 1) - 1
