"""The Fréchet distance of Gaussians has closed forms; these are facts one can check by hand."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mpmath import mp

from gantutor.metrics import frechet
from gantutor.metrics.frechet import FeatureStatistics, frechet_distance, frechet_infinity


def gaussian(mean, covariance):
    return FeatureStatistics(np.asarray(mean, float), 999 * np.asarray(covariance, float), 1000)


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


def by_definition(first, second):
    """The distance in 50 digits, through the eigenvalues of C₁ C₂."""
    mp.dps = 50
    means = [mp.matrix(x.mean(axis=0).tolist()) for x in (first, second)]
    covariances = []
    for x in (first, second):
        rows = mp.matrix(x.tolist())
        mean = mp.matrix([sum(rows[:, j]) / len(x) for j in range(rows.cols)])
        centred = rows - mp.ones(len(x), 1) * mean.T
        covariances.append(centred.T * centred / (len(x) - 1))
    eigenvalues, _ = mp.eig(covariances[0] * covariances[1])
    overlap = sum(mp.sqrt(mp.re(value)) if mp.re(value) > 1e-30 else 0 for value in eigenvalues)
    traces = sum(c[i, i] for c in covariances for i in range(c.rows))
    shift = means[0] - means[1]
    return float((shift.T * shift)[0] + traces - 2 * overlap)


@pytest.mark.parametrize("counts", [(30, 40), (5, 7), (5, 40), (40, 5), (8, 9), (9, 9)])
def test_it_keeps_its_digits_with_more_and_with_fewer_points_than_dimensions(counts):
    generator = np.random.default_rng(3)
    mixing = generator.normal(size=(8, 8)) * np.logspace(0, -4, 8)
    first, second = (generator.normal(size=(n, 8)) @ mixing for n in counts)
    expected = by_definition(first, second)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_statistics_of_few_points_give_the_same_distance_as_their_features():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(6, 20)), generator.normal(size=(50, 20)) + 1
    of_features = frechet_distance(first, second)
    statistics = [FeatureStatistics.of(x) for x in (first, second)]
    assert frechet_distance(*statistics) == pytest.approx(of_features, rel=1e-6)
    assert frechet_distance(first, statistics[1]) == pytest.approx(of_features, rel=1e-10)


def test_a_constant_feature_changes_nothing(features):
    other = 0.5 * features[:200] + 1
    more = [np.hstack([x, np.full((len(x), 1), 3.0)]) for x in (features, other)]
    assert frechet_distance(*more) == pytest.approx(frechet_distance(features, other), rel=1e-9)


@pytest.mark.parametrize("cuts", [[250], [1, 2, 499], [100, 101, 300]])
def test_statistics_of_parts_add_to_those_of_the_whole(features, cuts):
    features = features + 1e4
    merged = sum(FeatureStatistics.of(part) for part in np.split(features, cuts))
    whole = FeatureStatistics.of(features)
    assert merged.count == 500
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-13)
    np.testing.assert_allclose(merged.covariance, whole.covariance, rtol=1e-7, atol=1e-7)


SETS = arrays(
    np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(-1e3, 1e3, width=32)
)


@given(SETS, SETS, SETS)
def test_statistics_merge_in_any_order_and_grouping(x, y, z):
    a, b, c = map(FeatureStatistics.of, (x, y, z))
    whole = FeatureStatistics.of(np.concatenate([x, y, z]))
    for merged in ((a + b) + c, a + (b + c), c + b + a, sum([a, b, c])):
        assert merged.count == whole.count == len(x) + len(y) + len(z)
        np.testing.assert_allclose(merged.mean, whole.mean, atol=1e-9)
        np.testing.assert_allclose(merged.scatter, whole.scatter, rtol=1e-9, atol=1e-5)


def test_statistics_add_to_statistics_only(features):
    with pytest.raises(TypeError, match="unsupported operand"):
        FeatureStatistics.of(features) + 1


def test_statistics_of_other_dimensions_do_not_add(features):
    with pytest.raises(ValueError, match="same dimension; got 8 and 3"):
        FeatureStatistics.of(features) + FeatureStatistics.of(features[:, :3])


def test_the_extrapolation_removes_the_bias():
    generator = np.random.default_rng(0)
    reference = gaussian(np.zeros(16), np.eye(16))
    features = generator.normal(size=(2000, 16)) + 0.25  # the true distance is 16 · 0.25² = 1
    extrapolated = frechet_infinity(reference, features[:1000])
    finite = [frechet_distance(reference, features[a : a + 250]) for a in range(0, 2000, 250)]
    assert np.mean(finite) > 1.1
    assert abs(extrapolated.value - 1) < 0.6 * (np.mean(finite) - 1)
    assert extrapolated.sizes[0] == 500 and extrapolated.sizes[-1] == 1000
    assert extrapolated.distances[-1] == pytest.approx(frechet_distance(reference, features[:1000]))


def test_only_the_generated_samples_are_extrapolated(features):
    real, fake = features[:40], features[40:] + 1
    found = frechet_infinity(real, fake)
    assert found.sizes[[0, -1]].tolist() == [230, 460]
    assert found.distances[-1] == pytest.approx(frechet_distance(real, fake), rel=1e-9)
    assert float(found) == found.value
    same = frechet_infinity(FeatureStatistics.of(real), fake, seed=np.random.default_rng(0))
    np.testing.assert_allclose(same.distances, found.distances, rtol=1e-9)


def test_what_cannot_be_extrapolated_is_refused(features):
    with pytest.raises(ValueError, match="fake must have at least 4 rows; got 3"):
        frechet_infinity(features, features[:3])
    with pytest.raises(ValueError, match="points must be at least 2"):
        frechet_infinity(features, features, points=1)


@pytest.mark.parametrize("rows", [30, 90, 300])  # all subsets with a root of rows, some, none
def test_the_points_of_the_line_are_distances_and_few_rows_need_one_root(rows, monkeypatch):
    real, fake = np.random.default_rng(0).normal(size=(2, 300, 64))
    reference = FeatureStatistics.of(real)
    taken = mock.Mock(wraps=frechet._root)
    monkeypatch.setattr(frechet, "_root", taken)
    found = frechet_infinity(reference, fake[:rows], points=5)
    assert taken.call_count == (rows < 100)
    rng = np.random.default_rng(0)
    for size, distance in zip(found.sizes, found.distances, strict=True):
        subset = fake[rng.permutation(rows)[:size]]
        assert distance == pytest.approx(frechet_distance(reference, subset), rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 4)), "fake must have at least 2 rows"),
        (np.zeros((0, 4)), "empty"),
        (np.zeros(4), r"must have shape \[N, d\]; got \[4\]"),
        (np.full((3, 4), np.nan), "finite"),
        (np.zeros((3, 5)), "real and fake must have the same dimension; got 4 and 5"),
    ],
)
def test_features_that_have_no_distance_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(np.eye(4), wrong)
