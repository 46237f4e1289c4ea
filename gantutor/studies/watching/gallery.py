"""Samples of four runs of the table at their end, kept as a picture: a row for each run.

``python -m gantutor.studies.watching.gallery`` makes it anew, by the table's training.
"""

from pathlib import Path

import numpy as np
from PIL import Image

FILE = Path(__file__).with_name("gallery.png")
FAULTS = ("half the contrast", "none", "200 digits", "slow discriminator")
COUNT = 8  # of each run
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return samples of each run, float32 [COUNT, 28, 28] in [−1, 1]."""
    pixels = np.array(Image.open(FILE), np.float32) / 127.5 - 1
    rows = pixels.reshape(len(FAULTS), 28, COUNT, 28).swapaxes(1, 2)
    return dict(zip(FAULTS, rows, strict=True))


def save(samples: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write samples of each run."""
    rows = np.stack([samples[fault] for fault in FAULTS]).reshape(len(FAULTS), COUNT, 28, 28)
    pixels = rows.swapaxes(1, 2).reshape(len(FAULTS) * 28, COUNT * 28)
    Image.fromarray(np.rint((pixels + 1) * 127.5).astype(np.uint8)).save(file, optimize=True)


def make() -> dict[str, np.ndarray]:
    """Train as for the table, and return the first of the samples that it scores."""
    from gantutor.studies.watching import study

    samples = {}
    for fault in FAULTS:
        trainer = study.trainer(fault, SEED)
        trainer.fit(study.training_set(fault, SEED), study.STEPS)
        samples[fault] = trainer.sample(1000, seed=2)[:COUNT]
    return samples


if __name__ == "__main__":
    save(make())
