"""WGAN-GP on small digits, with one mistake of copied examples at a time."""

import time
from functools import cache, partial

import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.keras import models
from gantutor.keras.games import GAN
from gantutor.keras.penalties import Judge

STEPS = 150  # updates of the generator
LEARNING_RATE = 1e-3  # of Adam, for both networks
BATCH_SIZE = 64
LATENT_DIM = 64
WIDTH = 16
SAMPLES = 2000  # that are scored
PAIRS = 500  # real and generated images between which the distance is computed

KEYS = ("setting",)
SETTINGS = {
    "noise": {"method": "noise"},
    "mean digit": {"method": "mean"},
    "PCA": {"method": "pca"},
    "WGAN-GP": {},
    "normal mixing weights": {"mixing": "normal"},
    "one weight a batch": {"mixing": "batch"},
    "norm over one axis": {"norm": "axis"},
    "norm over the batch": {"norm": "batch"},
    "one-sided": {"one_sided": True},
    "no penalty": {"weight": 0.0},
    "batch norm. in the critic": {"normalization": "batch"},
    "one critic step": {"critic_steps": 1},
    "β₁ = 0.5": {"beta_1": 0.5},
    "β₁ = 0.9": {"beta_1": 0.9},
    # As many updates as take about as many seconds as WGAN-GP's, by a measurement on one thread.
    "one critic step, equal seconds": {"critic_steps": 1, "steps": 700},
    "non-saturating, equal seconds": {"loss": "non_saturating", "weight": 0.0, "critic_steps": 1}
    | {"steps": 950},
    "real digits": {"method": "real"},
}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "step": (0, np.inf),
    "seconds": (0, np.inf),
    "digit_fid": (0, np.inf),
    "classes": (0, 10),
    "exact": (0, np.inf),
    "estimate": (-np.inf, np.inf),
    "slope": (0, np.inf),
}


@cache
def digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 3,000 digits to train on and 2,000 others, float32 [N, 14, 14, 1] in [−1, 1]."""
    images = np.random.default_rng(seed).permutation(load_digits()[0])
    small = images.reshape(-1, 14, 2, 14, 2, 1).mean(axis=(2, 4)).astype(np.float32)
    return small[:3000], small[3000:]


def enlarge(images: np.ndarray) -> np.ndarray:
    """Copy each pixel to a square of 2 × 2: [N, 14, 14, 1] → [N, 28, 28, 1]."""
    return images.repeat(2, axis=1).repeat(2, axis=2)


def exact(real: np.ndarray, fake: np.ndarray) -> float:
    """Return the Wasserstein distance of two sets of equally many images."""
    distances = cdist(real.reshape(len(real), -1), fake.reshape(len(fake), -1))
    return float(distances[linear_sum_assignment(distances)].mean())


def penalty(judge, real, fake, noise, *, mixing="uniform", norm="image", one_sided=False):
    """Return a gradient penalty without its weight, right or with a mistake.

    Parameters
    ----------
    judge, real, fake, noise
        As in `gantutor.keras.penalties.compare`.
    mixing : {"uniform", "normal", "batch"}
        From which distribution the weight of each image comes; or one uniform weight for all.
    norm : {"image", "axis", "batch"}
        Whether the norm is of each image's gradient, of each column's, or of the whole batch's.
    one_sided : bool
        Whether only norms above 1 cost anything.
    """
    mix = noise["mix"]
    if mixing == "normal":
        mix = tf.math.ndtri(tf.clip_by_value(mix, 1e-6, 1 - 1e-6))
    if mixing == "batch":
        mix = tf.fill(tf.shape(mix), mix[0])
    mix = tf.reshape(mix, [-1, 1, 1, 1])
    mixed = mix * real + (1 - mix) * fake
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = tf.reduce_sum(judge(mixed))
    axes = {"image": [1, 2, 3], "axis": [1], "batch": [0, 1, 2, 3]}[norm]
    squares = tf.reduce_sum(tf.square(tape.gradient(total, mixed)), axis=axes)
    excess = tf.sqrt(squares + 1e-16) - 1
    return tf.reduce_mean(tf.square(tf.nn.relu(excess) if one_sided else excess))


def known(method: str, seed: int) -> np.ndarray:
    """Return images that no GAN has made: noise, the mean digit, samples of a PCA, real ones."""
    real, others = digits(seed)
    random = np.random.default_rng(1000 + seed)
    if method == "noise":
        return random.uniform(-1, 1, others.shape).astype(np.float32)
    if method == "mean":
        return np.repeat(real.mean(axis=0, keepdims=True), SAMPLES, axis=0)
    if method == "real":
        return real[:SAMPLES]
    flat = real.reshape(len(real), -1)
    _, sizes, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    drawn = random.normal(size=(SAMPLES, LATENT_DIM)) * sizes[:LATENT_DIM] / np.sqrt(len(real))
    images = flat.mean(axis=0) + drawn @ directions[:LATENT_DIM]
    return images.reshape(others.shape).clip(-1, 1).astype(np.float32)


def score(images: np.ndarray, seed: int) -> dict[str, float]:
    """Score 2,000 images against as many that were not trained on.

    Returns
    -------
    dict of float
        ``digit_fid`` and ``classes`` of the enlarged images, and ``exact``, the Wasserstein
        distance between 500 of each.
    """
    others = digits(seed)[1]
    return {
        "digit_fid": round(metrics.digit_fid(enlarge(images), real=enlarge(others)), 4),
        "classes": metrics.digits_found(enlarge(images)),
        "exact": round(exact(others[:PAIRS], images[:PAIRS]), 4),
    }


def run(
    seed: int,
    method: str = "gan",
    loss: str = "wasserstein",
    weight: float = 10.0,
    critic_steps: int = 5,
    normalization: str | None = None,
    beta_1: float = 0.0,
    steps: int = STEPS,
    **mistakes,
) -> dict[str, float]:
    """Train one GAN, and score it; or score images that no GAN has made.

    Parameters
    ----------
    seed : int
        Of the split of the digits, the weights and all noise.
    method : {"gan", "noise", "mean", "pca", "real"}
    loss, weight, critic_steps, normalization, beta_1, steps
        Of the game: its loss, λ, updates of the critic for each of the generator, normalisation
        in the critic, Adam's first decay rate, and updates of the generator.
    **mistakes
        Arguments of `penalty`.

    Returns
    -------
    dict of float
        ``step``, ``seconds`` of processor time, what `score` returns; and with a GAN the critic's
        ``estimate`` for the images between which the exact distance was computed, and the mean
        ``slope`` ‖∇f‖ between them.
    """
    if method != "gan":  # no critic: the last two columns say nothing, and are 0
        row = {"step": 0, "seconds": 0.0, **score(known(method, seed), seed)}
        return row | {"estimate": 0.0, "slope": 0.0}
    begin, (real, others) = time.process_time(), digits(seed)
    shape = real.shape[1:]
    gan = GAN(
        models.dcgan_generator(shape, LATENT_DIM, WIDTH, seed=seed),
        models.dcgan_discriminator(shape, WIDTH, normalization=normalization, seed=seed),
        LATENT_DIM,
        loss=loss,
        penalties={partial(penalty, **mistakes): weight} if weight else {},
    )
    adam = partial(keras.optimizers.Adam, LEARNING_RATE, beta_1, 0.9)
    gan.compile(adam(), adam(), discriminator_steps=critic_steps, seed=seed)
    gan.fit(real, batch_size=BATCH_SIZE, steps_per_epoch=steps, verbose=0)
    seconds = time.process_time() - begin
    images = gan.current.sample(SAMPLES, seed=1000 + seed)
    first, second = tf.constant(others[:PAIRS]), tf.constant(images[:PAIRS])
    critic = Judge(gan.discriminator)
    estimate = float(tf.reduce_mean(critic(first)) - tf.reduce_mean(critic(second)))
    mix = tf.random.stateless_uniform([PAIRS, 1, 1, 1], [seed, 7])
    mixed = mix * first + (1 - mix) * second
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        total = tf.reduce_sum(critic(mixed))
    slopes = tf.norm(tf.reshape(tape.gradient(total, mixed), [PAIRS, -1]), axis=1)
    row = {"step": steps, "seconds": round(seconds, 2), **score(images, seed)}
    return row | {"estimate": round(estimate, 4), "slope": round(float(np.mean(slopes)), 4)}
