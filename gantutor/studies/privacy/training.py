"""GANs of digits, plain and private, and a private Gaussian sampler."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import one_hot, softplus

from gantutor.runs import seeds
from gantutor.studies.privacy.digits import CLASSES, PIXELS

LATENT = 16
WIDTH = 64
BATCH = 128  # records in a batch, on average, if there are as many
CLIP = 1.0
BOUND = 3.0  # norm of a small image that the Gaussian sampler lets through
COMPONENTS = 10


class Trained(NamedTuple):
    """Both networks after training."""

    generator: nn.Module
    discriminator: nn.Module

    def sample(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Make small images [count, 64] of the classes 0, 1, …, 9, 0, …; and these."""
        labels = torch.arange(count) % CLASSES
        z = torch.tensor(seeds.rng(seed, "latents", 1).normal(size=(count, LATENT))).float()
        with torch.no_grad():
            made = fake(self.generator, z, one_hot(labels, CLASSES).float())
        return made[:, :PIXELS].numpy(), labels.numpy()

    def logits(self, records: np.ndarray) -> np.ndarray:
        """Return the discriminator's answers to records."""
        with torch.no_grad():
            return self.discriminator(torch.tensor(records)).numpy()


def build(seed: int) -> Trained:
    """Make the networks: no batch normalisation, which would mix the records of a batch."""

    def network(inputs, outputs, purpose):
        generator = torch.Generator().manual_seed(seeds.number(seed, purpose))
        sizes = [inputs, WIDTH, WIDTH, outputs]
        layers = []
        for a, b in itertools.pairwise(sizes):
            layer = nn.utils.skip_init(nn.Linear, a, b)
            for weights in layer.parameters():
                nn.init.uniform_(weights, -(a**-0.5), a**-0.5, generator=generator)
            layers += [layer, nn.LeakyReLU(0.2)]
        return layers[:-1]

    generator = nn.Sequential(*network(LATENT + CLASSES, PIXELS, "generator"))
    discriminator = nn.Sequential(
        *network(PIXELS + CLASSES, 1, "discriminator"), nn.Flatten(start_dim=0)
    )
    return Trained(generator, discriminator)


def fake(generator, z, classes):
    """Make records of given classes, one-hot."""
    return torch.cat([generator(torch.cat([z, classes], dim=1)), classes], dim=1)


def per_example(discriminator, real, made):
    """Return the gradient of each pair of a real and a made record, by weight: [N, …]."""

    def loss(weights, one_real, one_made):
        def judge(one):
            return functional_call(discriminator, weights, (one[None],))

        return (softplus(-judge(one_real)) + softplus(judge(one_made))).sum()

    weights = {name: w.detach() for name, w in discriminator.named_parameters()}
    return vmap(grad(loss), in_dims=(None, 0, 0))(weights, real, made)


def noisy_sum(gradients, clip, noise, random):
    """Return the sum of gradients that are clipped to norm `clip`, with Gaussian noise."""
    squares = sum(g.flatten(start_dim=1).square().sum(dim=1) for g in gradients.values())
    factors = (clip / squares.sqrt().clamp(min=1e-12)).clamp(max=1)
    total = {name: torch.tensordot(factors, g, dims=1) for name, g in gradients.items()}
    return {
        name: each + noise * clip * torch.randn(each.shape, generator=random)
        for name, each in total.items()
    }


def sampling_rate(count: int) -> float:
    """Return the chance with which each of `count` records is in a batch."""
    return min(BATCH / count, 1.0)


def draws(records: torch.Tensor, steps: int, seed: int) -> Iterator[tuple]:
    """Yield batches in which each record is with the same chance, latents for them, and more.

    The last two are latents and classes for the generator's turn.
    """
    random, chance = seeds.rng(seed, "order"), sampling_rate(len(records))
    for _ in range(steps):
        chosen = torch.tensor(random.random(len(records)) < chance)
        z = torch.tensor(random.normal(size=(int(chosen.sum()), LATENT))).float()
        labels = torch.tensor(random.integers(CLASSES, size=BATCH))
        more = torch.tensor(random.normal(size=(BATCH, LATENT))).float()
        yield records[chosen], z, more, one_hot(labels, CLASSES).float()


def train(
    records: np.ndarray,
    steps: int,
    seed: int,
    every: int = 1,
    rate: float = 2e-3,
    noise: float | None = None,
) -> Trained:
    """Train a GAN.

    Parameters
    ----------
    records : numpy.ndarray, float32, shape [n, 74]
    steps : int
        Updates of the discriminator.
    seed : int
    every : int
        The generator has a turn after this many updates of the discriminator.
    rate : float
        Learning rate of both.
    noise : float, optional
        Standard deviation of the noise, in units of `CLIP`. Without it nothing is clipped.
    """
    networks = build(seed)
    generator, discriminator = networks
    g_adam, d_adam = (torch.optim.Adam(n.parameters(), rate, betas=(0.5, 0.999)) for n in networks)
    random = torch.Generator().manual_seed(seeds.number(seed, "noise"))
    expected = sampling_rate(len(records)) * len(records)
    for step, (real, z, more, classes) in enumerate(draws(torch.tensor(records), steps, seed)):
        with torch.no_grad():
            made = fake(generator, z, real[:, PIXELS:])
        if noise is None:
            loss = softplus(-discriminator(real)).sum() + softplus(discriminator(made)).sum()
            d_adam.zero_grad()
            (loss / expected).backward()
        else:
            gradients = per_example(discriminator, real, made)
            total = noisy_sum(gradients, CLIP, noise, random)
            for name, weights in discriminator.named_parameters():
                weights.grad = total[name] / expected
        d_adam.step()
        if (step + 1) % every == 0:
            g_loss = softplus(-discriminator(fake(generator, more, classes))).mean()
            g_adam.zero_grad()
            g_loss.backward()
            g_adam.step()
    return networks


def statistics(small: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return all that the Gaussian sampler reads: one record changes it by at most √3.

    These are the classes' counts [10], the sums of their images [10, 64], and the sum of all
    products of two pixels [64, 64], of images in units of `BOUND` that are shortened to norm 1
    where they are longer. Of the products, which are symmetric, one triangle counts.
    """
    unit = small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), BOUND)
    classes = np.eye(CLASSES)[labels]
    return classes.sum(axis=0), classes.T @ unit, unit.T @ unit


def noisy_statistics(small, labels, noise, rng) -> tuple[np.ndarray, ...]:
    """Return `statistics` with Gaussian noise, `noise` times what one record can change."""
    counts, sums, products = statistics(small, labels)
    scale = np.sqrt(3) * noise
    counts = counts + scale * rng.normal(size=counts.shape)
    sums = sums + scale * rng.normal(size=sums.shape)
    upper = np.triu(scale * rng.normal(size=products.shape))
    return counts, sums, products + upper + np.triu(upper, 1).T


def gaussian(small, labels, count, seed, noise=0.0):
    """Draw from Gaussians: a mean for each class, and one covariance in few components.

    The data are read through `noisy_statistics` alone.
    """
    rng = seeds.rng(seed, "noise", 2)
    counts, sums, products = noisy_statistics(small, labels, noise, rng)
    means = sums / np.maximum(counts, 1)[:, None]
    shares = counts / counts.sum()
    values, vectors = np.linalg.eigh(products / counts.sum() - (means.T * shares) @ means)
    spread = vectors[:, -COMPONENTS:] * np.sqrt(values[-COMPONENTS:].clip(0))
    made = np.arange(count) % CLASSES
    draws_ = rng.normal(size=(count, COMPONENTS))
    return (BOUND * (means[made] + draws_ @ spread.T)).astype(np.float32), made
