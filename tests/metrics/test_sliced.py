"""The sliced Wasserstein distance: sorted lists by hand, shifts in closed form, SciPy by line."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gantutor.metrics import sliced_wasserstein_distance


def test_on_a_line_it_is_the_mean_gap_of_sorted_values():
    # Sorted, {3, 0} and {1, 5} are 0, 3 and 1, 5: (1 + 2) / 2, whichever way a line points.
    assert sliced_wasserstein_distance([[3.0], [0.0]], [[1.0], [5.0]]) == pytest.approx(1.5)


def test_sets_of_unequal_sizes_by_hand():
    # {0, 3} against {0, 1, 2}: thirds 0 → 0, then a half of the middle third 0 → 1 and the other
    # half 3 → 1, then 3 → 2: 0 + 1/6 + 2/6 + 1/3 = 5/6.
    points = [[0.0], [3.0]], [[2.0], [0.0], [1.0]]
    assert sliced_wasserstein_distance(*points) == pytest.approx(5 / 6)
    assert sliced_wasserstein_distance(*points[::-1]) == pytest.approx(5 / 6)


def test_it_is_the_mean_of_scipys_distance_over_the_lines():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), 2 * rng.normal(size=(25, 3)) + 1
    directions = np.random.default_rng(7).normal(size=(3, 10))
    directions /= np.linalg.norm(directions, axis=0)
    pairs = zip((real @ directions).T, (fake @ directions).T, strict=True)
    expected = np.mean([wasserstein_distance(*pair) for pair in pairs])
    assert sliced_wasserstein_distance(real, fake, 10, seed=7) == pytest.approx(expected)


@pytest.mark.parametrize(("dimension", "mean"), [(2, 2 / np.pi), (3, 1 / 2)])
def test_a_shift_is_seen_at_all_angles(dimension, mean):
    # |cos| of a random direction with a fixed one has the mean 2/π in the plane, ½ in space.
    points = np.random.default_rng(0).normal(size=(50, dimension))
    shifted = points + 4 * np.eye(dimension)[0]
    found = sliced_wasserstein_distance(points, shifted, lines=20_000)
    assert found == pytest.approx(4 * mean, rel=0.02)
    assert found < 4, "no more than the distance itself"


def test_the_order_of_the_rows_and_copies_of_a_set_do_not_count():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 30, 4))
    assert sliced_wasserstein_distance(real, real[::-1]) == pytest.approx(0, abs=1e-12)
    copies = np.repeat(fake, 3, axis=0)
    once, thrice = (sliced_wasserstein_distance(real, some) for some in (fake, copies))
    assert once > 0 and thrice == pytest.approx(once)


def test_the_seed_decides_and_a_generator_goes_on():
    real, fake = np.random.default_rng(0).normal(size=(2, 20, 3))
    rng = np.random.default_rng(5)
    first, second = (sliced_wasserstein_distance(real, fake, 4, rng) for _ in range(2))
    assert first != second
    assert sliced_wasserstein_distance(real, fake, 4, 5) == first


@pytest.mark.parametrize(
    ("real", "fake", "lines", "message"),
    [
        (np.zeros((0, 2)), np.zeros((5, 2)), 8, "real is empty"),
        (np.zeros((5, 3)), np.zeros((5, 2)), 8, "same dimension; got 3 and 2"),
        (np.zeros((5, 2)), np.full((5, 2), np.inf), 8, "fake must be finite"),
        (np.zeros((5, 2)), np.zeros((5, 2)), 0, "lines must be a whole number of at least 1"),
    ],
)
def test_sets_without_a_distance_are_refused(real, fake, lines, message):
    with pytest.raises(ValueError, match=message):
        sliced_wasserstein_distance(real, fake, lines)
