"""Detectors of generated patches: two single numbers, a regression, a small network."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from scipy.fft import dctn
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

from gantutor.keras.layers import Initializers
from gantutor.keras.sampling import apply
from gantutor.runs import seeds
from gantutor.studies.detectors.patches import SIDE

DETECTORS = ("fineness", "peaks", "spectrum", "network")
EDGE = 8  # pixels at each edge of a patch that no detector sees
STEPS = 600  # updates of the network
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
RIDGE = 100.0  # of the regression

#: Frequencies of stripes and checkerboards that repeat every two pixels, down and across.
PEAKS = ((0, 15), (15, 0), (15, 15), (8, 15), (15, 8))

#: A detector: real or fake patches to numbers, larger where it says "fake".
Detector = Callable[[np.ndarray], np.ndarray]


def inner(images: np.ndarray) -> np.ndarray:
    """Return the inner 16 × 16 pixels of patches [N, 32, 32, 1].

    Convolutions pad with zeros, which draws a frame of a few pixels. It would give a small patch
    away, whatever its decoder, and there is none inside a large image.
    """
    return images[:, EDGE:-EDGE, EDGE:-EDGE]


def fineness(images: np.ndarray) -> np.ndarray:
    """Return the log of the mean absolute difference of each image [32, 32, 1] from its blur."""
    rough = np.abs(inner(images - gaussian_filter(images, (0, 1, 1, 0))))
    return np.log(rough.mean(axis=(1, 2, 3)) + 1e-3)


def spectrum(images: np.ndarray) -> np.ndarray:
    """Return the logs of the sizes of 16 × 16 cosine coefficients of each patch, as rows."""
    sizes = np.abs(dctn(inner(images)[..., 0], axes=(1, 2), norm="ortho"))
    return np.log(sizes + 1e-2).reshape(len(images), -1)


def peaks(images: np.ndarray) -> np.ndarray:
    """Return the mean log amount of `PEAKS`, minus that of frequencies that are nearly as high."""
    amounts = spectrum(images).reshape(len(images), 16, 16)
    high = np.mean([amounts[:, down, across] for down, across in PEAKS], axis=0)
    beside = amounts[:, 2:14, 13].mean(axis=1) + amounts[:, 13, 2:14].mean(axis=1)
    return high - beside / 2


def train(kind: str, real, fake, seed: int, steps: int = STEPS) -> Detector:
    """Train a detector on real and fake patches.

    Parameters
    ----------
    kind : str
        One of `DETECTORS`: a single number, `fineness` or `peaks`, whose sign is learnt; ridge
        regression on the `spectrum`; or a convolutional network.
    real, fake : numpy.ndarray, float32, shape [N, 32, 32, 1]
        In [−1, 1].
    seed : int
        Of the network's weights and batches.
    steps : int
        Updates of the network.
    """
    if kind in ("fineness", "peaks"):
        number = {"fineness": fineness, "peaks": peaks}[kind]
        sign = np.sign(number(fake).mean() - number(real).mean())
        return lambda images: sign * number(images)
    if kind == "network":
        return train_network(real, fake, seed, steps)
    rows = spectrum(np.concatenate([real, fake]))
    scaler = StandardScaler().fit(rows)
    targets = np.repeat([0, 1], [len(real), len(fake)])
    line = RidgeClassifier(alpha=RIDGE).fit(scaler.transform(rows), targets)
    return lambda images: line.decision_function(scaler.transform(spectrum(images)))


def build(seed: int) -> keras.Model:
    """Return three convolutions and one dense layer, with first weights from a seed."""
    draw = Initializers("glorot", seed, "discriminator")
    stack = [keras.Input((SIDE - 2 * EDGE, SIDE - 2 * EDGE, 1))]
    for channels, strides in ((16, 1), (16, 2), (32, 2)):
        given = {"strides": strides, "padding": "same", "kernel_initializer": draw.next()}
        stack += [layers.Conv2D(channels, 3, **given), layers.LeakyReLU(negative_slope=0.2)]
    dense = layers.Dense(1, kernel_initializer=draw.next())
    return keras.Sequential([*stack, layers.GlobalAveragePooling2D(), dense, layers.Flatten()])


def train_network(real: np.ndarray, fake: np.ndarray, seed: int, steps: int = STEPS) -> Detector:
    """Train `build` by the cross-entropy; half of each batch is real."""
    network, adam = build(seed), keras.optimizers.Adam(LEARNING_RATE)
    adam.build(network.trainable_variables)
    real, fake = inner(real), inner(fake)
    order, half = seeds.rng(seed, "order", 1), BATCH_SIZE // 2

    @tf.function
    def update(real, fake):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(network(real, training=True)))
            loss += tf.reduce_mean(tf.nn.softplus(-network(fake, training=True)))
        weights = network.trainable_variables
        adam.apply(tape.gradient(loss, weights), weights)

    for _ in range(steps):
        update(*(tf.constant(some[order.integers(len(some), size=half)]) for some in (real, fake)))
    return lambda images: apply(network, inner(images)).reshape(len(images))


def auroc(real: np.ndarray, fake: np.ndarray) -> float:
    """Return how often a fake has the larger number of a pair, a tie counting half.

    Examples
    --------
    >>> auroc(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.875
    """
    ordered = np.sort(real)
    below = np.searchsorted(ordered, fake, "left") + np.searchsorted(ordered, fake, "right")
    return float(below.mean() / (2 * len(real)))
