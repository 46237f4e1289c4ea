import base64
import io

import numpy as np
import pytest
from PIL import Image

from gantutor.plots import image_grid
from gantutor.widgets import knob_explorer


def picture(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(float)


@pytest.fixture
def calls():
    return []


@pytest.fixture
def knobs(calls):
    def make_figure(grey, count):
        calls.append((grey, count))
        return image_grid(np.full((count, 8, 8, 1), grey))

    return knob_explorer(make_figure, grey=[-1.0, 0.0, 0.5], count=[1, 4])


def level(seen):
    """The grey level near the bottom, below the line of choices."""
    return seen[-40, seen.shape[1] // 2]


def test_choosing_a_value_shows_its_figure(knobs):
    grey, count = knobs.controls
    assert level(picture(knobs.picture.value)) == pytest.approx(0, abs=1)
    grey.value = 0.5
    assert level(picture(knobs.picture.value)) == pytest.approx(0.75 * 255, abs=1)
    width = picture(knobs.picture.value).shape[1]
    count.value = 4
    assert picture(knobs.picture.value).shape[1] > width


def test_no_figure_is_made_twice(knobs, calls):
    assert calls == [(-1.0, 1), (0.0, 1), (0.5, 1)]
    grey, count = knobs.controls
    grey.value = 0.0
    assert len(calls) == 3
    count.value = 4
    count.value = 1
    count.value = 4
    assert calls[3:] == [(0.0, 4)]


def test_a_static_page_shows_every_value_of_the_first_knob(knobs):
    still = picture(base64.b64decode(knobs._repr_mimebundle_()["image/png"]))
    one = picture(knobs.picture.value)
    assert still.shape == (3 * one.shape[0], one.shape[1])
    thirds = [level(part) for part in np.split(still, 3)]
    assert np.allclose(thirds, [0, 127.5, 0.75 * 255], atol=1)


@pytest.mark.parametrize("choices", [{}, {"steps": []}])
def test_knobs_need_values(choices):
    with pytest.raises(ValueError, match="needs knobs with at least one value each"):
        knob_explorer(image_grid, **choices)


def test_values_may_come_one_by_one():
    explorer = knob_explorer(
        lambda grey: image_grid(np.full((1, 8, 8, 1), grey)), grey=(g / 2 for g in range(3))
    )
    assert [value for _, value in explorer.controls[0].options] == [0.0, 0.5, 1.0]


def test_what_is_no_list_of_values():
    with pytest.raises(TypeError, match=r"grey must be the values of a knob, .* got 0\.5"):
        knob_explorer(image_grid, grey=0.5)


def test_what_is_no_figure():
    with pytest.raises(TypeError, match="make_figure must return a Matplotlib figure; got None"):
        knob_explorer(lambda grey: None, grey=[0.5])
