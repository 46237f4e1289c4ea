"""Grids of images."""

import numpy as np

from gantutor.plots.style import WIDTH, new_figure, styled
from gantutor.validation import check_images, check_positive


@styled
def image_grid(images, columns=None, title=None):
    """Show images in rows, with −1 always black and 1 always white.

    Parameters
    ----------
    images : array_like, float, shape [N, side, side, C]
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


def tiles(images, columns=None, name="images"):
    """Return images side by side on one canvas [H, W, C] with white gaps, and the columns."""
    images = check_images(images, name)
    count, side, _, channels = images.shape
    if columns is None:
        columns = next((n for n in range(10, 3, -1) if count % n == 0), 8)
    columns = min(check_positive(columns, "columns"), count)
    rows = -(-count // columns)
    gap = max(1, side // 14)
    cell = side + gap
    canvas = np.ones((rows * cell - gap, columns * cell - gap, channels), np.float32)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        canvas[row * cell : row * cell + side, column * cell : column * cell + side] = image
    return canvas, columns


def show_pixels(axes, canvas):
    """Draw a canvas in [−1, 1] without axes, and return the artist."""
    axes.set_axis_off()
    return axes.imshow(to_pixels(canvas), vmin=-1, vmax=1, interpolation="nearest")


def to_pixels(canvas):
    """Return what `imshow` wants: [H, W] in [−1, 1] for grey, [H, W, 3] in [0, 1] for RGB."""
    return canvas[..., 0] if canvas.shape[-1] == 1 else (canvas.clip(-1, 1) + 1) / 2
