import numpy as np
import pytest
import scipy.stats

from gantutor.data import GaussianMixture, grid, line, ring


def test_the_density_of_one_gaussian_is_that_of_scipy():
    points = np.random.default_rng(0).normal(size=(50, 3))
    expected = scipy.stats.multivariate_normal([1, 2, 3], 0.7**2 * np.eye(3)).logpdf(points)
    found = GaussianMixture([[1, 2, 3]], std=0.7).log_density(points)
    assert np.allclose(found, expected, atol=1e-5)  # points pass through float32


def test_the_density_integrates_to_one():
    x = np.linspace(-8, 8, 4001)
    density = np.exp(line(centres=(-2, 1, 4), std=0.5).log_density(x[:, None]))
    assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-6)


def test_the_density_halfway_between_two_modes():
    # Both modes are 2 away: ½ (N(2) + N(2)) = N(2) with σ = 0.5.
    expected = -0.5 * (2 / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi))
    assert line().log_density([[0.0]])[0] == pytest.approx(expected)


def test_far_away_the_logarithm_stays_finite():
    assert ring().log_density([[100.0, 0.0]])[0] == pytest.approx(-0.5 * (98 / 0.02) ** 2, rel=1e-3)


def test_samples_have_the_moments_of_the_mixture():
    points = line(centres=(-2, 2), std=0.5).sample(100_000, seed=0)
    assert points.shape == (100_000, 1) and points.dtype == np.float32
    # Variance between the modes 4, within 0.25; standard errors 0.0065 and 0.0064.
    assert points.mean() == pytest.approx(0, abs=0.03)
    assert points.var() == pytest.approx(4.25, abs=0.03)
    assert (points > 0).mean() == pytest.approx(0.5, abs=0.01)


def test_samples_spread_evenly_over_the_modes():
    mixture = grid(side=5, spacing=2, std=0.05)
    points = mixture.sample(25_000, seed=1)
    nearest = np.linalg.norm(points[:, None] - mixture.centres, axis=-1).argmin(axis=1)
    assert np.bincount(nearest, minlength=25).min() > 850  # 1000 ± 31
    assert (points - mixture.centres[nearest]).std() == pytest.approx(0.05, rel=0.02)


def test_the_seed_decides_and_a_generator_moves_on():
    mixture = ring()
    assert np.array_equal(mixture.sample(9, seed=5), mixture.sample(9, seed=5))
    rng = np.random.default_rng(5)
    assert not np.array_equal(mixture.sample(9, rng), mixture.sample(9, rng))


def test_the_centres_of_a_ring():
    centres = ring(modes=8, radius=2).centres
    assert centres.shape == (8, 2)
    assert np.allclose(np.linalg.norm(centres, axis=1), 2)
    # The chord over 45° is 2 r sin 22.5°.
    chords = np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1)
    assert np.allclose(chords, 4 * np.sin(np.pi / 8))


def test_the_centres_of_a_grid():
    centres = grid(side=5, spacing=2).centres
    assert len(np.unique(centres, axis=0)) == 25
    assert np.array_equal(np.unique(centres), [-4, -2, 0, 2, 4])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ring(modes=0), "modes must be a whole number of at least 1; got 0"),
        (lambda: grid(side=-1), "side must be a whole number"),
        (lambda: line(centres=()), "centres is empty"),
        (lambda: line(std=0), "std must be a finite number above 0; got 0"),
        (lambda: ring(std=float("nan")), "std must be a finite number above 0; got nan"),
        (lambda: ring(std="0.1"), "std must be a finite number above 0; got '0.1'"),
        (lambda: ring(radius=None), "radius must be a finite number; got None"),
        (lambda: grid(spacing=np.inf), "spacing must be a finite number; got inf"),
        (lambda: ring().sample(9, seed=-1), "seed must be a whole number of at least 0; got -1"),
        (lambda: GaussianMixture([[np.inf]], 1.0), "centres must be finite"),
        (lambda: ring().sample(0, seed=0), "count must be a whole number of at least 1; got 0"),
        (lambda: ring().log_density([[1.0]]), "points must have 2 columns; got 1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numbers_of_any_type_mean_the_same():
    assert np.array_equal(
        ring(8.0, np.int64(2), np.float64(0.02)).centres, ring(8, 2.0, 0.02).centres
    )
    assert np.array_equal(grid(np.float32(3), 2).centres, grid(3, 2.0).centres)
    points = ring().sample(np.int64(9), seed=np.int64(5))
    assert np.array_equal(points, ring().sample(9.0, seed=5))


@pytest.mark.parametrize("seed", [None, 1.5, "0"])
def test_what_is_no_seed(seed):
    with pytest.raises(TypeError, match="seed must be a whole number of at least 0; got"):
        ring().sample(2, seed)


def test_a_mixture_keeps_its_centres():
    mine = np.zeros((1, 2), "float32")
    mixture = GaussianMixture(mine, std=1.0)
    mine += 5
    assert mixture.centres.tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        mixture.centres += 1
