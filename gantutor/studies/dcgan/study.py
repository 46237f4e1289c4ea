"""DCGAN on digits, with one of its parts exchanged at a time."""

import time

import keras
import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.keras.games import GAN
from gantutor.studies.dcgan.networks import LATENT_DIM, discriminator, generator

STEPS = 120  # updates of each network
WARM_UP = 20  # of them that are not timed: the first one traces the networks
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
    # Controls: resizing from DCGAN's initial scale; two parts at once; other initial weights; and
    # as many updates as take about the same time: of DCGAN against resizing and max pooling, and of
    # a dense discriminator against DCGAN.
    "G: resizing, halved": {"g": {"resize": True, "output_scale": 0.5}},
    "G: resizing, no norm.": {"g": {"resize": True, "normalized": False}},
    "G: Glorot": {"g": {"initializer": "glorot"}},
    "G: Glorot, no norm.": {"g": {"initializer": "glorot", "normalized": False}},
    "DCGAN, 180 updates": {"steps": 180},
    "DCGAN, 240 updates": {"steps": 240},
    "D: dense, 240 updates": {"d": {"dense": True}, "steps": 240},
}

SEEDS = 8
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "digit_fid": (0, np.inf),
    "classes": (0, 10),
}


def run(
    seed: int, g: dict | None = None, d: dict | None = None, steps: int = STEPS
) -> dict[str, float]:
    """Train one GAN on the 5,000 digits, and score its samples.

    Parameters
    ----------
    seed : int
        Seed of weights, noise and the order of the images.
    g, d : dict, optional
        Arguments of `gantutor.studies.dcgan.networks.generator` and of `discriminator` there.
    steps : int
        Updates of each network, more than `WARM_UP`.

    Returns
    -------
    dict of float
        ``step``; ``seconds``, this process's time on processors for one update of both networks,
        a mean over those after `WARM_UP`; and the scores of `score`.
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

    fit(WARM_UP)
    begin = time.process_time()
    fit(steps - WARM_UP)
    seconds = (time.process_time() - begin) / (steps - WARM_UP)
    scores = score(gan.sample(SAMPLES).clip(-1, 1))
    return {"step": steps, "seconds": round(seconds, 4), **scores}


def score(images: np.ndarray) -> dict[str, float]:
    """Score images of digits.

    Parameters
    ----------
    images : numpy.ndarray, float, shape [N, 28, 28, 1]
        In [−1, 1].

    Returns
    -------
    dict of float
        ``digit_fid``, to six decimals; and ``classes``, as `gantutor.metrics.digits_found` counts
        them.
    """
    fid, classes = metrics.digit_fid(images), metrics.digits_found(images)
    return {"digit_fid": round(fid, 6), "classes": classes}
