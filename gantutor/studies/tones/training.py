"""A small WaveGAN of tones: noise and a pitch in, a wave out."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import leaky_relu, softplus

from gantutor.runs import seeds
from gantutor.studies.tones.notes import LENGTH, PITCHES
from gantutor.torch import optimizers

LATENT, WIDTH, BATCH_SIZE = 32, 16, 32


class Generator(nn.Module):
    """Latents [N, 32] and pitches [N] → waves [N, 1024], by transposed convolutions of stride 4."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.pitch = nn.Embedding(PITCHES, LATENT)
        self.first = nn.Linear(2 * LATENT, 4 * width * LENGTH // 64)
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(before, after, 24, 4, 10)
            for before, after in ((4 * width, 2 * width), (2 * width, width), (width, 1))
        )

    def forward(self, latents, pitches):
        """Return waves."""
        x = self.first(torch.cat([latents, self.pitch(pitches)], dim=1))
        x = x.unflatten(1, (-1, LENGTH // 64))
        for up in self.up:
            x = up(torch.relu(x))
        return torch.tanh(x[:, 0])


class Judge(nn.Module):
    """Waves [N, 1024] and pitches [N] → logits [N], with the pitch by projection."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, 24, 4, 10)
            for before, after in ((1, width), (width, 2 * width), (2 * width, 4 * width))
        )
        self.head = nn.Linear(4 * width * LENGTH // 64, 64)
        self.out = nn.Linear(64, 1)
        self.pitch = nn.Embedding(PITCHES, 64)

    def forward(self, waves, pitches):
        """Return logits."""
        x = waves[:, None]
        for layer in self.layers:
            x = leaky_relu(layer(x), 0.2)
        x = leaky_relu(self.head(x.flatten(1)), 0.2)
        return self.out(x)[:, 0] + (x * self.pitch(pitches)).sum(dim=1)


def update(optimizer, loss):
    """Take one step down a loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def play(waves: np.ndarray, pitches: np.ndarray, steps: int, seed: int) -> Generator:
    """Train a generator of tones on waves [N, 1024] with their pitches [N].

    The loss is the relativistic one, on a real and a fake note of the same pitch, with the penalty
    R1 on the discriminator.
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    G, D = Generator(), Judge()
    g_adam, d_adam = (optimizers.adam(n.parameters(), 1e-3, (0.5, 0.9)) for n in (G, D))
    waves, pitches = torch.as_tensor(waves), torch.as_tensor(pitches)
    rng = seeds.rng(seed, "order")
    for _ in range(steps):
        chosen = torch.as_tensor(rng.integers(len(waves), size=BATCH_SIZE))
        real, asked = waves[chosen].requires_grad_(), pitches[chosen]
        fake = G(torch.randn(BATCH_SIZE, LATENT), asked)
        real_logits = D(real, asked)
        slope = torch.autograd.grad(real_logits.sum(), real, create_graph=True)[0]
        penalty = 0.5 * (slope**2).sum(dim=1).mean()
        update(d_adam, softplus(D(fake.detach(), asked) - real_logits).mean() + penalty)
        update(g_adam, softplus(D(real.detach(), asked) - D(fake, asked)).mean())
    return G


@torch.no_grad()
def generate(G: Generator, pitches: np.ndarray, seed: int) -> np.ndarray:
    """Return a tone of each pitch, [N, 1024]."""
    torch.manual_seed(seeds.number(seed, "latents"))
    return G(torch.randn(len(pitches), LATENT), torch.as_tensor(pitches)).numpy()
