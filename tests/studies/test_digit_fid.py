"""Digit FID against training: a log, and what it is of."""

import numpy as np
import pytest

from gantutor import metrics

pytest.importorskip("torch")
from gantutor.studies.digit_fid import study


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "minute", "minute without labels"])
def test_a_training_is_followed(name):
    recipe = study.RECIPES[name].replace(width=4, steps=20)
    rows = study.run(recipe.to_dict(), seed=1, samples=50)
    assert [row["step"] for row in rows] == [1, 2, 4, 8, 14, 20]
    assert np.all(np.diff([row["seconds"] for row in rows]) >= 0)
    trainer, images, labels = study.build(recipe.to_dict(), 1)
    trainer.fit(images, 20, labels=labels)
    score = metrics.digit_fid(trainer.sample(50))
    assert rows[-1]["digit_fid"] == pytest.approx(score, rel=1e-3), "stops change nothing"


def test_only_recipes_with_classes_get_labels():
    for name, recipe in study.RECIPES.items():
        _, images, labels = study.build(recipe.to_dict(), 0)
        assert images.shape == (5000, 28, 28, 1)
        assert (labels is not None) == (name == "minute")
