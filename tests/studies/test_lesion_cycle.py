"""Facts of the study of cycle losses and lesions that one can check by hand."""

import numpy as np
import pytest
import torch

from gantutor.studies.lesion_cycle import study


@pytest.fixture
def sets():
    return study.draw_sets(1, 0.9)


def test_a_copy_keeps_contrast_and_all_that_the_detector_finds(sets):
    copy = study.score(lambda images: images, sets)
    darker = study.score(lambda images: images - 0.2, sets)
    assert copy["contrast"] == darker["contrast"] == 1
    assert copy["added"] == copy["added_by_copy"] == darker["added"] and copy["kept"] > 0.99
    assert darker["error_healthy"] < 0.1 < copy["error_healthy"]


def test_contrast_and_the_copy_that_has_it(sets):
    half = study.score(lambda images: 0.5 * images + 0.3, sets)
    assert half["contrast"] == pytest.approx(0.5)
    assert half["added"] == half["added_by_copy"]


def test_the_quartile_line_moves_quartiles():
    random = np.random.default_rng(0)
    source, target = random.normal(size=500), 2 + 3 * random.normal(size=500)
    made = study.quartile_line(source, target)(source)
    expected = np.quantile(target, (0.25, 0.75))
    assert np.quantile(made, (0.25, 0.75)) == pytest.approx(expected, abs=1e-4)


def test_a_translator_with_a_line_begins_as_a_copy_and_follows_its_line(sets):
    translator = study.LineTranslator(256)
    images = sets.healthy.images
    assert np.array_equal(translator.images(images), images)
    with torch.no_grad():
        translator.line[:] = torch.tensor([-0.03, -0.02])
    assert translator.images(images) == pytest.approx(0.7 * images - 0.2, abs=1e-5)


def test_a_run_depends_on_its_seed_alone():
    first, again = (study.run(3, "cycle 1, line", 0.9, steps=2) for _ in range(2))
    for scores in (first, again):
        del scores["seconds"]
    assert first == again
