"""How tiles are compared with those of regions held out."""

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d

from gantutor import metrics

FILTERS, SIZE = 16, 5  # random filters of the features, at each of three sizes


def features(tiles: np.ndarray) -> np.ndarray:
    """Return how strongly random filters answer to each tile, on average: float64 [N, 48].

    A filter's weights are normal with the mean taken away. Its answers' absolute values are
    averaged over the tile, and the square root is taken; so for the tile averaged over 2 × 2 pixels
    and over 4 × 4.
    """
    weights = torch.randn(FILTERS, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    weights -= weights.mean(dim=(2, 3), keepdim=True)
    images, found = torch.from_numpy(tiles).permute(0, 3, 1, 2).contiguous(), []
    with torch.no_grad():
        for _ in range(3):
            answers = conv2d(images, weights).abs()
            found.append(answers.mean(dim=(2, 3)).sqrt())
            images = avg_pool2d(images, 2)
    return torch.cat(found, dim=1).numpy().astype(float)


def spectrum(tiles: np.ndarray) -> np.ndarray:
    """Return the mean power of waves of 1, 2, …, 15 periods a tile, in decibels: [15].

    The tiles are multiplied by a Hann window, which hides that their borders do not fit together.
    """
    side = tiles.shape[1]
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fft2(tiles[..., 0] * window)) ** 2
    frequency = np.fft.fftfreq(side, 1 / side)
    radius = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    mean = power.mean(axis=0)
    rings = [mean[radius == ring].mean() for ring in range(1, side // 2)]
    return 10 * np.log10(np.array(rings) + 1e-6)


def kurtosis(tiles: np.ndarray) -> float:
    """Return how heavy the tails of differences of neighbouring pixels are: normal ones have 3."""
    across = np.diff(tiles[..., 0], axis=2).ravel().astype(float)
    down = np.diff(tiles[..., 0], axis=1).ravel().astype(float)
    steps = np.concatenate([across, down])
    return float(np.mean(steps**4) / max(np.mean(steps**2) ** 2, 1e-12))


def score(made: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> dict[str, float]:
    """Score tiles [N, 32, 32, 1].

    Returns
    -------
    dict of float
        ``distance``, 100 times the Fréchet distance of the `features`, from the tiles held out;
        ``spectrum``, the root mean square of the difference of the spectra in decibels;
        ``kurtosis`` of the tiles; ``recall`` of those held out, in features; and
        ``nearer``, the share nearest to a tile trained on rather than to one held out, in pixels.
    """
    known, real = features(made), features(held_out)
    rows = [some.reshape(len(some), -1) for some in (train, held_out, made)]
    gap = spectrum(made) - spectrum(held_out)
    return {
        "distance": 100 * metrics.frechet_distance(real, known),
        "spectrum": float(np.sqrt(np.mean(gap**2))),
        "kurtosis": kurtosis(made),
        "recall": metrics.precision_recall(real, known).recall,
        "nearer": metrics.memorization_test(*rows).value,
    }
