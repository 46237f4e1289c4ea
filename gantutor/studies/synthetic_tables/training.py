"""A small CTGAN: a WGAN-GP on rows whose columns are encoded by modes, with a condition."""

from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from gantutor.keras.penalties import gradient_penalty
from gantutor.runs import seeds
from gantutor.studies.synthetic_tables.rows import CONTINUOUS, DISCRETE

LATENT_DIM = 64
WIDTH = 128  # units of a hidden layer
BATCH_SIZE = 100
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0.5 and β₂ = 0.9, for both networks
PENALTY_WEIGHT = 10.0
TEMPERATURE = 0.2  # of the Gumbel-softmax
MODES = 10  # of a continuous column, at most
RARE_MODE = 0.005  # modes with less weight are dropped


class Block(NamedTuple):
    """Places of a column's category or mode in an encoded row.

    Attributes
    ----------
    name : str
        The column.
    start, stop : int
        Places of the numbers of which one is 1.
    scale : int
        Place of the number within the mode, or −1 for a category.
    """

    name: str
    start: int
    stop: int
    scale: int


class Encoder:
    """Turns rows into numbers between −1 and 1 and back, by what it has seen in training rows.

    Parameters
    ----------
    train : pandas.DataFrame
    by_modes : bool
        Encode a continuous column by its modes; otherwise by its range alone, as one number.
    seed : int
    """

    def __init__(self, train: pd.DataFrame, seed: int, by_modes: bool = True):
        self.blocks, self.values, self.mixtures, self.width = [], {}, {}, 0
        for name in CONTINUOUS:
            column = train[[name]].to_numpy()
            if by_modes:
                self.mixtures[name] = fit_modes(column, seed)
                count = len(self.mixtures[name][1])
            else:
                low, high = column.min(), column.max()
                self.mixtures[name] = None, np.array([(low + high) / 2]), np.array([high - low]) / 8
                count = 1
            self._add(name, count, self.width)
        for name in DISCRETE:
            self.values[name] = np.unique(train[name])
            self._add(name, len(self.values[name]), -1)
        first = self.blocks[len(CONTINUOUS)].start
        self.conditions = slice(first, self.width)  # the categories are the last places

    def _add(self, name, count, scale):
        start = self.width + (scale >= 0)
        self.blocks.append(Block(name, start, start + count, scale))
        self.width = start + count

    def encode(self, rows: pd.DataFrame, seed: int) -> np.ndarray:
        """Return rows as float32 [N, width]; a value's mode is drawn from those that explain it."""
        rng, encoded = seeds.rng(seed, "labels"), np.zeros((len(rows), self.width), np.float32)
        each = np.arange(len(rows))
        for name, start, _, scale in self.blocks:
            column = rows[name].to_numpy()
            if scale < 0:
                encoded[each, start + np.searchsorted(self.values[name], column)] = 1
                continue
            mixture, centre, spread = self.mixtures[name]
            mode = np.zeros(len(rows), int)
            if mixture is not None:
                chance = mixture(column[:, None])
                level = rng.random((len(rows), 1)) * chance.sum(axis=1, keepdims=True)
                mode = (chance.cumsum(axis=1) < level).sum(axis=1).clip(max=chance.shape[1] - 1)
            encoded[each, start + mode] = 1
            encoded[:, scale] = ((column - centre[mode]) / (4 * spread[mode])).clip(-0.99, 0.99)
        return encoded

    def decode(self, encoded: np.ndarray) -> pd.DataFrame:
        """Return rows; where a block is no exact category, its largest number counts."""
        rows = {}
        for name, start, stop, scale in self.blocks:
            choice = encoded[:, start:stop].argmax(axis=1)
            if scale < 0:
                rows[name] = self.values[name][choice]
            else:
                _, centre, spread = self.mixtures[name]
                rows[name] = centre[choice] + 4 * spread[choice] * encoded[:, scale]
        return pd.DataFrame(rows)


def fit_modes(column: np.ndarray, seed: int):
    """Fit a mixture of normal distributions: probabilities of its modes, means and deviations."""
    from sklearn.mixture import BayesianGaussianMixture

    mixture = BayesianGaussianMixture(
        n_components=MODES,
        weight_concentration_prior=0.001,
        max_iter=100,
        random_state=seeds.number(seed, "noise"),
    ).fit(column)
    kept = mixture.weights_ > RARE_MODE
    centre, spread = mixture.means_[kept, 0], np.sqrt(mixture.covariances_[kept, 0, 0])
    return lambda values: mixture.predict_proba(values)[:, kept] + 1e-12, centre, spread


def build(encoder: Encoder, seed: int):
    """Return a generator and a critic of rows."""
    categories = encoder.width - encoder.conditions.start
    layers, networks = keras.layers, []
    sizes = (LATENT_DIM + categories, encoder.width), (encoder.width + categories, 1)
    for purpose, (entry, end) in zip(("generator", "discriminator"), sizes, strict=True):
        draw = (
            keras.initializers.GlorotUniform(seeds.number(seed, purpose, place))
            for place in range(3)
        )
        x = inputs = keras.Input((entry,))
        for _ in range(2):
            hidden = layers.Dense(WIDTH, kernel_initializer=next(draw))(x)
            if purpose == "generator":
                hidden = layers.ReLU()(layers.BatchNormalization()(hidden))
                x = layers.Concatenate()([hidden, x])
            else:
                x = layers.LeakyReLU(negative_slope=0.2)(hidden)
        networks.append(keras.Model(inputs, layers.Dense(end, kernel_initializer=next(draw))(x)))
    return networks


def activate(logits: tf.Tensor, blocks, gumbel: tf.Tensor) -> tf.Tensor:
    """Return encoded rows: soft categories by the Gumbel-softmax, and numbers by tanh."""
    parts = []
    for _, start, stop, scale in blocks:
        if scale >= 0:
            parts.append(tf.tanh(logits[:, scale : scale + 1]))
        noisy = logits[:, start:stop] + gumbel[:, start:stop]
        parts.append(tf.nn.softmax(noisy / TEMPERATURE))
    return tf.concat(parts, axis=1)


def unmet(logits: tf.Tensor, condition: tf.Tensor, blocks) -> tf.Tensor:
    """Return the cross-entropy between the columns that conditions name and what rows have there.

    `condition` [N, categories] has a single 1 in each row, in the block of the chosen column.
    """
    first = next(block.start for block in blocks if block.scale < 0)
    total = 0.0
    for _, start, stop, scale in blocks:
        if scale < 0:
            wanted = condition[:, start - first : stop - first]
            total -= tf.reduce_sum(wanted * tf.nn.log_softmax(logits[:, start:stop]))
    return total / tf.cast(tf.shape(logits)[0], tf.float32)


def updates(generator, critic, blocks):
    """Return a function that updates both networks once."""
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, 0.5, 0.9) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(critic.trainable_variables)

    @tf.function
    def slopes(real, condition, latents, gumbel, mix):
        given = tf.concat([latents, condition], axis=1)
        made = activate(generator(given, training=True), blocks, gumbel[0])
        real, fake = (tf.concat([rows, condition], 1) for rows in (real, made))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
            penalty = gradient_penalty(critic, real, fake, mix)
            loss += PENALTY_WEIGHT * penalty
        return tape.gradient(loss, critic.trainable_variables)

    @tf.function
    def improve(condition, latents, gumbel):
        with tf.GradientTape() as tape:
            logits = generator(tf.concat([latents, condition], 1), training=True)
            made = activate(logits, blocks, gumbel[1])
            loss = unmet(logits, condition, blocks)
            loss -= tf.reduce_mean(critic(tf.concat([made, condition], 1)))
        weights = generator.trainable_variables
        g_adam.apply(tape.gradient(loss, weights), weights)

    @tf.function
    def descend(gradients):
        d_adam.apply(gradients, critic.trainable_variables)

    def update(real, condition, latents, gumbel, mix):
        # The gradient with a gradient in it has a graph of its own: see `gantutor.keras.penalties`.
        descend(slopes(real, condition, latents, gumbel, mix))
        improve(condition, latents, gumbel)

    return update


def draws(encoded: np.ndarray, encoder: Encoder, steps: int, seed: int):
    """Yield real rows, conditions, latents, Gumbel noise and mixing weights, `steps` times.

    A condition names a discrete column, each as often, and a value, in proportion to the logarithm
    of its count; the real row is a random one with that value.
    """
    order, latents, noise = (seeds.rng(seed, name) for name in ("order", "latents", "noise"))
    blocks = [block for block in encoder.blocks if block.scale < 0]
    first = encoder.conditions.start
    having = [np.flatnonzero(encoded[:, place]) for place in range(first, encoder.width)]
    for _ in range(steps):
        condition = np.zeros((BATCH_SIZE, len(having)), np.float32)
        rows = np.empty(BATCH_SIZE, int)
        columns = order.integers(len(blocks), size=BATCH_SIZE)
        for number, block in enumerate(blocks):
            here = np.flatnonzero(columns == number)
            places = np.arange(block.start, block.stop) - first
            weights = np.log1p([len(having[place]) for place in places])
            values = order.choice(places, len(here), p=weights / weights.sum())
            condition[here, values] = 1
            rows[here] = [order.choice(having[value]) for value in values]
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        gumbel = noise.gumbel(size=(2, BATCH_SIZE, encoder.width)).astype(np.float32)
        mix = noise.random(BATCH_SIZE, dtype=np.float32)
        yield tuple(map(tf.constant, (encoded[rows], condition, z, gumbel, mix)))


def sample(generator, encoder, encoded, count: int, seed: int, heavy: bool = False):
    """Return rows made by a generator.

    The condition is a category of a real row, of a column chosen at random, so that categories come
    as often as in the data; with `heavy` it is always that the person is a heavy user.
    """
    rng = seeds.rng(seed, "latents", 1)
    blocks = [block for block in encoder.blocks if block.scale < 0]
    condition = np.zeros((count, encoder.width - encoder.conditions.start), np.float32)
    if heavy:
        condition[:, -1] = 1
    else:
        columns = rng.integers(len(blocks), size=count)
        for row, (number, real) in enumerate(zip(columns, rng.choice(encoded, count), strict=True)):
            block = blocks[number]
            place = block.start + real[block.start : block.stop].argmax()
            condition[row, place - encoder.conditions.start] = 1
    z = rng.standard_normal((count, LATENT_DIM), dtype=np.float32)
    gumbel = tf.constant(rng.gumbel(size=(count, encoder.width)).astype(np.float32))
    logits = generator(tf.concat([z, condition], 1), training=False)
    return encoder.decode(activate(logits, encoder.blocks, gumbel).numpy())


def fit(rows: pd.DataFrame, steps: int, seed: int, by_modes: bool = True):
    """Train a small CTGAN, and return its generator, encoder and encoded rows.

    Parameters
    ----------
    rows : pandas.DataFrame
        Real rows.
    steps : int
        Updates of each network.
    seed : int
        Of modes, weights, order, latents and noise.
    by_modes : bool
        As of `Encoder`.
    """
    encoder = Encoder(rows, seed, by_modes)
    encoded = encoder.encode(rows, seed)
    generator, critic = build(encoder, seed)
    update = updates(generator, critic, encoder.blocks)
    for batch in draws(encoded, encoder, steps, seed):
        update(*batch)
    return generator, encoder, encoded
