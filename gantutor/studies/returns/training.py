"""A GAN of daily returns: convolutions along 64 days, on the returns or on their normal scores."""

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
LEARNING_RATE = 5e-4  # of Adam with β₁ = 0, β₂ = 0.9, for both networks
DECAY = 0.99  # of the moving average of the generator's weights
PENALTIES = {"r1": 1.0, "r2": 1.0}


def build(seed: int):
    """Return a generator of windows [N, 64], and a discriminator of them."""
    layers, networks = keras.layers, []
    for purpose in ("generator", "discriminator"):
        draw = (
            keras.initializers.HeNormal(seeds.number(seed, purpose, place)) for place in range(9)
        )
        if purpose == "generator":
            inputs = keras.Input((LATENT_DIM,))
            x = layers.Reshape((DAYS + BEFORE, CHANNELS))(inputs)
            for dilation in DILATIONS:
                x = layers.Conv1D(WIDTH, 5, dilation_rate=dilation, kernel_initializer=next(draw))(
                    x
                )
                x = layers.LeakyReLU(negative_slope=0.2)(x)
            outputs = layers.Reshape((DAYS,))(layers.Conv1D(1, 1, kernel_initializer=next(draw))(x))
        else:
            inputs = keras.Input((DAYS,))
            x = layers.Reshape((DAYS, 1))(inputs)
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


def fit(series: np.ndarray, steps: int, seed: int):
    """Train a GAN on the windows of a series of mean 0 and deviation 1, and return its sampler.

    It plays `gantutor.keras.games.GAN` with the relativistic loss, R1 and R2.
    """
    real = windows(series)
    game = GAN(*build(seed), LATENT_DIM, loss="relativistic", penalties=PENALTIES)
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
