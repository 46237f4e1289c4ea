"""Stacked digits: the stacks, their scores, and a log of a training."""

import numpy as np
import pytest

from gantutor import metrics, recipes
from gantutor.data import load_digits

pytest.importorskip("torch")
from gantutor.studies.stacked_digits import study

IMAGES, LABELS = load_digits()


def test_stacked_digits_show_three_of_the_given_digits():
    stacked = study.stack_digits(IMAGES[:7], 50, seed=3)
    assert stacked.shape == (50, 28, 28, 3) and stacked.dtype == np.float32
    known = {image.tobytes() for image in IMAGES[:7]}
    channels = np.moveaxis(stacked, -1, 1).reshape(-1, 28, 28, 1)
    assert {np.ascontiguousarray(image).tobytes() for image in channels} == known
    np.testing.assert_array_equal(stacked, study.stack_digits(IMAGES[:7], 50, seed=3))
    assert (stacked != study.stack_digits(IMAGES[:7], 50, seed=4)).any()


def test_stacked_scores_are_those_of_the_metric_and_split_by_channel():
    images = study.stack_digits(IMAGES, 300)
    scores, found = study.score(images), metrics.stacked_digit_modes(images)
    assert scores["modes"] == found.found
    assert scores["divergence"] == pytest.approx(found.divergence, abs=1e-12)
    one = np.repeat(IMAGES[:1], 4, axis=0)  # the digit 0, and nothing else
    alone = study.score(np.repeat(one, 3, axis=-1))
    assert alone["modes"] == 1
    assert alone["divergence"] == pytest.approx(np.log(1000))
    assert alone["marginals"] == pytest.approx(3 * np.log(10))
    ten = IMAGES[::500]  # one of each class, the same in all channels: 000, 111, …
    equal = study.score(np.repeat(ten, 3, axis=-1))
    assert equal["modes"] == 10
    assert equal["marginals"] == pytest.approx(0, abs=1e-12)
    assert equal["divergence"] == pytest.approx(np.log(100))


def test_the_recipes_are_for_colour_and_without_labels():
    for setting in study.SETTINGS.values():
        recipe = recipes.Recipe.from_dict(setting["recipe"])
        assert recipe.shape == (28, 28, 3) and recipe.classes == 0
    last = study.RECIPES["relativistic + R1 + R2"]
    assert last.game.name == "gan"
    assert last.game.settings == {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}}
    assert last.discriminator.settings["spectral_norm"] is False


@pytest.mark.slow
def test_a_training_is_followed():
    recipe = study.RECIPES["minute"].replace(width=4, steps=20)
    rows = study.run(recipe.to_dict(), seed=1, samples=20)
    assert [row["step"] for row in rows] == [1, 2, 4, 8, 14, 20]
    assert np.all(np.diff([row["seconds"] for row in rows]) >= 0)
    again = study.run(recipe.to_dict(), seed=1, samples=20)
    for first, second in zip(rows, again, strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}
