"""DCGAN on digits, with one of its parts exchanged at a time."""

import keras
import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.keras.games import GAN
from gantutor.studies.dcgan.networks import LATENT_DIM, discriminator, generator
from gantutor.studies.log import follow

STEPS = 120  # updates of each network
LEARNING_RATE = 3e-3  # of Adam with β₁ = 0 and β₂ = 0.9, for both networks
BATCH_SIZE = 64
SAMPLES = 2000  # that are scored

KEYS = ("setting",)
# Arguments of the two networks that differ from DCGAN's: one part at a time.
SETTINGS = {
    "DCGAN": {},
    "G: dense": {"g": {"dense": True}},
    "G: no norm.": {"g": {"normalized": False}},
    "G: resizing": {"g": {"resize": True}},
    "G: LeakyReLU": {"g": {"slope": 0.2}},
    "G: linear output": {"g": {"output": "linear"}},
    "D: dense": {"d": {"dense": True}},
    "D: batch norm.": {"d": {"normalized": "batch"}},
    "D: max pooling": {"d": {"pooling": True}},
    "D: ReLU": {"d": {"slope": 0.0}},
}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "digit_fid": (0, np.inf),
    "classes": (0, 10),
}


def run(
    seed: int, g: dict | None = None, d: dict | None = None, steps: int = STEPS
) -> list[dict[str, float]]:
    """Train one GAN on the 5,000 digits, and score its samples.

    Parameters
    ----------
    seed : int
        Seed of weights, noise and the order of the images.
    g, d : dict, optional
        Arguments of `gantutor.studies.dcgan.networks.generator` and of `discriminator` there.
    steps : int
        Updates of each network.

    Returns
    -------
    list of dict
        One row, as `gantutor.studies.log.follow` yields it, with the scores of `score`.
    """
    gan = GAN(generator(seed, **g or {}), discriminator(seed, **d or {}), latent_dim=LATENT_DIM)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.9),
        discriminator_optimizer=keras.optimizers.Adam(LEARNING_RATE, 0.0, 0.9),
        seed=seed,
    )
    digits, _ = load_digits()

    def fit(count):
        gan.fit(digits, batch_size=BATCH_SIZE, steps_per_epoch=count, verbose=0)

    return list(follow(fit, lambda: score(gan.sample(SAMPLES).clip(-1, 1)), [steps]))


def score(images: np.ndarray) -> dict[str, float]:
    """Score images of digits.

    Parameters
    ----------
    images : numpy.ndarray, float, shape [N, 28, 28, 1]
        In [−1, 1].

    Returns
    -------
    dict of float
        ``digit_fid``; and ``classes``, the number of digits 0 … 9 that at least 1 % of the images
        show, counting those that the digit classifier is at least 90 % sure of.
    """
    chances = metrics.digit_probabilities(images)
    shares = (chances >= 0.9).mean(axis=0)
    return {"digit_fid": metrics.digit_fid(images), "classes": int((shares >= 0.01).sum())}
