"""GANs of few digits: with and without augmentation in the discriminator, beside copies."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.augmentation.moves import move
from gantutor.studies.few_data.training import train

STEPS = 1500  # updates of each network
HELD_OUT = 1500  # digits that no method sees, and as many are made
OFF_CENTRE = 1.5  # pixels
JITTER = (1.0, 10.0)  # largest shift of jittered copies in pixels, and largest rotation in degrees
COMPONENTS = 50  # principal components, at most

SIZES = (100, 600, 3500)
KEYS = ("method", "size")
_TRAINED = {
    "plain": {},
    "augmented": {"augmentation": "shift and cut"},
    "reals only": {"augmentation": "shift and cut", "reals_only": True},
}
_AT = {"reals only": (600,), "noise": (3500,), "other digits": (3500,)}
_METHODS = ("other digits", "noise", "components", "copies", "jittered", *_TRAINED)
SETTINGS = {
    (method, f"n = {size}"): {
        "size": size,
        **({"method": "gan", **_TRAINED[method]} if method in _TRAINED else {"method": method}),
    }
    for method in _METHODS
    for size in _AT.get(method, SIZES)
}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "fid": (0, np.inf),
    "fid_train": (0, np.inf),
    "precision": (0, 1),
    "recall": (0, 1),
    "nearer": (0, 1),
    "shifted": (0, 1),
    "mirrored": (0, 1),
    "fid_half": (-1, np.inf),
    "chance": (0, 1),
    "on_train": (-np.inf, np.inf),
    "on_held_out": (-np.inf, np.inf),
    "on_fake": (-np.inf, np.inf),
}


class Digits(NamedTuple):
    """Digits of one seed, float32 [N, 28, 28, 1] in [−1, 1].

    Attributes
    ----------
    held_out : numpy.ndarray
        What is scored with.
    pool : numpy.ndarray
        The others; the first n of them are trained on.
    """

    held_out: np.ndarray
    pool: np.ndarray


@cache
def digits(seed: int) -> Digits:
    """Divide the 5,000 digits at random into those held out and those to train on."""
    images, _ = load_digits()
    images = images[seeds.rng(seed, "data").permutation(len(images))]
    return Digits(images[:HELD_OUT], images[HELD_OUT:])


def make(seed: int, size: int, method: str) -> np.ndarray:
    """Make `HELD_OUT` images from the first `size` digits of the pool, without a network.

    `method` is ``"other digits"``, real ones that are not among the first 1,500 of the pool;
    ``"noise"``, uniform; ``"copies"``, drawn with replacement; ``"jittered"``, copies that are
    shifted and rotated a little; or ``"components"``, a Gaussian in the plane of the digits'
    principal components.
    """
    pool, rng = digits(seed).pool, seeds.rng(seed, "noise")
    images = pool[:size]
    if method == "other digits":
        return pool[HELD_OUT : 2 * HELD_OUT]
    if method == "noise":
        return rng.uniform(-1, 1, (HELD_OUT, 28, 28, 1)).astype(np.float32)
    if method == "components":
        rows = images.reshape(size, -1)
        mean = rows.mean(axis=0)
        _, lengths, directions = np.linalg.svd(rows - mean, full_matrices=False)
        count = min(COMPONENTS, size - 1)
        weights = rng.normal(size=(HELD_OUT, count)) * lengths[:count] / np.sqrt(size - 1)
        made = (mean + weights @ directions[:count]).clip(-1, 1)
        return made.reshape(HELD_OUT, 28, 28, 1).astype(np.float32)
    copies = images[rng.integers(size, size=HELD_OUT)]
    if method == "copies":
        return copies
    shifts, angles = rng.uniform(-1, 1, (2, HELD_OUT)), rng.uniform(-1, 1, HELD_OUT)
    return move(copies, JITTER[0] * shifts, np.deg2rad(JITTER[1]) * angles).numpy()


def run(seed: int, size: int, method: str, **training) -> dict[str, float]:
    """Make images from few digits, and score them against digits held out.

    Parameters
    ----------
    seed : int
        Seed of the division of the digits, and of all else.
    size : int
        Digits to train on.
    method : str
        ``"gan"``, or one of those that `make` knows.
    **training
        More arguments of `gantutor.studies.few_data.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; what `score` returns; and for a GAN
        ``fid_half``, the digit FID after half of the updates, ``chance``, the probability of
        augmentation at the end, and the mean logits at the end of unchanged images, trained on,
        held out and generated. Without a GAN ``fid_half`` is −1, and the rest 0.
    """
    held_out, pool = digits(seed)
    begin = time.process_time()
    extra = {"fid_half": -1.0, "chance": 0.0, "on_train": 0.0, "on_held_out": 0.0, "on_fake": 0.0}
    if method == "gan":
        trained = train(pool[:size], held_out, STEPS, seed, **training)
        made = trained.sampler.sample(HELD_OUT, seed)
        extra = {f"on_{name}": trained.log[-1][name] for name in ("train", "held_out", "fake")}
        extra["chance"] = trained.log[-1]["chance"] if "augmentation" in training else 0.0
    else:
        made = make(seed, size, method)
    seconds = time.process_time() - begin
    if method == "gan":
        sooner = trained.half_way.sample(HELD_OUT, seed)
        extra["fid_half"] = metrics.digit_fid(sooner, real=held_out)
    scores = {**score(made, seed, size), **extra}
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in scores.items()},
    }


def score(made: np.ndarray, seed: int, size: int) -> dict[str, float]:
    """Score images that were made from the first `size` digits of the pool.

    Parameters
    ----------
    made : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1].
    seed : int
        Seed of the division of the digits.
    size : int

    Returns
    -------
    dict of float
        ``fid`` and ``fid_train``, digit FIDs to the digits held out and to those trained on;
        ``precision`` and ``recall`` with those held out; ``nearer``, the share nearest to a digit
        trained on rather than to one of as many held out (real digits: of the first 1,500);
        ``shifted`` and ``mirrored``, shares.
    """
    held_out, pool = digits(seed)
    known = metrics.digit_features(pool[: min(size, HELD_OUT)])
    unseen, features = metrics.digit_features(held_out), metrics.digit_features(made)
    neighbors = metrics.precision_recall(unseen, features)
    return {
        "fid": metrics.frechet_distance(unseen, features),
        "fid_train": metrics.frechet_distance(known, features),
        "precision": neighbors.precision,
        "recall": neighbors.recall,
        "nearer": metrics.memorization_test(known, unseen, features).value,
        "shifted": shifted(made).mean(),
        "mirrored": mirror_detector(seed).predict(features).mean(),
    }


def shifted(images: np.ndarray) -> np.ndarray:
    """Say of each image whether its centre of mass is off the centre, in one direction at least."""
    ink = images[..., 0] + 1
    mass = ink.sum(axis=(1, 2)) + 1e-6
    place = np.arange(28) - 14  # where MNIST puts the centre of mass
    down = (ink.sum(axis=2) @ place) / mass
    right = (ink.sum(axis=1) @ place) / mass
    return np.maximum(np.abs(down), np.abs(right)) > OFF_CENTRE


@cache
def mirror_detector(seed: int):
    """Return a logistic regression that tells mirrored digits (1) from others (0) by features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pool = digits(seed).pool
    rows = np.concatenate([metrics.digit_features(some) for some in (pool, pool[:, :, ::-1])])
    detector = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return detector.fit(rows, np.repeat([0, 1], len(pool)))
