"""Clusters in place of labels, where two of the ten digits are rare."""

import time

import numpy as np

from gantutor import metrics
from gantutor.data import load_digits, pseudo_labels
from gantutor.runs import seeds
from gantutor.torch import Trainer, models
from gantutor.torch.games import GAN, Conditional

RARE, KEPT = (2, 5), 50  # of 500 images of each rare digit these are kept
CLUSTERS = 40
LATENT_DIM = 64
STEPS = 300  # updates of each network
ADAM = ("adam", {"learning_rate": 3e-3, "betas": (0.0, 0.9)})
SAMPLES = 5000  # that are scored

KEYS = ("setting",)
SETTINGS = {
    "no classes": {"told": "nothing"},
    "labels": {"told": "labels"},
    "clusters": {"told": "clusters"},
    "clusters, shuffled": {"told": "clusters", "shuffled": True},
}

SEEDS = 3
COLUMNS = {"seed": (0, np.inf), "seconds": (0, np.inf), "digit_fid": (0, np.inf), "rare": (0, 1)}


def few_of_some() -> tuple[np.ndarray, np.ndarray]:
    """Return the 5,000 digits without most of those of `RARE`, and their labels."""
    images, labels = load_digits()
    kept = ~np.isin(labels, RARE)
    for digit in RARE:
        kept[np.flatnonzero(labels == digit)[:KEPT]] = True
    return images[kept], labels[kept]


def run(seed: int, told: str, shuffled: bool = False, steps: int = STEPS) -> dict[str, float]:
    """Train one GAN on digits of which two are rare, and score its samples.

    Parameters
    ----------
    seed : int
        Seed of weights, order, noise, and of the clusters.
    told : {"nothing", "labels", "clusters"}
        What both networks are told of an image.
    shuffled : bool
        Whether these classes are dealt out at random.
    steps : int
        Updates of each network.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors with the clustering; and what `score`
        returns.
    """
    images, labels = few_of_some()
    begin = time.process_time()
    classes = 0
    if told == "clusters":
        labels = pseudo_labels(images, CLUSTERS, seed=seed)
    if shuffled:
        labels = seeds.rng(seed, "labels").permutation(labels)
    if told != "nothing":
        classes = int(labels.max()) + 1
    generator = models.dcgan_generator(latent_dim=LATENT_DIM, width=16, classes=classes, seed=seed)
    discriminator = models.dcgan_discriminator(
        width=16, spectral_norm=True, classes=classes, seed=seed
    )
    if classes:
        counts = np.bincount(labels, minlength=classes)
        game = Conditional(generator, discriminator, LATENT_DIM, classes, frequencies=counts)
    else:
        game, labels = GAN(generator, discriminator, LATENT_DIM), None
    trainer = Trainer(
        game,
        generator_optimizer=ADAM,
        discriminator_optimizer=ADAM,
        ema_decay=0.98,
        seed=seed,
        device="cpu",
    )
    trainer.fit(images, steps, labels=labels)
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(trainer.sample(SAMPLES, seed))}


def score(images: np.ndarray) -> dict[str, float]:
    """Score images of digits of which two should be rare.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1].

    Returns
    -------
    dict of float
        ``digit_fid``, to the training digits with their rare ones; ``rare``, the share of images
        that the digit classifier reads as one of the rare digits, by at least 90 %.
    """
    fid = metrics.digit_fid(images, real=few_of_some()[0])
    sure = (metrics.digit_probabilities(images)[:, RARE] >= 0.9).any(axis=1)
    return {"digit_fid": round(fid, 6), "rare": round(float(sure.mean()), 6)}
