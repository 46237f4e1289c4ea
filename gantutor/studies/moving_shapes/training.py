"""GANs of clips: a code for what is seen, codes for how it moves, and up to two discriminators."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gantutor.keras import averaging
from gantutor.keras.losses import non_saturating
from gantutor.keras.penalties import r1
from gantutor.runs import seeds
from gantutor.studies.moving_shapes.clips import FRAMES, SIDE

CONTENT = 8  # numbers in the content code
NOISE = 8  # numbers that a frame's motion code is made from
MOTION = 32  # numbers in a motion code
WIDTH = 16  # channels of the generator at half the resolution
BATCH_SIZE = 16  # clips
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0.5, for all networks
GAMMA = 0.1  # factor of the penalty R1
DECAY = 0.99  # of the moving average of the generator's weights
MOTIONS = ("recurrent", "timed")
JUDGES = ("frames", "clips")


class Networks(NamedTuple):
    """A generator, and discriminators by what they see.

    Attributes
    ----------
    generator : keras.Model
        From a content code [N, CONTENT] and noise [N, frames, NOISE] to clips.
    judges : dict[str, keras.Model]
        ``"frames"`` takes frames [N, SIDE, SIDE, 1], ``"clips"`` whole clips.
    """

    generator: keras.Model
    judges: dict[str, keras.Model]


def _initializers(seed, purpose):
    numbers = iter(seeds.rng(seed, purpose).integers(2**31, size=20))
    return lambda: keras.initializers.GlorotUniform(seed=int(next(numbers)))


def build(seed: int, motion: str = "recurrent", judges=JUDGES) -> Networks:
    """Build the networks.

    Parameters
    ----------
    seed : int
    motion : str
        How the motion codes of a clip are made from its noise: ``"recurrent"``, by a GRU that
        goes through the frames; ``"timed"``, without memory, each from the noise of the first
        frame and the frame's number.
    judges : sequence of str
        Of `JUDGES`.
    """
    new = _initializers(seed, "generator")
    content, noise = keras.Input((CONTENT,)), keras.Input((FRAMES, NOISE))
    codes = _motion_codes(noise, motion, new)
    h = layers.Concatenate()([layers.RepeatVector(FRAMES)(content), codes])
    h = keras.ops.reshape(h, (-1, CONTENT + MOTION))  # from here each frame is made alone
    clip = image_generator(new)(h)
    clip = keras.ops.reshape(clip, (-1, FRAMES, SIDE, SIDE, 1))
    generator = keras.Model([content, noise], clip)

    new = _initializers(seed, "discriminator")
    frame, clip = keras.Input((SIDE, SIDE, 1)), keras.Input((FRAMES, SIDE, SIDE, 1))
    stacked = layers.Reshape((SIDE, SIDE, FRAMES))(layers.Permute((2, 3, 1, 4))(clip))
    found = {
        "frames": keras.Model(frame, _judged(frame, WIDTH, new)),
        "clips": keras.Model(clip, _judged(stacked, 2 * WIDTH, new)),
    }
    return Networks(generator, {name: found[name] for name in judges})


def _motion_codes(noise, motion, new):
    if motion == "recurrent":
        start = {"kernel_initializer": new(), "recurrent_initializer": new()}
        return layers.GRU(MOTION, return_sequences=True, unroll=True, **start)(noise)
    number = keras.ops.ones_like(noise[:, :, :1]) * np.eye(FRAMES, dtype=np.float32)
    h = layers.Concatenate()([keras.ops.tile(noise[:, :1], (1, FRAMES, 1)), number])
    h = layers.Dense(64, "relu", kernel_initializer=new())(h)
    return layers.Dense(MOTION, "tanh", kernel_initializer=new())(h)


def image_generator(new) -> keras.Model:
    """Build a network from codes [N, CONTENT + MOTION] to frames [N, SIDE, SIDE, 1].

    `new` returns an initializer of weights each time it is called.
    """
    h = codes = keras.Input((CONTENT + MOTION,))
    plain = {"use_bias": False}
    h = _normalised(layers.Dense(128, kernel_initializer=new(), **plain)(h))
    h = _normalised(layers.Dense(4 * 4 * 2 * WIDTH, kernel_initializer=new(), **plain)(h))
    h = layers.Reshape((4, 4, 2 * WIDTH))(h)
    up = {"kernel_size": 4, "strides": 2, "padding": "same"}
    h = _normalised(layers.Conv2DTranspose(WIDTH, kernel_initializer=new(), **up, **plain)(h))
    last = layers.Conv2DTranspose(1, activation="tanh", kernel_initializer=new(), **up)
    return keras.Model(codes, last(h))


def _normalised(h):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))


def _judged(h, width, new):
    for channels in (width, 2 * width):
        h = layers.Conv2D(channels, 4, 2, "same", kernel_initializer=new())(h)
        h = layers.LeakyReLU(0.2)(h)
    return layers.Dense(1, kernel_initializer=new())(layers.Flatten()(h))[:, 0]


def views(clips: tf.Tensor, which_frame: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return what the discriminators see of clips: one frame each, of the given numbers; all."""
    return {"frames": tf.gather(clips, which_frame, axis=1, batch_dims=1), "clips": clips}


def updates(generator, judges, average=None):
    """Return a function that updates all networks once.

    Parameters
    ----------
    generator : keras.Model
    judges : dict of keras.Model
        As in `Networks`.
    average : keras.Model, optional
        A copy of the generator that follows its weights.
    """
    adam = {name: keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5) for name in ("G", *judges)}
    for name, network in {"G": generator, **judges}.items():
        adam[name].build(network.trainable_variables)

    @tf.function
    def update(step, real, content, noise, which_frame):
        real = views(real, which_frame)
        with tf.GradientTape() as tape:
            fake = views(generator([content, noise], training=True), which_frame)
            with tape.stop_recording():
                for name, judge in judges.items():
                    with tf.GradientTape() as inner:
                        logits = judge(real[name]), judge(fake[name])
                        loss = non_saturating.discriminator(*logits)
                        loss += GAMMA * r1(judge, real[name])
                    weights = judge.trainable_variables
                    adam[name].apply(inner.gradient(loss, weights), weights)
            loss = sum(
                non_saturating.generator(judge(fake[name]), None) for name, judge in judges.items()
            )
        weights = generator.trainable_variables
        adam["G"].apply(tape.gradient(loss, weights), weights)
        if average is not None:
            averaging.follow([{"G": average}], {"G": generator}, [DECAY], step)

    return update


def draws(clips: np.ndarray, steps: int, seed: int):
    """Yield a batch of real clips, content codes, noise, and frame numbers, `steps` times."""
    order, noise = seeds.rng(seed, "order"), seeds.rng(seed, "latents")
    for _ in range(steps):
        rows = order.choice(len(clips), BATCH_SIZE, replace=False)
        which_frame = order.integers(FRAMES, size=BATCH_SIZE)
        yield tf.constant(clips[rows]), *latents(BATCH_SIZE, noise), tf.constant(which_frame)


def latents(count: int, rng: np.random.Generator) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw content codes and noise of clips."""
    content = rng.standard_normal((count, CONTENT), dtype=np.float32)
    noise = rng.standard_normal((count, FRAMES, NOISE), dtype=np.float32)
    return tf.constant(content), tf.constant(noise)


def train(
    clips: np.ndarray, steps: int, seed: int, motion: str = "recurrent", judges=JUDGES
) -> keras.Model:
    """Train a GAN on clips, and return the moving average of its generator.

    Parameters
    ----------
    clips : numpy.ndarray, float32, shape [N, frames, SIDE, SIDE, 1]
        In [−1, 1].
    steps : int
        Updates of each network.
    seed : int
        Of weights, order and noise.
    motion, judges
        As in `build`.
    """
    generator, judges = build(seed, motion, judges)
    average = averaging.copies({"G": generator}, 1)[0]["G"]
    update = updates(generator, judges, average)
    for step, batch in enumerate(draws(clips, steps, seed)):
        update(tf.constant(step), *batch)
    return average


def sample(generator: keras.Model, count: int, rng: np.random.Generator) -> np.ndarray:
    """Make clips, float32 [count, frames, SIDE, SIDE, 1]."""
    return generator(latents(count, rng)).numpy()
