"""A GAN of maps: a generator of tiles, which may count the objects, and a discriminator."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras.penalties import r1
from gantutor.runs import seeds
from gantutor.studies.levels.maps import HEIGHT, TILES, WIDTH

LATENT_DIM = 32
CHANNELS = 12  # at the resolution of the map; twice that at half of it, four times at a quarter
BATCH_SIZE = 32
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0 and β₂ = 0.99, for both networks
PENALTY_WEIGHT = 0.1  # of R1
AVERAGE = 0.99  # of the mean of the generator's weights that draws the maps


def build(seed: int):
    """Return a generator of logits [N, HEIGHT, WIDTH, tiles], and a discriminator of maps."""
    layers = keras.layers

    def convolution(x, channels, purpose, place, strides=1):
        draw = keras.initializers.HeNormal(seeds.number(seed, purpose, place))
        return layers.Conv2D(channels, 3, strides, padding="same", kernel_initializer=draw)(x)

    def dense(x, units, purpose, place):
        draw = keras.initializers.HeNormal(seeds.number(seed, purpose, place))
        return layers.Dense(units, kernel_initializer=draw)(x)

    size = HEIGHT // 4, WIDTH // 4, 4 * CHANNELS
    z = keras.Input((LATENT_DIM,))
    x = layers.Reshape(size)(dense(z, int(np.prod(size)), "generator", 0))
    for place, channels in ((1, 2 * CHANNELS), (2, CHANNELS)):
        x = layers.UpSampling2D()(layers.LeakyReLU(negative_slope=0.2)(x))
        x = convolution(x, channels, "generator", place)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    logits = convolution(x, len(TILES), "generator", 3)

    level = x = keras.Input((HEIGHT, WIDTH, len(TILES)))
    for place, strides in enumerate((1, 2, 2)):
        x = convolution(x, 2**place * CHANNELS, "discriminator", place, strides)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = dense(layers.Flatten()(x), 1, "discriminator", 3)
    return keras.Model(z, logits), keras.Model(level, layers.Reshape(())(x))


def pick(logits: tf.Tensor) -> tf.Tensor:
    """Return a 1 at the largest logit of the last axis and 0 elsewhere; gradient of the softmax."""
    soft = tf.nn.softmax(logits)
    hard = tf.one_hot(tf.argmax(logits, axis=-1), logits.shape[-1])
    return soft + tf.stop_gradient(hard - soft)


def tiles(logits: tf.Tensor, counts: bool) -> tf.Tensor:
    """Return maps, each tile as zeros and a single 1, shape [N, HEIGHT, WIDTH, tiles].

    Parameters
    ----------
    logits : tf.Tensor, shape [N, HEIGHT, WIDTH, tiles]
    counts : bool
        False: each cell picks its tile. True: each cell picks air or brick, then start, key and
        door pick one cell each; where two pick the same one, the first has it.
    """
    if not counts:
        return pick(logits)
    base, free = pick(logits[..., :2]), tf.ones_like(logits[..., 0])
    objects = []
    for tile in range(2, len(TILES)):
        places = tf.reshape(logits[..., tile], [-1, HEIGHT * WIDTH])
        here = tf.reshape(pick(places), [-1, HEIGHT, WIDTH]) * free
        free -= here
        objects.append(here)
    return tf.concat([base * free[..., None], tf.stack(objects, axis=-1)], axis=-1)


def updates(generator, discriminator, average, counts: bool):
    """Return a function that updates both networks once, and the mean of the generator's weights.

    The loss is the relativistic one of pairs, with R1 on real maps.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.99) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    @tf.function
    def slopes(real, z):
        fake = tiles(generator(z), counts)
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
            fake = tiles(generator(z), counts)
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


def draws(levels: np.ndarray, steps: int, seed: int):
    """Yield real maps as zeros and ones, and latents, `steps` times."""
    order, latents = seeds.rng(seed, "order"), seeds.rng(seed, "latents")
    ones = np.eye(len(TILES), dtype=np.float32)
    for _ in range(steps):
        real = ones[levels[order.integers(len(levels), size=BATCH_SIZE)]]
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        yield tf.constant(real), tf.constant(z)


def fit(levels: np.ndarray, steps: int, seed: int, counts: bool):
    """Train a GAN of maps, and return the generator with the mean of the weights.

    Parameters
    ----------
    levels : numpy.ndarray of int8, shape [N, HEIGHT, WIDTH]
    steps : int
        Updates of each network.
    seed : int
        Of weights, order and latents.
    counts : bool
        As of `tiles`.
    """
    networks, average = build(seed), build(seed)[0]
    update = updates(*networks, average, counts)
    for batch in draws(levels, steps, seed):
        update(*batch)
    return average


def sample(generator, count: int, rng: np.random.Generator, counts: bool) -> np.ndarray:
    """Return maps made by a generator, int8 [count, HEIGHT, WIDTH]."""
    made = []
    for start in range(0, count, 500):
        z = rng.standard_normal((min(500, count - start), LATENT_DIM), dtype=np.float32)
        made.append(tf.argmax(tiles(generator(z), counts), axis=-1).numpy())
    return np.concatenate(made).astype(np.int8)
