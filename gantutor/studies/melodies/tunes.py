"""Four bars of dance tunes as 32 numbers: read from ABC files, or drawn where these are missing."""

import re
from importlib import metadata
from pathlib import Path

import numpy as np

STEPS, BAR = 32, 8  # eighth notes (sixteenths in 2/4)
HOLD = 0  # the token of a step on which the note before goes on, or nothing sounds
LOWEST, HIGHEST = -8, 20  # semitones above the tonic
TOKENS = HIGHEST - LOWEST + 2
SCALE = (0, 2, 4, 5, 7, 9, 11)  # of a major key
TONICS = {"C": 60, "D": 62, "Eb": 63, "E": 64, "F": 65, "G": 67, "A": 69, "Bb": 70}
SHARPS = {"C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "F": -1, "Bb": -2, "Eb": -3}
METRES = {("2/4", "1/16"), ("C|", "1/8"), ("C", "1/8"), ("4/4", "1/8")}
IGNORED = re.compile(r'"[^"]*"|\{[^}]*\}|![^!]*!|\[[A-Za-z]:[^\]]*\]|%.*|[().~uv<>\\ -]')
NOTE = re.compile(r"([=^_]?)([A-Ga-gz])([,']*)(\d*)")
BAR_LINE = re.compile(r"\[?\|[\]:|]*\d?|:+\|?|\|")


def folder() -> Path | None:
    """Return where music21 keeps Ryan's Mammoth Collection, or None if it is not installed."""
    try:
        package = metadata.distribution("music21")
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(package.locate_file("music21/corpus/ryansMammoth")))
    return path if path.is_dir() else None


def load() -> list[np.ndarray]:
    """Return the excerpts of each tune: four bars each, from the collection, or drawn tunes.

    Returns
    -------
    list of numpy.ndarray of int, shape [E, 32]
        For each tune that has an excerpt.
    """
    place = folder()
    if place is None:
        return draw(400, np.random.default_rng(0))
    texts = (path.read_text(encoding="latin-1") for path in sorted(place.glob("*.abc")))
    return [rows for rows in map(read, texts) if len(rows)]


def read(text: str) -> np.ndarray:
    """Return all runs of four whole bars of a tune in a major key with eight steps a bar.

    Dotted pairs (a>b) are read as equal notes. A bar with triplets, chords or other lengths is
    not whole, and no excerpt goes over it.

    Parameters
    ----------
    text : str
        A tune in ABC notation.

    Returns
    -------
    numpy.ndarray of int, shape [E, 32]
        Tokens: 0 to hold, p − LOWEST + 1 for a pitch p in semitones above the tonic.
    """
    head = dict(re.findall(r"^([A-Z]):\s*([^\s%]*)", text, re.MULTILINE))
    key, metre = head.get("K", "").removesuffix("maj"), (head.get("M"), head.get("L"))
    if key not in TONICS or metre not in METRES or text.count("\nK:") != 1:
        return np.zeros((0, STEPS), int)
    body = text.split("\nK:")[1].split("\n", 1)[1]
    lines = [line for line in body.split("\n") if not re.match(r"[A-Za-z]:", line)]
    bars = [_bar(bar, key) for bar in BAR_LINE.split(" ".join(lines))]
    rows, run = [], []
    for bar in bars:
        run = [*run, bar] if bar else []
        if len(run) == STEPS // BAR:
            rows.append([token for whole in run for token in whole])
            run = []
    return np.array(rows, int).reshape(-1, STEPS)


def _bar(text, key):
    """Return the eight tokens of a bar, or None."""
    if "(3" in text:
        return None
    text, tokens, changed = IGNORED.sub("", text), [], {}
    while text:
        found = NOTE.match(text)
        if not found:
            return None
        accidental, letter, octave, length = found.groups()
        text = text[found.end() :]
        changed |= {letter: accidental} if accidental else {}
        token = HOLD if letter == "z" else _token(letter, octave, changed, key)
        if token is None:
            return None
        tokens += [token] + [HOLD] * (int(length or 1) - 1)
    return tokens if len(tokens) == BAR else None


def _token(letter, octave, changed, key):
    natural = 60 + dict(zip("CDEFGAB", SCALE, strict=True))[letter.upper()]
    pitch = natural + 12 * (letter.islower() + octave.count("'") - octave.count(","))
    if letter in changed:
        pitch += {"^": 1, "_": -1, "=": 0}[changed[letter]]
    elif letter.upper() in "FCGDAEB"[: max(SHARPS[key], 0)]:
        pitch += 1
    elif letter.upper() in "BEADGCF"[: max(-SHARPS[key], 0)]:
        pitch -= 1
    above = pitch - TONICS[key]
    return above - LOWEST + 1 if LOWEST <= above <= HIGHEST else None


def draw(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw tunes: walks on the scale, whose third bar repeats the first, ending on the tonic."""
    degrees = [p for p in range(LOWEST, HIGHEST + 1) if p % 12 in SCALE]
    tunes = []
    for _ in range(count):
        place, row = degrees.index(int(rng.choice([0, 4, 7]))), []
        for _ in range(STEPS):
            place = int(np.clip(place + rng.choice([-2, -1, -1, 1, 1, 2]), 0, len(degrees) - 1))
            row.append(HOLD if rng.random() < 0.1 and row else degrees[place] - LOWEST + 1)
        row[2 * BAR : 3 * BAR] = row[:BAR]
        row[-2:] = [1 - LOWEST, HOLD]
        tunes.append(np.array([row]))
    return tunes


def pitches(row: np.ndarray) -> np.ndarray:
    """Return the pitches of the notes of a row, in semitones above the tonic."""
    return row[row != HOLD] - 1 + LOWEST


def to_wave(row: np.ndarray, rate: int = 4000, seconds: float = 0.11) -> np.ndarray:
    """Play a row: a plucked tone for each note, the tonic at 262 Hz."""
    size, wave = int(seconds * rate), np.zeros(int(seconds * rate) * (len(row) + 2))
    for step, token in enumerate(row):
        if token != HOLD:
            time = np.arange(3 * size) / rate
            frequency = 261.6 * 2 ** ((token - 1 + LOWEST) / 12)
            tone = sum(
                np.sin(2 * np.pi * k * frequency * time) / k**2
                for k in (1, 2, 3)
                if k * frequency < rate / 2
            )
            tone = tone * np.exp(-8 * time) * np.minimum(time * 200, 1)
            place = wave[step * size : step * size + len(tone)]
            place += tone[: len(place)]
    return wave
