"""What a small classifier of handwritten digits sees in an image: features and probabilities.

The classifier (two convolutions, 64 features, ten logits) was trained on MNIST's training set
by `benchmarks/train_digit_classifier.py`; the manifest of the shipped weights has its test
accuracy. Its forward pass is NumPy, so that every framework is judged by the same numbers.
"""

import functools

import numpy as np

from gantutor.metrics.frechet import FeatureStatistics, frechet_distance
from gantutor.shipped import load_shipped
from gantutor.validation import check_choice, check_images

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

    def __init__(self, weights):
        self.weights = weights

    def features(self, images):
        """Return the 64 features, float32 ≥ 0, shape [N, 64], of `images` [N, 28, 28, 1]."""
        images = check_images(images, channels=1, side=28)
        chunks = range(0, len(images), _CHUNK)
        return np.concatenate([self._layers(images[i : i + _CHUNK])[-1] for i in chunks])

    def layers(self, images):
        """Return the outputs of the three hidden layers, [N, 14, 14, 16] to [N, 64]."""
        return self._layers(check_images(images, channels=1, side=28))

    def logits(self, features):
        """Return the ten logits, float32, shape [N, 10], of `features` [N, 64]."""
        return self._dense(features, "logits")

    def _layers(self, images):
        first = self._convolution(images, "convolution1")
        second = self._convolution(first, "convolution2")
        rows = second.reshape(len(second), -1)
        return [first, second, np.maximum(self._dense(rows, "features"), 0)]

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


def digit_features(images):
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

    Examples
    --------
    >>> digit_features(np.zeros((2, 28, 28, 1), "float32")).shape
    (2, 64)
    """
    return _classifier().features(images)


def digit_probabilities(images):
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

    Examples
    --------
    >>> digit_probabilities(np.zeros((2, 28, 28, 1), "float32")).sum(axis=1).round(5).tolist()
    [1.0, 1.0]
    """
    logits = _classifier().logits(digit_features(images))
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def digit_test_features():
    """Return the shipped features of MNIST's 10,000 test digits, which no generator has seen.

    Returns
    -------
    tuple[numpy.ndarray, numpy.ndarray]
        Features, float32, shape [10000, 64], rounded to three digits; labels, int64, shape [10000].

    Examples
    --------
    >>> features, labels = digit_test_features()
    >>> features.shape, labels[:3].tolist()
    ((10000, 64), [7, 2, 1])
    """
    stored = load_shipped("digit_test_features.safetensors")
    return stored["features"].astype(np.float32), stored["labels"].astype(np.int64)


def perceptual_distance(first, second):
    """Return how differently the shipped digit classifier sees the two images of each pair.

    As in LPIPS, the outputs of a layer are scaled to length 1 at each pixel; squared differences
    are summed over channels, averaged over pixels, and added over the three layers. LPIPS weighs
    channels by what people judged; here all count alike.

    Parameters
    ----------
    first, second : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1], the i-th of one set with the i-th of the other.

    Returns
    -------
    numpy.ndarray, float32, shape [N]
        From 0, for equal images, to 6.

    Raises
    ------
    TypeError, ValueError
        If the images are not of that form, or the sets differ in number.

    References
    ----------
    Zhang et al. (2018), equation 1.

    Examples
    --------
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> perceptual_distance(images, images)
    array([0., 0.], dtype=float32)
    """
    layers = [_classifier().layers(images) for images in (first, second)]
    if len(layers[0][0]) != len(layers[1][0]):
        raise ValueError(
            "first and second must hold the same number of images; got "
            f"{len(layers[0][0])} and {len(layers[1][0])}."
        )
    return sum(
        ((_unit(a) - _unit(b)) ** 2).sum(axis=-1).reshape(len(a), -1).mean(axis=1)
        for a, b in zip(*layers, strict=True)
    )


def digit_fid(images, reference="test"):
    """Return the digit FID: the Fréchet distance between digit features of two sets of images.

    The scale is this classifier's own; it cannot be compared with an FID on Inception features.
    Fewer images give a larger number, so always compare at the same count (the book uses 10,000).

    Parameters
    ----------
    images : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1]; N at least 2.
    reference : "test", FeatureStatistics, or array_like of shape [M, 28, 28, 1]
        What to compare with. "test": shipped statistics of the 10,000 digits of MNIST's test set.

    Returns
    -------
    float
        At least 0; smaller is better.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    References
    ----------
    Heusel et al. (2017), equation 6, with this classifier's features in place of Inception's.

    Examples
    --------
    >>> images = np.tile(np.linspace(-1, 1, 28, dtype="float32")[:, None, None], (2, 1, 28, 1))
    >>> digit_fid(images, reference=images)
    0.0
    """
    if isinstance(reference, str):
        check_choice(reference, ["test"], "reference")
        reference = digit_test_statistics()
    elif not isinstance(reference, FeatureStatistics):
        reference = digit_features(reference)
    return frechet_distance(digit_features(images), reference)


def _unit(outputs):
    """Scale the channels at each place to length 1; where all are 0 they stay 0."""
    lengths = np.sqrt((outputs**2).sum(axis=-1, keepdims=True))
    return outputs / np.maximum(lengths, 1e-10)


@functools.cache
def _classifier():
    return DigitClassifier(load_shipped("digit_classifier.safetensors"))


@functools.cache
def digit_test_statistics():
    """Return the shipped `FeatureStatistics` of MNIST's 10,000 test digits."""
    stored = load_shipped("digit_statistics.safetensors")
    count = int(stored["count"])
    return FeatureStatistics(stored["mean"], stored["covariance"] * (count - 1), count)
