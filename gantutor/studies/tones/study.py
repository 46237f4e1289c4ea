"""Notes: a small WaveGAN beside copies, principal components and sums of harmonics."""

import functools
import time

import numpy as np

from gantutor.metrics import frechet_distance, squared_mmd
from gantutor.runs import seeds
from gantutor.studies.tones.notes import (
    FREQUENCIES,
    HARMONICS,
    LENGTH,
    PITCHES,
    draw,
    features,
    heard,
    measure,
    noise_level,
    synthesise,
)
from gantutor.studies.tones.training import generate, play

STEPS = 600  # updates of each network
TRAINING, COUNT = 600, 600  # notes
HISS = 0.1  # of the loudness of a note: −20 dB

KEYS = ("setting",)
SETTINGS = {
    "noise": {"method": "noise"},
    "copies": {"method": "copies"},
    "components": {"method": "components"},
    "harmonics": {"method": "harmonics"},
    "WaveGAN": {},
    "truth with hiss": {"method": "hiss"},
    "truth": {"method": "truth"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "pitch": (0, 1),
    "frechet": (0, np.inf),
    "kernel": (-10, np.inf),
}


def run(seed: int, method: str = "network", steps: int = STEPS) -> dict[str, float]:
    """Make 600 notes of asked pitches; score them.

    Parameters
    ----------
    seed : int
        Seed of the notes, of weights and batches.
    method : {"network", "noise", "copies", "components", "harmonics", "hiss", "truth"}
        The WaveGAN; white noise; training notes of the asked pitch; a Gaussian on the first 16
        principal components of each pitch's waves; a Gaussian on strengths and decays of each
        note's harmonics, which are added up with random phases; new true notes with white noise
        20 dB below them; new true notes.
    steps : int
        Updates.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors; ``pitch``: the share of notes
        within half a semitone of the asked pitch; ``frechet`` and ``kernel``: the squared
        distances of `features`, standardised, to those of 600 other notes.
    """
    begin = time.process_time()
    make = _maker(seed, method, steps)
    seconds = time.process_time() - begin
    known, _, others = data(seed)
    asked = seeds.rng(seed, "labels").integers(PITCHES, size=COUNT)
    made = make(asked)
    scale = features(known)
    real, fake = (
        (features(waves) - scale.mean(axis=0)) / scale.std(axis=0) for waves in (others, made)
    )
    found = {
        "pitch": np.mean(np.abs(heard(made) - asked) < 0.5),
        "frechet": frechet_distance(real, fake),
        "kernel": squared_mmd(real, fake),
    }
    return {"seconds": round(seconds, 2), **{n: round(float(v), 3) for n, v in found.items()}}


@functools.lru_cache(maxsize=4)
def data(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the training notes with their pitches, and the notes to compare with."""
    rng = seeds.rng(seed, "data")
    return *draw(TRAINING, rng), draw(COUNT, rng)[0]


def _maker(seed, method, steps):
    """Return a function from asked pitches to waves."""
    known, pitches, _ = data(seed)
    rng = seeds.rng(seed, "latents")
    if method == "network":
        network = play(known, pitches, steps, seed)
        return lambda asked: generate(network, asked, seed)
    if method == "noise":
        return lambda asked: rng.normal(0, 0.2, (len(asked), LENGTH))
    if method == "truth":
        return lambda asked: _truth(asked, rng)
    if method == "hiss":
        return lambda asked: _hissing(_truth(asked, rng), rng)
    if method == "copies":
        return lambda asked: known[[rng.choice(np.flatnonzero(pitches == p)) for p in asked]]
    if method == "components":
        return lambda asked: _components(known, pitches, asked, rng)
    rows, level = measure(known, pitches), noise_level(known)
    mean, covariance = rows.mean(axis=0), np.cov(rows.T)

    def harmonics(asked):
        drawn = rng.multivariate_normal(mean, covariance, len(asked))
        return _harmonics(drawn, asked, rng) + level * rng.normal(size=(len(asked), LENGTH))

    return harmonics


def _truth(asked, rng):
    waves, pitches = draw(40 * len(asked), rng)
    places = [list(np.flatnonzero(pitches == p)) for p in range(PITCHES)]
    return waves[[places[p].pop() for p in asked]]


def _hissing(waves, rng):
    loudness = np.sqrt((waves**2).mean(axis=1, keepdims=True))
    return waves + HISS * loudness * rng.normal(size=waves.shape)


def _components(known, pitches, asked, rng, count=16):
    waves = np.zeros((len(asked), LENGTH))
    for pitch in range(PITCHES):
        rows, wanted = known[pitches == pitch], asked == pitch
        mean = rows.mean(axis=0)
        _, values, vectors = np.linalg.svd(rows - mean, full_matrices=False)
        scale = values[:count] / np.sqrt(len(rows) - 1)
        waves[wanted] = mean + (rng.normal(size=(wanted.sum(), count)) * scale) @ vectors[:count]
    return waves


def _harmonics(rows, asked, rng):
    decay = rows[:, HARMONICS:]
    strengths = np.exp(rows[:, :HARMONICS])
    return synthesise(FREQUENCIES[asked], strengths, decay, rng)
