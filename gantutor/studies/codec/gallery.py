"""One held-out clip of seed 0 as four codecs give it back, kept so that a page can play them.

``python -m gantutor.studies.codec.gallery`` makes them anew, by the table's training. The clip is
the first that is held out, not a chosen one.
"""

import base64
import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("gallery.json")
NAMES = ("bands, pulses", "squared error", "both", "both + game")
SEED = 0


def load() -> dict[str, np.ndarray]:
    """Return a wave [4096], float32, of each of `NAMES`."""
    texts = json.loads(FILE.read_text(encoding="utf-8"))
    rows = {name: np.frombuffer(base64.b64decode(text), "<i2") for name, text in texts.items()}
    return {name: row.astype(np.float32) / 2**14 for name, row in rows.items()}


def save(waves: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write waves in (−2, 2), as 16-bit numbers."""
    texts = {}
    for name, wave in waves.items():
        numbers = np.rint(wave.clip(-1.99, 1.99) * 2**14).astype("<i2")
        texts[name] = base64.b64encode(numbers.tobytes()).decode()
    file.write_text(json.dumps(texts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def make() -> dict[str, np.ndarray]:
    """Make the waves as for the table: three networks are trained."""
    from gantutor.studies.codec import study
    from gantutor.studies.vocoder.study import data

    waves = {NAMES[0]: study.without_network(SEED, "pulses")[0][0]}
    for name in NAMES[1:]:
        codec = study.network(SEED, study.STEPS, **study.SETTINGS[name])[0]
        waves[name] = codec.decode(codec.encode(data(SEED)[1].waves[:1]))[0]
    return waves


if __name__ == "__main__":
    save(make())
