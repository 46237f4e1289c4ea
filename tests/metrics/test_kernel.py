"""The kernel distance against its definition, its closed forms, and its bias."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gantutor.metrics import KernelSum, kernel, kernel_distance, squared_mmd


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
    x, y = generator.normal(size=(2, 1000, 8)) + 3  # large values of the kernel, of which all
    single = kernel_distance(x.astype("f4"), y.astype("f4"), subsets=3)  # but 0.09 cancel out
    double = kernel_distance(x, y, subsets=3)
    np.testing.assert_allclose(single.subsets, double.subsets, atol=4e-5)


def test_the_seed_decides():
    x, y = np.random.default_rng(0).normal(size=(2, 100, 2))
    first, again, other = (kernel_distance(x, y, 3, 20, seed).value for seed in (1, np.int64(1), 2))
    assert first == again != other


def test_a_generator_is_a_seed_that_goes_on():
    x, y = np.random.default_rng(0).normal(size=(2, 100, 2))
    rng = np.random.default_rng(1)
    first, second = (kernel_distance(x, y, 3, 20, rng).value for _ in range(2))
    assert first != second
    assert kernel_distance(x, y, 3, 20, np.random.default_rng(1)).value == first


@pytest.mark.parametrize("seed", [None, 1.5, "0", True, np.random.RandomState(0)])
def test_other_seeds_are_refused(seed):
    with pytest.raises(TypeError, match="seed must be a whole number of at least 0"):
        kernel_distance(np.eye(4), np.eye(4), seed=seed)


def test_the_result_is_its_value():
    x, y = np.random.default_rng(0).normal(size=(2, 50, 2))
    found = kernel_distance(x, y, 3, 20)
    assert float(found) == found.value != 0


# The whole sets, and sums that merge.


@pytest.mark.parametrize("tile", [7, 1024])
@pytest.mark.parametrize("counts", [(30, 50), (50, 30), (2, 40)])
def test_whole_sets_of_unequal_size_by_definition(monkeypatch, tile, counts):
    monkeypatch.setattr(kernel, "_TILE", tile)
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(n, 5)) + n / 50 for n in counts)
    assert squared_mmd(x, y) == pytest.approx(by_definition(x, y), rel=1e-9)


def test_whole_sets_by_hand():
    # d = 1: k(0, 0) = 1, k(0, 2) = 1, k(2, 2) = 125, k(0, 1) = 1, k(2, 1) = 27, k(1, 1) = 8.
    # {0, 2} against {1, 1, 1}: 1 + 8 − 2 · (1 + 27) / 2 = −19.
    assert squared_mmd([[0.0], [2.0]], [[1.0], [1.0], [1.0]]) == -19


def test_equal_sets_are_one_subset():
    x, y = np.random.default_rng(0).normal(size=(2, 40, 3))
    assert squared_mmd(x, y) == pytest.approx(kernel_distance(x, y, subsets=1).value, rel=1e-9)


def test_whole_sets_of_unequal_size_have_no_bias():
    rng = np.random.default_rng(0)
    values = [squared_mmd(rng.normal(size=(8, 3)), rng.normal(size=(20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0 < max(values)


def test_sums_count_every_pair_once():
    # Rows 0, 1, 2: k(0, 1) = 1, k(0, 2) = 1, k(1, 2) = 27.
    rows = [[0.0], [1.0], [2.0]]
    assert KernelSum.within(rows) == KernelSum(29.0, 3)
    assert KernelSum.between(rows[:1], rows[1:]) == KernelSum(2.0, 2)
    assert KernelSum.between(rows[:2], rows[2:]).mean == 14


def test_float32_is_summed_in_float64():
    # All kernels are the same float32; a sum of millions of it in float32 would be off by 1e-7.
    rows = np.full((3000, 1), 0.3, np.float32)
    cubed = float((rows[0, 0] * rows[0, 0] + np.float32(1)) ** 3)
    assert KernelSum.within(rows).mean == pytest.approx(cubed, rel=1e-7)
    assert KernelSum.between(rows, rows[:777]).mean == KernelSum.between(rows[:1], rows[:1]).mean


SETS = arrays(
    np.float64, st.tuples(st.integers(1, 9), st.just(2)), elements=st.floats(-10, 10, width=32)
)


@given(SETS, SETS, SETS)
def test_sums_of_parts_merge_to_those_of_the_whole(x, y, z):
    within, between = KernelSum.within, KernelSum.between
    parts = [within(x), within(y), within(z), between(x, y), between(x, z), between(y, z)]
    whole = within(np.concatenate([x, y, z]))
    for merged in (sum(parts), sum(parts[::-1]), (parts[0] + parts[1]) + sum(parts[2:])):
        assert merged.pairs == whole.pairs
        assert merged.total == pytest.approx(whole.total, rel=1e-9, abs=1e-6)
    across = between(x, z) + between(y, z)
    assert across.pairs == (len(x) + len(y)) * len(z)
    expected = between(z, np.concatenate([x, y])).total
    assert across.total == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_a_sum_is_a_value():
    total = KernelSum(1.0, 2)
    with pytest.raises(FrozenInstanceError):
        total.pairs = 3
    assert {total, KernelSum(1.0, 2)} == {total}


def test_what_has_no_pairs_has_no_mean():
    with pytest.raises(ValueError, match="needs at least one pair of rows; got none"):
        _ = KernelSum.within([[1.0, 2.0]]).mean
    with pytest.raises(TypeError, match="unsupported operand"):
        KernelSum(1.0, 1) + 1
    with pytest.raises(ValueError, match="fake must have at least 2 rows; got 1"):
        squared_mmd(np.eye(3), np.eye(3)[:1])
    with pytest.raises(ValueError, match="first and second must have the same dimension"):
        KernelSum.between(np.eye(3), np.eye(2))


@pytest.mark.parametrize(
    ("x", "y", "size", "message"),
    [
        (np.zeros((1, 2)), np.zeros((5, 2)), 10, "real must have at least 2 rows; got 1"),
        (np.zeros((5, 3)), np.zeros((5, 2)), 10, "same dimension; got 3 and 2"),
        (np.zeros((5, 2)), np.full((5, 2), np.nan), 10, "fake must be finite"),
        (np.zeros((5, 2)), np.zeros((5, 2)), 1, "subset_size must be at least 2; got 1"),
        (np.zeros((5, 2)), np.zeros((5, 2)), 0, "subset_size must be a whole number"),
    ],
)
def test_sets_without_a_distance_are_refused(x, y, size, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(x, y, subset_size=size)
