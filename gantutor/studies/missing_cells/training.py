"""A GAIN: a generator that fills in cells, and a discriminator that says which ones were filled."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.runs import seeds

WIDTH = 64  # units of a hidden layer
BATCH_SIZE = 64
LEARNING_RATE = 1e-3  # of Adam, for both networks
NOISE = 0.01  # standard deviation of what stands in a missing cell at first
HINT = 0.9  # share of the observed cells that the discriminator is told of
# Of the squared error of observed cells. The authors' code has 100 for columns scaled to a range of
# 1, whose variance is 0.021 on average here: about 2 for a variance of 1.
WEIGHT = 2.0


def build(columns: int, seed: int):
    """Return a generator and a discriminator, both [N, 2 · columns] → [N, columns]."""
    networks = []
    for purpose in ("generator", "discriminator"):
        draw = (
            keras.initializers.GlorotUniform(seeds.number(seed, purpose, place))
            for place in range(3)
        )
        x = inputs = keras.Input((2 * columns,))
        for _ in range(2):
            x = keras.layers.Dense(WIDTH, activation="relu", kernel_initializer=next(draw))(x)
        outputs = keras.layers.Dense(columns, kernel_initializer=next(draw))(x)
        networks.append(keras.Model(inputs, outputs))
    return networks


def losses(generator, discriminator, cells, seen, hint, adversarial=1.0, hidden=None):
    """Return the losses of the generator and of the discriminator.

    Parameters
    ----------
    generator, discriminator : keras.Model
        As `build` returns them; the discriminator's logits say that a cell was observed.
    cells : tf.Tensor, float32, shape [N, d]
        Observed cells, and noise in the missing ones.
    seen : tf.Tensor, float32, shape [N, d]
        1 for an observed cell.
    hint : tf.Tensor, float32, shape [N, d]
        1 for an observed cell that the discriminator is told of.
    adversarial : float
        Weight of what the discriminator says in the generator's loss.
    hidden : tf.Tensor, float32, shape [N, d], optional
        1 for an observed cell that the generator is not shown; 0 for all if not given.
    """
    shown = 1.0 if hidden is None else 1 - hidden
    guess = generator(tf.concat([shown * cells, shown * seen], 1))
    filled = seen * cells + (1 - seen) * guess
    logits = discriminator(tf.concat([filled, hint], 1))
    d_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(seen, logits))
    g_loss = WEIGHT * tf.reduce_mean(seen * (guess - cells) ** 2) / tf.reduce_mean(seen)
    g_loss += adversarial * tf.reduce_mean((1 - seen) * tf.nn.softplus(-logits))
    return g_loss, d_loss


def updates(generator, discriminator, adversarial=1.0):
    """Return a function that updates first the discriminator, then the generator."""
    adams = [keras.optimizers.Adam(LEARNING_RATE) for _ in range(2)]
    for adam, network in zip(adams, (generator, discriminator), strict=True):
        adam.build(network.trainable_variables)

    @tf.function
    def update(cells, seen, hint, hidden):
        for place, network in ((1, discriminator), (0, generator)):
            with tf.GradientTape() as tape:
                both = losses(generator, discriminator, cells, seen, hint, adversarial, hidden)
            weights = network.trainable_variables
            adams[place].apply(tape.gradient(both[place], weights), weights)

    return update


def fit(holed: np.ndarray, steps: int, seed: int, adversarial: float = 1.0, hide: float = 0.0):
    """Train a GAIN on a table with NaN in its missing cells, and return the generator.

    `hide` is the share of the observed cells that the generator is not shown, anew in each batch,
    and has to predict with the others.
    """
    generator, discriminator = build(holed.shape[1], seed)
    update = updates(generator, discriminator, adversarial)
    order, noise, hints = (seeds.rng(seed, name) for name in ("order", "noise", "labels"))
    for _ in range(steps):
        batch = holed[order.choice(len(holed), BATCH_SIZE, replace=False)]
        seen = (~np.isnan(batch)).astype(np.float32)
        hint = seen * (hints.random(seen.shape) < HINT)
        hidden = seen * (hints.random(seen.shape) < hide)
        masks = (some.astype(np.float32) for some in (seen, hint, hidden))
        update(*map(tf.constant, (begin(batch, noise), *masks)))
    return generator


def begin(holed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a table with noise in place of its missing cells, float32."""
    return np.where(np.isnan(holed), rng.normal(scale=NOISE, size=holed.shape), holed).astype(
        np.float32
    )


def fill_in(generator, holed: np.ndarray, seed: int) -> np.ndarray:
    """Return the table with its missing cells filled in by a generator."""
    cells, seen = begin(holed, seeds.rng(seed, "latents")), ~np.isnan(holed)
    guess = generator(np.concatenate([cells, seen.astype(np.float32)], 1)).numpy()
    return np.where(seen, holed, guess)
