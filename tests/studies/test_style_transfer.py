"""The study of style transfer: what is held out, and what the scores see."""

import numpy as np
import pytest

from gantutor.studies.style_transfer import study


def test_the_two_parts_of_a_picture_differ_and_depend_on_the_seed():
    first, other = study.parts("tissue", 0)
    assert first.shape == other.shape == (96, 96, 3) and first.min() >= -1 and first.max() <= 1
    assert not np.allclose(first, other)
    assert not np.allclose(first, study.parts("tissue", 1)[0])


def test_edges_are_kept_under_a_change_of_contrast_and_lost_in_another_picture():
    photo, (style, _) = study.photograph(), study.parts("stars", 0)
    assert study.edges_kept(photo, photo * 0.5) == pytest.approx(1)
    assert abs(study.edges_kept(photo, style)) < 0.3


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


def test_the_photograph_and_the_style_are_floor_and_ceiling_of_the_own_loss():
    assert study.run(0, "tissue", "photograph")["own"] == 1
    found = study.run(0, "tissue", "style picture")
    assert found["own"] == 0 and set(found) | {"seed"} == set(study.COLUMNS)
