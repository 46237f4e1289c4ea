"""The kernel distance against its definition, its closed forms, and its bias."""

import numpy as np
import pytest

from gantutor.metrics import kernel, kernel_distance


def by_definition(x, y):
    def cubic(a, b):
        return (a @ b.T / a.shape[1] + 1) ** 3

    m, n = len(x), len(y)
    within_x = (cubic(x, x).sum() - np.trace(cubic(x, x))) / (m * (m - 1))
    within_y = (cubic(y, y).sum() - np.trace(cubic(y, y))) / (n * (n - 1))
    return within_x + within_y - 2 * cubic(x, y).mean()


def test_two_points_each_by_hand():
    # d = 1: k(0, 0) = 1, k(1, 1) = 8, k(0, 1) = 1. Between {0, 0} and {1, 1}: 1 + 8 − 2 · 1 = 7.
    assert kernel_distance([[0.0], [0.0]], [[1.0], [1.0]], subsets=1).value == 7


@pytest.mark.parametrize("tile", [16, 1024])
def test_subsets_give_what_the_definition_says(monkeypatch, tile):
    monkeypatch.setattr(kernel, "_TILE", tile)
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(80, 5)), 1.2 * generator.normal(size=(60, 5))
    found = kernel_distance(x, y, subsets=4, subset_size=30, seed=7)
    state = np.random.RandomState(7)  # the order in which torch-fidelity draws
    expected = [
        by_definition(
            x[state.choice(80, 30, replace=False)], y[state.choice(60, 30, replace=False)]
        )
        for _ in range(4)
    ]
    np.testing.assert_allclose(found.subsets, expected, rtol=1e-9)
    assert found.value == pytest.approx(np.mean(expected))
    assert found.standard_error == pytest.approx(np.std(expected, ddof=1) / 2)


def test_whole_sets_when_they_are_small():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(40, 3)), generator.normal(size=(40, 3)) + 1
    found = kernel_distance(x, y, subsets=1)
    assert found.value == pytest.approx(by_definition(x, y), rel=1e-10)
    assert found.standard_error == 0


def test_it_is_unbiased_at_any_size():
    # Two samples of one distribution: the mean over many pairs is 0, also for ten points.
    generator = np.random.default_rng(0)
    values = [
        kernel_distance(*generator.normal(size=(2, 10, 4)), subsets=1).value for _ in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


def test_a_shift_in_one_dimension_has_a_closed_form():
    # d = 1, x ~ 𝒩(0, 1), y ~ 𝒩(μ, 1): with moments m₁, m₂, m₃ the cubic kernel gives
    # 3 Δm₁² + 3 Δm₂² + Δm₃², Δm = (μ, μ², μ³ + 3 μ). At μ = 1: 3 + 3 + 16 = 22.
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 4000, 1)) + np.array([0, 1]).reshape(2, 1, 1)
    found = kernel_distance(x, y, subsets=1, subset_size=4000)
    assert found.value == pytest.approx(22, rel=0.15)


def test_float32_loses_no_more_than_rounding():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 500, 64))
    single = kernel_distance(x.astype("f4"), y.astype("f4"), subsets=5, subset_size=200)
    double = kernel_distance(x, y, subsets=5, subset_size=200)
    np.testing.assert_allclose(single.subsets, double.subsets, atol=1e-6)


def test_the_seed_decides():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 100, 2))
    first, again, other = (kernel_distance(x, y, 3, 20, seed).value for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("x", "y", "size", "message"),
    [
        (np.zeros((1, 2)), np.zeros((5, 2)), 10, "first must have at least 2 rows; got 1"),
        (np.zeros((5, 3)), np.zeros((5, 2)), 10, "same dimension; got 3 and 2"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), 10, "second must be finite"),
        (np.zeros((5, 2)), np.zeros((5, 2)), 1, "subset_size must be at least 2; got 1"),
        (np.zeros((5, 2)), np.zeros((5, 2)), 0, "subset_size must be a whole number"),
    ],
)
def test_sets_without_a_distance_are_refused(x, y, size, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(x, y, subset_size=size)
