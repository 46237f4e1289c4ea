"""A translator of images, trained by L1, by a discriminator of pairs of patches, or by both."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import models
from gantutor.keras.sampling import Translator
from gantutor.runs import seeds

WIDTH = 16  # channels of both networks at half the resolution
BATCH_SIZE = 16
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0.5, for both networks
L1 = 10.0  # λ


def build(shape, source_channels: int, seed: int, dropout: float = 0.0):
    """Return a U-Net and a discriminator of patches of 18 pixels.

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of the images that are made.
    source_channels : int
    seed : int
        Seed of the initial weights and of dropout.
    dropout : float
        Share of the units that are set to 0 after each layer of the way up, but the last.
    """
    generator = models.unet_generator(shape, source_channels, WIDTH, seed=seed)
    discriminator = models.patch_discriminator(
        shape, source_channels, WIDTH, normalization="instance", seed=seed
    )
    if dropout:
        for level, block in enumerate(generator.up):
            block.add(keras.layers.Dropout(dropout, seed=seeds.number(seed, "noise", level)))
    return generator, discriminator


def updates(generator, discriminator, l1: float, adversarial: float):
    """Return a function that updates both networks on a batch of sources and targets.

    Parameters
    ----------
    generator, discriminator : keras.Model
    l1, adversarial : float
        Weights in the generator's loss. Without the second the discriminator stays as it is.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    def judge(source, image):
        return discriminator(tf.concat([source, image], axis=-1), training=True)

    @tf.function
    def update(source, target):
        with tf.GradientTape() as tape:
            fake = generator(source, training=True)
            loss = l1 * tf.reduce_mean(tf.abs(fake - target))
            if adversarial:
                with tape.stop_recording():
                    with tf.GradientTape() as d_tape:
                        real_logits, fake_logits = judge(source, target), judge(source, fake)
                        d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
                        d_loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
                    weights = discriminator.trainable_variables
                    d_adam.apply(d_tape.gradient(d_loss, weights), weights)
                loss += adversarial * tf.reduce_mean(tf.nn.softplus(-judge(source, fake)))
        weights = generator.trainable_variables
        g_adam.apply(tape.gradient(loss, weights), weights)
        return loss

    return update


def train(
    source: np.ndarray,
    target: np.ndarray,
    steps: int,
    seed: int,
    l1: float = L1,
    adversarial: float = 1.0,
    dropout: float = 0.0,
) -> Translator:
    """Train a translator on pairs of images.

    Parameters
    ----------
    source, target : numpy.ndarray, float32, shape [N, H, W, S] and [N, H, W, C]
        In [−1, 1]; the i-th of one belongs to the i-th of the other.
    steps : int
        Updates of each network.
    seed : int
        Seed of weights, order and dropout.
    l1, adversarial
        As in `updates`.
    dropout
        As in `build`.

    Returns
    -------
    gantutor.keras.Translator
    """
    networks = build(target.shape[1:], source.shape[-1], seed, dropout)
    update = updates(*networks, l1, adversarial)
    order = seeds.rng(seed, "order")
    for _ in range(steps):
        rows = order.choice(len(source), BATCH_SIZE, replace=False)
        update(tf.constant(source[rows]), tf.constant(target[rows]))
    return Translator(networks[0])
