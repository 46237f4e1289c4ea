"""The project's recipe in PyTorch, planned to fill a given time."""

from common import RECIPE

from gantutor import recipes
from gantutor.runs.callbacks import Callback
from gantutor.torch import Trainer


class Told(Callback):
    """Tells a `Watch` of every step."""

    def __init__(self, watch):
        self.watch = watch

    def on_step_end(self, trainer):
        self.watch.step(trainer.sample)


def train(watch, images, labels, seed, seconds):
    """Train the recipe for `seconds`."""
    train_recipe(recipes.get(RECIPE), watch, images, labels, seed, seconds)


def train_without_labels(watch, images, labels, seed, seconds):
    """Train the same recipe for `seconds`, but tell its networks no classes."""
    train_recipe(
        recipes.get(RECIPE).replace(game="gan", classes=0), watch, images, None, seed, seconds
    )


def train_recipe(recipe, watch, images, labels, seed, seconds):
    """Plan the number of steps by the speed of a copy's first ones; then train."""
    copy = Trainer.from_recipe(recipe)
    copy.fit(images, 10, labels=labels)
    begin = watch.seconds
    copy.fit(images, 30, labels=labels)
    per_step = (watch.seconds - begin) / 30
    recipe = recipe.replace(steps=max(1, int((seconds - watch.seconds) / per_step)))
    Trainer.from_recipe(recipe, seed).fit(images, recipe.steps, [Told(watch)], labels)
