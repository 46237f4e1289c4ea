"""The digit features: the NumPy pass is the trained network, and the scores are what they claim."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gantutor.data import load_digits, mnist
from gantutor.metrics import (
    digit_features,
    digit_fid,
    digit_probabilities,
    digit_test_features,
    digits_found,
    perceptual_distance,
    stacked_digit_modes,
)
from gantutor.metrics.features import digits
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
    assert digit_fid(ones, real=ones) == pytest.approx(0, abs=1e-6)
    statistics = FeatureStatistics.of(digit_features(sevens))
    by_images, by_statistics = digit_fid(ones, real=sevens), digit_fid(ones, real=statistics)
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


def test_the_reference_is_named_and_goes_by_its_name():
    with pytest.raises(ValueError, match="real must be 28×28 pixels; got 8×8"):
        digit_fid(np.zeros((4, 28, 28, 1)), real=np.zeros((4, 8, 8, 1)))
    with pytest.raises(TypeError, match="positional"):
        digit_fid(np.zeros((4, 28, 28, 1)), np.zeros((4, 28, 28, 1)))


def test_what_is_kept_for_later_calls_cannot_be_changed():
    features, labels = digit_test_features()
    statistics = digits.digit_test_statistics()
    kept = [features, labels, statistics.mean, statistics.scatter, digits.digit_training_features()]
    for array in (*kept, *digits.digit_classifier().weights.values()):
        with pytest.raises(ValueError, match="read-only"):
            array += 1
    assert digit_test_features()[0] is features  # read once


def test_perceptual_distance_is_that_of_unit_vectors_at_each_place(training_digits):
    first, second = training_digits[0][:6], training_digits[0][6:12]
    layers = digits.digit_classifier().layers
    expected = 0.0
    for a, b in zip(next(layers(first)), next(layers(second)), strict=True):
        a, b = (x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-10) for x in (a, b))
        expected = expected + ((a - b) ** 2).sum(axis=-1).reshape(6, -1).mean(axis=1)
    np.testing.assert_allclose(perceptual_distance(first, second), expected, rtol=1e-4)
    assert (perceptual_distance(first, first) == 0).all()


def test_perceptual_distance_is_the_same_for_any_chunk(monkeypatch):
    images = load_digits()[0][::500]
    whole = perceptual_distance(images, images[::-1])
    monkeypatch.setattr(digits, "_CHUNK", 3)
    np.testing.assert_allclose(perceptual_distance(images, images[::-1]), whole, rtol=1e-4)
    np.testing.assert_allclose(digit_features(images[7:]), digit_features(images)[7:], atol=1e-4)


def test_perceptual_distance_keeps_no_layer_of_all_images():
    images = np.full((2000, 28, 28, 1), -1, np.float32)  # 6 MB; the layers of all take 220 MB
    tracemalloc.start()
    perceptual_distance(images, images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6


def test_stacked_digits_by_hand():
    digits = load_digits()[0].reshape(10, 500, 28, 28, 1)[:, 0]  # 0 … 9
    shown = np.concatenate([digits[[3, 3, 0]], digits[[1, 1, 0]], digits[[4, 4, 0]]], axis=-1)
    modes = stacked_digit_modes(shown)  # 314, 314, 000
    assert modes.found == float(modes) == 2
    assert modes.counts[314] == 2 and modes.counts[0] == 1 and modes.counts.sum() == 3
    expected = 2 / 3 * np.log(2000 / 3) + 1 / 3 * np.log(1000 / 3)
    assert modes.divergence == pytest.approx(expected, rel=1e-12)


def test_one_stacked_digit_is_log_1000_away_from_all():
    seven = np.repeat(load_digits()[0][[3500]], 3, axis=-1)
    modes = stacked_digit_modes(np.repeat(seven, 5, axis=0))
    assert (modes.found, modes.divergence) == (1, pytest.approx(np.log(1000)))


def test_stacked_digits_need_three_channels():
    with pytest.raises(ValueError, match=r"fake must be RGB"):
        stacked_digit_modes(load_digits()[0][:2])


def test_a_light_channel_of_stacked_digits_is_no_mistake():
    four = load_digits()[0][2000:2004]
    light = np.concatenate([four, np.abs(four), four], axis=-1)  # no pixel of green is dark
    assert stacked_digit_modes(light).counts.sum() == 4


def test_digits_found_counts_sure_and_frequent_digits_only(training_digits):
    images, labels = training_digits
    most = images[labels == 7][:198]
    assert digits_found(most) == 1
    rare = images[labels == 1][:3]
    assert digits_found(np.concatenate([most, rare[:1]])) == 1  # 1 of 199 images
    assert digits_found(np.concatenate([most, rare])) == 2  # 3 of 201 images
    assert digits_found(np.full((10, 28, 28, 1), -1.0)) == 1  # black is read as one digit
