"""Clips that GANs of the table made, kept as a picture: a row for each clip, frames side by side.

``python -m gantutor.studies.moving_shapes.gallery`` makes it anew, by the table's training.
"""

from pathlib import Path

import numpy as np

from gantutor.studies.moving_shapes.clips import FRAMES
from gantutor.studies.pictures import read_picture, write_picture

FILE = Path(__file__).with_name("gallery.png")
METHODS = ("frames only", "both")
CLIPS = 8  # of each method
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return the first clips of each method, float32 [CLIPS, frames, 16, 16, 1] in [−1, 1]."""
    clips = np.split(read_picture(FILE, FRAMES)[..., None], len(METHODS))
    return dict(zip(METHODS, clips, strict=True))


def save(clips: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write clips of each method."""
    write_picture(file, np.concatenate([clips[name] for name in METHODS]))


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
