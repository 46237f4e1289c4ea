"""Sounds like speech whose pitch is known: pulses of a voice, two resonances, bursts of noise."""

from typing import NamedTuple

import numpy as np

RATE = 4000  # samples a second
LENGTH = 4096  # samples of a clip
SYLLABLES = 3
# Two resonances of each vowel, in Hz, after Peterson and Barney (1952), men; below 2,000 Hz.
VOWELS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 1900), "o": (570, 840), "u": (300, 870)}
WIDTHS = (80.0, 120.0)  # of the resonances, in Hz
HIGHEST = 1900.0  # Hz: harmonics above are left out


class Speech(NamedTuple):
    """Clips, and what is known of them.

    Parameters
    ----------
    waves : numpy.ndarray, float32, shape [N, 4096]
        In [−1, 1].
    pitch : numpy.ndarray, shape [N, 4096]
        Frequency of the voice in Hz at each sample.
    voiced : numpy.ndarray of bool, shape [N, 4096]
        Where the voice is loud enough for its pitch to be measured.
    """

    waves: np.ndarray
    pitch: np.ndarray
    voiced: np.ndarray


def draw(count: int, rng: np.random.Generator, noise: np.random.Generator | None = None) -> Speech:
    """Draw clips of three syllables: a burst of noise, then a vowel, on a gliding pitch.

    With `noise`, the same clips as without it, but with other random samples in the hiss.
    """
    clips = [_clip(rng, noise) for _ in range(count)]
    waves, pitch, voiced = (np.stack(part) for part in zip(*clips, strict=True))
    return Speech(waves.astype(np.float32), pitch, voiced)


def _clip(rng, noise):
    time, part = np.arange(LENGTH), LENGTH / SYLLABLES
    knots = rng.uniform(90, 200) * 2 ** (rng.uniform(-3, 3, 5) / 12)
    pitch = np.exp(np.interp(time, np.linspace(0, LENGTH, 5), np.log(knots)))
    vowels = np.array([VOWELS[name] for name in rng.choice(list(VOWELS), SYLLABLES)])
    vowels = vowels * rng.uniform(0.93, 1.07, (SYLLABLES, 1))
    centres = part * (np.arange(SYLLABLES) + 0.6)
    resonances = [np.interp(time, centres, vowels[:, i]) for i in range(2)]
    inside, burst = time % part, rng.integers(200, 400)
    loud = np.clip((inside - burst) / 150, 0, 1) * np.clip((part - inside) / 150, 0, 1)
    voice = loud * _voice(pitch, resonances, rng.uniform(0, 2 * np.pi))
    white, background = rng.normal(size=LENGTH + 1), rng.normal(size=LENGTH)
    if noise is not None:
        white, background = noise.normal(size=LENGTH + 1), noise.normal(size=LENGTH)
    hiss = np.diff(white) * np.sin(np.pi * np.clip(inside / burst, 0, 1))
    wave = voice / np.abs(voice).max() + 0.12 * hiss + 0.005 * background
    return 0.6 * wave / np.abs(wave).max(), pitch, loud > 0.5


def _voice(pitch, resonances, start):
    """Add up the harmonics of pulses that pass through the resonances."""
    phase = start + 2 * np.pi * np.cumsum(pitch) / RATE
    wave = np.zeros(len(pitch))
    for number in range(1, int(HIGHEST / pitch.min()) + 1):
        frequency = number * pitch
        response = 1 / (1 + 1j * frequency / 2500)
        for centre, width in zip(resonances, WIDTHS, strict=True):
            response = response / (
                1 - (frequency / centre) ** 2 + 1j * width * frequency / centre**2
            )
        harmonic = np.real(response * np.exp(1j * number * phase)) / np.sqrt(number)
        wave += np.where(frequency < HIGHEST, harmonic, 0)
    return wave
