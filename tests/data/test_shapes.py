import numpy as np
import pytest

from gantutor.data import SHAPES, draw_shapes, shapes
from gantutor.validation import check_images


def test_pictures_are_in_the_convention():
    images, labels = draw_shapes(300, size=32, seed=1)
    assert images.shape == (300, 32, 32, 3) and images.dtype == np.float32
    assert labels.dtype == np.int64 and set(labels) == {0, 1, 2}
    check_images(images)


def test_the_seed_decides():
    assert np.array_equal(draw_shapes(5, seed=3)[0], draw_shapes(5, seed=3)[0])
    assert not np.array_equal(draw_shapes(5, seed=3)[0], draw_shapes(5, seed=4)[0])


def test_numbers_of_any_type_mean_the_same():
    images, labels = draw_shapes(np.float32(5), size=16.0, seed=np.int64(3))
    again = draw_shapes(5, size=16, seed=3)
    assert np.array_equal(images, again[0]) and np.array_equal(labels, again[1])


@pytest.mark.parametrize("seed", [None, 1.5, "0"])
def test_what_is_no_seed(seed):
    with pytest.raises(TypeError, match="seed must be a whole number of at least 0; got"):
        draw_shapes(2, seed=seed)


@pytest.mark.parametrize("size", [(20, 50), (50, 20)])
def test_shapes_lie_inside_images_that_are_not_square(size):
    images, _ = draw_shapes(200, size=size, seed=0)
    assert images.shape == (200, *size, 3)
    across = []
    for image in images:
        cover = covered(image)
        width, height = cover.max(axis=0).sum(), cover.max(axis=1).sum()
        assert width == pytest.approx(height, rel=0.12), "neither cut off nor stretched"
        across.append(np.argmax(cover.max(axis=size.index(20))))
    assert min(across) < 10 and max(across) > 30, "the longer side is used as well"


def test_chunks_do_not_show(monkeypatch):
    whole = draw_shapes(20, seed=0)[0]
    monkeypatch.setattr(shapes, "_CHUNK", 7)
    assert np.array_equal(draw_shapes(20, seed=0)[0], whole)


def covered(image):
    """How much of each pixel the shape covers; it can reach one corner of the image at most."""
    background = np.median(image[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    contrast = np.abs(image - background).max(axis=-1)
    assert contrast.max() > 1.3  # the least: a colour's full channel, 1, against −0.4
    return contrast / contrast.max()


def test_each_shape_fills_its_share_of_its_box():
    # A circle fills π/4 of its bounding box, a square all of it, a triangle a half.
    images, labels = draw_shapes(200, size=64, seed=0)
    expected = np.array([np.pi / 4, 1, 0.5])
    for image, label in zip(images, labels, strict=True):
        cover = covered(image)
        width = cover.max(axis=0).sum()
        assert cover.sum() / width**2 == pytest.approx(expected[label], rel=0.06), SHAPES[label]


def test_a_triangle_stands_on_its_base():
    images, labels = draw_shapes(50, size=64, seed=0)
    for image in images[labels == SHAPES.index("triangle")]:
        widths = covered(image).sum(axis=1)
        rows = np.flatnonzero(widths > 0.5)
        assert widths[rows[-2]] > 4 * widths[rows[1]]


def test_no_shape_is_cut_off():
    images, _ = draw_shapes(500, size=32, seed=2)
    for image in images:
        cover = covered(image)
        assert cover.max(axis=0).sum() == pytest.approx(cover.max(axis=1).sum(), rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count must be a whole number of at least 1; got 0"),
        ({"count": 2, "size": (32, 7)}, r"size must be at least 8 pixels each way; got \(32, 7\)"),
        ({"count": 2, "seed": -1}, "seed must be a whole number of at least 0; got -1"),
        ({"count": 2, "size": 4}, "size must be at least 8 pixels each way; got 4"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_shapes(**arguments)


def test_eight_pixels_are_enough():
    assert draw_shapes(1, size=8)[0].shape == (1, 8, 8, 3)
    with pytest.raises(ValueError, match="at least 8 pixels each way; got 7"):
        draw_shapes(1, size=7)


def test_hues_are_in_the_order_of_the_rainbow():
    red, yellow, green, blue = shapes._bright_colours(np.array([0.0, 1.0, 2.0, 4.0]))
    assert (red.tolist(), yellow.tolist()) == ([1, -1, -1], [1, 1, -1])
    assert (green.tolist(), blue.tolist()) == ([-1, 1, -1], [-1, -1, 1])
