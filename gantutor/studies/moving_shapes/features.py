"""Features of clips from one architecture: trained for kinds, trained for order, untrained."""

from functools import cache

import keras
import numpy as np
from keras import layers

from gantutor.runs import seeds
from gantutor.studies.moving_shapes.clips import FRAMES, film, random_scenes

EXAMPLES = 2000  # clips, which no method sees
EPOCHS = 6
SIZE = 32  # features
TASKS = ("kind", "order")
UNTRAINED = "untrained"


def examples(task: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return clips and labels: the kind of the shape, or whether the frames are in order."""
    scenes = random_scenes(EXAMPLES, rng)
    clips = film(scenes)
    if task == "kind":
        return clips, scenes.kind
    in_order = np.arange(EXAMPLES) % 2
    order = rng.permuted(np.tile(np.arange(FRAMES), (EXAMPLES, 1)), axis=1)
    order[in_order == 1] = np.arange(FRAMES)
    return clips[np.arange(EXAMPLES)[:, None], order], in_order


@cache
def network(task: str, seed: int) -> keras.Model:
    """Train a small network of 3-D convolutions, and return it up to its layer of features.

    `task` is one of `TASKS`, or `UNTRAINED`: the weights that training would start from.
    """
    rng = seeds.rng(seed, "labels", (*TASKS, UNTRAINED).index(task))
    clips, labels = examples(task, rng)
    new = iter(rng.integers(2**31, size=10))

    def start():
        return keras.initializers.GlorotUniform(seed=int(next(new)))

    inputs = keras.Input(clips.shape[1:])
    h = inputs
    for width in (8, 16):
        h = layers.Conv3D(width, 4, 2, "same", activation="relu", kernel_initializer=start())(h)
    h = layers.Dense(SIZE, activation="relu", kernel_initializer=start())(layers.Flatten()(h))
    logits = layers.Dense(int(labels.max()) + 1, kernel_initializer=start())(h)
    classifier = keras.Model(inputs, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(keras.optimizers.Adam(2e-3), loss)
    for _ in range(EPOCHS if task in TASKS else 0):
        rows = rng.permutation(EXAMPLES)
        classifier.fit(clips[rows], labels[rows], 32, shuffle=False, verbose=0)
    features = keras.Model(inputs, h)
    features.classifier = classifier
    return features


def describe(clips: np.ndarray, task: str, seed: int) -> np.ndarray:
    """Return features [N, SIZE] of clips."""
    return network(task, seed)(clips.astype(np.float32)).numpy()
