"""Notes that the WaveGAN of seed 0 made, kept as whole numbers, so that a page can play them.

``python -m gantutor.studies.tones.gallery`` makes them anew, by the table's training.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("gallery.json")
PITCHES = (0, 4, 7, 11)  # semitones above 220 Hz
SEED = 0


def load() -> np.ndarray:
    """Return a note of each of `PITCHES`, float32 [4, 1024]."""
    return np.array(json.loads(FILE.read_text(encoding="utf-8")), np.float32) / 2**12


def save(waves: np.ndarray, file: Path = FILE) -> None:
    """Write notes."""
    rows = np.rint(waves * 2**12).astype(int).tolist()
    text = ",\n ".join(json.dumps(row, separators=(",", ":")) for row in rows)
    file.write_text(f"[{text}]\n", encoding="utf-8")


def plain(method: str) -> np.ndarray:
    """Return notes of the same pitches by a method of the study that trains no network."""
    from gantutor.studies.tones import study

    return study._maker(SEED, method, 0)(np.array(PITCHES))


def make() -> np.ndarray:
    """Train the WaveGAN as for the table, and return the notes."""
    from gantutor.studies.tones import study
    from gantutor.studies.tones.training import generate, play

    known, pitches, _ = study.data(SEED)
    network = play(known, pitches, study.STEPS, SEED)
    return generate(network, np.array(PITCHES), SEED)


if __name__ == "__main__":
    save(make())
