"""Stacked digits: images whose three channels each show a digit, a thousand kinds in all.

The score is the protocol of Lin et al. (2018), PacGAN, section 4.2. All recipes train on stacks of
the 5,000 digits of `gantutor.data.load_digits`, and are scored on the way.
"""

import numpy as np
from scipy.special import rel_entr

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.studies.log import at, follow
from gantutor.torch.trainer import Trainer
from gantutor.validation import check_positive

#: Images that are scored, as published.
SAMPLES = 26_000

_COLOUR = {"shape": (28, 28, 3), "game": "gan", "classes": 0}
_MINUTE = recipes.get("minute")

#: The recipes that are compared, by their names in the table.
RECIPES = {
    "DCGAN": recipes.get("dcgan").replace(
        discriminator={"normalization": "batch"}, steps=2000, **_COLOUR
    ),
    "minute": _MINUTE.replace(steps=5000, **_COLOUR),
    "relativistic + R1 + R2": _MINUTE.replace(
        spectral_norm=False,
        loss="relativistic",
        penalties={"r1": 1.0, "r2": 1.0},
        learning_rate=2e-3,
        steps=2500,
        **_COLOUR,
    ),
}

KEYS = ("setting",)
SETTINGS = {name: {"recipe": recipe.to_dict()} for name, recipe in RECIPES.items()}
SEEDS = 2
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "modes": (1, 1000),
    "divergence": (0, np.log(1000)),
    "marginals": (0, np.log(1000)),
}


def run(recipe: dict, seed: int, samples: int = SAMPLES) -> list[dict[str, float]]:
    """Train a recipe on 20,000 stacks, and score its generator on the way.

    Parameters
    ----------
    recipe : dict
        As `gantutor.recipes.Recipe.to_dict` writes it.
    seed : int
        Seed of weights, noise and data.
    samples : int
        Images to score. Compare scores of the same number only.

    Returns
    -------
    list of dict
        As `gantutor.studies.log.follow` yields them, with the scores of `score`.
    """
    trainer, images = build(recipe, seed)
    rows = follow(
        lambda steps: trainer.fit(images, steps),
        lambda: score(trainer.sample(samples)),
        at(recipe["steps"]),
    )
    return list(rows)


def build(recipe: dict, seed: int) -> tuple[Trainer, np.ndarray]:
    """Return a trainer of a recipe, and its data; arguments as in `run`."""
    trainer = Trainer.from_recipe(recipes.Recipe.from_dict(recipe), seed, device="cpu")
    return trainer, stack_digits(load_digits()[0], 20_000, seed)


def stack_digits(images: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Return images whose three channels each show one of `images`, drawn with replacement.

    Parameters
    ----------
    images : array_like, float32, shape [N, H, W, 1]
    count : int
    seed : int

    Returns
    -------
    numpy.ndarray, float32, shape [count, H, W, 3]

    Examples
    --------
    >>> stack_digits(load_digits()[0], 5).shape
    (5, 28, 28, 3)
    """
    images = np.asarray(images)
    rows = np.random.default_rng(seed).integers(0, len(images), (check_positive(count, "count"), 3))
    return np.stack([images[rows[:, channel], :, :, 0] for channel in range(3)], axis=-1)


def score(images: np.ndarray) -> dict[str, float]:
    """Return the scores of generated images, under the names of the table's columns.

    Parameters
    ----------
    images : array_like, float32, shape [N, 28, 28, 3]
        In [−1, 1]. Compare scores of the same N only.

    Returns
    -------
    dict of float
        ``modes`` and ``divergence`` as of `gantutor.metrics.stacked_digit_modes`, and
        ``marginals``, the part of the divergence that the three channels have by themselves.
    """
    stacked = metrics.stacked_digit_modes(images)
    joint = stacked.counts.reshape(10, 10, 10)  # red, green, blue
    channels = [joint.sum(axis=others) / len(images) for others in ((1, 2), (0, 2), (0, 1))]
    return {
        "modes": stacked.found,
        "divergence": stacked.divergence,
        "marginals": float(sum(rel_entr(shares, 1 / 10).sum() for shares in channels)),
    }
