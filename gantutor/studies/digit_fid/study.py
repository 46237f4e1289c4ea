"""Digit FID against training: the book's recipes on 5,000 digits, scored on the way."""

import numpy as np

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.studies.log import at, follow
from gantutor.torch.trainer import Trainer

#: Images that are scored.
SAMPLES = 10_000

_MINUTE = recipes.get("minute")

#: The recipes that are compared, by their names in the table.
RECIPES = {
    "mlp": recipes.get("mlp").replace(steps=5000),
    "dcgan": recipes.get("dcgan").replace(steps=600),
    "minute without labels": _MINUTE.replace(game="gan", classes=0, steps=1000),
    "minute": _MINUTE.replace(steps=1000),
}

KEYS = ("setting",)
SETTINGS = {name: {"recipe": recipe.to_dict()} for name, recipe in RECIPES.items()}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "digit_fid": (0, np.inf),
}


def run(recipe: dict, seed: int, samples: int = SAMPLES) -> list[dict[str, float]]:
    """Train a recipe, and score its generator on the way.

    Parameters
    ----------
    recipe : dict
        As `gantutor.recipes.Recipe.to_dict` writes it.
    seed : int
        Seed of weights, noise and the order of the data.
    samples : int
        Images to score. Compare scores of the same number only.

    Returns
    -------
    list of dict
        As `gantutor.studies.log.follow` yields them, with ``digit_fid``.
    """
    trainer, images, labels = build(recipe, seed)
    rows = follow(
        lambda steps: trainer.fit(images, steps, labels=labels),
        lambda: {"digit_fid": metrics.digit_fid(trainer.sample(samples))},
        at(recipe["steps"]),
    )
    return list(rows)


def build(recipe: dict, seed: int) -> tuple[Trainer, np.ndarray, np.ndarray | None]:
    """Return a trainer of a recipe, images, and labels if it uses them; arguments as in `run`."""
    recipe = recipes.Recipe.from_dict(recipe)
    images, labels = load_digits()
    trainer = Trainer.from_recipe(recipe, seed, device="cpu")
    return trainer, images, labels if recipe.classes else None
