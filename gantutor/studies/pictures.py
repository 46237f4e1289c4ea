"""Small square images of a study kept as one picture, so that a page can show them untrained."""

from pathlib import Path

import numpy as np
from PIL import Image


def read_picture(file: Path, count: int) -> np.ndarray:
    """Return the images of a picture, float32 [rows, count, side, side] in [−1, 1].

    Parameters
    ----------
    file : path-like
        Of `write_picture`.
    count : int
        Images of a row.
    """
    pixels = np.array(Image.open(file), np.float32) / 127.5 - 1
    side = pixels.shape[1] // count
    return pixels.reshape(-1, side, count, side).swapaxes(1, 2)


def write_picture(file: Path, images: np.ndarray) -> None:
    """Write images [rows, count, side, side] or [rows, count, side, side, 1] in [−1, 1] as PNG."""
    rows, count, side = images.shape[:3]
    pixels = images.reshape(rows, count, side, side).swapaxes(1, 2)
    pixels = np.rint((pixels.reshape(rows * side, count * side) + 1) * 127.5).astype(np.uint8)
    Image.fromarray(pixels).save(file, optimize=True)
