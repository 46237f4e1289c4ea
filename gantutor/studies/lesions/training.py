"""Two dense networks that play the relativistic game with R1 and R2; translators trained by it."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from gantutor.runs import seeds
from gantutor.studies.descent import descend

HIDDEN = 128  # units of each hidden layer
BATCH_SIZE = 64
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0 and β₂ = 0.99
GAMMA = 1.0  # weight of R1 and of R2


def network(inputs: int, outputs: int, slope: float = 0.0) -> nn.Sequential:
    """Return a dense network with two hidden layers; `slope` is that of the leaky ReLU below 0."""
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN),
        nn.LeakyReLU(slope),
        nn.Linear(HIDDEN, HIDDEN),
        nn.LeakyReLU(slope),
        nn.Linear(HIDDEN, outputs),
    )


def adam(*networks: nn.Module) -> torch.optim.Adam:
    """Return the optimiser of the parameters of networks."""
    parameters = [weight for part in networks for weight in part.parameters()]
    return torch.optim.Adam(parameters, LEARNING_RATE, betas=(0.0, 0.99))


def judge_loss(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the discriminator's relativistic loss with R1 and R2, on rows [N, d]."""
    real, fake = real.detach().requires_grad_(), fake.detach().requires_grad_()
    real_logits, fake_logits = judge(real), judge(fake)
    total = real_logits.sum() + fake_logits.sum()
    slopes = torch.autograd.grad(total, (real, fake), create_graph=True)
    penalty = sum(slope.square().sum(dim=1).mean() for slope in slopes)
    return softplus(fake_logits - real_logits).mean() + GAMMA / 2 * penalty


def maker_loss(judge: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the generator's relativistic loss."""
    return softplus(judge(real).detach() - judge(fake)).mean()


def play(generator, judge, draw_pair, steps: int) -> None:
    """Train a generator and its discriminator.

    Parameters
    ----------
    generator, judge : torch.nn.Module
    draw_pair : callable
        Returns a batch of real rows and one of rows that the generator makes, [N, d] each.
    steps : int
        Updates of each.
    """
    g_adam, d_adam = adam(generator), adam(judge)
    for _ in range(steps):
        real, fake = draw_pair()
        descend(d_adam, judge_loss(judge, real, fake))
        descend(g_adam, maker_loss(judge, real, fake))


class Translator(nn.Module):
    """From rows of pixels to rows: the input and a correction, at first none."""

    def __init__(self, pixels: int):
        super().__init__()
        self.correction = network(pixels, pixels)
        nn.init.zeros_(self.correction[-1].weight)
        nn.init.zeros_(self.correction[-1].bias)

    def forward(self, rows):
        """Rows [N, pixels] with their correction."""
        return rows + self.correction(rows)

    def images(self, images: np.ndarray) -> np.ndarray:
        """Return translated images [N, height, width]."""
        with torch.no_grad():
            return self(torch.from_numpy(images).flatten(1)).numpy().reshape(images.shape)


def train(
    source: np.ndarray, target: np.ndarray, steps: int, seed: int, cycle=None, make=Translator
) -> Translator:
    """Train a translator on two heaps of images [N, height, width] without pairs.

    Parameters
    ----------
    source, target : numpy.ndarray, float32
    steps, seed : int
    cycle : float, optional
        With it a second translator goes back, and this is the weight of the mean absolute error
        after there and back, and after back and there.
    make : callable
        Makes a translator of a number of pixels.
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    source, target = (torch.from_numpy(images).flatten(1) for images in (source, target))
    pixels = source.shape[1]
    there, judge = make(pixels), network(pixels, 1, 0.2)
    if cycle is None:
        play(there, judge, lambda: (batch(target), there(batch(source))), steps)
        return there
    back, other_judge = make(pixels), network(pixels, 1, 0.2)
    g_adam, d_adam = adam(there, back), adam(judge, other_judge)
    for _ in range(steps):
        x, y = batch(source), batch(target)
        fake_x, fake_y = back(y), there(x)
        descend(d_adam, judge_loss(judge, y, fake_y) + judge_loss(other_judge, x, fake_x))
        loss = maker_loss(judge, y, fake_y) + maker_loss(other_judge, x, fake_x)
        errors = (back(fake_y) - x).abs().mean() + (there(fake_x) - y).abs().mean()
        descend(g_adam, loss + cycle * errors)
    return there


def train_pairs(source: np.ndarray, target: np.ndarray, steps: int, seed: int) -> Translator:
    """Train the same translator on pairs, by the mean squared error."""
    torch.manual_seed(seeds.number(seed, "generator"))
    source, target = (torch.from_numpy(images).flatten(1) for images in (source, target))
    there = Translator(source.shape[1])
    optimizer = adam(there)
    for _ in range(steps):
        rows = torch.randint(len(source), (BATCH_SIZE,))
        descend(optimizer, (there(source[rows]) - target[rows]).square().mean())
    return there


def batch(rows: torch.Tensor) -> torch.Tensor:
    """Return `BATCH_SIZE` rows, drawn with repetition."""
    return rows[torch.randint(len(rows), (BATCH_SIZE,))]
