"""A GAN of daily returns: convolutions along 64 days, with normal or heavy-tailed noise."""

import keras
import numpy as np

from gantutor.keras.games import GAN
from gantutor.runs import seeds

DAYS = 64  # of a window
CHANNELS = 4  # random numbers a day
WIDTH = 32
DILATIONS = (1, 2, 4, 8, 16)
BEFORE = 4 * sum(DILATIONS)  # days of noise before the window that reach into it
LATENT_DIM = (DAYS + BEFORE) * CHANNELS
BATCH_SIZE = 32
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0, β₂ = 0.9, for both networks
DECAY = 0.99  # of the moving average of the generator's weights
HEAVY = 0.25  # of heavy noise: one divided by its tail index
PENALTIES = {"r1": 1.0, "r2": 1.0}


def build(seed: int, days: int = DAYS, heavy: bool = False):
    """Return a generator of windows [N, days], and a discriminator of them.

    With `heavy` each normal number z becomes z · exp(h z² / 2) with h of `HEAVY`, scaled to
    deviation 1: the chance of more than x then falls like a power of x.
    """
    layers, networks = keras.layers, []
    for purpose in ("generator", "discriminator"):
        draw = (
            keras.initializers.HeNormal(seeds.number(seed, purpose, place)) for place in range(9)
        )
        if purpose == "generator":
            inputs = keras.Input(((days + BEFORE) * CHANNELS,))
            x = layers.Reshape((days + BEFORE, CHANNELS))(inputs)
            if heavy:
                x = x * keras.ops.exp(HEAVY / 2 * x**2) * (1 - 2 * HEAVY) ** 0.75
            for dilation in DILATIONS:
                x = layers.Conv1D(WIDTH, 5, dilation_rate=dilation, kernel_initializer=next(draw))(
                    x
                )
                x = layers.LeakyReLU(negative_slope=0.2)(x)
            outputs = layers.Reshape((days,))(layers.Conv1D(1, 1, kernel_initializer=next(draw))(x))
        else:
            inputs = keras.Input((days,))
            x = layers.Reshape((days, 1))(inputs)
            for factor in (1, 2, 2):
                x = layers.Conv1D(
                    factor * WIDTH, 5, strides=2, padding="same", kernel_initializer=next(draw)
                )(x)
                x = layers.LeakyReLU(negative_slope=0.2)(x)
            x = layers.Flatten()(x)
            outputs = layers.Reshape(())(layers.Dense(1, kernel_initializer=next(draw))(x))
        networks.append(keras.Model(inputs, outputs))
    return networks


def windows(series: np.ndarray) -> np.ndarray:
    """Return all windows of 64 days in a row, one from each day, float32 [N, 64]."""
    view = np.lib.stride_tricks.sliding_window_view(series, DAYS)
    return np.ascontiguousarray(view, dtype=np.float32)


def path(sampler, days: int, seed: int) -> np.ndarray:
    """Return days in a row, [days]: the same convolutions along more noise."""
    generator, _ = build(0, days)
    generator.set_weights(sampler.network.get_weights())
    z = seeds.rng(seed, "latents").standard_normal((1, (days + BEFORE) * CHANNELS))
    return np.asarray(generator(z.astype(np.float32)))[0]


def fit(series: np.ndarray, steps: int, seed: int, heavy: bool = False):
    """Train a GAN on the windows of a series of mean 0 and deviation 1, and return its sampler.

    It plays `gantutor.keras.games.GAN` with the relativistic loss, R1 and R2.
    """
    real = windows(series)
    game = GAN(*build(seed, heavy=heavy), LATENT_DIM, loss="relativistic", penalties=PENALTIES)
    adams = (keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.9) for _ in range(2))
    game.compile(*adams, ema_decay=DECAY, seed=seed)
    per_epoch = len(real) // BATCH_SIZE
    game.fit(
        real,
        batch_size=BATCH_SIZE,
        epochs=-(-steps // per_epoch),
        steps_per_epoch=min(per_epoch, steps),
        verbose=0,
    )
    return game.ema
