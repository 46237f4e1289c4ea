"""The study of style transfer: what is held out, and what the scores see."""

import numpy as np
import pytest
import skimage.data

from gantutor.studies.style_transfer import features, study


def test_the_two_parts_of_a_picture_differ_and_depend_on_the_seed():
    first, other = study.parts("tissue", 0)
    assert first.shape == other.shape == (96, 96, 3) and first.min() >= -1 and first.max() <= 1
    assert not np.allclose(first, other)
    assert not np.allclose(first, study.parts("tissue", 1)[0])


def test_edges_are_shared_under_a_change_of_contrast_and_not_with_another_picture():
    photo, (style, _) = study.photograph(), study.parts("stars", 0)
    assert study.edges_shared(photo, photo * 0.5) == pytest.approx(1)
    assert abs(study.edges_shared(photo, style)) < 0.3
    assert study.edges_shared(photo, np.zeros_like(photo)) == 0


def test_training_changes_the_filters_and_no_crop_is_of_a_held_out_part():
    seen, unseen = (features.photographs(held_out) for held_out in (False, True))
    for name, first, second in zip(features.PHOTOGRAPHS, seen, unseen, strict=True):
        photo = getattr(skimage.data, name)()
        assert first.shape[1] + second.shape[1] == photo.shape[1]
        assert first.shape[1] == pytest.approx(0.7 * photo.shape[1], abs=1)
    images, labels = features.crops(unseen, 5, np.random.default_rng(0))
    assert images.shape == (5, 32, 32, 3) and set(labels) <= set(range(6))


def test_the_trained_filters_started_as_the_random_ones(monkeypatch):
    monkeypatch.setattr(features, "STEPS", 1)
    learnt, accuracy = features.trained.__wrapped__(0)
    random = study.RandomFeatures(3, study.seeds.number(0, "generator"))
    change = (learnt.filters - random.filters).abs().max().item()
    assert 0 < change <= 1.01 * features.LEARNING_RATE and 0 <= accuracy <= 1
    assert not learnt.filters.requires_grad


def test_matched_colours_have_the_histogram_of_the_style_and_a_blend_lies_between():
    photo, (style, _) = study.photograph(), study.parts("tissue", 0)
    colours = study.make("colours", photo, style, None)
    for channel in range(3):
        quantiles = [
            np.quantile(image[..., channel], [0.2, 0.5, 0.8]) for image in (colours, style)
        ]
        np.testing.assert_allclose(*quantiles, atol=0.02)
    blend = study.make("blend", photo, style, None)
    np.testing.assert_allclose(blend, (colours + style) / 2, atol=1e-6)


def test_the_photograph_and_the_style_are_the_ends_of_the_style_losses(monkeypatch):
    network = study.RandomFeatures(3, 0)
    monkeypatch.setattr(study, "networks", lambda _: ({"random": network, "trained": network}, 0.5))
    found = study.run(0, "tissue", "photograph")
    assert found["random"] == found["trained"] == found["kept"] == 1
    found = study.run(0, "tissue", "style picture")
    assert found["random"] == 0 and found["taken"] == 1
    assert set(found) | {"seed"} == set(study.COLUMNS)
    assert study.run(0, "tissue", "one colour")["kept"] == 0
