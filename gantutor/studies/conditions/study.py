"""Digits on demand: ways to tell a GAN the class, beside one GAN a class and simpler methods."""

import time

import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.conditions.training import CLASSES, train

STEPS = 300  # updates of each network
PER_CLASS = 200  # images of each class that are scored
COMPONENTS = 40  # principal components of the simplest generator

KEYS = ("setting",)
SETTINGS = {
    "real digits": {"method": "real"},
    "untrained": {"method": "gan", "told": "projection", "steps": 0},
    "shuffled labels": {"method": "gan", "told": "projection", "shuffled": True},
    "class means": {"method": "gaussian", "components": 0},
    "class means, PCA": {"method": "gaussian", "components": COMPONENTS},
    "one GAN a class, 30 updates": {"method": "one a class", "steps": 30},
    "one small GAN a class": {"method": "one a class", "steps": STEPS, "width": 8},
    "concatenation": {"method": "gan", "told": "concatenation"},
    "projection": {"method": "gan", "told": "projection"},
    "auxiliary": {"method": "gan", "told": "auxiliary"},
    "auxiliary, weight 5": {"method": "gan", "told": "auxiliary", "weight": 5.0},
    "relativistic": {"method": "gan", "told": "projection", "pairs": "shared"},
    "relativistic, mixed": {"method": "gan", "told": "projection", "pairs": "mixed"},
    # Three times the updates: about half the seconds of ten small GANs.
    "projection, 900 updates": {"method": "gan", "told": "projection", "steps": 900},
}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "accuracy": (0, 1),
    "intra_fid": (0, np.inf),
    "recall": (0, 1),
    "digit_fid": (0, np.inf),
}


def run(
    seed: int,
    method: str,
    told: str = "projection",
    steps: int = STEPS,
    shuffled: bool = False,
    components: int = COMPONENTS,
    **training,
) -> dict[str, float]:
    """Make `PER_CLASS` digits of each class, and score them.

    Parameters
    ----------
    seed : int
        Seed of all that is drawn.
    method : {"real", "gaussian", "gan", "one a class"}
        Digits of the training set themselves; a Gaussian for each class; one GAN that is told the
        class; ten GANs of which each sees one class.
    told, steps
        As `gantutor.studies.conditions.training.train` takes them.
    shuffled : bool
        Whether the labels of the training set are dealt out at random first.
    components : int
        As `gaussians` takes it.
    **training
        More arguments of `gantutor.studies.conditions.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    images, labels = load_digits()
    asked = np.repeat(np.arange(CLASSES), PER_CLASS)
    random = seeds.rng(seed, "data")
    if shuffled:
        labels = random.permutation(labels)
    begin = time.process_time()
    if method == "real":
        rows = [random.choice(np.flatnonzero(labels == k), PER_CLASS, False) for k in range(10)]
        made = images[np.concatenate(rows)]
    elif method == "gaussian":
        made = gaussians(images, labels, components, random)
    elif method == "gan":
        made = train(images, labels, told, steps, seed, **training).sample(
            len(asked), seed, labels=asked
        )
    else:
        parts = []
        for k in range(CLASSES):
            own = labels == k
            number = seeds.number(seed, "data", k)
            gan = train(images[own], labels[own], told, steps, number, **training)
            parts.append(gan.sample(PER_CLASS, seed, labels=np.full(PER_CLASS, k)))
        made = np.concatenate(parts)
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(made, asked)}


def gaussians(images, labels, components, random):
    """Draw `PER_CLASS` images of each class from a Gaussian around the class's mean.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
    labels : numpy.ndarray of int, shape [N]
    components : int
        Principal components of the class in which the Gaussian varies; 0 repeats the mean.
    random : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, float32, shape [2000, 28, 28, 1]
        In [−1, 1], in the order of the classes.
    """
    made = []
    for k in range(CLASSES):
        rows = images[labels == k].reshape(-1, 784)
        mean = rows.mean(axis=0)
        _, scales, axes = np.linalg.svd(rows - mean, full_matrices=False)
        z = random.normal(size=(PER_CLASS, components))
        made.append(mean + z * scales[:components] / np.sqrt(len(rows) - 1) @ axes[:components])
    return np.concatenate(made).reshape(-1, 28, 28, 1).clip(-1, 1).astype(np.float32)


def score(images: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Score images of digits that were made for given classes.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1].
    asked : numpy.ndarray of int, shape [N]
        The class that each should show; at least four images of each class.

    Returns
    -------
    dict of float
        ``accuracy``, the share that the digit classifier reads as the class asked for;
        ``intra_fid``, the mean over the classes of the Fréchet distance to the test digits of the
        class; ``recall``, likewise, with 3 neighbours; ``digit_fid``, of all classes together.
    """
    read, made = metrics.digit_probabilities(images).argmax(axis=1), metrics.digit_features(images)
    features, labels = metrics.digit_test_features()
    pairs = [(features[labels == k], made[asked == k]) for k in range(CLASSES)]
    scores = {
        "accuracy": np.mean(read == asked),
        "intra_fid": np.mean([metrics.frechet_distance(*pair) for pair in pairs]),
        "recall": np.mean([metrics.precision_recall(*pair, neighbors=3).recall for pair in pairs]),
        "digit_fid": metrics.digit_fid(images),
    }
    return {name: round(float(value), 6) for name, value in scores.items()}
