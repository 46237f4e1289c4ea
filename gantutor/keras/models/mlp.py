"""Multilayer perceptrons: dense layers for small images, and for points."""

import math

import keras
from keras import layers

from gantutor.keras.layers import Initializers, Projection, SpectralDense


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
    keras.Sequential
        [N, latent_dim + classes] → [N, H, W, C] or [N, d].

    Examples
    --------
    >>> mlp_generator().output_shape
    (None, 28, 28, 1)
    """
    draw = Initializers("glorot", seed, "generator")
    return keras.Sequential(
        [
            keras.Input((latent_dim + classes,)),
            layers.Dense(width, activation="relu", kernel_initializer=draw.next()),
            layers.Dense(width, activation="relu", kernel_initializer=draw.next()),
            layers.Dense(
                math.prod(shape),
                activation="tanh" if len(shape) == 3 else None,
                kernel_initializer=draw.next(),
            ),
            layers.Reshape(shape),
        ]
    )


def mlp_discriminator(shape=(28, 28, 1), width=128, *, spectral_norm=False, classes=0, seed=0):
    """Discriminator with two hidden LeakyReLU layers.

    Parameters
    ----------
    shape, width, seed
        As in `mlp_generator`.
    spectral_norm, classes
        As in `gantutor.keras.models.dcgan_discriminator`.

    Returns
    -------
    keras.Sequential
        [N, H, W, C] or [N, d] → logits [N], or [N, classes].
    """
    draw = Initializers("glorot", seed, "discriminator")
    dense = SpectralDense if spectral_norm else layers.Dense
    hidden = []
    for _ in range(2):
        hidden += [
            dense(width, kernel_initializer=draw.next()),
            layers.LeakyReLU(negative_slope=0.2),
        ]
    if classes:
        head = [Projection(classes, spectral_norm, [draw.next(), draw.next()])]
    else:
        head = [dense(1, kernel_initializer=draw.next()), layers.Reshape(())]
    return keras.Sequential([keras.Input(shape), layers.Flatten(), *hidden, *head])
