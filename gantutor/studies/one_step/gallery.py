"""Digits that the models of the table make, kept as a picture: a row for each model.

``python -m gantutor.studies.one_step.gallery`` makes it anew, by the table's training.
"""

from pathlib import Path

import numpy as np

from gantutor.studies.pictures import read_picture, write_picture

FILE = Path(__file__).with_name("gallery.png")
MODELS = (
    "real",
    "teacher, 25",
    "teacher, 1",
    "pairs",
    "drifting",
    "adversarial",
    "from scratch, 2000",
    "mixture",
)
COUNT = 12  # of each model
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return digits of each model, float32 [COUNT, 28, 28] in [−1, 1]."""
    return dict(zip(MODELS, read_picture(FILE, COUNT), strict=True))


def save(digits: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write digits of each model."""
    write_picture(file, np.stack([digits[name] for name in MODELS]))


def make() -> dict[str, np.ndarray]:
    """Train the models as for the table, and return the first digits of each."""
    from gantutor.studies.one_step.tasks import load

    digits = load("digits", SEED)
    return {name: digits.decode(_samples(name, digits)) for name in MODELS}


def _samples(name, digits):
    import torch

    from gantutor.runs import seeds
    from gantutor.studies.one_step import study

    given = {key: value for key, value in study.SETTINGS["digits", name].items() if key != "task"}
    method, random = given.pop("method"), seeds.rng(SEED, "noise", 1)
    if method == "real":
        return digits.ceiling[:COUNT]
    if method in study.BASELINES:
        return study.BASELINES[method](digits, COUNT, random)
    z = random.standard_normal((COUNT, digits.train.shape[1])).astype(np.float32)
    if method == "teacher":
        teacher = study.teacher("digits", SEED)[0]
        return study.follow(teacher, torch.from_numpy(z), given["evaluations"]).numpy()
    student = study.student("digits", SEED, method, **given)[0]
    return student(torch.from_numpy(z)).detach().numpy()


if __name__ == "__main__":
    save(make())
