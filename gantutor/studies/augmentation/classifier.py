"""A digit classifier, and the arms that it is trained in."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gantutor.keras.batches import prefetched
from gantutor.studies.augmentation.moves import shift_and_rotate
from gantutor.validation import check_choice

#: What a classifier is trained on: the share of samples in each batch, and whether all of the
#: batch is shifted and rotated.
ARMS = {
    "real": (0.0, False),
    "synthetic": (1.0, False),
    "real + synthetic": (0.5, False),
    "real + classical": (0.0, True),
    "all": (0.5, True),
}

BATCH_SIZE = 64
UPDATES = 1000  # in every arm


#: Images [N, 28, 28, 1] in [−1, 1] and their labels [N].
Labelled = tuple[np.ndarray, np.ndarray]


class Classifier:
    """A small convolutional digit classifier that can be trained again from the same start.

    Parameters
    ----------
    seed : int
        Seed of the initial weights.

    Attributes
    ----------
    model : keras.Sequential
        [N, 28, 28, 1] → logits [N, 10].
    """

    def __init__(self, seed: int = 0):
        start = keras.initializers.HeNormal
        self.model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(16, 4, 2, "same", activation="relu", kernel_initializer=start(seed)),
                layers.Conv2D(32, 4, 2, "same", activation="relu", kernel_initializer=start(seed)),
                layers.Flatten(),
                layers.Dense(64, activation="relu", kernel_initializer=start(seed)),
                layers.Dense(10, kernel_initializer=start(seed)),
            ]
        )
        self.model.compile(
            keras.optimizers.Adam(1e-3),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
            steps_per_execution=50,
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self._state = [*self.model.variables, *self.model.optimizer.variables]
        self._start = [variable.numpy() for variable in self._state]

    def fit(
        self, arm: str, real: Labelled, synthetic: Labelled, updates: int = UPDATES, seed: int = 0
    ) -> "Classifier":
        """Train from the initial weights.

        Parameters
        ----------
        arm, real, synthetic, seed
            As in `arm_batches`.
        updates : int
            How many, with `BATCH_SIZE` images each.

        Returns
        -------
        Classifier
            This one.
        """
        # What `compile` built stays: new optimisers would mean a new graph for each arm.
        for variable, value in zip(self._state, self._start, strict=True):
            variable.assign(value)
        batches = arm_batches(arm, real, synthetic, seed).take(updates)
        self.model.fit(batches, shuffle=False, verbose=0)  # they come shuffled
        return self

    def accuracy(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of images that get their own label."""
        parts = np.array_split(images, max(1, len(images) // 500))
        logits = np.concatenate([self.model(part, training=False) for part in parts])
        return float((logits.argmax(axis=1) == labels).mean())


def arm_batches(arm: str, real: Labelled, synthetic: Labelled, seed: int = 0) -> tf.data.Dataset:
    """Return an endless data set of the batches of an arm, drawn with replacement.

    Parameters
    ----------
    arm : str
        A name in `ARMS`.
    real, synthetic : tuple of array_like
        Images [N, 28, 28, 1] in [−1, 1] and labels [N].
    seed : int
        Seed of the draw.

    Returns
    -------
    tf.data.Dataset
        Of pairs: images, float32, [64, 28, 28, 1], and labels, int64, [64].
    """
    share, classical = ARMS[check_choice(arm, ARMS, "arm")]
    count = round(share * BATCH_SIZE)
    sources = [
        (tf.constant(images, tf.float32), tf.constant(labels, tf.int64), size)
        for (images, labels), size in ((real, BATCH_SIZE - count), (synthetic, count))
        if size
    ]

    def batch_at(step):
        seeds = tf.unstack(tf.random.split([seed, tf.cast(step, tf.int32)], 3))
        parts = []
        for (images, labels, size), key in zip(sources, seeds, strict=False):
            rows = tf.random.stateless_uniform([size], key, 0, len(images), tf.int32)
            parts.append((tf.gather(images, rows), tf.gather(labels, rows)))
        images, labels = (tf.concat(part, axis=0) for part in zip(*parts, strict=True))
        return (shift_and_rotate(images, seeds[2]) if classical else images), labels

    return prefetched(tf.data.Dataset.counter().map(batch_at))
