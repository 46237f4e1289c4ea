"""Facts of the study of faint lesions that one can check by hand."""

import numpy as np
import pytest

from gantutor.studies.lesion_detection import study


def test_eight_forms_of_an_image():
    images = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    forms = study.turned(images)
    assert len({form.tobytes() for form in forms}) == 8
    assert all(sorted(form.ravel()) == list(range(16)) for form in forms)


def test_counts_and_lesions():
    healthy, ill, test = study.draw_sets(0, 20)
    assert len(healthy) == len(ill) == 20 and len(test) == 2 * study.TEST
    assert test[study.TEST :].mean() > test[: study.TEST].mean(), "a lesion is bright"


def test_drawn_lesions_are_in_their_range():
    lesions = study.drawn(np.zeros((500, 16, 16), np.float32), np.random.default_rng(0))
    peaks = lesions.max(axis=(1, 2))
    assert study.STRENGTHS[0] * 0.8 < peaks.min() and peaks.max() <= study.STRENGTHS[1]


def test_the_classifier_learns_bright_from_dark():
    random = np.random.default_rng(0)
    dark = random.normal(-0.5, 0.1, (20, 16, 16)).astype(np.float32)
    logits = study.classify(dark, -dark, np.concatenate([dark, -dark]), seed=0)
    assert logits[:20].max() < logits[20:].min()


def test_what_learns_nothing_is_scored_without_training():
    assert study.run(0, "brightest pixel")["auroc"] == pytest.approx(0.8391, abs=0.02)


def test_five_numbers_of_an_image():
    flat = np.full((2, 16, 16), 0.3, np.float32)
    flat[1, 8, 8] = 0.9
    numbers = study.five_numbers(flat)
    assert numbers[0] == pytest.approx([0.3, 0.3, 0, 0.3, 0], abs=1e-5)
    assert numbers[1, 0] == pytest.approx(0.9) and 0.3 < numbers[1, 1] < 0.9
    assert numbers[1, 2] > 0 and numbers[1, 4] == pytest.approx(0.6 * np.sqrt(255) / 256, rel=1e-3)
