"""Clips that GANs of the table made, kept as a picture: a row for each clip, frames side by side.

``python -m gantutor.studies.moving_shapes.gallery`` makes it anew, by the table's training.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from gantutor.studies.moving_shapes.clips import FRAMES, SIDE

FILE = Path(__file__).with_name("gallery.png")
METHODS = ("frames only", "both")
CLIPS = 8  # of each method
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return the first clips of each method, float32 [CLIPS, frames, 16, 16, 1] in [−1, 1]."""
    pixels = np.array(Image.open(FILE), np.float32) / 127.5 - 1
    rows = pixels.reshape(len(METHODS), CLIPS, SIDE, FRAMES, SIDE, 1).swapaxes(2, 3)
    return dict(zip(METHODS, rows, strict=True))


def save(clips: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write clips of each method."""
    rows = np.concatenate([clips[name] for name in METHODS]).swapaxes(1, 2)
    pixels = np.rint((rows.reshape(-1, FRAMES * SIDE) + 1) * 127.5).astype(np.uint8)
    Image.fromarray(pixels).save(file, optimize=True)


def make() -> dict[str, np.ndarray]:
    """Train the GANs as for the table, and return the first clips of each."""
    from gantutor.runs import seeds
    from gantutor.studies.moving_shapes import study
    from gantutor.studies.moving_shapes.training import sample, train

    made, known = {}, study.clips(SEED).train
    for name in METHODS:
        training = {key: value for key, value in study.SETTINGS[name].items() if key != "method"}
        generator = train(known, study.STEPS, SEED, **training)
        made[name] = sample(generator, study.TEST, seeds.rng(SEED, "noise"))[:CLIPS]
    return made


if __name__ == "__main__":
    save(make())
