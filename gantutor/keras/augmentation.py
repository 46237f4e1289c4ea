"""Does a GAN's output help a classifier? The trainings behind the chapter on data augmentation.

For one number of labelled digits, a conditional GAN is trained on these digits and nothing else.
Then a classifier is trained several times from the same initial weights, with the same number of
updates: on the digits, on the GAN's samples, on both, and with classical augmentation.
"""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.keras.trainer import prefetched, train
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

#: The table of all sizes and seeds, made by `benchmarks/augmentation.py`.
TABLE = Path(__file__).parents[1] / "results" / "augmentation.csv"

SIZES = (50, 500, 4000)  # labelled digits
STEPS = 700  # updates of the GAN's generator
UPDATES = 1000  # of the classifier, in every arm
SAMPLES = 5000  # images that a GAN gives to the classifiers, equally many of each class
BATCH_SIZE = 64


def load_table():
    """Return the shipped results.

    Returns
    -------
    pandas.DataFrame
        A row for each size and seed: ``size``, ``seed``, and the scores of `train_and_score`.

    Examples
    --------
    >>> load_table().groupby("size")["seed"].count().to_dict()
    {50: 5, 500: 5, 4000: 5}
    """
    table = pd.read_csv(TABLE).drop(columns="arguments")
    table.insert(0, "size", table.pop("setting").str.split().str[0].astype(int))
    return table


def train_and_score(size, seed, steps=STEPS, updates=UPDATES, samples=SAMPLES):
    """Train one GAN on `size` labelled digits, then a classifier in each arm.

    Parameters
    ----------
    size : int
        Labelled digits that the GAN and the classifiers may use; a multiple of 10.
    seed : int
        Seed of the choice of digits, and of all weights and noise.
    steps, updates, samples : int
        Updates of the generator, of each classifier, and what the generator gives to them.

    Returns
    -------
    dict of float
        For each of `ARMS` the accuracy on 1,000 unseen digits under its name, and under its name
        and ``", training"`` that on what the arm was trained on, not shifted or rotated. About the
        GAN: ``cas`` (`gantutor.metrics.classification_accuracy_score` on digit features, tested
        on MNIST's test digits), ``confirmed`` (share of samples whose label the shipped digit
        classifier confirms), ``copied`` (share of samples nearer to the training digits than to
        as many unseen ones, `gantutor.metrics.memorization_test`), ``digit_fid``, and
        ``d_training``, ``d_unseen``, ``d_fake``: shares of the training digits, the unseen ones
        and the samples that D takes for real.
    """
    training, unseen = split_digits(size, seed)
    gan = train_gan(*training, steps, seed)
    labels = np.arange(samples) % 10
    synthetic = gan.sample(samples, labels=labels), labels
    classifier, scores = Classifier(seed), {}
    for arm in ARMS:
        classifier.fit(arm, training, synthetic, updates, seed)
        scores[arm] = classifier.accuracy(*unseen)
        share, _ = ARMS[arm]
        on_real, on_synthetic = (classifier.accuracy(*known) for known in (training, synthetic))
        scores[f"{arm}, training"] = (1 - share) * on_real + share * on_synthetic
    features = metrics.digit_features(synthetic[0])
    known = [metrics.digit_features(images) for images, _ in (training, unseen)]
    judged = metrics.digit_probabilities(synthetic[0]).argmax(axis=1)
    return scores | {
        "cas": metrics.classification_accuracy_score(
            *metrics.digit_test_features(), features, labels
        ),
        "confirmed": float((judged == labels).mean()),
        "copied": metrics.memorization_test(*known, features).value,
        "digit_fid": metrics.digit_fid(synthetic[0]),
        "d_training": taken_for_real(gan, *training),
        "d_unseen": taken_for_real(gan, *unseen),
        "d_fake": taken_for_real(gan, *synthetic),
    }


def split_digits(size, seed):
    """Choose labelled digits to train on, and 1,000 others to test on, equally many of each class.

    The sets of one seed are nested: the 50 digits are among the 500.

    Parameters
    ----------
    size : int
        Training digits: a multiple of 10, at most 4,000.
    seed : int
        Seed of the choice.

    Returns
    -------
    training, unseen : tuple[numpy.ndarray, numpy.ndarray]
        Images, float32, shape [N, 28, 28, 1] in [−1, 1], and labels, int64, shape [N].

    Raises
    ------
    ValueError
        If `size` is something else.

    Examples
    --------
    >>> training, unseen = split_digits(50, seed=0)
    >>> training[0].shape, np.bincount(unseen[1]).tolist()
    ((50, 28, 28, 1), [100, 100, 100, 100, 100, 100, 100, 100, 100, 100])
    """
    if size % 10 or not 10 <= size <= 4000:
        raise ValueError(f"size must be a multiple of 10 from 10 to 4,000; got {size!r}.")
    images, labels = load_digits()
    random = np.random.default_rng(seed)
    of_class = np.stack([random.permutation(np.flatnonzero(labels == k)) for k in range(10)])
    unseen, training = of_class[:, :100].ravel(), of_class[:, 100 : 100 + size // 10].ravel()
    return (images[training], labels[training]), (images[unseen], labels[unseen])


def train_gan(images, labels, steps=STEPS, seed=0, callbacks=()):
    """Train the recipe "minute", conditional, on these digits; arguments as in `train`."""
    recipe = recipes.get("minute").replace(batch_size=min(BATCH_SIZE, len(images)))
    return train(recipe, images, steps, seed, callbacks, labels=labels)


def taken_for_real(gan, images, labels):
    """Return the share of labelled images that the discriminator takes for real (logit > 0)."""
    logits = np.concatenate(
        [gan.discriminator(part, training=False) for part in np.array_split(images, 10)]
    )
    return float((logits[np.arange(len(labels)), labels] > 0).mean())


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

    def __init__(self, seed=0):
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

    def fit(self, arm, real, synthetic, updates=UPDATES, seed=0):
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

    def accuracy(self, images, labels):
        """Return the share of images that get their own label."""
        parts = np.array_split(images, max(1, len(images) // 500))
        logits = np.concatenate([self.model(part, training=False) for part in parts])
        return float((logits.argmax(axis=1) == labels).mean())


def arm_batches(arm, real, synthetic, seed=0):
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


def shift_and_rotate(images, seed, pixels=2.0, degrees=10.0):
    """Return the images shifted and rotated at random: classical augmentation of digits.

    Parameters
    ----------
    images : tf.Tensor, float32, shape [N, H, W, C]
        In [−1, 1].
    seed : tf.Tensor or list of int, shape [2]
    pixels, degrees : float
        Largest shift along each axis, and largest rotation either way.

    Returns
    -------
    tf.Tensor, float32, shape [N, H, W, C]
        What comes in from outside is −1 (black).
    """
    random = tf.random.stateless_uniform([3, tf.shape(images)[0]], seed, -1.0, 1.0)
    return move(images, random[:2] * pixels, random[2] * (degrees * np.pi / 180))


def move(images, shifts, angles):
    """Return images rotated about their centres, then shifted, by bilinear interpolation.

    Parameters
    ----------
    images : array_like, float32, shape [N, H, W, C]
        In [−1, 1].
    shifts : array_like, float32, shape [2, N]
        To the right and downwards, in pixels.
    angles : array_like, float32, shape [N]
        Counter-clockwise, in radians.

    Returns
    -------
    tf.Tensor, float32, shape [N, H, W, C]
        What comes in from outside is −1 (black).

    Examples
    --------
    >>> image = np.full((1, 3, 3, 1), -1, "float32")
    >>> image[0, 1, 1] = 1
    >>> move(image, [[1.0], [0.0]], [0.0]).numpy()[0, :, :, 0]
    array([[-1., -1., -1.],
           [-1., -1.,  1.],
           [-1., -1., -1.]], dtype=float32)
    """
    right, down = tf.unstack(tf.cast(shifts, tf.float32))
    angles = tf.cast(angles, tf.float32)
    cosine, sine = tf.cos(angles), tf.sin(angles)
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    x, y = (tf.cast(side - 1, tf.float32) / 2 for side in (width, height))
    # The transform says for each pixel of the result where in the image it comes from: back by
    # the shift, then, about the centre, by the opposite rotation.
    from_x = x - cosine * (x + right) + sine * (y + down)
    from_y = y - sine * (x + right) - cosine * (y + down)
    nought = tf.zeros_like(cosine)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([cosine, -sine, from_x, sine, cosine, from_y, nought, nought], 1),
        output_shape=[height, width],
        fill_value=-1.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
