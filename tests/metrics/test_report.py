"""Reports hold every metric under its function's name, and look at each image once."""

from unittest import mock

import numpy as np
import pytest

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.metrics import report
from gantutor.metrics.features import digits

FIELDS = {"precision", "recall", "density", "coverage"}  # of precision_recall, which has no value


@pytest.fixture(scope="module")
def fakes():
    return load_digits()[0][::50], load_digits()[1][::50]


@pytest.fixture(scope="module")
def digit_report(fakes):
    """A report, and how many images passed the classifier for it."""
    digits.digit_training_features()  # the training digits pass it once, not for each report
    layers, seen = digits.DigitClassifier.layers, []
    with mock.patch.object(
        digits.DigitClassifier, "layers", lambda self, x: seen.append(len(x)) or layers(self, x)
    ):
        return metrics.digit_report(*fakes), seen


def rows(count, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 4)) + shift, rng.dirichlet(np.ones(3), size=count)


def test_every_key_is_a_function_of_the_package(digit_report):
    keys = set(digit_report[0]) | set(report.feature_report(*feature_arguments()))
    beside = {"samples", "kernel_distance_standard_error", "inception_score_spread"}
    assert {name for name in keys - beside - FIELDS if not hasattr(metrics, name)} == set()
    assert beside | FIELDS <= keys


def feature_arguments():
    real, _ = rows(60, 0)
    fake, probabilities = rows(40, 1, shift=0.5)
    return real, fake, probabilities, 4


def test_the_numbers_are_those_of_the_functions():
    real, fake, probabilities, splits = feature_arguments()
    found = metrics.feature_report(real, fake, probabilities, splits)
    score = metrics.inception_score(probabilities, splits)
    kernel = metrics.kernel_distance(real, fake)
    assert found == {
        "samples": 40,
        "frechet_distance": metrics.frechet_distance(real, fake),
        "frechet_infinity": metrics.frechet_infinity(real, fake).value,
        "kernel_distance": kernel.value,
        "kernel_distance_standard_error": kernel.standard_error,
        "inception_score": score.value,
        "inception_score_spread": score.spread,
        **vars(metrics.precision_recall(real, fake)),
        "two_sample_test": metrics.two_sample_test(real, fake).value,
    }
    assert all(type(value) in (int, float) for value in found.values())  # JSON can hold them


def test_each_image_passes_the_classifier_once(digit_report):
    assert digit_report[1] == [100]


def test_a_digit_report_has_what_its_functions_find(fakes, digit_report):
    (images, labels), (found, _) = fakes, digit_report
    real, real_labels = metrics.digit_test_features()
    fake = metrics.digit_features(images)
    assert found["samples"] == 100 and "frechet_distance" not in found
    assert found["digit_fid"] == metrics.digit_fid(images)
    assert found["precision"] == metrics.precision_recall(real, fake).precision
    assert found["inception_score"] == pytest.approx(
        metrics.inception_score(metrics.digit_probabilities(images)).value
    )
    assert found["memorization_test"] == 1  # these digits are training digits
    assert found["diversity"] == metrics.diversity(images)
    assert found["classification_accuracy_score"] == metrics.classification_accuracy_score(
        real, real_labels, fake, labels
    )


@pytest.mark.parametrize(
    ("counts", "splits", "message"),
    [
        ((60, 5), 1, "fake must hold at least 6 samples, .* here 1; got 5"),
        ((60, 7), 8, "fake must hold at least 6 samples, .* here 8; got 7"),
        ((5, 60), 1, "real must hold at least 6 samples; got 5"),
        ((60, 60), 1.5, "splits must be a whole number of at least 1; got 1.5"),
    ],
)
def test_too_few_samples_are_refused_before_the_work(monkeypatch, counts, splits, message):
    monkeypatch.setattr(report, "kernel_distance", lambda *_: pytest.fail("the work has begun"))
    real, (fake, probabilities) = rows(counts[0], 0)[0], rows(counts[1], 1)
    with pytest.raises(ValueError, match=message):
        report.feature_report(real, fake, probabilities, splits)


def test_probabilities_of_other_samples_are_refused():
    real, fake, probabilities, _ = feature_arguments()
    with pytest.raises(ValueError, match="a row for each of the 40 fake rows; got 39"):
        metrics.feature_report(real, fake, probabilities[:39])


def test_digits_that_cannot_be_reported(monkeypatch, fakes):
    monkeypatch.setattr(report, "digit_classifier", lambda: pytest.fail("the work has begun"))
    images, labels = fakes
    with pytest.raises(ValueError, match="fake must hold at least 6 samples"):
        metrics.digit_report(images[:5])
    with pytest.raises(ValueError, match=r"labels must have shape \[100\]; got \[99\]"):
        metrics.digit_report(images, labels[:99])
    with pytest.raises(ValueError, match="labels must lie in 0 … 9; got 1 … 10"):
        metrics.digit_report(images, labels + 1)
    with pytest.raises(ValueError, match="fake must be 28×28 pixels; got 14×28"):
        metrics.digit_report(images[:, ::2])
