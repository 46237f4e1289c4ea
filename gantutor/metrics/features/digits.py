"""What a small classifier of handwritten digits sees in an image: features and probabilities.

The classifier (two convolutions, 64 features, ten logits) was trained on MNIST's training set
by `benchmarks/train_digit_classifier.py`; the manifest of the shipped weights has its test
accuracy. Its forward pass is NumPy, so that every framework is judged by the same numbers.
"""

import functools
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike

from gantutor.data import load_digits
from gantutor.metrics.frechet import FeatureStatistics
from gantutor.shipped import load_shipped
from gantutor.validation import check_images

SIDE = 28  # pixels of a digit's height and width
_CHUNK = 250  # images at a time: the widest layer's patches stay within the processor's cache


class DigitClassifier:
    """A convolutional digit classifier with a NumPy forward pass in float32.

    Layers: convolution 4×4, stride 2, 1 → 16 channels, ReLU; convolution 4×4, stride 2,
    16 → 32 channels, ReLU; dense 1568 → 64, ReLU (the features); dense 64 → 10 (the logits).

    Parameters
    ----------
    weights : dict of numpy.ndarray
        Kernels `convolution1.weight` [4, 4, 1, 16] and `convolution2.weight` [4, 4, 16, 32],
        matrices `features.weight` [1568, 64] and `logits.weight` [64, 10], and a `….bias` each.

    Examples
    --------
    >>> classifier = DigitClassifier(load_shipped("digit_classifier.safetensors"))
    >>> classifier.features(np.zeros((3, 28, 28, 1), "float32")).shape
    (3, 64)
    """

    def __init__(self, weights: Mapping[str, np.ndarray]):
        self.weights = weights

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the 64 features, float32 ≥ 0, shape [N, 64], of `images` [N, 28, 28, 1].

        As in `layers`, the images have passed `gantutor.validation.check_images`.
        """
        return np.concatenate([layers[-1] for layers in self.layers(images)])

    def layers(self, images: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Yield the outputs of the three hidden layers, [n, 14, 14, 16] to [n, 64].

        They come for a few images at a time, because those of all would take 36 times their memory.
        """
        for start in range(0, len(images), _CHUNK):
            first = self._convolution(images[start : start + _CHUNK], "convolution1")
            second = self._convolution(first, "convolution2")
            rows = second.reshape(len(second), -1)
            yield [first, second, np.maximum(self._dense(rows, "features"), 0)]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return the ten logits, float32, shape [N, 10], of `features` [N, 64]."""
        return self._dense(features, "logits")

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of each digit, float32, shape [N, 10], from `features` [N, 64]."""
        logits = self.logits(features)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def _convolution(self, images, name):
        """Convolve with 4×4 kernels, stride 2, padding 1, then ReLU; halves the side."""
        kernel = self.weights[f"{name}.weight"]
        side = images.shape[1]
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
        patches = np.concatenate(
            [padded[:, i : i + side : 2, j : j + side : 2] for i in range(4) for j in range(4)],
            axis=-1,
        )
        outputs = patches @ kernel.reshape(-1, kernel.shape[-1]) + self.weights[f"{name}.bias"]
        return np.maximum(outputs, 0)

    def _dense(self, inputs, name):
        return inputs @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def digit_features(images: ArrayLike) -> np.ndarray:
    """Return the shipped digit classifier's 64 features of each image.

    Parameters
    ----------
    images : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1], light strokes on a dark ground as in MNIST.

    Returns
    -------
    numpy.ndarray, float32, shape [N, 64]
        At least 0 (after a ReLU); no unit.

    Raises
    ------
    TypeError, ValueError
        If `images` are not such images.

    See Also
    --------
    digit_test_features : Those of MNIST's test set, to compare with.

    Examples
    --------
    >>> digit_features(np.zeros((2, 28, 28, 1), "float32")).shape
    (2, 64)
    """
    return digit_classifier().features(check_images(images, channels=1, size=SIDE))


def digit_probabilities(images: ArrayLike) -> np.ndarray:
    """Return the shipped digit classifier's probability of each digit 0 … 9.

    Parameters
    ----------
    images : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1].

    Returns
    -------
    numpy.ndarray, float32, shape [N, 10]
        Rows sum to 1.

    Raises
    ------
    TypeError, ValueError
        If `images` are not such images.

    See Also
    --------
    inception_score : What is computed from them.

    Examples
    --------
    >>> digit_probabilities(np.zeros((2, 28, 28, 1), "float32")).sum(axis=1).round(5).tolist()
    [1.0, 1.0]
    """
    return digit_classifier().probabilities(digit_features(images))


@functools.cache
def digit_test_features() -> tuple[np.ndarray, np.ndarray]:
    """Return the shipped features of MNIST's 10,000 test digits, which no generator has seen.

    Returns
    -------
    tuple[numpy.ndarray, numpy.ndarray]
        Features, float32, shape [10000, 64], rounded to three digits; labels, int64, shape [10000].
        They are read once and shared, and therefore read-only.

    See Also
    --------
    digit_features : Those of other digits.

    Examples
    --------
    >>> features, labels = digit_test_features()
    >>> features.shape, labels[:3].tolist()
    ((10000, 64), [7, 2, 1])
    """
    stored = load_shipped("digit_test_features.safetensors")
    features, labels = stored["features"].astype(np.float32), stored["labels"].astype(np.int64)
    return _read_only(features), _read_only(labels)


@functools.cache
def digit_test_statistics() -> FeatureStatistics:
    """Return the shipped statistics of the features of MNIST's 10,000 test digits, read-only."""
    stored = load_shipped("digit_statistics.safetensors")
    count = int(stored["count"])
    scatter = stored["covariance"] * (count - 1)
    return FeatureStatistics(_read_only(stored["mean"]), _read_only(scatter), count)


@functools.cache
def digit_training_features() -> np.ndarray:
    """Return features of the 5,000 training digits of `load_digits`, [5000, 64], read-only."""
    return _read_only(digit_features(load_digits()[0]))


@functools.cache
def digit_classifier() -> DigitClassifier:
    """Return the classifier with its shipped weights."""
    weights = load_shipped("digit_classifier.safetensors")
    return DigitClassifier({name: _read_only(values) for name, values in weights.items()})


def _read_only(array):
    """Return an array that is kept for all later calls, so that nobody can change it for them."""
    array.flags.writeable = False
    return array
