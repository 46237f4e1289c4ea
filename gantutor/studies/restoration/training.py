"""A network that restores damaged digits, trained by errors, by a discriminator, or by both."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import models
from gantutor.keras.sampling import apply
from gantutor.runs import seeds

SHAPE = (32, 32, 1)
WIDTH = 16  # channels of both networks at half the resolution
BATCH_SIZE = 32
STEPS = 300  # updates of each network
LEARNING_RATE = 4e-3  # of Adam with β₁ = 0.5, for both networks
WEIGHT = 10.0  # λ, of the squared error


def build(seed: int):
    """Return a U-Net of damaged image, guide and noise, and a discriminator of large patches."""
    generator = models.unet_generator(SHAPE, 3, WIDTH, seed=seed)
    discriminator = models.patch_discriminator(
        SHAPE, 2, WIDTH, layers=3, normalization="instance", seed=seed
    )
    return generator, discriminator


def compose(generator, damaged, guide, where, noise, training=False):
    """Return a restoration: what the generator draws where something is to be restored.

    Parameters
    ----------
    generator : keras.Model
    damaged, guide, where, noise : tensor, float32, shape [N, 32, 32, 1]
        The input; what it is told about the damage; 1 where it may draw and 0 where it must keep
        the input; and noise z, or zeros.
    training : bool
    """
    drawn = generator(tf.concat([damaged, guide, noise], axis=-1), training=training)
    return where * drawn + (1 - where) * damaged


def updates(generator, discriminator, weight: float, adversarial: float, draws: int = 1):
    """Return a function that updates both networks on a batch.

    Parameters
    ----------
    generator, discriminator : keras.Model
    weight, adversarial : float
        Of the squared error and of the adversarial loss. Without the second the discriminator
        stays as it is, and the generator gets no noise.
    draws : {1, 2}
        With 2 the squared error is replaced by (y − s)(y − t) for two draws s and t for the same
        input, whose expectation is the squared error of the mean of all draws.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    def judge(damaged, guide, image):
        return discriminator(tf.concat([damaged, guide, image], axis=-1), training=True)

    @tf.function
    def update(damaged, guide, where, target, noise):
        with tf.GradientTape() as tape:
            first, second = (
                compose(generator, damaged, guide, where, some, training=True)
                for some in (noise[0], noise[draws - 1])
            )
            loss = weight * tf.reduce_sum((target - first) * (target - second))
            loss /= tf.reduce_sum(where)
            if adversarial:
                with tape.stop_recording():
                    with tf.GradientTape() as d_tape:
                        real, fake = (judge(damaged, guide, some) for some in (target, first))
                        d_loss = tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))
                    weights = discriminator.trainable_variables
                    d_adam.apply(d_tape.gradient(d_loss, weights), weights)
                logits = judge(damaged, guide, first)
                loss += adversarial * tf.reduce_mean(tf.nn.softplus(-logits))
        weights = generator.trainable_variables
        g_adam.apply(tape.gradient(loss, weights), weights)
        return loss

    return update


def train(digits, damage, seed, weight=WEIGHT, adversarial=1.0, draws=1, steps=STEPS):
    """Train a network to restore digits.

    Parameters
    ----------
    digits : numpy.ndarray, float32, shape [N, 32, 32, 1]
        Whole digits in [−1, 1].
    damage : callable
        ``damage(digits, random)`` returns damaged digits, guide and where, damaged anew each time.
    seed : int
        Of weights, order, damage and noise.
    weight, adversarial, draws
        As in `updates`.
    steps : int
        Updates of each network.

    Returns
    -------
    keras.Model
        The generator.
    """
    generator, discriminator = build(seed)
    update = updates(generator, discriminator, weight, adversarial, draws)
    order, random = seeds.rng(seed, "order"), seeds.rng(seed, "data")
    noise = seeds.rng(seed, "noise")
    for _ in range(steps):
        target = digits[order.integers(len(digits), size=BATCH_SIZE)]
        z = noise.normal(size=(2, *target.shape)).astype(np.float32) * bool(adversarial)
        update(*map(tf.constant, (*damage(target, random), target, z)))
    return generator


def restore(generator, damaged, guide, where, noise=None):
    """Return restorations of damaged images, in inference mode."""
    noise = np.zeros_like(damaged) if noise is None else noise
    drawn = apply(generator, np.concatenate([damaged, guide, noise], axis=-1))
    return where * drawn + (1 - where) * damaged


def draw_noise(seed: int, draw: int, damaged) -> np.ndarray:
    """Return the noise z of one draw for each damaged image, 𝒩(0, 1)."""
    return seeds.rng(seed, "latents", draw).normal(size=damaged.image.shape).astype(np.float32)
