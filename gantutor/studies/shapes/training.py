"""A GAN of shapes: the GAN of maps with a third axis."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras.penalties import r1
from gantutor.runs import seeds
from gantutor.studies.shapes.voxels import SIDE

LATENT_DIM = 16
CHANNELS = 8  # at half the resolution; twice that at a quarter
BATCH_SIZE = 32
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0 and β₂ = 0.99, for both networks
PENALTY_WEIGHT = 0.1  # of R1
AVERAGE = 0.99  # of the mean of the generator's weights that makes the shapes


def build(seed: int):
    """Return a generator of logits [N, SIDE, SIDE, SIDE, 1], and a discriminator of shapes."""
    layers = keras.layers

    def start(purpose, place):
        return keras.initializers.HeNormal(seeds.number(seed, purpose, place))

    def leaky(x):
        return layers.LeakyReLU(negative_slope=0.2)(x)

    quarter = SIDE // 4, SIDE // 4, SIDE // 4, 4 * CHANNELS
    z = keras.Input((LATENT_DIM,))
    x = layers.Dense(int(np.prod(quarter)), kernel_initializer=start("generator", 0))(z)
    x = leaky(layers.Reshape(quarter)(x))
    for place, channels in ((1, 2 * CHANNELS), (2, 1)):
        draw = start("generator", place)
        x = layers.Conv3DTranspose(channels, 4, 2, padding="same", kernel_initializer=draw)(x)
        x = leaky(x) if channels > 1 else x
    shape = y = keras.Input((SIDE, SIDE, SIDE, 1))
    for place in (0, 1):
        draw, channels = start("discriminator", place), 2 ** (place + 1) * CHANNELS
        y = leaky(layers.Conv3D(channels, 4, 2, padding="same", kernel_initializer=draw)(y))
    y = layers.Dense(1, kernel_initializer=start("discriminator", 2))(layers.Flatten()(y))
    return keras.Model(z, x), keras.Model(shape, layers.Reshape(())(y))


def cubes(logits: tf.Tensor) -> tf.Tensor:
    """Return a 1 where a logit is positive and 0 elsewhere, with the gradient of the sigmoid."""
    soft = tf.sigmoid(logits)
    return soft + tf.stop_gradient(tf.cast(logits > 0, tf.float32) - soft)


def updates(generator, discriminator, average):
    """Return a function that updates both networks once, and the mean of the generator's weights.

    The loss is the relativistic one of pairs, with R1 on real shapes.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.99) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    @tf.function
    def slopes(real, z):
        fake = cubes(generator(z))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(discriminator(fake) - discriminator(real)))
            loss += PENALTY_WEIGHT * r1(discriminator, real)
        return tape.gradient(loss, discriminator.trainable_variables)

    @tf.function
    def descend(gradients):
        d_adam.apply(gradients, discriminator.trainable_variables)

    @tf.function
    def improve(real, z):
        with tf.GradientTape() as tape:
            fake = cubes(generator(z))
            loss = tf.reduce_mean(tf.nn.softplus(discriminator(real) - discriminator(fake)))
        weights = generator.trainable_variables
        g_adam.apply(tape.gradient(loss, weights), weights)
        for mean, weight in zip(average.trainable_variables, weights, strict=True):
            mean.assign(AVERAGE * mean + (1 - AVERAGE) * weight)

    def update(real, z):
        # The gradient with a gradient in it has a graph of its own: see `gantutor.keras.penalties`.
        descend(slopes(real, z))
        improve(real, z)

    return update


def fit(shapes: np.ndarray, steps: int, seed: int):
    """Train a GAN of shapes, and return the generator with the mean of the weights.

    Parameters
    ----------
    shapes : numpy.ndarray of bool, shape [N, SIDE, SIDE, SIDE]
    steps : int
        Updates of each network.
    seed : int
        Of weights, order and latents.
    """
    networks, average = build(seed), build(seed)[0]
    update = updates(*networks, average)
    order, latents = seeds.rng(seed, "order"), seeds.rng(seed, "latents")
    for _ in range(steps):
        real = shapes[order.integers(len(shapes), size=BATCH_SIZE), ..., None]
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        update(tf.constant(real.astype(np.float32)), tf.constant(z))
    return average


def sample(generator, count: int, seed: int) -> np.ndarray:
    """Return shapes made by a generator, bool [count, SIDE, SIDE, SIDE]."""
    z = seeds.rng(seed, "latents", 1).standard_normal((count, LATENT_DIM), dtype=np.float32)
    return generator(z).numpy()[..., 0] > 0
