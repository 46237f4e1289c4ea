"""The pictures of the GAN, which take half a minute each to make, as files."""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).parent
SEED = 1  # of the table's row that a picture belongs to


def picture(texture: str) -> np.ndarray:
    """Return what the GAN of seed 1 makes of a texture, [128, 128, 1] in [−1, 1]."""
    gray = np.asarray(Image.open(FOLDER / f"{texture}.png"), dtype=np.float32)
    return gray[..., None] / 127.5 - 1


def save(texture: str, image: np.ndarray, folder: Path = FOLDER) -> None:
    """Write a picture [H, W, 1] in [−1, 1], as `study.make("GAN", …)` returns it."""
    levels = np.rint((image[..., 0] + 1) * 127.5).astype(np.uint8)
    Image.fromarray(levels).save(folder / f"{texture}.png", optimize=True)
