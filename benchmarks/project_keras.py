"""The project's recipe in Keras, planned to fill a given time."""

from common import CLUSTERS, told

from gantutor.data import pseudo_labels
from gantutor.keras import Trainer, batches
from gantutor.runs.callbacks import Callback


class Told(Callback):
    """Tells a `Watch` of every step."""

    def __init__(self, watch):
        self.watch = watch

    def on_step_end(self, run):
        self.watch.step(run.sample)


def train_on_clusters(watch, images, labels, seed, seconds):
    """Train the recipe for `seconds` on clusters of the images in place of their labels."""
    clusters = pseudo_labels(images, CLUSTERS)
    recipe = told(clusters, CLUSTERS)
    dataset = batches(images, recipe.batch_size, seed, labels=clusters)
    copy = Trainer.from_recipe(recipe)  # its first steps tell how many fit
    begin = watch.seconds
    copy.fit(dataset, steps_per_epoch=10, verbose=0)
    compiled = watch.seconds
    copy.fit(dataset, steps_per_epoch=30, verbose=0)
    per_step = (watch.seconds - compiled) / 30
    remaining = seconds - watch.seconds - (compiled - begin)  # the planned run compiles once more
    recipe = recipe.replace(steps=max(1, int(remaining / per_step)))
    gan = Trainer.from_recipe(recipe, seed)
    gan.fit(dataset, steps_per_epoch=recipe.steps, verbose=0, callbacks=[Told(watch)])
