"""Speech in 1,500 bits a second: codecs without a network, and one with and without a game."""

import functools
import time

import numpy as np

from gantutor.metrics import squared_mmd
from gantutor.runs import seeds
from gantutor.studies.codec.simple import code_bands, code_components, code_pieces
from gantutor.studies.codec.training import ENTRIES, FRAME, STAGES, STEPS, Codec, Losses, train
from gantutor.studies.vocoder.spectra import (
    griffin_lim,
    log_bands,
    log_spectral_distance,
    pitch_share,
    pulse_phases,
    swing,
)
from gantutor.studies.vocoder.speech import RATE
from gantutor.studies.vocoder.study import data, make, regression, standardised

BITS = RATE // FRAME * STAGES * int(np.log2(ENTRIES))  # a second

KEYS = ("setting",)
SETTINGS = {
    "silence": {"method": "silence"},
    "noise": {"method": "noise"},
    "pieces": {"method": "pieces"},
    "components": {"method": "components"},
    "bands, Griffin–Lim": {"method": "bands"},
    "bands, pulses": {"method": "pulses"},
    "squared error": {"squared": 1.0},
    "squared error + game": {"squared": 1.0, "fooled": 1.0, "features": 2.0},
    "spectral": {"spectral": 1.0},
    "both": {"squared": 1.0, "spectral": 1.0},
    "both, 640 updates": {"squared": 1.0, "spectral": 1.0, "steps": 640},
    "both, 1600 updates": {"squared": 1.0, "spectral": 1.0, "steps": 1600},
    "both + features": {"squared": 1.0, "spectral": 1.0, "features": 2.0},
    "both + game": {"squared": 1.0, "spectral": 1.0, "fooled": 1.0, "features": 2.0},
    "truth, other noise": {"method": "other noise"},
    "truth": {"method": "truth"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "snr": (-100, 91),
    "distance": (0, 100),
    "pitch": (0, 1),
    "pulses": (0, 100),
    "rest": (0, 100),
    "kernel": (-10, np.inf),
    "used": (0, ENTRIES),
    "perplexity": (0, ENTRIES),
}


def run(seed: int, method: str = "network", steps: int = STEPS, **weights) -> dict[str, float]:
    """Code 40 unseen clips, decode them, and score the result.

    Parameters
    ----------
    seed : int
        Seed of the clips, of weights and pieces.
    method : str
        The network; silence; white noise of the clip's loudness; the three codecs of
        `gantutor.studies.codec.simple`, bands with the phases that Griffin–Lim finds or with those
        of pulses; the clip drawn once more with other samples of noise; the clip itself. The names
        are those of `SETTINGS`.
    steps : int
        Updates of a network.
    **weights
        Of `Losses`.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors; ``snr``, the signal-to-noise
        ratio in dB, at most 90; ``distance``, ``pitch``, ``pulses``, ``rest`` and ``kernel`` as in
        the study `vocoder`; of the entries of a codebook, mean over the codebooks: how many are
        ``used``, and the ``perplexity``. Both are 0 where there are no codebooks.
    """
    trained, tested, other = data(seed)
    numbers, begin = None, time.process_time()
    if method == "network":
        codec, seconds = network(seed, steps, **weights)
        numbers = codec.encode(tested.waves)
        made = codec.decode(numbers)
    else:
        made, numbers = without_network(seed, method)
        seconds = time.process_time() - begin
    found = score(tested, made)
    found["kernel"] = squared_mmd(*standardised(other.waves, made, trained.waves))
    found |= {"used": 0.0, "perplexity": 0.0} if numbers is None else usage(numbers)
    return {"seconds": round(seconds, 2)} | {k: round(float(v), 3) for k, v in found.items()}


def score(speech, made) -> dict[str, float]:
    """Return the scores of sounds that compare each with its own clip."""
    error = ((speech.waves - made) ** 2).sum(dtype=float)
    power = (speech.waves**2).sum(dtype=float)
    periodic, rest = swing(speech, made)
    return {
        "snr": 10 * np.log10(power / max(error, 1e-9 * power)),
        "distance": log_spectral_distance(speech.waves, made),
        "pitch": pitch_share(speech, made),
        "pulses": periodic,
        "rest": rest,
    }


def usage(numbers: np.ndarray) -> dict[str, float]:
    """Return how many entries are used, and their perplexity, of numbers [N, stages, T]."""
    used, perplexities = [], []
    for stage in range(numbers.shape[1]):
        counts = np.unique(numbers[:, stage], return_counts=True)[1]
        shares = counts / counts.sum()
        used.append(len(counts))
        perplexities.append(np.exp(-(shares * np.log(shares)).sum()))
    return {"used": np.mean(used), "perplexity": np.mean(perplexities)}


def without_network(seed: int, method: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the sounds of a method without a network, and its numbers, if it has codebooks."""
    trained, tested = (part.waves for part in data(seed)[:2])
    if method == "silence":
        return np.zeros_like(tested), None
    if method == "components":
        return code_components(trained, tested)[0], None
    if method == "pieces":
        return code_pieces(trained, tested, seed)
    if method not in ("bands", "pulses"):
        return make(seed, data(seed)[1], method), None
    bands, numbers = code_bands(log_bands(trained), log_bands(tested), seed)
    magnitudes, rng = regression(seed)(bands), seeds.rng(seed, "noise")
    if method == "pulses":
        phases = pulse_phases(regression(seed).plain(bands), rng)
        return griffin_lim(magnitudes, 0, phases), numbers
    phases = np.exp(2j * np.pi * rng.random(magnitudes.shape))
    return griffin_lim(magnitudes, 32, phases), numbers


@functools.lru_cache(maxsize=8)
def network(seed: int, steps: int = STEPS, **weights) -> tuple[Codec, float]:
    """Return a trained codec, and the seconds of its training."""
    begin = time.process_time()
    codec = train(data(seed)[0].waves, seed, Losses(**weights), steps)
    return codec, time.process_time() - begin
