"""Shapes of small cubes: whether they stand, are like real ones, and are copies."""

import time

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.shapes.voxels import (
    SIDE,
    distances,
    draw_many,
    largest_piece,
    neighbour_accuracies,
    stands,
)

TRAIN = 1000  # shapes to learn from
MADE = 300  # shapes that are compared with as many held-out ones
STEPS = 500  # updates of each network
COMPONENTS = 30  # principal components

KEYS = ("method",)
SETTINGS = {
    "cubes alone": {"method": "cubes"},
    "principal components": {"method": "components"},
    "two halves": {"method": "halves"},
    "GAN": {"method": "gan"},
    "training shapes": {"method": "train"},
    "fresh shapes": {"method": "fresh"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("stands", "mended", "neighbour"), (0, 1)),
    **dict.fromkeys(("neighbour_real", "neighbour_made", "to_train"), (0, 1)),
}


def cubes_alone(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each cube by itself, with the share of training shapes that have it."""
    return rng.random((count, *train.shape[1:])) < train.mean(axis=0)


def components(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw normal coordinates on the principal components, and keep what is above one half."""
    flat = train.reshape(len(train), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, sizes, axes = np.linalg.svd(flat - mean, full_matrices=False)
    spread = sizes[:COMPONENTS] / np.sqrt(len(flat))
    made = mean + rng.standard_normal((count, COMPONENTS)) * spread @ axes[:COMPONENTS]
    return made.reshape(count, *train.shape[1:]) > 0.5


def halves(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Put the upper half of a training shape onto the lower half of another."""
    middle = SIDE // 2
    lower, upper = (train[rng.integers(len(train), size=count)] for _ in range(2))
    return np.concatenate([lower[:, :middle], upper[:, middle:]], axis=1)


PLAIN = {"cubes": cubes_alone, "components": components, "halves": halves}


def make(train: np.ndarray, seed: int, method: str) -> np.ndarray:
    """Return `MADE` shapes of a method that learns from training shapes."""
    if method in PLAIN:
        return PLAIN[method](train, MADE, seeds.rng(seed, "noise"))
    if method == "train":
        return train[:MADE]
    if method == "fresh":
        return draw_many(MADE, 2000 + seed)
    from gantutor.studies.shapes.training import fit, sample

    return sample(fit(train, STEPS, seed), MADE, seed)


def run(seed: int, method: str) -> dict[str, float]:
    """Make shapes, and score them.

    Parameters
    ----------
    seed : int
        Of the training shapes, of training, and of the shapes that are made.
    method : str
        One of those in `SETTINGS`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    train, held_out = draw_many(TRAIN, seed), draw_many(MADE, 1000 + seed)
    begin = time.process_time()
    made = make(train, seed, method)
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(made, train, held_out)}


def score(made: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Score shapes.

    Parameters
    ----------
    made, train, held_out : numpy.ndarray of bool, shape [N, SIDE, SIDE, SIDE]

    Returns
    -------
    dict of float
        ``stands``, a share; ``mended``, that when only the `largest_piece` of each is kept;
        ``neighbour_real`` and ``neighbour_made``, `neighbour_accuracies` beside held-out shapes,
        and ``neighbour``, their mean; ``to_train``, mean distance to the nearest training shape.
    """
    of_real, of_made = neighbour_accuracies(held_out, made)
    scores = {
        "stands": np.mean([stands(shape) for shape in made]),
        "mended": np.mean([stands(largest_piece(shape)) for shape in made]),
        "neighbour": (of_real + of_made) / 2,
        "neighbour_real": of_real,
        "neighbour_made": of_made,
        "to_train": distances(made, train).min(axis=1).mean(),
    }
    return {name: round(float(value), 5) for name, value in scores.items()}
