"""GANs of few digits: with and without augmentation in the discriminator, beside copies."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.augmentation.moves import move
from gantutor.studies.few_data.training import shift_and_cut, train

STEPS = 1500  # updates of each network
HELD_OUT = 1500  # digits that no method sees, and as many are made
BRIGHT = 0.5  # pixels over this are the digit's
OFF_CENTRE = 1.5  # pixels
NOISE = 0.1  # standard deviation of what kernel density adds to each pixel
# Largest shift of jittered copies in pixels, and largest rotation in degrees.
JITTER = {"jittered a little": (1.0, 10.0), "jittered strongly": (3.0, 30.0)}

SIZES = (100, 600, 3500)
KEYS = ("method", "size")
_TRAINED = {
    "plain": {},
    "augmented": {"augmentation": "shift and cut"},
    "adaptive": {"augmentation": "shift and cut", "chance": None},
    "reals only": {"augmentation": "shift and cut", "reals_only": True},
}
_AT = {
    "other digits": (100, 600),
    "changed digits": (600,),
    "noise": (100,),
    "kernel density": (100,),
    "reals only": (600,),
}
_METHODS = (
    "other digits",
    "changed digits",
    "noise",
    "copies",
    "kernel density",
    *JITTER,
    *_TRAINED,
)
SETTINGS = {
    (method, f"n = {size}"): {
        "size": size,
        **({"method": "gan", **_TRAINED[method]} if method in _TRAINED else {"method": method}),
    }
    for method in _METHODS
    for size in _AT.get(method, SIZES)
}
# Probabilities near those at which the adaptive rule ended.
CONSTANT = {100: 0.3, 600: 0.1}
SETTINGS |= {
    ("constant", f"n = {size}"): {
        "size": size,
        "method": "gan",
        "augmentation": "shift and cut",
        "chance": chance,
    }
    for size, chance in CONSTANT.items()
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
    "grey": (0, 1),
    "fid_changed": (0, np.inf),
    "fid_half": (-1, np.inf),
    "chance": (0, 1),
    "on_train": (-np.inf, np.inf),
    "on_held_out": (-np.inf, np.inf),
    "on_fake": (-np.inf, np.inf),
    "on_changed_train": (-np.inf, np.inf),
    "on_changed_held_out": (-np.inf, np.inf),
    "on_changed_fake": (-np.inf, np.inf),
}
_LOGITS = [name for name in COLUMNS if name.startswith("on_")]


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
    ``"changed digits"``, these, shifted and cut as in training; ``"noise"``, uniform;
    ``"copies"``, drawn with replacement; ``"kernel density"``, copies with Gaussian noise in each
    pixel; or a name in `JITTER`, copies that are shifted and rotated.
    """
    pool, rng = digits(seed).pool, seeds.rng(seed, "noise")
    if method == "other digits":
        return pool[HELD_OUT : 2 * HELD_OUT]
    if method == "changed digits":
        return changed(pool[HELD_OUT : 2 * HELD_OUT], seed)
    if method == "noise":
        return rng.uniform(-1, 1, (HELD_OUT, 28, 28, 1)).astype(np.float32)
    copies = pool[rng.integers(size, size=HELD_OUT)]
    if method == "copies":
        return copies
    if method == "kernel density":
        noise = rng.normal(scale=NOISE, size=copies.shape)
        return (copies + noise).clip(-1, 1).astype(np.float32)
    pixels, degrees = JITTER[method]
    shifts, angles = rng.uniform(-1, 1, (2, HELD_OUT)), rng.uniform(-1, 1, HELD_OUT)
    return move(copies, pixels * shifts, np.deg2rad(degrees) * angles).numpy()


def changed(images: np.ndarray, seed: int) -> np.ndarray:
    """Return images shifted and cut as an augmented discriminator sees them."""
    random = seeds.rng(seed, "data").random((len(images), 6), dtype=np.float32)
    return shift_and_cut(tf.constant(images), 1.0, tf.constant(random)).numpy()


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
        ``fid_half``, the digit FID after half of the updates, ``chance``, the probability of each
        change at the end, and the mean logits then of images trained on, held out and generated,
        unchanged and (``on_changed_``) augmented with probability 1, whatever ``chance`` is.
        Without a GAN ``fid_half`` is −1, and the others are 0.
    """
    held_out, pool = digits(seed)
    begin = time.process_time()
    extra = {"fid_half": -1.0, **dict.fromkeys(("chance", *_LOGITS), 0.0)}
    if method == "gan":
        trained = train(pool[:size], held_out, STEPS, seed, **training)
        made = trained.sampler.sample(HELD_OUT, seed)
        extra |= {name: trained.log[-1][name.removeprefix("on_")] for name in _LOGITS}
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
        trained on rather than to one of as many held out (of the first 1,500, if there are more);
        ``shifted``, a share; ``grey``, the share of grey pixels; and ``fid_changed``, the digit FID
        to those held out, shifted and cut.
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
        "grey": (np.abs(made) < 0.3).mean(),
        "fid_changed": metrics.digit_fid(made, real=changed(held_out, seed)),
    }


def shifted(images: np.ndarray) -> np.ndarray:
    """Say of each image whether its bright pixels' centre is off the image's, down or across."""
    bright = images[..., 0] > BRIGHT
    count = np.maximum(bright.sum(axis=(1, 2)), 1)
    place = np.arange(28) - 14  # where MNIST puts the centre of mass
    down = (bright.sum(axis=2) @ place) / count
    right = (bright.sum(axis=1) @ place) / count
    return np.maximum(np.abs(down), np.abs(right)) > OFF_CENTRE
