"""One task under all losses: what the settings build, and what the scores count."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor import metrics  # noqa: E402
from gantutor.data import load_digits, ring  # noqa: E402
from gantutor.studies.losses import study  # noqa: E402

RING = ring()


@pytest.mark.parametrize("task", study.STEPS)
@pytest.mark.parametrize("name", ["hinge", "hinge + spectral norm"])
def test_spectral_norm_is_in_the_networks_of_the_settings_that_have_it(task, name):
    trainer, _ = study.build(**study.SETTINGS[task, name], seed=0)
    parametrised = [
        torch.nn.utils.parametrize.is_parametrized(layer, "weight")
        for layer in trainer.game.discriminator.modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]
    assert parametrised and set(parametrised) == {name.endswith("spectral norm")}


def test_every_method_is_there_with_one_step_and_with_five():
    one = [name for name in study.METHODS if not name.endswith(", 5 steps")]
    assert len(one) == 18 and len(study.METHODS) == 36
    for name in one:
        first, second = study.METHODS[name], study.METHODS[f"{name}, 5 steps"]
        assert {key for key in first if first[key] != second[key]} == {"discriminator_steps"}


def test_each_name_says_what_is_trained():
    for name, method in study.METHODS.items():
        loss = name.split(" + ")[0].split(",")[0]
        assert method["loss"] == loss.lower().replace(" ", "_").replace("-", "_"), name
        assert method["discriminator_steps"] == (5 if "5 steps" in name else 1), name
        assert method["spectral_norm"] == ("spectral norm" in name), name
        penalties = {
            "r1": 1.0 * ("R1" in name),
            "r2": 1.0 * ("R2" in name),
            "gradient_penalty": 1.0 * ("+ penalty" in name),
            "clip_weights": 0.1 * ("clipping" in name),
        }
        assert method["penalties"] == {key: w for key, w in penalties.items() if w}, name


def first_weights(trainer):
    return next(trainer.game.discriminator.parameters()).detach().flatten().numpy().copy()


@pytest.mark.slow
@pytest.mark.parametrize("task", study.STEPS)
def test_one_step_follows_the_method(task):
    def after(name):
        trainer, data = study.build(task, **study.METHODS[name], seed=0)
        trainer.fit(data[:1000], 1)
        return first_weights(trainer)

    plain, penalised, clipped, five = map(
        after,
        (
            "Wasserstein",
            "Wasserstein + penalty",
            "Wasserstein + clipping",
            "Wasserstein + penalty, 5 steps",
        ),
    )
    start, _ = study.build(**study.SETTINGS[task, "Wasserstein"], seed=0)
    start = first_weights(start)
    assert np.abs(plain - start).max() == pytest.approx(1e-3, rel=0.05), "Adam's first step"
    assert not np.allclose(plain, penalised, atol=1e-5)
    assert np.abs(five - start).max() > 2.5e-3, "five steps go further than one"
    assert np.abs(clipped).max() <= np.float32(0.1)


def test_tasks_have_their_own_data():
    _, points = study.build(**study.SETTINGS["ring", "hinge"], seed=3)
    np.testing.assert_array_equal(points, RING.sample(20_000, 3))
    _, images = study.build(**study.SETTINGS["digits", "hinge"], seed=3)
    np.testing.assert_array_equal(images, load_digits()[0])


def test_points_of_the_mixture_score_as_real_ones_and_a_shift_is_the_distance():
    points, fake = RING.sample(2500, 1), RING.sample(1000, 2)
    scores = study.score_points(points, fake, RING, seed=3)
    assert scores["modes"] == 8 and scores["good"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert scores["precision"] > 0.9 and scores["recall"] > 0.9
    same = RING.sample(1000, 3)
    assert study.score_points(points, same, RING, seed=3)["distance"] == 0
    # The best way to carry a set to its own shifted copy is the shift, for each point.
    moved = study.score_points(points, same + np.float32([0.3, 0.4]), RING, seed=3)
    assert moved["distance"] == pytest.approx(0.5, abs=1e-6)


def test_modes_and_good_points_are_counted_in_the_first_set():
    half = np.where(np.arange(2500)[:, None] % 2, RING.centres[0], np.zeros(2))
    scores = study.score_points(half, RING.sample(100, 0), RING, seed=0)
    assert (scores["modes"], scores["good"]) == (1, 0.5)


def test_digits_are_counted_from_one_per_cent_and_good_from_nine_tenths(monkeypatch):
    images = load_digits()[0][::50]  # a hundred, ten of each class
    probabilities = np.full((100, 10), 0.01)
    classes = np.repeat([0, 1, 2], [60, 39, 1])
    probabilities[np.arange(100), classes] = 0.91
    probabilities[:30, 0] = 0.9  # sure, just
    probabilities[30:50, 0] = 0.89  # not sure
    monkeypatch.setattr(metrics, "digit_probabilities", lambda _: probabilities)
    scores = study.score_digits(images)
    assert scores["modes"] == 3 and scores["good"] == pytest.approx(0.8)
    probabilities[99] = probabilities[98]
    assert study.score_digits(images)["modes"] == 2, "one in a hundred is needed"


@pytest.mark.slow
def test_real_digits_score_well_and_noise_does_not():
    digits = study.score_digits(load_digits()[0][::5])
    noise = np.random.default_rng(0).uniform(-1, 1, (1000, 28, 28, 1)).astype("float32")
    assert digits["modes"] == 10 and digits["good"] > 0.95
    assert digits["precision"] > 0.8 and digits["recall"] > 0.8
    bad = study.score_digits(noise)
    assert bad["modes"] < 10 and bad["good"] < 0.1
    assert bad["recall"] == 0 and bad["distance"] > 50 * digits["distance"]


@pytest.mark.slow
def test_a_run_scores_the_samples_of_its_own_trainer(monkeypatch):
    monkeypatch.setitem(study.STEPS, "ring", 6)
    setting = study.SETTINGS["ring", "hinge + R1, 5 steps"]
    first, last = study.run(**setting, seed=4)
    assert (first["step"], last["step"]) == (2, 6) and 0 < first["seconds"] < last["seconds"]
    trainer, data = study.build(**setting, seed=4)
    for row, steps in ((first, 2), (last, 4)):
        trainer.fit(data, steps)
        fake = trainer.sample(2500), trainer.sample(1000, seed=1)
        expected = study.score_points(*fake, RING, seed=10_004)
        assert {key: row[key] for key in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("task", study.STEPS)
def test_a_run_depends_on_its_seed_alone(task, monkeypatch):
    monkeypatch.setitem(study.STEPS, task, 5)
    first, again, other = (
        [row | {"seconds": 0} for row in study.run(**study.SETTINGS[task, "hinge"], seed=seed)]
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert all(row.keys() == study.COLUMNS.keys() - {"seed"} for row in first)
