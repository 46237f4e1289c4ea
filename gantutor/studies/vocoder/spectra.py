"""Spectrograms and back: bands, Griffin–Lim, pulses, and scores of a sound against the true one."""

import numpy as np
from scipy.ndimage import median_filter

from gantutor.studies.vocoder.speech import HIGHEST, RATE

WINDOW, HOP, BANDS = 256, 64, 24
SILENCE = 1e-2  # smaller magnitudes count as this
TEST_WINDOW, TEST_HOP = 160, 40  # of the log-spectral distance: no network was trained with them
PULSE = 16  # samples, 4 ms: shorter than a period of the voice
STRETCH = 64  # measurements of the loudness, one each 4 samples: 64 ms


def hann(size):
    """Return a Hann window, as PyTorch's is."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def spectrogram(waves, window=WINDOW, hop=HOP):
    """Return the complex spectra of windows, [N, L] → [N, window / 2 + 1, L / hop + 1]."""
    padded = np.pad(waves, ((0, 0), (window // 2, window // 2)))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
    return np.fft.rfft(pieces * hann(window), axis=2).transpose(0, 2, 1)


def overlap_add(spectra, window=WINDOW, hop=HOP):
    """Return the waves whose spectrogram is nearest to the given spectra."""
    pieces = np.fft.irfft(spectra.transpose(0, 2, 1), axis=2) * hann(window)
    length = hop * (pieces.shape[1] - 1)
    total, weight = np.zeros((len(pieces), length + window)), np.zeros(length + window)
    for number in range(pieces.shape[1]):
        place = slice(number * hop, number * hop + window)
        total[:, place] += pieces[:, number]
        weight[place] += hann(window) ** 2
    return (total / weight.clip(1e-8))[:, window // 2 : window // 2 + length]


def band_matrix(bands=BANDS, window=WINDOW):
    """Return triangles that are equally wide in mel, [bands, window / 2 + 1]."""
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(window, 1 / RATE) / 700)
    edges = np.linspace(0, mel[-1], bands + 2)
    step = edges[1] - edges[0]
    return (1 - np.abs(mel - edges[1:-1, None]) / step).clip(0)


def log_bands(waves):
    """Return the logarithm of the magnitudes in 24 mel bands, [N, 24, L / 64 + 1]."""
    return np.log((band_matrix() @ np.abs(spectrogram(waves))).clip(SILENCE))


def spread(bands):
    """Return magnitudes that the bands allow: the pseudo-inverse, with no value below silence."""
    return (np.linalg.pinv(band_matrix()) @ np.exp(bands)).clip(1e-4)


def griffin_lim(magnitudes, iterations, phases):
    """Look for a wave with these magnitudes; `phases` are complex numbers of magnitude 1."""
    for _ in range(iterations):
        phases = direction(spectrogram(overlap_add(magnitudes * phases)))
    return overlap_add(magnitudes * phases)


def direction(spectra):
    """Return complex numbers of magnitude 1 with the phases of others."""
    return spectra / np.abs(spectra).clip(1e-9)


class Regression:
    """Linear regression of the log magnitudes of a spectrogram on the bands of three frames."""

    def __init__(self, waves):
        self.weights = np.zeros((3 * BANDS + 1, WINDOW // 2 + 1))
        target = np.log(np.abs(spectrogram(waves)).clip(SILENCE)).transpose(0, 2, 1)
        rows = self._rows(log_bands(waves))
        self.weights = np.linalg.lstsq(
            rows.reshape(-1, rows.shape[2]), target.reshape(-1, target.shape[2]), rcond=None
        )[0]

    @staticmethod
    def _rows(bands):
        padded = np.pad(bands, ((0, 0), (0, 0), (1, 1)), mode="edge")
        three = [padded[:, :, i : i + bands.shape[2]] for i in range(3)]
        rows = np.concatenate(three, axis=1).transpose(0, 2, 1)
        return np.concatenate([rows, np.ones_like(rows[..., :1])], axis=2)

    def plain(self, bands):
        """Return magnitudes [N, 129, T] of bands [N, 24, T]."""
        return np.exp(self._rows(bands) @ self.weights).transpose(0, 2, 1)

    def __call__(self, bands):
        """Return the same, but louder or softer, so that the bands come nearer to those given."""
        made, matrix = self.plain(bands), band_matrix()
        share = matrix / matrix.sum(axis=0).clip(1e-9)
        return made * (share.T @ (np.exp(bands) / (matrix @ made))).clip(1e-2)


def read_pitch(magnitudes):
    """Return a pitch in Hz for each frame of magnitudes [N, 129, T]: the autocorrelation's peak."""
    window = np.fft.irfft(np.abs(np.fft.rfft(hann(WINDOW))) ** 2)
    likeness = np.fft.irfft(magnitudes**2, axis=1) / window[None, :, None]
    lags = np.arange(16, 56)
    pitch = RATE / _peak(likeness[:, lags], lags)
    return median_filter(pitch, (1, 5))


def pulse_phases(magnitudes, rng):
    """Return the phases of a train of pulses with the pitch that the magnitudes show, and noise."""
    pitch, frames = read_pitch(magnitudes), magnitudes.shape[2]
    time = np.arange(HOP * (frames - 1)) / HOP
    track = np.stack([np.interp(time, np.arange(frames), row) for row in pitch])
    phase = 2 * np.pi * np.cumsum(track, axis=1) / RATE
    wave = 0.5 * rng.normal(size=phase.shape)
    for number in range(1, 27):
        wave += np.cos(number * phase) * (number * track < HIGHEST)
    return direction(spectrogram(wave))


def _peak(values, lags):
    """Return the place of the highest value on axis 1, between the lags by a parabola."""
    return _between(values, values.argmax(axis=1), lags)


def _between(values, index, lags):
    """Return the top of the parabola through the values at an index and beside it."""
    index = index.clip(1, len(lags) - 2)[:, None]
    before, top, after = (
        np.take_along_axis(values, index + step, axis=1)[:, 0] for step in (-1, 0, 1)
    )
    shift = 0.5 * (before - after) / np.minimum(before - 2 * top + after, -1e-9)
    return lags[index[:, 0]] + shift.clip(-1, 1)


# Scores.


def log_spectral_distance(real, fake):
    """Return the root mean square of the difference of two spectrograms in dB, mean over frames."""
    first, second = (
        20 * np.log10(np.abs(spectrogram(waves, TEST_WINDOW, TEST_HOP)).clip(SILENCE))
        for waves in (real, fake)
    )
    return float(np.sqrt(((first - second) ** 2).mean(axis=1)).mean())


def pitch_share(speech, waves, within=0.5):
    """Return in which share of voiced places the pitch is right to within half a semitone."""
    places, lags, right = np.arange(256, waves.shape[1] - 256, HOP), np.arange(14, 60), []
    for place in places:
        piece = waves[:, place - 128 : place + 128].astype(float)
        piece = piece - piece.mean(axis=1, keepdims=True)
        likeness = np.stack([_likeness(piece, lag) for lag in lags], axis=1)
        pitch = RATE / first_peak(likeness, lags)
        wrong_by = 12 * np.abs(np.log2(pitch / speech.pitch[:, place]))
        right.append((wrong_by < within)[speech.voiced[:, place]])
    return float(np.concatenate(right).mean())


def _likeness(piece, lag):
    """The correlation of a piece with itself some samples later."""
    first, second = piece[:, :-lag], piece[:, lag:]
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return (first * second).sum(axis=1) / (scale + 1e-9)


def first_peak(likeness, lags):
    """Of the peaks that reach 90 % of the highest one, the first: the others are its multiples."""
    inner = likeness[:, 1:-1]
    peaks = (inner >= likeness[:, :-2]) & (inner >= likeness[:, 2:])
    peaks &= inner > 0.9 * likeness.max(axis=1, keepdims=True)
    chosen = np.where(peaks.any(axis=1), peaks.argmax(axis=1) + 1, likeness.argmax(axis=1))
    return _between(likeness, chosen, lags)


def swing(speech, waves) -> tuple[float, float]:
    """Return how much the loudness of 4 ms swings with the true pitch, and how much besides, in dB.

    In each stretch of 64 ms with a voice, the first three multiples of the true pitch are fitted to
    the loudness by least squares. The first number is the root mean square of what they explain,
    the second that of the rest; each is the mean over all stretches.
    """
    pieces = np.lib.stride_tricks.sliding_window_view(waves**2, PULSE, axis=1)[:, ::4]
    loudness = 10 * np.log10(pieces.mean(axis=2) + 1e-6)
    kernel = np.ones(32) / 32
    swings = loudness - np.stack([np.convolve(row, kernel, "same") for row in loudness])
    middles = slice(PULSE // 2, PULSE // 2 + 4 * swings.shape[1], 4)
    voiced = speech.voiced[:, middles]
    phase = 2 * np.pi * np.cumsum(speech.pitch, axis=1)[:, middles] / RATE
    found = []
    for clip in range(len(waves)):
        for start in range(0, swings.shape[1] - STRETCH, STRETCH // 2):
            part = slice(start, start + STRETCH)
            if voiced[clip, part].all():
                angles = np.arange(1, 4)[:, None] * phase[clip, part]
                known = np.concatenate([np.cos(angles), np.sin(angles)]).T
                fitted = known @ np.linalg.lstsq(known, swings[clip, part], rcond=None)[0]
                rest = swings[clip, part] - fitted
                found.append([np.sqrt((fitted**2).mean()), np.sqrt((rest**2).mean())])
    periodic, rest = np.mean(found, axis=0)
    return float(periodic), float(rest)
