"""Samples of four runs of the table at their end, kept as a picture: a row for each run.

``python -m gantutor.studies.watching.gallery`` makes it anew, by the table's training.
"""

from pathlib import Path

import numpy as np

from gantutor.studies.pictures import read_picture, write_picture

FILE = Path(__file__).with_name("gallery.png")
FAULTS = ("half the contrast", "none", "200 digits", "slow discriminator")
COUNT = 8  # of each run
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return samples of each run, float32 [COUNT, 28, 28] in [−1, 1]."""
    return dict(zip(FAULTS, read_picture(FILE, COUNT), strict=True))


def save(samples: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write samples of each run."""
    write_picture(file, np.stack([samples[fault] for fault in FAULTS]))


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
