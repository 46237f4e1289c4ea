"""A GAN of digits with classes, and three ways to tell its discriminator the class."""

import copy

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot, softplus

from gantutor.runs import seeds
from gantutor.torch import models
from gantutor.torch.sampling import Sampler

CLASSES = 10
LATENT_DIM = 64
BATCH_SIZE = 64
LEARNING_RATE = 3e-3  # of Adam with β₁ = 0 and β₂ = 0.9, for both networks
EMA_DECAY = 0.98  # of the average of the generator's weights

# Logits for an image: one; one for each class; one for each class and one for real or fake.
LOGITS = {"concatenation": 0, "projection": CLASSES, "auxiliary": CLASSES + 1}


def build(told: str, seed: int, width: int = 16) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Return a generator that is told a class and a discriminator for `judge`.

    Parameters
    ----------
    told : {"concatenation", "projection", "auxiliary"}
        How the discriminator learns the class.
    seed : int
        Seed of the initial weights.
    width : int
        Channels of both networks at the highest resolution.
    """
    generator = models.dcgan_generator(
        latent_dim=LATENT_DIM, width=width, classes=CLASSES, seed=seed
    )
    channels = 1 + CLASSES if told == "concatenation" else 1
    discriminator = models.dcgan_discriminator(
        (28, 28, channels), width, spectral_norm=True, classes=LOGITS[told], seed=seed
    )
    return generator, discriminator


def judge(discriminator, told, images, labels):
    """Return the logits of images that should show the labels, and an auxiliary classifier's loss.

    Parameters
    ----------
    discriminator : torch.nn.Module
    told : str
        As in `build`.
    images : torch.Tensor, shape [N, 1, 28, 28]
    labels : torch.Tensor of int64, shape [N]

    Returns
    -------
    tuple of torch.Tensor
        Logits [N], and a scalar: the mean cross-entropy, or 0 where there is no classifier.
    """
    none = images.new_zeros(())
    if told == "concatenation":
        planes = one_hot(labels, CLASSES).to(images.dtype)[:, :, None, None]
        planes = planes.expand(-1, -1, *images.shape[2:])
        return discriminator(torch.cat([images, planes], dim=1)), none
    logits = discriminator(images)
    if told == "projection":
        return logits.gather(1, labels[:, None])[:, 0], none
    return logits[:, CLASSES], cross_entropy(logits[:, :CLASSES], labels)


def contest(first, second):
    """Return the relativistic loss of the player who wants the first logits above the second."""
    return softplus(second - first).mean()


def train(
    images: np.ndarray,
    labels: np.ndarray,
    told: str,
    steps: int,
    seed: int,
    weight: float = 1.0,
    pairs: str | None = None,
    width: int = 16,
) -> Sampler:
    """Train a GAN that is told classes.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1]; at least a batch of 64.
    labels : numpy.ndarray, int64, shape [N]
        Their classes, 0 … 9.
    told : str
        As in `build`.
    steps : int
        Updates of each network; with 0 the generator stays as it was initialised.
    seed : int
        Seed of weights, order and noise.
    weight : float
        Of the classifier's loss in the losses of both networks; only ``"auxiliary"`` has one.
    pairs : {None, "shared", "mixed"}
        Relativistic losses of pairs of a real and a generated image: of the same class, or of
        classes that need not agree. None are non-saturating losses, without pairs.
    width : int
        As in `build`.

    Returns
    -------
    gantutor.torch.Sampler
        The generator with averaged weights.
    """
    generator, discriminator = build(told, seed, width)
    average = copy.deepcopy(generator)
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.0, 0.9))
        for network in (generator, discriminator)
    )
    order = seeds.rng(seed, "order")
    noise = torch.Generator().manual_seed(seeds.number(seed, "noise"))
    pixels, classes = torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)

    for step in range(steps):
        chosen = torch.from_numpy(order.choice(len(pixels), BATCH_SIZE, replace=False))
        real, label = pixels[chosen], classes[chosen]
        z = torch.randn(BATCH_SIZE, LATENT_DIM, generator=noise)
        fake = generator(torch.cat([z, one_hot(label, CLASSES)], dim=1))
        partner = torch.arange(BATCH_SIZE)
        if pairs == "mixed":
            partner = torch.randperm(BATCH_SIZE, generator=noise)

        both = torch.cat([real, fake.detach()])
        logits, wrong = judge(discriminator, told, both, label.repeat(2))
        real_logits, fake_logits = logits.chunk(2)
        if pairs:
            d_loss = contest(real_logits[partner], fake_logits)
        else:
            d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        d_adam.zero_grad()
        (d_loss + weight * wrong).backward()
        d_adam.step()

        discriminator.requires_grad_(False)
        fake_logits, wrong = judge(discriminator, told, fake, label)
        if pairs:
            real_logits, _ = judge(discriminator, told, real, label)
            g_loss = contest(fake_logits, real_logits[partner])
        else:
            g_loss = softplus(-fake_logits).mean()
        g_adam.zero_grad()
        (g_loss + weight * wrong).backward()
        g_adam.step()
        discriminator.requires_grad_(True)
        follow(average, generator, min(EMA_DECAY, step / (step + 10)))
    return Sampler(average, LATENT_DIM, CLASSES)


@torch.no_grad()
def follow(average, network, decay):
    """Move averaged weights towards a network's; what is no weight is copied."""
    for old, new in zip(average.parameters(), network.parameters(), strict=True):
        old.lerp_(new, 1 - decay)
    for old, new in zip(average.buffers(), network.buffers(), strict=True):
        old.copy_(new)
