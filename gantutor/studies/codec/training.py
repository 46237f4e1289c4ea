"""A codec: a network from waves to numbers of 6 bits and back, with three losses."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu

from gantutor.runs import seeds
from gantutor.studies.vocoder.training import (
    JUDGE_RATE,
    Judge,
    adam,
    game_losses,
    judge_loss,
    spectral_loss,
    update,
)

STEPS = 400  # updates
FRAME = 32  # samples, 8 ms
STAGES, ENTRIES = 2, 64  # of the quantiser: 12 bits a frame
DIMENSION, WIDTH = 16, 64
LENGTH, BATCH_SIZE = 1024, 8  # samples and pieces of a batch
COMMITMENT = 0.25
DECAY, RARE = 0.95, 0.1  # of the codebooks' running means, and when an entry begins anew


class Codebook(nn.Module):
    """Vectors, each the running mean of the rows [N, d] that are nearest to it.

    They begin as rows of the first batch; one that is rarely used is replaced by a row.
    """

    def __init__(self, entries: int = ENTRIES, dimension: int = DIMENSION):
        super().__init__()
        self.register_buffer("vectors", torch.zeros(entries, dimension))
        self.register_buffer("counts", torch.zeros(entries))

    def nearest(self, rows):
        """Return the number of the vector nearest to each row."""
        return torch.cdist(rows, self.vectors).argmin(dim=1)

    @torch.no_grad()
    def learn(self, rows):
        """Move each vector towards the rows it is nearest to."""
        places = torch.randint(len(rows), (len(self.vectors),))
        if not self.counts.any():
            self.vectors.copy_(rows[places])
            self.counts.fill_(len(rows) / len(self.vectors))
        used = nn.functional.one_hot(self.nearest(rows), len(self.vectors)).to(rows.dtype)
        sums = DECAY * self.counts[:, None] * self.vectors + (1 - DECAY) * used.T @ rows
        self.counts.mul_(DECAY).add_((1 - DECAY) * used.sum(dim=0))
        self.vectors.copy_(sums / self.counts[:, None].clamp(min=1e-6))
        rare = self.counts < RARE * self.counts.mean()
        self.vectors[rare] = rows[places][rare]
        self.counts[rare] = self.counts.mean()


class Quantiser(nn.Module):
    """Codebooks one behind the other, each for what the ones before left over."""

    def __init__(self, stages: int = STAGES, entries: int = ENTRIES, dimension: int = DIMENSION):
        super().__init__()
        self.books = nn.ModuleList(Codebook(entries, dimension) for _ in range(stages))

    def encode(self, outputs, learn: bool = False):
        """Return numbers [N, stages, T] of an encoder's outputs [N, d, T]."""
        left, numbers = outputs.detach().transpose(1, 2).flatten(0, 1), []
        for book in self.books:
            if learn:
                book.learn(left)
            numbers.append(book.nearest(left))
            left = left - book.vectors[numbers[-1]]
        return torch.stack(numbers, dim=1).unflatten(0, (len(outputs), -1)).transpose(1, 2)

    def decode(self, numbers):
        """Return the sum of the vectors, [N, d, T]."""
        pairs = zip(self.books, numbers.unbind(dim=1), strict=True)
        return sum(book.vectors[row] for book, row in pairs).transpose(1, 2)

    def forward(self, outputs, learn: bool = False):
        """Return the sum of the vectors, with the gradient of `outputs`, and the commitment."""
        found = self.decode(self.encode(outputs, learn))
        return outputs + (found - outputs).detach(), ((outputs - found) ** 2).mean()


class Block(nn.Module):
    """A convolution over time beside a shortcut."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv1d(width, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 1)

    def forward(self, x):
        """Return a tensor of the same shape."""
        return x + self.second(leaky_relu(self.first(leaky_relu(x, 0.1)), 0.1))


class Codec(nn.Module):
    """Waves [N, L] → numbers [N, 2, L / 32] → waves."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        half = width // 2
        self.encoder = nn.Sequential(
            nn.Conv1d(1, half, 16, 4, 6),
            nn.LeakyReLU(0.1),
            nn.Conv1d(half, width, 16, 8, 4),
            Block(width),
            Block(width),
            nn.Conv1d(width, DIMENSION, 1),
        )
        self.quantiser = Quantiser()
        self.decoder = nn.Sequential(
            nn.Conv1d(DIMENSION, width, 5, padding=2),
            Block(width),
            Block(width),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose1d(width, half, 16, 8, 4),
            Block(half),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose1d(half, 1, 16, 4, 6),
        )

    def forward(self, waves, learn: bool = False):
        """Return waves of the quantised outputs, and the commitment."""
        outputs, commitment = self.quantiser(self.encoder(waves[:, None]), learn)
        return self.decoder(outputs)[:, 0], commitment

    @torch.no_grad()
    def encode(self, waves: np.ndarray) -> np.ndarray:
        """Return the numbers of waves."""
        outputs = self.encoder(torch.as_tensor(waves, dtype=torch.float32)[:, None])
        return self.quantiser.encode(outputs).numpy()

    @torch.no_grad()
    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Return the waves of numbers."""
        return self.decoder(self.quantiser.decode(torch.as_tensor(numbers)))[:, 0].numpy()


class Losses(NamedTuple):
    """Weights of the losses; the last three count from half of the updates on.

    Parameters
    ----------
    squared, spectral : float
        Of the squared error of the wave, in units of the mean square of the batch, and of the
        vocoder's spectral loss.
    fooled, features : float
        Of the discriminator's cross-entropy, and of the difference of its features.
    later : float
        By which `squared` and `spectral` are multiplied from then on.
    """

    squared: float = 0.0
    spectral: float = 0.0
    fooled: float = 0.0
    features: float = 0.0
    later: float = 1.0


def draws(waves: np.ndarray, steps: int, seed: int):
    """Yield batches of random pieces [8, 1024] of waves."""
    rng = seeds.rng(seed, "order")
    for _ in range(steps):
        clips = rng.integers(len(waves), size=BATCH_SIZE)
        starts = rng.integers(waves.shape[1] - LENGTH + 1, size=BATCH_SIZE)
        pieces = [waves[c, s : s + LENGTH] for c, s in zip(clips, starts, strict=True)]
        yield torch.as_tensor(np.stack(pieces), dtype=torch.float32)


def train(waves: np.ndarray, seed: int, losses: Losses, steps: int = STEPS) -> Codec:
    """Train a codec; a discriminator joins in after half of the updates, if it has a weight."""
    torch.manual_seed(seeds.number(seed, "generator"))
    codec, judge = Codec(), Judge()
    g_adam, d_adam = adam(codec), adam(judge, JUDGE_RATE)
    for step, real in enumerate(draws(waves, steps, seed)):
        late = step >= steps // 2
        fake, commitment = codec(real, learn=True)
        told = torch.zeros(())
        if losses.squared:
            told = told + losses.squared * ((real - fake) ** 2).mean() / (real**2).mean()
        if losses.spectral:
            told = told + losses.spectral * spectral_loss(real, fake)
        if late and (losses.fooled or losses.features):
            update(d_adam, judge_loss(judge, real, fake.detach()))
            fooled, difference = game_losses(judge, real, fake)
            told = losses.later * told + losses.fooled * fooled + losses.features * difference
        update(g_adam, told + COMMITMENT * commitment)
    return codec
