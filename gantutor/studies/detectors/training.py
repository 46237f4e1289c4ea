"""Generators whose decoders enlarge in different ways, trained against a discriminator."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gantutor.keras import models
from gantutor.keras.layers import Initializers
from gantutor.keras.sampling import apply
from gantutor.runs import seeds
from gantutor.studies.detectors.patches import SIDE, rounded

WIDTH = 16  # channels
LATENT_DIM = 64  # of a generator that starts from noise
BATCH_SIZE = 32
STEPS = 300  # updates of each network
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0.5, for both networks
WEIGHT = 20.0  # of the absolute error

#: How a decoder doubles the sides of an image.
ENLARGEMENTS = ("transposed 3", "transposed 4", "pixel shuffle", "nearest", "bilinear")


@keras.saving.register_keras_serializable("gantutor")
class PixelShuffle(layers.Layer):
    """Lay out 4 C channels [N, H, W, 4 C] as blocks of 2 × 2 pixels [N, 2 H, 2 W, C]."""

    def call(self, inputs):
        """Rearrange."""
        return tf.nn.depth_to_space(inputs, 2)


def enlarge(kind: str, channels: int, draw: Initializers) -> list[layers.Layer]:
    """Return layers that double the sides of an image, and compute so many channels.

    Parameters
    ----------
    kind : str
        One of `ENLARGEMENTS`: a transposed convolution with stride 2 and a kernel of 3 or 4
        pixels; repetition or bilinear interpolation of pixels, then a convolution; or a
        convolution whose channels are laid out as blocks of pixels.
    channels : int
    draw : Initializers
    """
    given = {"padding": "same", "kernel_initializer": draw.next()}
    if kind.startswith("transposed"):
        return [layers.Conv2DTranspose(channels, int(kind[-1]), strides=2, **given)]
    if kind == "pixel shuffle":
        return [layers.Conv2D(4 * channels, 3, **given), PixelShuffle()]
    return [layers.UpSampling2D(2, interpolation=kind), layers.Conv2D(channels, 3, **given)]


def build(kind: str, seed: int, noise: bool = False):
    """Return a generator and a discriminator with first weights from a seed.

    Parameters
    ----------
    kind : str
        One of `ENLARGEMENTS`.
    seed : int
    noise : bool
        Whether the generator makes a patch of noise z; otherwise it makes one of a patch, which
        it first shrinks to 8 × 8 points.
    """
    draw, short = Initializers("glorot", seed, "generator"), SIDE // 4
    if noise:
        size = short * short * WIDTH
        first = [
            keras.Input((LATENT_DIM,)),
            layers.Dense(size, kernel_initializer=draw.next()),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Reshape((short, short, WIDTH)),
        ]
    else:
        first = [keras.Input((SIDE, SIDE, 1))]
        for channels in (WIDTH, WIDTH):
            given = {"padding": "same", "kernel_initializer": draw.next()}
            first += [layers.Conv2D(channels, 4, strides=2, **given)]
            first += [layers.LeakyReLU(negative_slope=0.2)]
    generator = keras.Sequential(
        [
            *first,
            *enlarge(kind, WIDTH, draw),
            layers.LeakyReLU(negative_slope=0.2),
            *enlarge(kind, 1, draw),
            layers.Activation("tanh"),
        ]
    )
    discriminator = models.patch_discriminator((SIDE, SIDE, 1), width=WIDTH, seed=seed)
    return generator, discriminator


def updates(generator, discriminator, weight: float):
    """Return a function of real patches and of what the generator is given: one update of both.

    Parameters
    ----------
    generator, discriminator : keras.Model
    weight : float
        Of the mean absolute error between what is made and the real patch, beside the
        non-saturating loss.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    @tf.function
    def update(real, given):
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(given, training=True)
            answers = discriminator(real, training=True), discriminator(fake, training=True)
            d_loss = tf.reduce_mean(tf.nn.softplus(-answers[0]) + tf.nn.softplus(answers[1]))
            g_loss = tf.reduce_mean(tf.nn.softplus(-answers[1]))
            g_loss += weight * tf.reduce_mean(tf.abs(fake - real))
        for tape, loss, adam, network in (
            (d_tape, d_loss, d_adam, discriminator),
            (g_tape, g_loss, g_adam, generator),
        ):
            weights = network.trainable_variables
            adam.apply(tape.gradient(loss, weights), weights)

    return update


def train(patches, kind: str, seed: int, noise: bool = False, steps: int = STEPS):
    """Train a generator of patches.

    Parameters
    ----------
    patches : numpy.ndarray, float32, shape [N, 32, 32, 1]
        Real ones in [−1, 1].
    kind, seed, noise
        As in `build`. A generator from noise is trained by the discriminator alone.
    steps : int
        Updates of each network.

    Returns
    -------
    keras.Model
        The generator.
    """
    generator, discriminator = build(kind, seed, noise)
    update = updates(generator, discriminator, 0.0 if noise else WEIGHT)
    order, latents = seeds.rng(seed, "order"), seeds.rng(seed, "latents")
    for _ in range(steps):
        real = tf.constant(patches[order.integers(len(patches), size=BATCH_SIZE)])
        z = latents.normal(size=(BATCH_SIZE, LATENT_DIM)).astype(np.float32)
        update(real, tf.constant(z) if noise else real)
    return generator


def make(generator, patches, seed: int = 0) -> np.ndarray:
    """Return what a generator makes of patches, or of noise, with 256 grey values."""
    if generator.input_shape[1:] == (LATENT_DIM,):
        random = seeds.rng(seed, "latents", 1)
        return rounded(apply(generator, random.normal(size=(len(patches), LATENT_DIM))))
    return rounded(apply(generator, patches))
