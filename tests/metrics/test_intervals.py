"""Bootstrap intervals and corrected p-values hold what they promise."""

import numpy as np
import pytest

from gantutor.metrics import bootstrap_interval, frechet_distance, holm, inception_score


def test_the_interval_of_a_mean_is_the_textbook_one():
    points = np.random.default_rng(0).normal(size=(500, 1))
    low, high = bootstrap_interval(lambda x: x.mean(), points, resamples=2000)
    half = 1.96 * points.std() / np.sqrt(500)
    assert (low, high) == pytest.approx((points.mean() - half, points.mean() + half), abs=0.01)


def test_nine_of_ten_intervals_hold_the_truth():
    generator = np.random.default_rng(0)
    hits = 0
    for seed in range(100):
        points = generator.normal(size=(60, 1))
        low, high = bootstrap_interval(
            lambda x: x.mean(), points, level=0.9, resamples=200, seed=seed
        )
        hits += low < 0 < high
    assert 80 <= hits <= 97


def test_the_interval_of_a_distance_lies_around_it_in_spite_of_the_shift():
    generator = np.random.default_rng(0)
    real, fake = generator.normal(size=(2, 300, 10))
    fake = fake + 0.5
    estimate = frechet_distance(real, fake)
    low, high = bootstrap_interval(frechet_distance, real, fake, resamples=100)
    assert low < estimate < high and 0.1 < high - low < 2
    again = bootstrap_interval(frechet_distance, real, fake, resamples=100)
    assert again == (low, high)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 1.0}, "level must lie between 0 and 1; got 1.0"),
        ({"resamples": 0}, "resamples must be a whole number"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(np.mean, np.zeros((5, 1)), **arguments)


def test_one_row_has_no_interval():
    with pytest.raises(ValueError, match=r"samples\[1\] must have at least 2 rows; got 1"):
        bootstrap_interval(frechet_distance, np.zeros((2, 1)), np.zeros((1, 1)))


def test_metrics_with_a_result_have_intervals_too():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), size=100)
    by_result = bootstrap_interval(inception_score, probabilities, resamples=50)
    by_number = bootstrap_interval(lambda p: inception_score(p).value, probabilities, resamples=50)
    assert by_result == by_number


def test_holm_by_hand():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.6, 0.001]) == pytest.approx([1, 1, 0.003])
    assert holm([0.2]) == pytest.approx([0.2])


def test_holm_keeps_the_chance_of_any_false_alarm():
    # Twenty true null hypotheses: without the correction 1 - 0.95 ** 20 = 64 % have an alarm.
    p_values = np.random.default_rng(0).uniform(size=(2000, 20))
    assert (p_values < 0.05).any(axis=1).mean() > 0.6
    assert 0.03 < np.mean([(holm(row) < 0.05).any() for row in p_values]) < 0.07


@pytest.mark.parametrize("p_values", [[], [0.1, np.nan], [1.2], [-0.1], [[0.1]], 0.1])
def test_holm_refuses_what_is_no_row_of_p_values(p_values):
    with pytest.raises(ValueError, match="p_values must be one row of numbers from 0 to 1"):
        holm(p_values)
