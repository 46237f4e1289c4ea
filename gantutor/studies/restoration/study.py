"""Digits with holes and with noise: what restores them, and how many come back as another digit."""

import time
from typing import NamedTuple

import numpy as np

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.restoration.classical import METHODS, match, nearest
from gantutor.studies.restoration.training import draw_noise, restore, train

#: How much is damaged: rows of a hole across the middle, and the standard deviation of noise.
LEVELS = {"holes": (2, 6, 10, 14, 18), "noise": (0.25, 0.5, 1.0, 2.0, 4.0)}
TRAIN = 4000  # digits; the other 1,000 are for the test
MARGIN = 2  # black pixels around 28 × 28 ones, so that networks may halve the size three times

KEYS = ("task", "setting")
_NETWORKS = {
    "L2": {"adversarial": 0.0},
    "L2 + adversarial": {},
    "adversarial": {"weight": 0.0},
    "L2 of the mean + adversarial": {"draws": 2},
}
_SIMPLE = {
    "holes": (
        *("truth", "copy", "mean", "biharmonic", "neighbour", "one of ten", "mean of ten"),
        *("linear", "kernel"),
    ),
    "noise": (
        *("truth", "copy", "mean", "Gaussian", "Haar", "non-local", "neighbour", "linear"),
        "posterior mean",
    ),
}
SETTINGS = {
    **{
        (task, method): {"task": task, "method": method}
        for task, methods in _SIMPLE.items()
        for method in methods
    },
    ("holes", "kernel, sharpened"): {"task": "holes", "method": "kernel", "sharpened": True},
    **{("holes", name): {"task": "holes", **more} for name, more in _NETWORKS.items()},
    ("holes", "L2, sharpened"): {"task": "holes", "adversarial": 0.0, "sharpened": True},
    **{
        ("noise", name): {"task": "noise", **_NETWORKS[name]} for name in ("L2", "L2 + adversarial")
    },
}
SEEDS = 3
_RANGES = {
    "error": (0, 2),
    "changed": (0, 1),
    "second": (0, 1),
    "digit_fid": (0, np.inf),
    "spread": (0, 2),
}
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"{name}_{k + 1}": ends for name, ends in _RANGES.items() for k in range(5)},
}


class Digits(NamedTuple):
    """Digits with a margin, float32, shape [N, 32, 32, 1] in [−1, 1], and their classes."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


class Damaged(NamedTuple):
    """Damaged digits, float32, shape [N, 32, 32, 1] each.

    Attributes
    ----------
    image : numpy.ndarray
        Black in the hole, or with noise, which leaves [−1, 1].
    guide : numpy.ndarray
        What a network is told: 1 in the hole and 0 elsewhere, or half the logarithm (base 2) of the
        noise's standard deviation.
    where : numpy.ndarray
        1 where there is something to restore: in the hole, or everywhere.
    """

    image: np.ndarray
    guide: np.ndarray
    where: np.ndarray


def digits(seed: int) -> Digits:
    """Split the 5,000 digits into 4,000 to train on and 1,000 to test on."""
    images, labels = load_digits()
    edge = (MARGIN, MARGIN)
    images = np.pad(images, ((0, 0), edge, edge, (0, 0)), constant_values=-1)
    order = np.random.default_rng(seed).permutation(len(images))
    first, second = order[:TRAIN], order[TRAIN:]
    return Digits(images[first], labels[first], images[second], labels[second])


def damage(task: str, images: np.ndarray, level, random: np.random.Generator) -> Damaged:
    """Damage digits.

    Parameters
    ----------
    task : {"holes", "noise"}
    images : numpy.ndarray, float32, shape [N, 32, 32, 1]
    level : float or array_like, shape [N]
        As in `LEVELS`, for all or for each.
    random : numpy.random.Generator
        Of the noise.
    """
    level = np.broadcast_to(np.asarray(level, np.float32), len(images)).reshape(-1, 1, 1, 1)
    if task == "noise":
        noise = random.normal(size=images.shape).astype(np.float32)
        guide = np.broadcast_to(np.log2(level) / 2, images.shape)
        return Damaged(images + level * noise, guide, np.ones_like(images))
    rows = np.abs(np.arange(images.shape[1]) - 15.5).reshape(1, -1, 1, 1)
    hole = np.broadcast_to(rows < level / 2, images.shape).astype(np.float32)
    return Damaged(np.where(hole > 0, np.float32(-1), images), hole, hole)


def any_damage(task: str):
    """Return a function that damages each digit at one of the five levels, drawn at random."""

    def function(images, random):
        return damage(task, images, random.choice(LEVELS[task], len(images)), random)

    return function


def run(
    seed: int, task: str, method: str = "network", sharpened: bool = False, **options
) -> dict[str, float]:
    """Restore test digits that are damaged at each level, and score them.

    Parameters
    ----------
    seed : int
        Seed of the split, the damage, and of training.
    task : {"holes", "noise"}
    method : str
        ``"network"``, or a function of `gantutor.studies.restoration.classical` by its name there.
    sharpened : bool
        Whether what was restored gets the grey values of the training digits.
    **options
        More arguments of `gantutor.studies.restoration.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns, with the number
        of the level, 1 to 5, behind each name.
    """
    data = digits(seed)
    begin = time.process_time()
    network = None
    if method == "network":
        network = train(data.train, any_damage(task), seed, **options)
    result = {"seconds": 0.0}
    for k, level in enumerate(LEVELS[task]):
        random = seeds.rng(seed, "data", k)
        test = damage(task, data.test, level, random)
        if network is None:
            known = damage(task, data.train, level, random)
            restored = METHODS[method](data, known, test, level, random)
        else:
            zeros = options.get("adversarial") == 0
            restored = [
                restore(network, *test, None if zeros else draw_noise(seed, draw, test))
                for draw in range(2)
            ]
        first, second = restored if isinstance(restored, list) else (restored, restored)
        if sharpened:
            first, second = (match(some, data.train, test.where) for some in (first, second))
        scores = score(first, second, test.where, data)
        result |= {f"{name}_{k + 1}": value for name, value in scores.items()}
    result["seconds"] = round(time.process_time() - begin, 2)
    return result


def score(made: np.ndarray, again: np.ndarray, where: np.ndarray, data: Digits) -> dict[str, float]:
    """Score restorations of all test digits.

    Parameters
    ----------
    made, again : numpy.ndarray, float32, shape [N, 32, 32, 1]
        Two draws for each damaged digit; the same twice where there is no randomness.
    where : numpy.ndarray
        As in `Damaged`; errors elsewhere do not count.
    data : Digits

    Returns
    -------
    dict of float
        ``error``, the root mean square difference to the truth; ``changed``, the share that the
        shipped classifier takes for another digit than it was; ``second``, the share whose nearest
        training digit is another; ``digit_fid``, the Fréchet distance of the
        classifier's features to those of MNIST's test digits; ``spread``, the root mean square
        difference of two draws.
    """
    inner = made[:, MARGIN:-MARGIN, MARGIN:-MARGIN].clip(-1, 1)
    found = metrics.digit_probabilities(inner).argmax(axis=1)
    like = data.train_labels[nearest(data.train, made)[:, 0]]
    scores = {
        "error": rms(made - data.test, where),
        "changed": np.mean(found != data.test_labels),
        "second": np.mean(like != data.test_labels),
        "digit_fid": metrics.digit_fid(inner),
        "spread": rms(made - again, where),
    }
    return {name: round(float(value), 6) for name, value in scores.items()}


def rms(difference: np.ndarray, where: np.ndarray) -> float:
    """Return the root of the mean square of a difference where `where` is 1."""
    return float(np.sqrt(np.sum(np.square(difference) * where) / np.sum(where)))
