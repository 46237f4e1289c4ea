"""The project's recipe in PyTorch, planned to fill a given time."""

import numpy as np
from common import CLUSTERS, MINUTE, told

from gantutor.data import pseudo_labels
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
    train_recipe(told(labels, 10), watch, images, labels, seed, seconds)


def train_without_labels(watch, images, labels, seed, seconds):
    """Train the same recipe for `seconds`, but tell its networks no classes."""
    recipe = MINUTE.replace(game="gan", classes=0)
    train_recipe(recipe, watch, images, None, seed, seconds)


def train_on_clusters(watch, images, labels, seed, seconds):
    """Train it on clusters of the images in place of their labels; to find them takes time, too."""
    clusters = pseudo_labels(images, CLUSTERS)
    train_recipe(told(clusters, CLUSTERS), watch, images, clusters, seed, seconds)


def train_on_shuffled_clusters(watch, images, labels, seed, seconds):
    """Train it on the same clusters given to other images: the floor."""
    clusters = np.random.default_rng(0).permutation(pseudo_labels(images, CLUSTERS))
    train_recipe(told(clusters, CLUSTERS), watch, images, clusters, seed, seconds)


def train_recipe(recipe, watch, images, labels, seed, seconds):
    """Plan the number of steps by the speed of a copy's first ones; then train."""
    copy = Trainer.from_recipe(recipe)
    copy.fit(images, 10, labels=labels)
    begin = watch.seconds
    copy.fit(images, 30, labels=labels)
    per_step = (watch.seconds - begin) / 30
    recipe = recipe.replace(steps=max(1, int((seconds - watch.seconds) / per_step)))
    Trainer.from_recipe(recipe, seed).fit(images, recipe.steps, [Told(watch)], labels)
