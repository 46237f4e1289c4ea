"""Daily returns: which years are learnt from, what each model keeps, what the measures see."""

import numpy as np
import pytest

pytest.importorskip("arch")

from gantutor.studies.returns import study


@pytest.fixture(scope="module")
def years():
    return study.load()


def test_the_years_are_divided_in_order(years):
    assert len(years.train) == 3520 and len(years.held_out) == 1510
    assert years.train.min() == pytest.approx(-9.47, abs=0.01), "15 October 2008"
    assert years.held_out.min() == pytest.approx(-4.18, abs=0.01), "5 February 2018"


def test_no_method_looks_at_the_held_out_years(years):
    changed = years._replace(held_out=years.held_out * 100)
    for method in ("normal", "Student's t", "resampled days", "resampled blocks", "GJR-GARCH"):
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


def test_scores_are_normal_and_are_turned_back(years):
    scores = study.scores(years.train)
    assert scores.mean() == pytest.approx(0, abs=0.01) and scores.std() == pytest.approx(
        1, abs=0.01
    )
    back = study.returns(scores, years.train)
    middle = np.abs(scores) < 2
    assert np.allclose(back[middle], years.train[middle], atol=0.1)


def test_models_have_the_facts_that_they_are_built_to_have(years):
    found = {
        method: study.score(study.make(years, method, 1), years.held_out)
        for method in study.SETTINGS
        if not method.startswith("GAN")
    }
    for method in ("normal", "Student's t", "resampled days"):
        assert abs(found[method]["clustering"]) < 0.02, method
    for method in ("GARCH", "GJR-GARCH", "resampled blocks", "training years"):
        assert found[method]["clustering"] > 0.1, method
    assert found["normal"]["tail_index"] > 5 > 4 > found["Student's t"]["tail_index"]
    assert found["GJR-GARCH"]["leverage"] < found["GARCH"]["leverage"] - 0.01
    assert found["training years"]["low_1"] == pytest.approx(-3.58, abs=0.05)


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


def test_windows_are_days_in_a_row():
    pytest.importorskip("tensorflow")
    from gantutor.studies.returns import training

    found = training.windows(np.arange(100))
    assert found.shape == (37, 64) and (np.diff(found, axis=1) == 1).all()


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table():
    pytest.importorskip("tensorflow")
    years = study.load()
    for method in ("GAN", "GAN of scores"):
        made = study.make(years, method, 0, 2)
        assert made.shape == (study.WINDOWS, study.DAYS) and np.isfinite(made).all()
    assert {"seed", *study.run(0, "normal")} == set(study.COLUMNS)
