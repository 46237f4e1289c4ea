"""Multilayer perceptrons: dense layers for small images, and for points."""

import math

import torch
from torch import nn

from gantutor.runs import seeds
from gantutor.torch.layers import FromNHWC, Projection, ToRows, initialize


def mlp_generator(shape=(28, 28, 1), latent_dim=100, width=128, *, classes=0, seed=0):
    """Generator with two hidden ReLU layers, as in the original GAN's simplest experiments.

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of an image in [−1, 1], or (d,) for points without bounds.
    latent_dim : int
        Length of z.
    width : int
        Units of each hidden layer.
    classes : int
        If not 0, z comes with a class behind it, as `classes` numbers of which one is 1 (Mirza
        and Osindero 2014).
    seed : int
        Seed of the initial weights (Glorot uniform, biases 0).

    Returns
    -------
    torch.nn.Sequential
        [N, latent_dim + classes] → [N, C, H, W] or [N, d].

    Examples
    --------
    >>> mlp_generator()(torch.zeros(2, 100)).shape
    torch.Size([2, 1, 28, 28])
    """
    image = len(shape) == 3
    with torch.device("meta"):
        model = nn.Sequential(
            nn.Linear(latent_dim + classes, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, math.prod(shape)),
            *([nn.Tanh(), FromNHWC(*shape)] if image else []),
        )
    return initialize(model, "glorot", seeds.number(seed, "generator"))


def mlp_discriminator(shape=(28, 28, 1), width=128, *, spectral_norm=False, classes=0, seed=0):
    """Discriminator with two hidden LeakyReLU layers.

    Parameters
    ----------
    shape, width, seed
        As in `mlp_generator`.
    spectral_norm, classes
        As in `gantutor.torch.models.dcgan_discriminator`.

    Returns
    -------
    torch.nn.Sequential
        [N, C, H, W] or [N, d] → logits [N], or [N, classes].
    """
    with torch.device("meta"):
        model = nn.Sequential(
            *([ToRows()] if len(shape) == 3 else []),
            nn.Linear(math.prod(shape), width),
            nn.LeakyReLU(0.2),
            nn.Linear(width, width),
            nn.LeakyReLU(0.2),
            *([Projection(width, classes)] if classes else [nn.Linear(width, 1), nn.Flatten(0)]),
        )
    return initialize(model, "glorot", seeds.number(seed, "discriminator"), spectral_norm)
