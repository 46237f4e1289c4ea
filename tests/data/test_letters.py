import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, zoom

from gantutor.data import LETTERS, draw_letters, letters, split_letters
from gantutor.validation import check_images


def test_pictures_are_in_the_convention():
    images, labels = draw_letters(7, "gR", ("STIX", "DejaVu Serif", "STIX Bold"), size=24)
    assert [some.shape for some in images] == [(7, 24, 24, 1)] * 3
    assert labels.dtype == np.int64 and labels.tolist() == [0, 1, 0, 1, 0, 1, 0]
    for some in images:
        assert some.dtype == np.float32
        check_images(some)


def test_the_seed_decides():
    (first, _), _ = draw_letters(4, seed=3)
    (again, _), _ = draw_letters(4, seed=3)
    (other, _), _ = draw_letters(4, seed=4)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("typeface", letters.TYPEFACES)
def test_no_letter_is_cut_off(typeface):
    (images,), _ = draw_letters(10 * len(LETTERS), typefaces=[typeface], seed=1)
    edge = np.ones((32, 32), bool)
    edge[1:-1, 1:-1] = False
    assert images[:, edge].max() < -0.99
    assert images.max(axis=(1, 2, 3)).min() > 0.3, "and none is missing"


@pytest.mark.parametrize("typeface", letters.TYPEFACES)
def test_pairs_share_baseline_and_height_of_capitals(typeface):
    pairs, _ = draw_letters(20, "H", ("DejaVu Sans", typeface), size=64)
    for one, other in zip(*pairs, strict=True):
        rows = [np.flatnonzero(image.max(axis=(1, 2)) > 0) for image in (one, other)]
        assert abs(rows[0][0] - rows[1][0]) <= 1 and abs(rows[0][-1] - rows[1][-1]) <= 1


def test_places_and_scales_vary():
    (images, _), _ = draw_letters(300, "H", size=64)
    ink = images[..., 0] > 0
    heights = ink.any(axis=2).sum(axis=1)
    assert heights.min() == pytest.approx(0.85 * 0.5 * 64, abs=1.5)
    assert heights.max() == pytest.approx(0.5 * 64, abs=1.5)
    baselines = 64 - ink.any(axis=2)[:, ::-1].argmax(axis=1)
    assert np.ptp(baselines) == pytest.approx(64 / 10, abs=1.5)


def test_families_hold_all_that_look_alike():
    """Cut out, brought to one size and blurred a little, letters of two families differ."""

    def shape(letter):
        ((image,),), _ = draw_letters(1, letter, ["DejaVu Sans"], size=128)
        ink = np.argwhere(image[..., 0] > 0)
        (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0) + 1
        image = (image[top:bottom, left:right, 0] + 1) / 2
        image = zoom(image, 48 / max(image.shape), order=1)
        room = np.zeros((50, 50))
        y, x = (np.array(room.shape) - image.shape) // 2
        room[y : y + image.shape[0], x : x + image.shape[1]] = image
        flat = gaussian_filter(room, 1.5).ravel()
        return flat / np.linalg.norm(flat)

    shapes = np.stack([shape(letter) for letter in LETTERS])
    family = {letter: name for name in letters.LOOK_ALIKES for letter in name}
    names = np.array([family.get(letter, letter) for letter in LETTERS])
    alike = shapes @ shapes.T
    apart = names[:, None] != names
    assert alike[apart].max() < 0.955
    assert alike[~apart].min() > 0.88


@pytest.mark.parametrize("seed", range(5))
def test_a_split_takes_families_whole(seed):
    training, test = split_letters(24, seed)
    assert set(training) | set(test) == set(LETTERS) and not set(training) & set(test)
    assert 24 <= len(test) <= 26
    for family in letters.LOOK_ALIKES:
        assert len(set(family) & set(test)) in (0, len(family))
    assert training == "".join(sorted(training, key=LETTERS.index))
    assert split_letters(24, seed) == (training, test) != split_letters(24, seed + 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count must be a whole number of at least 1; got 0"),
        ({"count": 1, "letters": "aä"}, "letters must be some of LETTERS; got 'aä'"),
        ({"count": 1, "letters": ""}, "letters must be some of LETTERS; got ''"),
        ({"count": 1, "typefaces": ["Arial"]}, "Unknown typeface 'Arial'. Known: 'DejaVu Sans'"),
        ({"count": 1, "size": 15}, "size must be at least 16 pixels; got 15"),
        ({"count": 1, "seed": -1}, "seed must be a whole number of at least 0; got -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_letters(**arguments)


@pytest.mark.parametrize("held_out", [0, len(LETTERS) - 2])
def test_a_split_needs_both_sides(held_out):
    with pytest.raises(ValueError, match=f"held_out must .*; got {held_out}"):
        split_letters(held_out)
