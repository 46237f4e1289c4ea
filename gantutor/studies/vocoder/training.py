"""A vocoder: a network from mel bands to a wave, with a spectral loss, and with a discriminator."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu, softplus

from gantutor.runs import seeds
from gantutor.studies.vocoder.spectra import BANDS, HOP, SILENCE, WINDOW, log_bands
from gantutor.torch import optimizers

WINDOWS = (64, 128, 256, 512)  # of the spectral loss
PERIODS = (2, 3, 5)
BATCH_SIZE, FRAMES = 8, 16
RATE, JUDGE_RATE, BETAS = 1e-3, 5e-4, (0.8, 0.99)


class Vocoder(nn.Module):
    """Bands [N, 24, T] and phases [N, 129, T] → waves [N, 64 (T − 1)].

    The network returns a magnitude and a turn of the phase for each point of a spectrogram, which
    the inverse Fourier transform makes a wave (as in Vocos). With `pulses` False, the given phases
    are ignored.
    """

    def __init__(self, width: int = 64, blocks: int = 3, pulses: bool = True):
        super().__init__()
        self.pulses = pulses
        self.first = nn.Conv1d(BANDS, width, 5, padding=2)
        self.blocks = nn.ModuleList(_block(width) for _ in range(blocks))
        self.head = nn.Conv1d(width, WINDOW + 2, 1)

    def forward(self, bands, phases):
        """Return waves."""
        x = leaky_relu(self.first(bands), 0.1)
        for block in self.blocks:
            x = x + block(x)
        log_magnitude, turn = self.head(x).chunk(2, dim=1)
        spectra = torch.polar(log_magnitude.clamp(max=5).exp(), 3 * turn)
        spectra = spectra * phases if self.pulses else spectra
        length = HOP * (bands.shape[2] - 1)
        return torch.istft(spectra, WINDOW, HOP, window=torch.hann_window(WINDOW), length=length)


def _block(width):
    return nn.Sequential(
        nn.LeakyReLU(0.1),
        nn.Conv1d(width, width, 5, padding=2),
        nn.LeakyReLU(0.1),
        nn.Conv1d(width, width, 1),
    )


class Judge(nn.Module):
    """HiFi-GAN's discriminator of periods, small: waves [N, L] → logits and features.

    A wave is laid out in rows of 2, 3 and 5 samples, and convolutions run down the columns.
    """

    def __init__(self, width: int = 8):
        super().__init__()
        self.nets = nn.ModuleList(
            nn.ModuleList(
                [
                    nn.Conv2d(1, width, (5, 1), (3, 1), (2, 0)),
                    nn.Conv2d(width, 2 * width, (5, 1), (3, 1), (2, 0)),
                    nn.Conv2d(2 * width, 2 * width, (5, 1), 1, (2, 0)),
                    nn.Conv2d(2 * width, 1, (3, 1), 1, (1, 0)),
                ]
            )
            for _ in PERIODS
        )

    def forward(self, waves):
        """Return the logits of each period, and the outputs of all layers before."""
        logits, features = [], []
        for period, net in zip(PERIODS, self.nets, strict=True):
            x = waves[:, : waves.shape[1] // period * period].reshape(len(waves), 1, -1, period)
            for layer in net[:-1]:
                x = leaky_relu(layer(x), 0.1)
                features.append(x)
            logits.append(net[-1](x).flatten(1))
        return logits, features


def magnitudes(waves, window):
    """Return the magnitudes of a spectrogram."""
    spectra = torch.stft(
        waves, window, window // 4, window=torch.hann_window(window), return_complex=True
    )
    return spectra.abs().clamp(min=SILENCE)


def spectral_loss(real, fake):
    """Return the difference of the spectrograms of waves [N, L], mean over four windows.

    The mean absolute difference of the logarithms, and the root of the squared difference over
    that of the real magnitudes.
    """
    loss = 0.0
    for window in WINDOWS:
        first, second = magnitudes(real, window), magnitudes(fake, window)
        loss = loss + (first.log() - second.log()).abs().mean()
        loss = loss + (first - second).norm() / first.norm()
    return loss / len(WINDOWS)


def judge_loss(judge, real, fake):
    """Return the discriminator's loss: cross-entropy, the sum over its periods."""
    pairs = zip(judge(real)[0], judge(fake)[0], strict=True)
    return sum(softplus(-r).mean() + softplus(f).mean() for r, f in pairs)


def game_losses(judge, real, fake):
    """Return the generator's cross-entropy, and the difference of the discriminator's features."""
    logits, features = judge(fake)
    fooled = sum(softplus(-f).mean() for f in logits)
    pairs = list(zip(judge(real)[1], features, strict=True))
    return fooled, sum((r.detach() - f).abs().mean() for r, f in pairs) / len(pairs)


class Pieces:
    """Random pieces of 16 frames of clips: bands, phases and waves."""

    def __init__(self, waves: np.ndarray, phases: np.ndarray, seed: int):
        self.bands = torch.as_tensor(log_bands(waves), dtype=torch.float32)
        self.phases = torch.as_tensor(phases.astype(np.complex64))
        self.waves = torch.as_tensor(waves)
        self.rng = seeds.rng(seed, "order")

    def draw(self, count: int = BATCH_SIZE):
        """Return bands [N, 24, 17], phases [N, 129, 17] and waves [N, 1024]."""
        clips = self.rng.integers(len(self.waves), size=count)
        starts = self.rng.integers(self.bands.shape[2] - FRAMES, size=count)
        places = list(zip(clips, starts, strict=True))
        bands = torch.stack([self.bands[c, :, s : s + FRAMES + 1] for c, s in places])
        phases = torch.stack([self.phases[c, :, s : s + FRAMES + 1] for c, s in places])
        waves = torch.stack([self.waves[c, s * HOP : (s + FRAMES) * HOP] for c, s in places])
        return bands, phases, waves


def adam(network, rate=RATE):
    """Return Adam for a network."""
    return optimizers.adam(network.parameters(), rate, BETAS)


def update(optimizer, loss):
    """Take one step down a loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(pieces, steps, seed, adversarial=0.0, pulses=True, start=None):
    """Train a vocoder.

    Parameters
    ----------
    pieces : Pieces
    steps : int
        Updates of each network.
    seed : int
        Of the weights.
    adversarial : float
        Weight of the game: of the cross-entropy, and of the difference of features. 0 for none.
    pulses : bool
        Whether the phases begin with those of pulses.
    start : Vocoder, optional
        A copy of it is trained instead of a new network.

    Returns
    -------
    Vocoder
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    vocoder = copy.deepcopy(start) if start else Vocoder(pulses=pulses)
    judge = Judge()
    g_adam, d_adam = adam(vocoder), adam(judge, JUDGE_RATE)
    for _ in range(steps):
        bands, phases, real = pieces.draw()
        fake = vocoder(bands, phases)
        loss = spectral_loss(real, fake)
        if adversarial:
            update(d_adam, judge_loss(judge, real, fake.detach()))
            fooled, difference = game_losses(judge, real, fake)
            loss = loss + adversarial * (fooled + 2 * difference)
        update(g_adam, loss)
    return vocoder


@torch.no_grad()
def apply(vocoder, bands, phases):
    """Return the waves of bands and phases, as arrays."""
    bands = torch.as_tensor(bands, dtype=torch.float32)
    return vocoder(bands, torch.as_tensor(phases.astype(np.complex64))).numpy()
