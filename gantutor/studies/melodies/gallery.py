"""Melodies that the game of seed 0 wrote, kept as tokens, so that a page can play them.

``python -m gantutor.studies.melodies.gallery`` makes them anew, by the table's training. They are
the first four that the network writes, not chosen ones.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("gallery.json")
COUNT = 4
SEED = 0


def load() -> np.ndarray:
    """Return melodies of the game, tokens [4, 32]."""
    return np.array(json.loads(FILE.read_text(encoding="utf-8")))


def save(melodies: np.ndarray, file: Path = FILE) -> None:
    """Write melodies."""
    text = ",\n ".join(map(json.dumps, melodies.tolist()))
    file.write_text(f"[{text}]\n", encoding="utf-8")


def make() -> np.ndarray:
    """Train the game as for the table, and return the first melodies that it writes."""
    import torch

    from gantutor.runs import seeds
    from gantutor.studies.melodies import study
    from gantutor.studies.melodies.training import play

    network = play(study.data(SEED)[0], study.STEPS, SEED)
    torch.manual_seed(seeds.number(SEED, "latents"))
    return network.write(COUNT)


if __name__ == "__main__":
    save(make())
