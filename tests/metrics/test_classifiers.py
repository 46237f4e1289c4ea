"""Classifiers as judges: what they find where the answer is known."""

import numpy as np
import pytest

from gantutor.metrics import classification_accuracy_score, memorization_test, two_sample_test


def clusters(count, seed=0):
    """Two well separated classes in the plane."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    return generator.normal(size=(count, 2)) + 8 * labels[:, None], labels


def test_right_labels_teach_and_swapped_labels_mislead():
    features, labels = clusters(100)
    real, real_labels = clusters(200, seed=1)
    assert classification_accuracy_score(real, real_labels, features, labels) == 1
    assert classification_accuracy_score(real, real_labels, features, 1 - labels) == 0


def test_a_missing_class_costs_its_share():
    features, labels = clusters(90)
    labels = np.where(features[:, 0] > 8, 2, labels)  # half of class 1 is called 2
    real, real_labels = clusters(400, seed=1)
    score = classification_accuracy_score(real, real_labels, features, labels)
    assert 0.6 < score < 0.9


def test_the_generated_samples_teach_and_the_real_ones_examine():
    # Three classes are real and two are generated: a third of the real ones cannot be known. The
    # other way round a classifier of three classes would be right about both.
    centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    noise = np.random.default_rng(0).normal(size=(60, 2))
    labels = np.arange(60) % 3
    real, known = centers[labels] + noise, labels < 2
    assert classification_accuracy_score(real, labels, real[known], labels[known]) == 2 / 3


def test_a_shift_is_found_and_sameness_is_not():
    generator = np.random.default_rng(0)
    real, same, far = generator.normal(size=(3, 1000, 5))
    found = two_sample_test(real, far + 1)
    # Two unit Gaussians whose means are √5 apart: the best cut is right with Φ(√5 / 2) = 0.868.
    assert found.value == pytest.approx(0.868, abs=0.03)
    assert found.p_value < 1e-50 and found.standard_error == pytest.approx(0.5 / np.sqrt(1000))
    assert float(found) == found.value
    nothing = two_sample_test(real, same)
    assert abs(nothing.value - 0.5) < 0.06 and nothing.p_value > 0.001


def test_p_values_are_uniform_where_there_is_nothing():
    generator = np.random.default_rng(0)
    values = [two_sample_test(*generator.normal(size=(2, 60, 2))).p_value for _ in range(200)]
    assert np.mean(np.array(values) < 0.1) < 0.18
    assert np.mean(values) > 0.4


def test_copies_are_found_and_fresh_samples_are_not():
    generator = np.random.default_rng(0)
    train, unseen, fresh = generator.normal(size=(3, 400, 4))
    noise = 0.01 * generator.normal(size=train.shape)
    assert memorization_test(train, unseen, train + noise).value > 0.99
    half = np.concatenate([train[:200] + noise[:200], fresh[:200]])
    assert memorization_test(train, unseen, half).value == pytest.approx(0.75, abs=0.06)
    honest = memorization_test(train, unseen, fresh)
    assert honest.value == pytest.approx(0.5, abs=0.08) and honest.p_value > 0.001


def test_sets_of_different_sizes_are_made_equal():
    generator = np.random.default_rng(0)
    train, fresh = generator.normal(size=(5000, 2)), generator.normal(size=(400, 2))
    unseen = generator.normal(size=(500, 2))
    assert memorization_test(train, unseen, fresh).value == pytest.approx(0.5, abs=0.08)


def test_the_standard_error_counts_that_hubs_have_many_votes():
    # In 200 dimensions few points are nearest to many: votes in the hundreds are worth much less.
    generator = np.random.default_rng(0)
    results = [memorization_test(*generator.normal(size=(3, 200, 200))) for _ in range(200)]
    deviation = np.std([result.value for result in results])
    errors = [result.standard_error for result in results]
    assert np.mean(errors) == pytest.approx(deviation, rel=0.15)
    assert deviation > 1.5 * 0.5 / np.sqrt(200)
    p_values = np.array([result.p_value for result in results])
    assert 0.02 < (p_values < 0.05).mean() < 0.09 and 0.4 < p_values.mean() < 0.6


def test_the_standard_error_by_hand():
    # Pool: 0 and 10 (training), 4 and 20 (unseen); votes 2, 0, 1, 0 of the three samples.
    result = memorization_test([[0.0], [10.0]], [[4.0], [20.0]], [[0.1], [-0.1], [4.1]])
    assert result.value == pytest.approx(2 / 3)
    variance = 2 / 2 * np.var([2, 0, 1, 0], ddof=1)  # of the votes of a random half
    assert result.standard_error == pytest.approx(np.sqrt(variance) / 3)
    # The second and third sample share a training neighbour, but vote for two unseen points.
    result = memorization_test([[0.0], [100.0]], [[4.0], [8.0]], [[0.1], [4.1], [8.1]])
    assert result.value == pytest.approx(1 / 3)
    assert result.standard_error == pytest.approx(np.sqrt(np.var([1, 0, 1, 1], ddof=1)) / 3)


def test_ties_are_split():
    # The same points in both sets: every sample is equally near to both.
    points = np.random.default_rng(0).normal(size=(50, 2))
    result = memorization_test(points, points, points)
    assert (result.value, result.standard_error, result.p_value) == (0.5, 0, 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: two_sample_test(np.eye(3), np.eye(3)), "real must have at least 4 rows"),
        (lambda: two_sample_test(np.eye(4), np.eye(5)), "same dimension; got 4 and 5"),
        (
            lambda: classification_accuracy_score(np.eye(3), [0, 1, 2], np.eye(3), [1, 1, 1]),
            "fake_labels must hold two classes or more; got only 1",
        ),
        (
            lambda: classification_accuracy_score(np.eye(3), [0, 1], np.eye(3), [0, 1, 2]),
            r"real_labels must have shape \[3\]; got \[2\]",
        ),
        (
            lambda: classification_accuracy_score(np.eye(2), [0, 1], np.eye(2), ["a", "b"]),
            "fake_labels must be integers; got <U1",
        ),
        (
            lambda: memorization_test(np.eye(3), np.eye(3), np.eye(4)),
            "train and held_out and fake must have the same dimension; got 3 and 3 and 4",
        ),
        (lambda: memorization_test(np.eye(3)[:0], np.eye(3), np.eye(3)), "train is empty"),
        (lambda: two_sample_test(np.eye(4), np.eye(4), seed="0"), "seed must be a whole number"),
    ],
)
def test_what_cannot_be_judged_is_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
