"""A small DCGAN whose discriminator sees augmented images, with fixed or adaptive probability."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import Sampler, averaging, models
from gantutor.runs import seeds

LATENT_DIM = 64
WIDTH = 16  # channels of both networks at half the resolution
BATCH_SIZE = 16
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0.5, for both networks
DECAY = 0.99  # of the moving average of the generator's weights
SHIFT = 3  # pixels, largest shift each way
HOLE = 10  # pixels, side of the square that is cut out
TARGET = 0.6  # of the adaptive rule
EVERY = 4  # updates between two steps of the adaptive rule
RISE = 500  # updates in which the adaptive probability can rise from 0 to 1
WATCHED = 500  # images of a kind whose logits are compared, at most


def shift_and_cut(images: tf.Tensor, chance: float | tf.Tensor, random: tf.Tensor) -> tf.Tensor:
    """Shift images, and cut a grey square out of them, each with a probability of its own draw.

    Parameters
    ----------
    images : tf.Tensor, float32, shape [N, H, W, C]
        In [−1, 1].
    chance : float
        Probability of the shift, and of the square.
    random : tf.Tensor, float32, shape [N, 6]
        Uniform in [0, 1): whether and how far down and right to shift, whether and where to cut.

    Returns
    -------
    tf.Tensor, float32, shape [N, H, W, C]
        Differentiable in `images`. What a shift brings in is −1, black.
    """
    height, width = images.shape[1:3]
    down, right = tf.unstack(tf.floor(random[:, 1:3] * (2 * SHIFT + 1)) - SHIFT, axis=1)
    moved = tf.cast(random[:, 0] < chance, tf.float32)
    top, left = tf.unstack(tf.floor(random[:, 4:6] * [height, width]) - HOLE // 2, axis=1)
    y, x = tf.range(height, dtype=tf.float32), tf.range(width, dtype=tf.float32)

    # A shift is a matrix product with a matrix that has ones beside its diagonal.
    rows = _shifts(y, moved * down)
    columns = _shifts(x, moved * right)
    images = tf.einsum("nij,njkc,nlk->nilc", rows, images + 1, columns) - 1

    hole = _inside(y, top)[:, :, None] * _inside(x, left)[:, None, :]
    hole *= tf.cast(random[:, 3] < chance, tf.float32)[:, None, None]
    return images * (1 - hole[..., None])


def _shifts(places, by):
    return tf.cast(places[None, :, None] == places[None, None, :] + by[:, None, None], tf.float32)


def _inside(places, start):
    past = places[None] - start[:, None]
    return tf.cast((past >= 0) & (past < HOLE), tf.float32)


AUGMENTATIONS = {"shift and cut": shift_and_cut}


class Trained(NamedTuple):
    """What `train` returns.

    Attributes
    ----------
    sampler : gantutor.keras.Sampler
        Of the moving average of the generator's weights.
    half_way : gantutor.keras.Sampler
        The same after half of the updates.
    log : list of dict
        After every 100th update: ``step``, ``chance``, and the mean logits of ``train``,
        ``held_out`` and ``fake`` images, unchanged and (``changed_``) augmented with probability 1.
    """

    sampler: Sampler
    half_way: Sampler
    log: list[dict[str, float]]


def build(seed: int):
    """Return a generator and a discriminator of 28 × 28 grey images."""
    generator = models.dcgan_generator(latent_dim=LATENT_DIM, width=WIDTH, seed=seed)
    return generator, models.dcgan_discriminator(width=WIDTH, seed=seed)


def updates(generator, discriminator, on_real, on_fake):
    """Return a function that updates both networks, and gives the real images' logits.

    Parameters
    ----------
    generator, discriminator : keras.Model
    on_real, on_fake : callable
        ``(images, chance, random)``: what is done to images before the discriminator sees them.
    """
    g_adam, d_adam = (keras.optimizers.Adam(LEARNING_RATE, beta_1=0.5) for _ in range(2))
    g_adam.build(generator.trainable_variables)
    d_adam.build(discriminator.trainable_variables)
    softplus, mean = tf.nn.softplus, tf.reduce_mean

    @tf.function
    def update(real, latents, chance, random):
        with tf.GradientTape() as g_tape:
            fake = generator(latents, training=True)
            with g_tape.stop_recording():
                with tf.GradientTape() as d_tape:
                    real_logits = discriminator(on_real(real, chance, random[0]))
                    fake_logits = discriminator(on_fake(fake, chance, random[1]))
                    loss = mean(softplus(-real_logits)) + mean(softplus(fake_logits))
                weights = discriminator.trainable_variables
                d_adam.apply(d_tape.gradient(loss, weights), weights)
            loss = mean(softplus(-discriminator(on_fake(fake, chance, random[2]))))
        weights = generator.trainable_variables
        g_adam.apply(g_tape.gradient(loss, weights), weights)
        return real_logits

    return update


def draws(images: np.ndarray, steps: int, seed: int):
    """Yield a batch of real images, latent vectors, and the augmentations' numbers, `steps` times.

    The three sets of numbers, [3, N, 6], are for real images and for each player's fakes.
    """
    order, latents, noise = (seeds.rng(seed, name) for name in ("order", "latents", "noise"))
    for _ in range(steps):
        rows = order.choice(len(images), BATCH_SIZE, replace=False)
        z = latents.standard_normal((BATCH_SIZE, LATENT_DIM), dtype=np.float32)
        random = noise.random((3, BATCH_SIZE, 6), dtype=np.float32)
        yield tf.constant(images[rows]), tf.constant(z), tf.constant(random)


def adapted(chance: float, sign: float) -> float:
    """Return the next probability: larger if the mean sign of real logits is over the target."""
    step = EVERY / RISE
    return float(np.clip(chance + (step if sign > TARGET else -step), 0, 1))


def unchanged(images, chance, random):
    """Return the images."""
    return images


def train(
    images: np.ndarray,
    held_out: np.ndarray,
    steps: int,
    seed: int,
    augmentation: str | None = None,
    chance: float | None = 1.0,
    reals_only: bool = False,
) -> Trained:
    """Train a GAN on a few images.

    Parameters
    ----------
    images, held_out : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1]. The second are only looked at, for the log.
    steps : int
        Updates of each network.
    seed : int
        Seed of weights, order, latents and augmentation.
    augmentation : str or None
        A name in `AUGMENTATIONS`.
    chance : float or None
        Probability of the augmentation; None adapts it.
    reals_only : bool
        Augment real images and no generated ones.
    """
    generator, discriminator = build(seed)
    augment = AUGMENTATIONS.get(augmentation, unchanged)
    update = updates(generator, discriminator, augment, unchanged if reals_only else augment)
    averages = averaging.copies({"generator": generator}, 1)
    follow = tf.function(averaging.follow, autograph=False)
    rng = seeds.rng(seed, "data")
    watched = rng.standard_normal((WATCHED, LATENT_DIM)).astype(np.float32)
    changes = tf.constant(rng.random((WATCHED, 6), dtype=np.float32))
    now, signs, log, half_way = chance if chance is not None else 0.0, [], [], None
    for step, (real, latents, random) in enumerate(draws(images, steps, seed)):
        logits = update(real, latents, tf.constant(now, tf.float32), random)
        follow(averages, {"generator": generator}, [DECAY], tf.constant(step))
        if chance is None:
            signs.append(np.sign(logits.numpy()).mean())
            if len(signs) == EVERY:
                now, signs = adapted(now, np.mean(signs)), []
        if (step + 1) % 100 == 0:
            seen = {"train": images, "held_out": held_out, "fake": generator(watched)}
            seen = {name: images[:WATCHED] for name, images in seen.items()}
            for name in tuple(seen):
                seen[f"changed_{name}"] = augment(seen[name], 1.0, changes[: len(seen[name])])
            means = {name: float(np.mean(discriminator(some))) for name, some in seen.items()}
            log.append({"step": step + 1, "chance": now, **means})
        if step + 1 == steps // 2:
            half_way = averaging.copies(averages[0], 1)[0]["generator"]
    samplers = (Sampler(network, LATENT_DIM) for network in (averages[0]["generator"], half_way))
    return Trained(*samplers, log)
