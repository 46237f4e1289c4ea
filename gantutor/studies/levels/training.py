"""A GAN of maps: a generator of tile probabilities, and a discriminator of maps."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras.penalties import r1
from gantutor.runs import seeds
from gantutor.studies.levels.maps import HEIGHT, TILES, WIDTH

LATENT_DIM = 32
CHANNELS = 32  # at the resolution of the map, half of it, and a quarter: times 1, 2, 4
BATCH_SIZE = 32
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0 and β₂ = 0.99, for both networks
PENALTY_WEIGHT = 1.0
TEMPERATURE = 1.0


def build(seed: int):
    """Return a generator of logits [N, HEIGHT, WIDTH, tiles], and a discriminator."""
    layers = keras.layers

    def start(purpose, place):
        return keras.initializers.HeNormal(seeds.number(seed, purpose, place))

    z = keras.Input((LATENT_DIM,))
    size = HEIGHT // 4, WIDTH // 4, 4 * CHANNELS
    x = layers.Dense(int(np.prod(size)), kernel_initializer=start("generator", 0))(z)
    x = layers.LeakyReLU(0.2)(layers.Reshape(size)(x))
    for place in (1, 2):
        x = layers.UpSampling2D()(x)
        draw = start("generator", place)
        x = layers.Conv2D(4 // 2**place * CHANNELS, 3, padding="same", kernel_initializer=draw)(x)
        x = layers.LeakyReLU(0.2)(x)
    draw = start("generator", 3)
    logits = layers.Conv2D(len(TILES), 3, padding="same", kernel_initializer=draw)(x)
    level = x = keras.Input((HEIGHT, WIDTH, len(TILES)))
    for place, strides in enumerate((1, 2, 2)):
        draw = start("discriminator", place)
        x = layers.Conv2D(
            2**place * CHANNELS, 3, strides, padding="same", kernel_initializer=draw
        )(x)
        x = layers.LeakyReLU(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1, kernel_initializer=start("discriminator", 3))(x)
    return keras.Model(z, logits), keras.Model(level, layers.Reshape(())(x))


def choose(logits, noise, drawn=True):
    """Return tiles as zeros and a single 1, with the gradient of the softmax; or the softmax."""
    soft = tf.nn.softmax((logits + noise) / TEMPERATURE)
    if not drawn:
        return soft
    hard = tf.one_hot(tf.argmax(soft, axis=-1), len(TILES))
    return soft + tf.stop_gradient(hard - soft)


def updates(generator, discriminator, drawn=True):
    """Return a function that updates both networks once: relativistic pairs, R1."""
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.99) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)

    @tf.function
    def slopes(real, z, noise):
        fake = choose(generator(z), noise[0], drawn)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(discriminator(fake) - discriminator(real)))
            loss += PENALTY_WEIGHT * r1(discriminator, real)
        return tape.gradient(loss, discriminator.trainable_variables)

    @tf.function
    def improve(real, z, noise):
        with tf.GradientTape() as tape:
            fake = choose(generator(z), noise[1], drawn)
            loss = tf.reduce_mean(tf.nn.softplus(discriminator(real) - discriminator(fake)))
        weights = generator.trainable_variables
        g_adam.apply(tape.gradient(loss, weights), weights)

    @tf.function
    def descend(gradients):
        d_adam.apply(gradients, discriminator.trainable_variables)

    def update(real, z, noise):
        # The gradient with a gradient in it has a graph of its own: see `gantutor.keras.penalties`.
        descend(slopes(real, z, noise))
        improve(real, z, noise)

    return update


def draws(levels: np.ndarray, steps: int, seed: int, drawn=True):
    """Yield real maps as zeros and ones, latents and Gumbel noise of both updates, `steps` times."""
    order, latents, gumbel = (seeds.rng(seed, name) for name in ("order", "latents", "noise"))
    ones = np.eye(len(TILES), dtype=np.float32)
    for _ in range(steps):
        real = ones[levels[order.integers(len(levels), size=BATCH_SIZE)]]
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        noise = gumbel.gumbel(size=(2, *real.shape)).astype(np.float32)
        yield tuple(map(tf.constant, (real, z, noise if drawn else 0 * noise)))


def sample(generator, count: int, seed: int, drawn=True) -> np.ndarray:
    rng = seeds.rng(seed, "latents", 1)
    z = rng.standard_normal((count, LATENT_DIM), dtype=np.float32)
    logits = generator.predict(z, verbose=0, batch_size=250)
    if drawn:
        logits = logits + rng.gumbel(size=logits.shape)
    return logits.argmax(axis=-1).astype(np.int8)


def fit(levels: np.ndarray, steps: int, seed: int, drawn=True):
    networks = build(seed)
    update = updates(*networks, drawn)
    for batch in draws(levels, steps, seed, drawn):
        update(*batch)
    return networks[0]
