"""Daily returns: which years are learnt from, what each model keeps, what the measures see."""

import numpy as np
import pytest

pytest.importorskip("arch")

from gantutor.studies.returns import study


@pytest.fixture(scope="module")
def years():
    return study.load()


def test_the_years_are_divided_in_order(years):
    assert len(years.train) == 3520 and len(years.held_out) == 23 * 64
    assert years.train.min() == pytest.approx(-9.47, abs=0.01), "15 October 2008"
    assert years.held_out.min() == pytest.approx(-4.18, abs=0.01), "5 February 2018"


def test_no_method_looks_at_the_held_out_years(years):
    changed = years._replace(held_out=years.held_out * 100)
    for method in ("normal", "resampled days", "resampled blocks", "AR-GJR-GARCH"):
        made, again = (study.make(some, method, 1) for some in (years, changed))
        assert np.array_equal(made, again) and made.shape == (study.WINDOWS, study.DAYS)


def test_hills_index_of_a_power_law_is_its_exponent():
    random = np.random.default_rng(0)
    for exponent in (2.0, 4.0):
        sample = random.pareto(exponent, 100_000) + 1
        assert study.hill(sample * random.choice([-1, 1], 100_000)) == pytest.approx(
            exponent, rel=0.05
        )
    assert study.hill(random.normal(size=100_000)) > 5


def test_lagged_correlation_of_known_series():
    noise = np.random.default_rng(0).normal(size=(4000, 20))
    assert abs(study.lagged(noise, noise, 1)) < 0.02
    wave = np.tile([1.0, -1.0], (3, 10))
    assert study.lagged(wave, wave, 1) == pytest.approx(-1)
    assert study.lagged(wave, wave, 2) == pytest.approx(1)
    later = np.roll(noise, 3, axis=1)
    assert study.lagged(noise, later, 3) == pytest.approx(1, abs=0.05)


def test_models_have_the_facts_that_they_are_built_to_have(years):
    found = {
        method: study.score(study.make(years, method, 1), years.held_out)
        for method in ("normal", "resampled days", "resampled blocks", "AR-GJR-GARCH")
    }
    for method in ("normal", "resampled days"):
        assert abs(found[method]["clustering"]) < 0.02, method
        assert abs(found[method]["leverage"]) < 0.01, method
    for method in ("AR-GJR-GARCH", "resampled blocks"):
        assert found[method]["clustering"] > 0.1, method
        assert found[method]["leverage"] < -0.03, method
    assert found["normal"]["tail_index"] > 5 > 4 > found["AR-GJR-GARCH"]["tail_index"]
    real = study.score(study.make(years, "training years", 1), years.held_out)
    assert real["low_1"] == pytest.approx(-3.58, abs=0.05)


def test_a_forecast_for_a_day_uses_the_days_before_alone(years):
    made = study.make(years, "training years", 1)
    changed = years.held_out.copy()
    changed[700:] *= 5
    for method in ("AR-GJR-GARCH", "resampled days"):
        one = study.daily(years, method, made, 0.01)
        two = study.daily(years._replace(held_out=changed), method, made, 0.01)
        assert one.shape == years.held_out.shape and (one < 0).all()
        assert np.allclose(one[:701], two[:701]) and not np.allclose(one[701:800], two[701:800])
    fixed = study.daily(years, "normal", made, 0.01)
    assert fixed == np.quantile(made, 0.01)


def test_redrawn_histories_are_pieces_of_four_windows(years):
    real = np.arange(55 * 64.0).reshape(55, 64)
    drawn = study.redrawn(real, 1)
    assert len(drawn) == study.REDRAWN and {one.shape for one in drawn} == {(52, 64)}
    firsts = drawn[0].reshape(13, 4 * 64)
    assert (np.diff(firsts, axis=1) == 1).all() and (firsts[:, 0] % 256 == 0).all()
    assert not np.array_equal(drawn[0], drawn[1])


def test_a_window_is_made_of_noise_near_it_alone():
    tf = pytest.importorskip("tensorflow")
    from gantutor.studies.returns import training

    generator, discriminator = training.build(0)
    z = np.random.default_rng(0).normal(size=(2, training.LATENT_DIM)).astype(np.float32)
    days = np.asarray(generator(z))
    assert days.shape == (2, 64) and discriminator(tf.constant(days)).shape == (2,)
    z[:, -training.CHANNELS :] += 1  # the last day's noise
    moved = np.abs(np.asarray(generator(z)) - days) > 1e-6
    assert moved[:, -1].all() and not moved[:, :-1].any()


def test_a_path_is_what_the_convolutions_make_of_more_noise():
    pytest.importorskip("tensorflow")
    from gantutor.keras.sampling import Sampler
    from gantutor.runs import seeds
    from gantutor.studies.returns import training

    sampler = Sampler(training.build(0)[0], training.LATENT_DIM)
    path = training.path(sampler, 200, 3)
    z = seeds.rng(3, "latents").standard_normal(324 * training.CHANNELS).astype(np.float32)
    last = sampler.sample(z[None, -training.LATENT_DIM :])[0]
    assert path.shape == (200,) and np.allclose(path[-64:], last, atol=1e-4)


def test_heavy_noise_has_a_power_tail_and_deviation_one():
    pytest.importorskip("tensorflow")
    from gantutor.studies.returns import training

    z = np.random.default_rng(0).standard_normal(400_000)
    h = training.HEAVY
    noise = z * np.exp(h / 2 * z**2) * (1 - 2 * h) ** 0.75
    assert noise.std() == pytest.approx(1, abs=0.1) and study.hill(noise) < 5 < study.hill(z)
    plain, heavy = (training.build(0, heavy=heavy)[0] for heavy in (False, True))
    latents = np.full((1, training.LATENT_DIM), 3, np.float32)
    assert not np.allclose(plain(latents), heavy(latents))


def test_windows_are_days_in_a_row():
    pytest.importorskip("tensorflow")
    from gantutor.studies.returns import training

    found = training.windows(np.arange(100))
    assert found.shape == (37, 64) and (np.diff(found, axis=1) == 1).all()


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table():
    pytest.importorskip("tensorflow")
    years = study.load()
    for method in ("GAN", "GAN, heavy noise"):
        made = study.make(years, method, 0, 2)
        assert made.shape == (study.WINDOWS, study.DAYS) and np.isfinite(made).all()
    assert {"seed", *study.run(0, "normal")} == set(study.COLUMNS)
