"""A small tokenizer of digits: encoder, codebook, decoder, and a discriminator of patches."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras.layers import Conv2D, Conv2DTranspose, ReLU

from gantutor.keras import models
from gantutor.keras.layers import Initializers
from gantutor.runs import seeds

STEPS = 400  # updates of encoder and decoder
BATCH_SIZE = 32
ENTRIES = 32  # of the codebook: 5 bits
DIMENSION = 8  # of an entry
WIDTH = 16
RATE, JUDGE_RATE, BETA = 2e-3, 1e-3, 0.5  # of Adam
COMMITMENT = 0.25
DECAY = 0.95  # of the running means of the codebook
RARE = 0.1  # codes that are used less than this share of the mean begin anew
FEATURE_STEPS = 150  # updates of the classifier whose features a loss compares


class Codebook(tf.Module):
    """Vectors, each the running mean of the encoder's outputs that are nearest to it.

    Parameters
    ----------
    seed : int
    restarts : bool
        Whether a vector that is rarely used is replaced by an output of the encoder.
    spread : float
        Standard deviation of the first vectors.
    """

    def __init__(self, seed: int, restarts: bool = True, spread: float = 1.0):
        rng = seeds.rng(seed, "latents")
        start = rng.normal(scale=spread, size=(ENTRIES, DIMENSION)).astype(np.float32)
        self.vectors = tf.Variable(start)
        self.counts = tf.Variable(tf.ones(ENTRIES))
        self.sums = tf.Variable(start)
        self.restarts = restarts

    def nearest(self, outputs):
        """Return the number of the vector nearest to each output [N, H, W, d]."""
        squares = tf.reduce_sum(self.vectors**2, axis=1)
        return tf.argmin(squares - 2 * outputs @ tf.transpose(self.vectors), axis=-1)

    def __call__(self, outputs):
        """Return the nearest vectors, with the gradient of `outputs`, and their numbers."""
        numbers = self.nearest(outputs)
        found = tf.gather(self.vectors, numbers)
        return outputs + tf.stop_gradient(found - outputs), numbers

    def learn(self, outputs, numbers, random):
        """Move each vector towards the outputs it was nearest to; `random` [K] is in [0, 1)."""
        outputs = tf.reshape(outputs, (-1, DIMENSION))
        used = tf.one_hot(tf.reshape(numbers, [-1]), ENTRIES)
        counts = DECAY * self.counts + (1 - DECAY) * tf.reduce_sum(used, axis=0)
        sums = DECAY * self.sums + (1 - DECAY) * tf.transpose(used) @ outputs
        if self.restarts:
            mean = tf.reduce_mean(counts)
            rare = counts < RARE * mean
            rows = tf.cast(random * tf.cast(tf.shape(outputs)[0], tf.float32), tf.int32)
            counts = tf.where(rare, mean, counts)
            sums = tf.where(rare[:, None], mean * tf.gather(outputs, rows), sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        moved = sums / tf.maximum(counts[:, None], 1e-3)
        self.vectors.assign(tf.where(counts[:, None] > 1e-3, moved, self.vectors))


class Tokenizer(NamedTuple):
    """Images [N, 28, 28, 1] → numbers [N, 4, 4] → images."""

    encoder: keras.Model
    codebook: Codebook
    decoder: keras.Model

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the code numbers of images, int, shape [N, 4, 4]."""
        parts = [self.codebook.nearest(self.encoder(part)) for part in _parts(images)]
        return np.concatenate(parts)

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Return images of code numbers."""
        vectors = self.codebook.vectors.numpy()[numbers]
        return np.concatenate([self.decoder(part) for part in _parts(vectors)]).clip(-1, 1)


def _parts(rows):
    return (tf.constant(rows[i : i + 250]) for i in range(0, len(rows), 250))


def build(seed: int, restarts: bool = True, spread: float = 1.0) -> tuple[Tokenizer, keras.Model]:
    """Return an untrained tokenizer, and a discriminator of patches of 18 pixels."""
    draw = Initializers("glorot", seed, "generator")

    def layer(kind, channels, size, stride=1, padding="same"):
        first = draw.next()
        return kind(channels, size, strides=stride, padding=padding, kernel_initializer=first)

    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layer(Conv2D, WIDTH, 4, 2),
            ReLU(),
            layer(Conv2D, 2 * WIDTH, 4, 2),
            ReLU(),
            layer(Conv2D, 4 * WIDTH, 4, padding="valid"),  # 7 × 7 → 4 × 4
            ReLU(),
            layer(Conv2D, DIMENSION, 1),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((4, 4, DIMENSION)),
            layer(Conv2D, 4 * WIDTH, 3),
            ReLU(),
            layer(Conv2DTranspose, 2 * WIDTH, 4, padding="valid"),  # 4 × 4 → 7 × 7
            ReLU(),
            layer(Conv2DTranspose, WIDTH, 4, 2),
            ReLU(),
            layer(Conv2DTranspose, WIDTH // 2, 4, 2),
            ReLU(),
            layer(Conv2D, 1, 3),
        ]
    )
    judge = models.patch_discriminator((28, 28, 1), width=WIDTH, layers=2, seed=seed)
    return Tokenizer(encoder, Codebook(seed, restarts, spread), decoder), judge


class Losses(NamedTuple):
    """What encoder and decoder minimise, beside the squared error and the commitment.

    Parameters
    ----------
    features : float
        Weight of the squared error of a classifier's features.
    game : float
        Weight of the discriminator's loss, once it has begun.
    adaptive : bool
        Multiply that weight by a ratio of gradients, as VQGAN does: of the error to the game.
    error_most, game_least : float
        What the ratio takes in place of a longer gradient of the error, and of a shorter one of
        the game.
    balanced : bool
        Divide all losses by the length of the error's gradient and 1 + `game`: with an adaptive
        weight the gradients of error and game then have lengths that add up to 1.
    """

    features: float = 0.0
    game: float = 0.0
    adaptive: bool = False
    error_most: float = float("inf")
    game_least: float = 0.0
    balanced: bool = False


def updates(tokenizer: Tokenizer, judge: keras.Model, losses: Losses, features=None):
    """Return a function that updates all networks with one batch.

    It takes images, random numbers [K] for the codebook, the share of the learning rate, and two
    Python bools: whether the discriminator learns, and whether the others hear it. It returns the
    pixels' squared error, the weight of the game, the mean logits of images and of what was made
    of them, and the norms of the last layer's gradients of the error and of the game.
    """
    encoder, codebook, decoder = tokenizer
    weights = encoder.trainable_variables + decoder.trainable_variables
    last = decoder.layers[-1].kernel
    adam = keras.optimizers.Adam(RATE, beta_1=BETA)
    judge_adam = keras.optimizers.Adam(JUDGE_RATE, beta_1=BETA)
    adam.build(weights)
    judge_adam.build(judge.trainable_variables)
    mean = tf.reduce_mean

    def reconstruction(images, made):
        error = mean((images - made) ** 2)
        first = error
        if losses.features:
            first += losses.features * mean((features(images) - features(made)) ** 2)
        return error, first

    @tf.function
    def update(images, random, share, play: bool, heard: bool):
        adam.learning_rate.assign(RATE * share)
        judge_adam.learning_rate.assign(JUDGE_RATE * share)
        with tf.GradientTape(persistent=True) as tape:
            outputs = encoder(images)
            codes, numbers = codebook(outputs)
            made = decoder(codes)
            error, told = reconstruction(images, made)
            commitment = mean((outputs - tf.stop_gradient(codes)) ** 2)
            fooled = -mean(judge(made)) if play else tf.constant(0.0)
        scale, game_scale, on_real, on_fake = (tf.constant(0.0) for _ in range(4))
        weight = tf.constant(losses.game if heard else 0.0)
        if play:
            scale = tf.norm(tape.gradient(told, last))
            game_scale = tf.norm(tape.gradient(fooled, last))
            if losses.adaptive:
                above = tf.minimum(scale, losses.error_most)
                below = tf.maximum(game_scale, losses.game_least)
                weight *= tf.minimum(above / (below + 1e-4), 1e4)
            with tf.GradientTape() as judge_tape:
                real_logits, fake_logits = judge(images), judge(made)
                loss = mean(tf.nn.relu(1 - real_logits) + tf.nn.relu(1 + fake_logits)) / 2
            judge_weights = judge.trainable_variables
        sources = [told, commitment, fooled] if play else [told, commitment]
        factors = [tf.constant(1.0), tf.constant(COMMITMENT), weight][: len(sources)]
        if heard and losses.balanced:
            factors = [factor / (scale * (1 + losses.game) + 1e-8) for factor in factors]
        adam.apply(tape.gradient(sources, weights, factors), weights)
        if play:
            judge_adam.apply(judge_tape.gradient(loss, judge_weights), judge_weights)
            on_real, on_fake = mean(real_logits), mean(fake_logits)
        codebook.learn(outputs, numbers, random)
        return error, weight, on_real, on_fake, scale, game_scale

    return update


def classifier_features(images: np.ndarray, labels: np.ndarray, seed: int) -> keras.Model:
    """Train a small digit classifier, and return the part that makes its features."""
    draw = Initializers("glorot", seed, "discriminator")
    stack = [keras.Input((28, 28, 1))]
    for channels in (16, 32):
        first = draw.next()
        stack += [Conv2D(channels, 4, 2, "same", kernel_initializer=first), ReLU()]
    features = keras.Sequential(stack)
    head = keras.layers.Dense(10, kernel_initializer=draw.next())
    whole = keras.Sequential([features, keras.layers.Flatten(), head])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    whole.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    order = seeds.rng(seed, "order")
    for _ in range(FEATURE_STEPS):
        rows = order.choice(len(images), BATCH_SIZE, replace=False)
        whole.train_on_batch(images[rows], labels[rows])
    features.trainable = False
    return features


def draws(images: np.ndarray, steps: int, seed: int):
    """Yield a batch of images, random numbers for the codebook, and the share of the rate."""
    order, noise = (seeds.rng(seed, name) for name in ("order", "noise"))
    for step in range(steps):
        rows = order.choice(len(images), BATCH_SIZE, replace=False)
        random = noise.random(ENTRIES, dtype=np.float32)
        share = np.float32(min(1.0, 3 * (1 - step / steps)))  # falls in the last third
        yield tf.constant(images[rows]), tf.constant(random), tf.constant(share)


def train(
    images: np.ndarray,
    seed: int,
    losses: Losses | None = None,
    steps: int = STEPS,
    start: float = 0.5,
    ahead: float = 0.0,
    restarts: bool = True,
    spread: float = 1.0,
    features: keras.Model | None = None,
) -> tuple[Tokenizer, np.ndarray]:
    """Train a tokenizer.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1].
    seed : int
    losses : Losses, optional
        Default: the squared error alone.
    steps : int
        Updates of encoder and decoder.
    start : float
        Share of the updates after which the game begins.
    ahead : float
        Share of the updates before the start in which the discriminator learns alone.
    restarts, spread
        As of `Codebook`.
    features : keras.Model, optional
        Needed for the loss of features.

    Returns
    -------
    Tokenizer
    numpy.ndarray, shape [steps, 6]
        What each update returned.
    """
    losses = losses or Losses()
    tokenizer, judge = build(seed, restarts, spread)
    update = updates(tokenizer, judge, losses, features)
    log = []
    for step, (batch, random, share) in enumerate(draws(images, steps, seed)):
        play, heard = (
            losses.game > 0 and step >= begin * steps for begin in (start - ahead, start)
        )
        log.append(update(batch, random, share, play, heard))
    return tokenizer, np.array(log, np.float32)
