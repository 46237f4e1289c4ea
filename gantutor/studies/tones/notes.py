"""Drawn notes of a struck string: twelve pitches, random harmonics, decay and phases."""

import numpy as np

from gantutor.studies.vocoder.spectra import band_matrix, first_peak, spectrogram
from gantutor.studies.vocoder.speech import RATE

LENGTH = 1024  # samples: a quarter of a second
PITCHES = 12
FREQUENCIES = 220 * 2 ** (np.arange(PITCHES) / 12)  # Hz, from A3 to G sharp 4
HARMONICS = 4  # 4 · 415 Hz lies below half the rate


def draw(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw notes.

    Returns
    -------
    numpy.ndarray, float32, shape [N, 1024]; numpy.ndarray of int, shape [N]
        Waves in [−1, 1], and their pitches from 0 to 11.
    """
    pitches = rng.integers(PITCHES, size=count)
    logs = rng.normal(-0.7 * np.arange(HARMONICS), 0.4, (count, HARMONICS))
    decay = rng.uniform(4, 14, (count, 1)) * (1 + 0.3 * np.arange(HARMONICS))
    waves = synthesise(FREQUENCIES[pitches], np.exp(logs), decay, rng)
    return waves + 0.003 * rng.normal(size=waves.shape).astype(np.float32), pitches


def synthesise(frequencies, strengths, decay, rng) -> np.ndarray:
    """Add up decaying harmonics with random phases; the loudest sample of a wave is ±0.8."""
    time = np.arange(LENGTH) / RATE
    number = np.arange(1, HARMONICS + 1)
    angle = 2 * np.pi * np.asarray(frequencies)[:, None, None] * number[:, None] * time
    angle = angle + rng.uniform(0, 2 * np.pi, (len(angle), HARMONICS, 1))
    parts = strengths[..., None] * np.exp(-decay[..., None] * time) * np.sin(angle)
    waves = parts.sum(axis=1) * np.clip(time / 0.005, 0, 1)
    return (0.8 * waves / np.abs(waves).max(axis=1, keepdims=True)).astype(np.float32)


def measure(waves, pitches):
    """Return log strengths and decays of the harmonics of notes, [N, 8], by least squares.

    Each half of the note is projected on sine and cosine of each harmonic. The strength is that at
    the onset: the mean of the first half, divided by that of the decay.
    """
    time, rows = np.arange(LENGTH) / RATE, []
    for wave, pitch in zip(waves, pitches, strict=True):
        levels = []
        for number in range(1, HARMONICS + 1):
            turn = np.exp(-2j * np.pi * number * FREQUENCIES[pitch] * time) * wave
            levels.append([abs(turn[:512].mean()), abs(turn[512:].mean())])
        levels = np.array(levels).clip(1e-5)
        decay = np.log(levels[:, 0] / levels[:, 1]) * RATE / 512
        fall = (decay * 512 / RATE).clip(1e-3)
        strength = levels[:, 0] * fall / (1 - np.exp(-fall))
        rows.append(np.concatenate([np.log(strength), decay]))
    return np.array(rows)


def noise_level(waves) -> float:
    """Return the deviation of the noise in waves: that above 1,800 Hz, where no harmonic is."""
    spectra = np.abs(np.fft.rfft(waves[:, LENGTH // 2 :], axis=1))
    high = np.fft.rfftfreq(LENGTH // 2, 1 / RATE) > 1800
    return float(np.sqrt((spectra[:, high] ** 2).mean() / (LENGTH // 2)))


def heard(waves) -> np.ndarray:
    """Return the pitch of waves in semitones above 220 Hz: the first high peak of autocorrelation.

    Looked for between 180 and 570 Hz.
    """
    power = np.abs(np.fft.rfft(waves, 2 * waves.shape[1], axis=1)) ** 2
    likeness = np.fft.irfft(power, axis=1)[:, :64] / (1 - np.arange(64) / waves.shape[1])
    lags = np.arange(7, 24)
    return 12 * np.log2(RATE / first_peak(likeness[:, lags], lags) / 220)


def features(waves) -> np.ndarray:
    """Return mean and deviation over time of the log magnitudes in 16 mel bands, [N, 32]."""
    spectra = np.abs(spectrogram(waves, 128, 32))
    logs = np.log((band_matrix(16, 128) @ spectra).clip(1e-2))
    return np.concatenate([logs.mean(axis=2), logs.std(axis=2)], axis=1)
