"""Grids of images."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from gantutor.plots.style import WIDTH, new_figure, styled
from gantutor.validation import check_images, check_positive


@styled
def image_grid(images: ArrayLike, columns: int | None = None, title: str | None = None) -> Figure:
    """Show images in rows, with −1 always black and 1 always white.

    Parameters
    ----------
    images : array_like, float, shape [N, H, W, C]
        In [−1, 1]; C = 1 (grey) or 3 (RGB).
    columns : int, optional
        Images in a row. The default is the largest of 4 … 10 that leaves no gap, or 8.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError, ValueError
        If the images are not as above, or `columns` is not a positive whole number.

    See Also
    --------
    replay : Such grids, one after the other.

    Examples
    --------
    >>> figure = image_grid(np.zeros((16, 28, 28, 1)), title="Samples")
    >>> len(figure.axes)
    1
    """
    canvas, columns = tiles(images, columns)
    width = min(WIDTH, 1.1 * columns)
    height = width * canvas.shape[0] / canvas.shape[1]
    figure, axes = new_figure(figsize=(width, height + (0.4 if title else 0)))
    show_pixels(axes, canvas)
    axes.set_title(title or "")
    return figure


def tiles(
    images: ArrayLike, columns: int | None = None, name: str = "images"
) -> tuple[np.ndarray, int]:
    """Return images side by side on one canvas [H, W, C] with white gaps, and the columns."""
    images = check_images(images, name, channels=(1, 3))
    count, height, width, channels = images.shape
    if columns is None:
        columns = next((n for n in range(10, 3, -1) if count % n == 0), 8)
    columns = min(check_positive(columns, "columns"), count)
    rows = -(-count // columns)
    gap = max(1, min(height, width) // 14)
    down, across = height + gap, width + gap
    canvas = np.ones((rows * down - gap, columns * across - gap, channels), np.float32)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = row * down, column * across
        canvas[top : top + height, left : left + width] = image
    return canvas, columns


def show_pixels(axes: Axes, canvas: np.ndarray) -> AxesImage:
    """Draw a canvas in [−1, 1] without axes, and return the artist."""
    axes.set_axis_off()
    return axes.imshow(to_pixels(canvas), vmin=-1, vmax=1, interpolation="nearest")


def to_pixels(canvas: np.ndarray) -> np.ndarray:
    """Return what `imshow` wants: [H, W] in [−1, 1] for grey, [H, W, 3] in [0, 1] for RGB."""
    return canvas[..., 0] if canvas.shape[-1] == 1 else (canvas.clip(-1, 1) + 1) / 2
