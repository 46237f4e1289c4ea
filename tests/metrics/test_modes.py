import numpy as np
import pytest

from gantutor.data import grid, line, ring
from gantutor.metrics import mode_coverage


def test_real_points_reach_all_modes_and_the_known_share_is_good():
    # In two dimensions the distance in units of std is Rayleigh distributed: 1 − exp(−9/2).
    mixture = grid()
    coverage = mode_coverage(mixture.sample(50_000, seed=0), mixture)
    assert coverage.found == 25
    assert coverage.good_share == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    assert coverage.counts.sum() == round(50_000 * coverage.good_share)
    assert coverage.counts.min() > 1800  # 1978 ± 44


def test_a_collapsed_generator_finds_one_mode():
    coverage = mode_coverage(np.tile([2.0, 0.0], (100, 1)), ring())
    assert (coverage.found, coverage.good_share) == (1, 1.0)
    assert coverage.counts.tolist() == [100, 0, 0, 0, 0, 0, 0, 0]
    assert float(coverage) == coverage.value == 1


def test_the_bound_is_three_standard_deviations():
    # Centres −2 and 2, std 0.5: good up to −0.5 and from 0.5 on.
    coverage = mode_coverage([[-3.4], [-0.51], [-0.49], [0.0], [0.51], [3.6]], line())
    assert coverage.counts.tolist() == [2, 1]
    assert coverage.good_share == 0.5


def test_points_between_the_modes_find_none():
    coverage = mode_coverage(np.zeros((10, 2)), ring())
    assert (coverage.found, coverage.good_share) == (0, 0.0)


def test_the_nearest_centre_owns_a_point_that_several_could():
    coverage = mode_coverage([[0.4]], line(centres=(0, 1), std=1.0))
    assert coverage.counts.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((0, 2)), "points is empty"),
        (np.zeros((3, 1)), "points must have 2 columns; got 1"),
        ([[0.0, np.nan]], "points must be finite"),
    ],
)
def test_bad_points(points, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(points, ring())
