"""The Fréchet distance of Gaussians has closed forms; these are facts one can check by hand."""

import numpy as np
import pytest

from gantutor.metrics.frechet import FeatureStatistics, frechet_distance


def gaussian(mean, covariance):
    return FeatureStatistics(np.asarray(mean, float), np.asarray(covariance, float), 1000)


@pytest.fixture
def features():
    generator = np.random.default_rng(0)
    return generator.normal(size=(500, 8)) @ generator.normal(size=(8, 8))


def test_shifting_every_point_costs_the_squared_length_of_the_shift(features):
    shift = np.arange(8.0)
    expected = (shift**2).sum()  # 0 + 1 + 4 + … + 49 = 140
    assert expected == 140
    assert frechet_distance(features, features + shift) == pytest.approx(140, rel=1e-9)


def test_scaling_about_the_mean_costs_the_variance_times_the_squared_excess(features):
    centred = features - features.mean(axis=0)
    variance = centred.var(axis=0, ddof=1).sum()
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * variance, rel=1e-9)


def test_standard_deviations_of_independent_features_subtract():
    # 1-D: (σ₁ − σ₂)²; independent features add: (3 − 1)² + (2 − 5)² = 13.
    first = gaussian([0, 0], np.diag([9, 4]))
    second = gaussian([0, 0], np.diag([1, 25]))
    assert frechet_distance(first, second) == pytest.approx(13, rel=1e-12)


def test_covariances_that_do_not_commute():
    # For 2×2 matrices tr √(AB) = √(tr AB + 2 √det AB). Here A = diag(4, 1), B = [[2, 1], [1, 2]]:
    # tr AB = 10, det AB = 12, so the distance is 5 + 4 − 2 √(10 + 2 √12) = 0.7718….
    first = gaussian([0, 0], [[4, 0], [0, 1]])
    second = gaussian([0, 0], [[2, 1], [1, 2]])
    expected = 9 - 2 * np.sqrt(10 + 2 * np.sqrt(12))
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-12)


def test_it_is_zero_for_the_same_features_and_symmetric(features):
    other = features[:100] * 0.5 + 1
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, other) == pytest.approx(frechet_distance(other, features))
    assert frechet_distance(features, other) > 1


def test_features_without_any_variance():
    # A point mass against unit variance in d dimensions is d away: tr C alone remains.
    assert frechet_distance(gaussian([0] * 5, np.zeros((5, 5))), gaussian([0] * 5, np.eye(5))) == 5


def test_fewer_points_than_dimensions_leave_a_real_finite_number():
    generator = np.random.default_rng(1)
    distance = frechet_distance(generator.normal(size=(10, 64)), generator.normal(size=(12, 64)))
    assert 0 < distance < 1000


def test_it_keeps_its_digits_far_from_the_origin(features):
    # float32 would lose the shift of 0.01 at 10⁴: its resolution there is 0.001.
    distance = frechet_distance(features + 1e4, features + 1e4 + 0.01)
    assert distance == pytest.approx(8 * 0.01**2, rel=1e-4)


def test_statistics_are_the_unbiased_ones(features):
    statistics = FeatureStatistics.of(features)
    np.testing.assert_allclose(statistics.covariance, np.cov(features.T), rtol=1e-12)
    assert statistics.count == 500
    assert statistics.covariance.dtype == np.float64


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 4)), "at least two rows"),
        (np.zeros((0, 4)), "empty"),
        (np.zeros(4), r"must have shape \[N, d\]; got \[4\]"),
        (np.full((3, 4), np.nan), "finite"),
        (np.zeros((3, 5)), "same dimension; got 4 and 5"),
    ],
)
def test_features_that_have_no_distance_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(np.eye(4), wrong)
