"""The project's recipe in Keras, planned to fill a given time."""

from common import RECIPE

from gantutor import recipes
from gantutor.keras import Trainer, batches
from gantutor.runs.callbacks import Callback


class Told(Callback):
    """Tells a `Watch` of every step."""

    def __init__(self, watch):
        self.watch = watch

    def on_step_end(self, run):
        self.watch.step(run.sample)


def train(watch, images, labels, seed, seconds):
    """Train the recipe for `seconds`; the first steps, on a copy, tell how many fit."""
    recipe = recipes.get(RECIPE)
    dataset = batches(images, recipe.batch_size, seed, labels=labels)
    copy = Trainer.from_recipe(recipe)
    copy.fit(dataset, steps_per_epoch=10, verbose=0)
    compilation = watch.seconds
    copy.fit(dataset, steps_per_epoch=30, verbose=0)
    per_step = (watch.seconds - compilation) / 30
    remaining = seconds - watch.seconds - compilation  # the planned run compiles once more
    recipe = recipe.replace(steps=max(1, int(remaining / per_step)))
    gan = Trainer.from_recipe(recipe, seed)
    gan.fit(dataset, steps_per_epoch=recipe.steps, verbose=0, callbacks=[Told(watch)])
