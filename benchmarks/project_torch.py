"""The project's recipe in PyTorch, planned to fill a given time."""

from common import RECIPE

from gantutor import recipes
from gantutor.torch import Trainer
from gantutor.torch.callbacks import Callback


class Told(Callback):
    """Tells a `Watch` of every step."""

    def __init__(self, watch):
        self.watch = watch

    def on_step_end(self, trainer):
        self.watch.step(trainer.sample)


def train(watch, images, labels, seed, seconds):
    """Train the recipe for `seconds`; the first steps, on a copy, tell how many fit."""
    recipe = recipes.get(RECIPE)
    copy = Trainer.from_recipe(recipe)
    copy.fit(images[:5000], 10, labels=labels[:5000])
    begin = watch.seconds
    copy.fit(images[:5000], 30, labels=labels[:5000])
    per_step = (watch.seconds - begin) / 30
    recipe = recipe.replace(steps=max(1, int((seconds - watch.seconds) / per_step)))
    Trainer.from_recipe(recipe, seed).fit(images, recipe.steps, [Told(watch)], labels)
