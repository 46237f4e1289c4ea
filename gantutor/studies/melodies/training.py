"""Writers of melodies: counted chains, a recurrent network, and a GAN of all steps at once."""

from collections import defaultdict

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, gumbel_softmax, leaky_relu, one_hot, softplus

from gantutor.runs import seeds
from gantutor.studies.melodies.tunes import STEPS, TOKENS
from gantutor.torch import optimizers

LATENT, WIDTH, BATCH_SIZE = 32, 64, 64


class Chain:
    """A Markov chain: the chances of a token after the few before it, counted.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape [N, 32]
    order : int
        How many tokens it looks back. What was seldom seen is mixed with fewer (Witten and Bell
        1991), down to equal chances.
    """

    def __init__(self, rows: np.ndarray, order: int):
        self.order, self.known = order, {}
        self.counts = defaultdict(lambda: np.zeros(TOKENS))
        for row in rows:
            for before, token in _steps(row, order):
                for back in range(order + 1):
                    self.counts[before[order - back :]][token] += 1

    def chances(self, before: tuple[int, ...]) -> np.ndarray:
        """Return the chances of all tokens after some, shape [30]."""
        if before not in self.known:
            lower = self.chances(before[1:]) if before else np.full(TOKENS, 1 / TOKENS)
            counts = self.counts[before] if before in self.counts else np.zeros(TOKENS)
            kinds = (counts > 0).sum()
            self.known[before] = (
                (counts + kinds * lower) / (counts.sum() + kinds) if kinds else lower
            )
        return self.known[before]

    def write(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw rows token by token, [N, 32]."""
        rows = np.zeros((count, STEPS), int)
        for row in rows:
            before = (-1,) * self.order
            for step in range(STEPS):
                row[step] = rng.choice(TOKENS, p=self.chances(before))
                before = (*before, int(row[step]))[len(before) + 1 - self.order :]
        return rows

    def bits(self, rows: np.ndarray) -> float:
        """Return how surprising rows are: the mean of −log₂ of the chances of their tokens."""
        logs = [np.log2(self.chances(b)[t]) for row in rows for b, t in _steps(row, self.order)]
        return float(-np.mean(logs))


def _steps(row, order):
    padded = (-1,) * order + tuple(row.tolist())
    for place, token in enumerate(row.tolist()):
        yield padded[place : place + order], token


class Writer(nn.Module):
    """A recurrent network that returns the logits of the next token."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.embed = nn.Embedding(TOKENS + 1, width)  # the last one is the start
        self.cell = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, TOKENS)

    def forward(self, rows):
        """Return logits [N, 32, 30] of rows [N, 32]."""
        start = torch.full_like(rows[:, :1], TOKENS)
        return self.head(self.cell(self.embed(torch.cat([start, rows[:, :-1]], dim=1)))[0])

    @torch.no_grad()
    def write(self, count: int) -> np.ndarray:
        """Draw rows token by token, [N, 32]."""
        token, state, found = torch.full((count, 1), TOKENS), None, []
        for _ in range(STEPS):
            out, state = self.cell(self.embed(token), state)
            token = torch.multinomial(self.head(out[:, 0]).softmax(dim=1), 1)
            found.append(token)
        return torch.cat(found, dim=1).numpy()


class Generator(nn.Module):
    """Noise [N, 32] → rows of zeros and a one, [N, 30, 32], that carry a gradient."""

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.first = nn.Linear(LATENT, width * STEPS // 4)
        self.up = nn.ModuleList(nn.ConvTranspose1d(width, width, 4, 2, 1) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(2))
        self.head = nn.Conv1d(width, TOKENS, 3, padding=1)

    def forward(self, latents):
        """Return tokens drawn by the straight-through Gumbel-softmax."""
        x = self.first(latents).unflatten(1, (-1, STEPS // 4))
        for up, norm in zip(self.up, self.norms, strict=True):
            x = leaky_relu(norm(up(x)), 0.2)
        return gumbel_softmax(self.head(x), hard=True, dim=1)

    @torch.no_grad()
    def write(self, count: int) -> np.ndarray:
        """Draw rows, [N, 32]."""
        return self(torch.randn(count, LATENT)).argmax(dim=1).numpy()


def build_judge(width: int = WIDTH):
    """Return a discriminator: tokens [N, 30, 32] → logits [N, 1]."""
    return nn.Sequential(
        nn.Conv1d(TOKENS, width, 5, padding=2),
        nn.LeakyReLU(0.2),
        nn.Conv1d(width, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv1d(width, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(width * STEPS // 4, 1),
    )


def batches(rows: np.ndarray, seed: int):
    """Yield random batches of rows without an end."""
    rng = seeds.rng(seed, "order")
    while True:
        yield torch.as_tensor(rows[rng.integers(len(rows), size=BATCH_SIZE)])


def update(optimizer, loss):
    """Take one step down a loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train_likelihood(rows, steps, seed):
    """Train a writer to give the tunes a high probability."""
    torch.manual_seed(seeds.number(seed, "generator"))
    writer = Writer()
    adam = optimizers.adam(writer.parameters(), 3e-3, (0.9, 0.999))
    for _, real in zip(range(steps), batches(rows, seed), strict=False):
        update(adam, cross_entropy(writer(real).transpose(1, 2), real))
    return writer


def play(rows, steps, seed):
    """Train a generator of all steps at once against a discriminator."""
    torch.manual_seed(seeds.number(seed, "generator"))
    G, D = Generator(), build_judge()
    g_adam, d_adam = (optimizers.adam(n.parameters(), 5e-4, (0.5, 0.99)) for n in (G, D))
    for _, real in zip(range(steps), batches(rows, seed), strict=False):
        real = one_hot(real, TOKENS).float().transpose(1, 2)
        fake = G(torch.randn(BATCH_SIZE, LATENT))
        update(d_adam, softplus(-D(real)).mean() + softplus(D(fake.detach())).mean())
        update(g_adam, softplus(-D(fake)).mean())
    return G.eval()
