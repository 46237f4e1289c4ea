"""The digit features: the NumPy pass is the trained network, and the scores are what they claim."""

import os
from pathlib import Path

import numpy as np
import pytest

from gantutor.data import load_digits, mnist
from gantutor.metrics.digits import digit_features, digit_fid, digit_probabilities
from gantutor.metrics.frechet import FeatureStatistics
from gantutor.shipped import load_shipped, manifest


@pytest.fixture(scope="module")
def training_digits():
    """Return the embedded digits; all 5,000 belong to the set the classifier was trained on."""
    return load_digits()


@pytest.fixture(scope="module")
def test_digits():
    shared = Path(__file__).parents[3] / "shared" / "data"
    with pytest.MonkeyPatch.context() as patch:
        if "GANTUTOR_DATA" not in os.environ:
            patch.setenv("GANTUTOR_DATA", str(shared))
        if not Path(os.environ["GANTUTOR_DATA"]).exists():
            pytest.skip("the full MNIST is not on this machine: set GANTUTOR_DATA to its folder")
        return mnist("test")


def test_the_numpy_pass_equals_the_same_layers_in_pytorch(training_digits):
    functional = pytest.importorskip("torch.nn.functional", reason="needs gantutor[torch]")
    torch = pytest.importorskip("torch", reason="needs gantutor[torch]")
    weights = {
        name: torch.from_numpy(value)
        for name, value in load_shipped("digit_classifier.safetensors").items()
    }
    images = training_digits[0][::50]
    hidden = torch.from_numpy(images).permute(0, 3, 1, 2)
    for layer in ("convolution1", "convolution2"):
        kernel = weights[f"{layer}.weight"].permute(3, 2, 0, 1)
        hidden = functional.conv2d(hidden, kernel, weights[f"{layer}.bias"], stride=2, padding=1)
        hidden = functional.relu(hidden)
    hidden = hidden.permute(0, 2, 3, 1).flatten(1)
    features = functional.relu(hidden @ weights["features.weight"] + weights["features.bias"])
    logits = features @ weights["logits.weight"] + weights["logits.bias"]
    np.testing.assert_allclose(digit_features(images), features.numpy(), atol=1e-4)
    expected = functional.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose(digit_probabilities(images), expected, atol=1e-4)


def test_it_reads_the_digits_it_was_trained_on(training_digits):
    images, labels = training_digits
    assert (digit_probabilities(images).argmax(axis=1) == labels).mean() > 0.99


def test_it_reads_digits_it_has_never_seen_as_well_as_the_manifest_says(test_digits):
    images, labels = test_digits
    accuracy = (digit_probabilities(images).argmax(axis=1) == labels).mean()
    published = manifest()["digit_classifier.safetensors"]["scores"]["test_accuracy"]
    assert accuracy == pytest.approx(published, abs=0.0002)
    assert accuracy >= 0.98


def test_the_shipped_statistics_are_those_of_the_test_digits(test_digits):
    found = FeatureStatistics.of(digit_features(test_digits[0]))
    stored = load_shipped("digit_statistics.safetensors")
    np.testing.assert_allclose(found.mean, stored["mean"], atol=1e-3)
    np.testing.assert_allclose(found.covariance, stored["covariance"], atol=1e-2)
    assert found.count == stored["count"] == 10_000
    assert digit_fid(test_digits[0]) < 1e-3


def test_real_digits_score_far_below_damaged_ones(training_digits):
    images = training_digits[0]
    noise = np.random.default_rng(0).normal(0, 0.3, images.shape).astype(np.float32)
    real, damaged = digit_fid(images), digit_fid(np.clip(images + noise, -1, 1))
    assert real < 5  # about 1.5 for 5,000 digits
    assert damaged > 5 * real


def test_one_missing_digit_shows(training_digits):
    images, labels = training_digits
    assert digit_fid(images[labels != 0]) > 2 * digit_fid(images)


def test_two_sets_of_images_can_be_compared_directly(training_digits):
    images, labels = training_digits
    ones, sevens = images[labels == 1], images[labels == 7]
    assert digit_fid(ones, reference=ones) == pytest.approx(0, abs=1e-6)
    statistics = FeatureStatistics.of(digit_features(sevens))
    by_images, by_statistics = digit_fid(ones, reference=sevens), digit_fid(ones, statistics)
    assert by_images == by_statistics > 10


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (np.zeros((4, 28, 28), np.float32), ValueError, r"images\[..., None\]"),
        (np.zeros((4, 32, 32, 1), np.float32), ValueError, "28×28 pixels; got 32×32"),
        (np.zeros((4, 28, 28, 3), np.float32), ValueError, "grey"),
        (np.zeros((4, 28, 28, 1), np.uint8), TypeError, "uint8"),
        (np.full((4, 28, 28, 1), np.nan, np.float32), ValueError, "finite"),
        (np.zeros((1, 28, 28, 1), np.float32), ValueError, "at least 2 rows"),
    ],
)
def test_images_that_cannot_be_scored_are_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        digit_fid(wrong)


def test_an_unknown_reference_is_named():
    with pytest.raises(ValueError, match="Did you mean 'test'"):
        digit_fid(np.zeros((4, 28, 28, 1), np.float32), reference="tests")
