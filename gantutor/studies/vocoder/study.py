"""From mel bands back to sound: Griffin–Lim, pulses, and networks with and without a game."""

import functools
import time

import numpy as np

from gantutor.metrics import squared_mmd
from gantutor.runs import seeds
from gantutor.studies.vocoder.spectra import (
    Regression,
    griffin_lim,
    log_bands,
    log_spectral_distance,
    pitch_share,
    pulse_phases,
    spectrogram,
    spread,
    swing,
)
from gantutor.studies.vocoder.speech import Speech, draw
from gantutor.studies.vocoder.training import Pieces, apply, train

STEPS = 400  # updates
TRAINING, TESTING = 200, 40  # clips

KEYS = ("setting",)
SETTINGS = {
    "noise": {"method": "noise"},
    "bands, Griffin–Lim": {"method": "bands"},
    "regression, Griffin–Lim": {"method": "regression"},
    "regression, pulses": {"method": "pulses", "iterations": 0},
    "regression, pulses, Griffin–Lim": {"method": "pulses"},
    "spectral, no pulses, 400": {"pulses": False},
    "spectral, 400": {},
    "game, 400": {"adversarial": 1.0},
    "spectral, 1200": {"steps": 1200},
    "spectral, 1200 + 400": {"before": 1200},
    "spectral, 1200 + game, 400": {"before": 1200, "adversarial": 1.0},
    "true magnitudes, Griffin–Lim": {"method": "magnitudes"},
    "truth, other noise": {"method": "other noise"},
    "truth": {"method": "truth"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "distance": (0, 100),
    "pitch": (0, 1),
    "pulses": (0, 100),
    "rest": (0, 100),
    "kernel": (-10, np.inf),
}


def run(
    seed: int,
    method: str = "network",
    iterations: int = 32,
    adversarial: float = 0.0,
    steps: int = STEPS,
    before: int = 0,
    pulses: bool = True,
) -> dict[str, float]:
    """Turn the bands of 40 unseen clips into sound; score it.

    Parameters
    ----------
    seed : int
        Seed of the clips, of weights and pieces.
    method : str
        The network; white noise of the clip's loudness; Griffin–Lim from magnitudes that the
        pseudo-inverse or the linear regression makes of the bands; the same with the phases of
        pulses to begin with; Griffin–Lim from the true magnitudes; the clip drawn once more with
        other samples of noise; the clip itself. The names are those of `SETTINGS`.
    iterations : int
        Of Griffin–Lim.
    adversarial, steps, pulses
        As of `training.train`.
    before : int
        Updates with the spectral loss alone, before the others, which begin with a new Adam.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors; ``distance``: the log-spectral
        distance in dB; ``pitch``: the share of right pitches; ``pulses`` and ``rest``: the swing of
        the loudness in dB, with the true pitch and besides; ``kernel``: the squared kernel distance
        of `features` to those of 40 other clips.
    """
    network, seconds = None, 0.0
    if method == "network":
        network, seconds = _network(seed, adversarial, steps, before, pulses)
    tested, other = data(seed)[1:]
    made = make(seed, tested, method, iterations, network)
    periodic, rest = swing(tested, made)
    found = {
        "distance": log_spectral_distance(tested.waves, made),
        "pitch": pitch_share(tested, made),
        "pulses": periodic,
        "rest": rest,
        "kernel": squared_mmd(*standardised(other.waves, made, data(seed)[0].waves)),
    }
    found = {name: round(float(value), 3) for name, value in found.items()}
    return {"seconds": round(seconds, 2), **found}


@functools.lru_cache(maxsize=4)
def data(seed: int) -> tuple[Speech, Speech, Speech]:
    """Return the clips that a seed trains on, tests on, and compares with."""
    rng = seeds.rng(seed, "data")
    return tuple(draw(count, rng) for count in (TRAINING, TESTING, TESTING))


@functools.lru_cache(maxsize=4)
def regression(seed: int) -> Regression:
    """Return the linear regression from bands to magnitudes of a seed's training clips."""
    return Regression(data(seed)[0].waves)


def phases(seed: int, bands: np.ndarray) -> np.ndarray:
    """Return the phases of pulses whose pitch is read from the bands."""
    return pulse_phases(regression(seed).plain(bands), seeds.rng(seed, "noise"))


def load_pieces(seed: int) -> Pieces:
    """Return random pieces of the training clips."""
    waves = data(seed)[0].waves
    return Pieces(waves, phases(seed, log_bands(waves)), seed)


def make(seed, tested, method="network", iterations=32, network=None):
    """Return the sounds that a method makes of the bands of clips."""
    waves, rng = tested.waves, seeds.rng(seed, "latents")
    if method == "truth":
        return waves
    if method == "other noise":
        again = seeds.rng(seed, "data")
        draw(TRAINING, again)
        return draw(TESTING, again, rng).waves
    if method == "noise":
        return rng.normal(size=waves.shape) * waves.std(axis=1, keepdims=True)
    if method == "magnitudes":
        magnitudes = np.abs(spectrogram(waves))
        return griffin_lim(magnitudes, iterations, _random(magnitudes, rng))
    bands = log_bands(waves)
    if method == "network":
        return apply(network, bands, phases(seed, bands))
    magnitudes = spread(bands) if method == "bands" else regression(seed)(bands)
    begun = phases(seed, bands) if method == "pulses" else _random(magnitudes, rng)
    return griffin_lim(magnitudes, iterations, begun)


def features(waves: np.ndarray) -> np.ndarray:
    """Return, for each clip, mean and deviation over time of the log power in 8 bands of 8 ms.

    A window of 8 ms holds about one period of the voice, or less.
    """
    magnitudes = np.abs(spectrogram(waves, 32, 8))[:, :16]
    power = (magnitudes**2).reshape(len(waves), 8, 2, -1).sum(axis=2)
    logs = np.log(power + 1e-4)
    return np.concatenate([logs.mean(axis=2), logs.std(axis=2)], axis=1)


def standardised(real, fake, reference):
    """Return features of two sets, in units of the deviations among reference clips."""
    known = features(reference)
    mean, deviation = known.mean(axis=0), known.std(axis=0)
    return tuple((features(waves) - mean) / deviation for waves in (real, fake))


def _random(magnitudes, rng):
    return np.exp(2j * np.pi * rng.random(magnitudes.shape))


@functools.lru_cache(maxsize=32)
def _network(seed, adversarial, steps, before, pulses):
    """Return a network, and the seconds of its training and of that of its start."""
    pieces = load_pieces(seed)
    start, seconds = _network(seed, 0.0, before, 0, pulses) if before else (None, 0.0)
    for _ in range(before):
        pieces.draw()  # the batches go on where those of the start ended
    begin = time.process_time()
    network = train(pieces, steps, seed, adversarial, pulses, start)
    return network, seconds + time.process_time() - begin
