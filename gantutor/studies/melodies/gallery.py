"""Melodies that the networks of seed 0 wrote, kept as tokens, so that a page can play them.

``python -m gantutor.studies.melodies.gallery`` makes them anew, by the table's training. They are the
first ones that each network writes, not chosen ones.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("gallery.json")
COUNT = 2  # of each network
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return melodies of the recurrent network and of the game, tokens [2, 32] each."""
    found = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: np.array(rows) for name, rows in found.items()}


def save(melodies: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write melodies."""
    rows = {name: value.tolist() for name, value in melodies.items()}
    file.write_text(json.dumps(rows) + "\n", encoding="utf-8")


def make() -> dict[str, np.ndarray]:
    """Train both networks as for the table, and return the first melodies that they write."""
    import torch

    from gantutor.runs import seeds
    from gantutor.studies.melodies import study
    from gantutor.studies.melodies.training import play, train_likelihood

    known, made = study.data(SEED)[0], {}
    for name, train in {"likelihood": train_likelihood, "game": play}.items():
        network = train(known, study.STEPS, SEED)
        torch.manual_seed(seeds.number(SEED, "latents"))
        made[name] = network.write(COUNT)
    return made


if __name__ == "__main__":
    save(make())
