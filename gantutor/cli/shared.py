"""What the commands share: the recipe and the framework of a run, and its samples."""

import importlib
from pathlib import Path

import numpy as np

from gantutor import recipes, shipped
from gantutor.runs import folder
from gantutor.runs.checkpoint import latest_checkpoint
from gantutor.runs.latents import draw_labels
from gantutor.validation import check_choice, check_positive


def recipe_of(run):
    """The recipe of a run, from what its file says."""
    return recipes.Recipe.from_dict(run["recipe"])


def twin_of(run):
    """The package of the run's framework."""
    framework = check_choice(run["framework"], ("torch", "keras"), "framework")
    return importlib.import_module(f"gantutor.{framework}")


def generated(source, count, seed):
    """Samples of a run, or of a shipped generator, as float32 NHWC, and their classes or None."""
    count = check_positive(count, "count")
    if Path(source).is_dir():
        run = folder.read(source)
        trained = twin_of(run).Trainer.from_recipe(recipe_of(run), run["seed"])
        trained.restore(latest_checkpoint(source))
        sampler = trained.ema
    elif f"{source}.safetensors" in shipped.manifest():
        sampler = importlib.import_module("gantutor.torch").load_generator(source)
    else:
        raise ValueError(f"{source!r} is neither a run's folder nor a shipped generator.")
    labels = None
    if sampler.frequencies:
        labels = draw_labels(count, sampler.classes, seed, sampler.frequencies)
    elif sampler.classes:
        labels = np.arange(count) % sampler.classes
    return sampler.sample(count, seed, labels), labels


def parse_size(text):
    """``"32"`` or ``"32x64"`` as (height, width)."""
    sides = text.lower().split("x")
    if len(sides) not in (1, 2) or not all(side.strip().isdigit() for side in sides):
        raise ValueError(f"--size must be SIDE or HEIGHTxWIDTH in pixels; got {text!r}.")
    return int(sides[0]), int(sides[-1])
