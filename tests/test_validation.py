import numpy as np
import pytest

from gantutor.validation import (
    check_choice,
    check_features,
    check_images,
    check_labels,
    check_number,
    check_positive,
    check_rows,
    check_same_columns,
    check_size,
)


def picture(low=-1.0, high=1.0, shape=(8, 28, 28, 1), dtype="float32"):
    images = np.full(shape, low, dtype)
    images[:, 0] = high
    return images


def test_good_images_pass_and_become_float32():
    images = check_images(picture(dtype="float64"), channels=1, size=28)
    assert images.dtype == np.float32 and images.shape == (8, 28, 28, 1)
    same = picture()
    assert check_images(same) is same


def test_a_few_light_images_are_no_mistake():
    check_images(picture(0, 0.9, shape=(3, 28, 28, 1)))
    check_images(picture(0.003, 1, shape=(3, 28, 28, 1)))
    check_images(picture(0.3, 0.3))  # a collapsed generator may draw constant grey
    check_images(picture(0, 0))
    check_images(picture(0.06, 1))  # or many light pictures without anything dark
    check_images(picture(-0.001, 1))


@pytest.mark.parametrize("shape", [(8, 20, 28, 1), (8, 28, 20, 3), (1, 1, 7, 1), (2, 6, 5, 40)])
def test_any_height_width_and_channels(shape):
    assert check_images(picture(shape=shape)).shape == shape


def test_only_an_axis_of_at_most_four_is_taken_for_channels():
    assert check_images(picture(shape=(8, 5, 28, 6))).shape == (8, 5, 28, 6)
    with pytest.raises(ValueError, match="looks like"):
        check_images(picture(shape=(8, 4, 28, 5)))


def test_images_come_back_contiguous(tmp_path):
    images = np.linspace(-1, 1, 2 * 6 * 5 * 3, dtype="float32").reshape(2, 6, 5, 3)
    for view in (images[:, ::-1], images[:, :, ::-1], images[..., ::-1], images[:, ::2]):
        checked = check_images(view)
        assert checked.flags.c_contiguous
        np.testing.assert_array_equal(checked, view)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert np.shares_memory(check_images(mapped), mapped)  # a large file is not read into memory
    rows = check_rows(images.reshape(2, -1)[:, ::-1])
    assert rows.flags.c_contiguous and rows[0, 0] == images[0].max()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (picture()[..., 0], r"got \[8, 28, 28\]\. Add a channel axis with images\[\.\.\., None\]"),
        (picture()[0, 0, 0], r"shape \[N, height, width, channels\]; got \[1\]\.$"),
        (picture()[:0], "images is empty"),
        (
            picture().transpose(0, 3, 1, 2),
            r"got \[8, 1, 28, 28\], which looks like \[N, channels, height, width\]",
        ),
        (picture(shape=(8, 3, 28, 28)), r"np\.moveaxis\(images, 1, -1\)"),
        (picture(shape=(8, 28, 0, 1)), "images is empty"),
        (picture(0, 255), r"got \[0, 255\]\. Scale with images / 127\.5 - 1"),
        (picture(0, 1), r"looks like \[0, 1\]\. Scale with images \* 2 - 1"),
        (picture(0, 1)[:1], r"looks like \[0, 1\]"),
        (picture(0.003, 1), r"got \[0\.003, 1\], which looks like \[0, 1\]"),
        (picture(0.004, 0.99), r"looks like \[0, 1\]"),
        (picture(0.004, 0.99)[:4], r"looks like \[0, 1\]"),
        (picture(0, 0.4), r"looks like \[0, 1\]"),
        (picture(-3, 2), r"must lie in \[−1, 1\]; got \[-3, 2\]\.$"),
        (picture(-1, np.nan), "images must be finite; got NaN or infinity"),
        (picture(-1, np.inf), "images must be finite"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(ValueError, match=message):
        check_images(images)


@pytest.mark.parametrize(
    ("dtype", "message"),
    [
        ("uint8", r"floating-point in \[−1, 1\]; got uint8\. Scale with images / 127\.5 - 1"),
        ("int64", r"floating-point in \[−1, 1\]; got int64\.$"),
    ],
)
def test_whole_numbers_are_no_pixels(dtype, message):
    with pytest.raises(TypeError, match=message):
        check_images(picture(0, 1, dtype=dtype))


@pytest.mark.parametrize(
    ("required", "message"),
    [
        ({"channels": 3}, r"photos must be RGB \(3 channels\); got grey \(1 channel\)"),
        ({"channels": (3, 4)}, r"RGB \(3 channels\) or of 4 channels; got grey \(1 channel\)"),
        ({"size": 32}, "photos must be 32×32 pixels; got 28×28"),
        ({"size": (28, 36)}, "photos must be 28×36 pixels; got 28×28"),
    ],
)
def test_other_images_than_required_by_name(required, message):
    with pytest.raises(ValueError, match=message):
        check_images(picture(), name="photos", **required)


def test_good_rows_become_float32():
    rows = check_rows([[1, 2], [3, 4]], columns=2)
    assert rows.dtype == np.float32 and rows.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([1.0, 2.0], r"points must have shape \[N, d\]; got \[2\]"),
        (np.zeros((0, 2)), "points is empty"),
        (np.zeros((4, 3)), "points must have 2 columns; got 3"),
        ([[0.0, np.inf]], "points must be finite"),
        ([[0.0, -np.inf]], "points must be finite"),
    ],
)
def test_bad_rows(rows, message):
    with pytest.raises(ValueError, match=message):
        check_rows(rows, "points", columns=2)


@pytest.mark.parametrize("check", [check_rows, check_features])
@pytest.mark.parametrize("wrong", [[["1", "2"]], [[1j, 2]], [[None, 1.0]]])
def test_what_is_no_number_is_named(check, wrong):
    with pytest.raises(TypeError, match="points must hold real numbers; got"):
        check(wrong, "points")


def test_features_keep_float32_and_become_float64_otherwise():
    single = np.ones((3, 2), "float32")
    assert check_features(single) is single
    assert check_features(np.ones((3, 2), int)).dtype == np.float64
    with pytest.raises(ValueError, match="real must have at least 4 rows; got 3"):
        check_features(single, "real", rows=4)
    with pytest.raises(ValueError, match=r"at least one column; got shape \[3, 0\]"):
        check_features(single[:, :0])


def test_the_sets_of_different_dimensions_are_named():
    check_same_columns(real=np.ones((3, 2)), fake=np.ones((5, 2)))
    with pytest.raises(ValueError, match="real and fake must have the same dimension; got 2 and 3"):
        check_same_columns(real=np.ones((3, 2)), fake=np.ones((5, 3)))


def test_good_labels_become_int64():
    labels = check_labels(np.array([0, 9], "uint8"), count=2, classes=10)
    assert labels.dtype == np.int64 and labels.tolist() == [0, 9]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 10, 2], r"labels must lie in 0 … 9; got 0 … 10"),
        ([0, -1, 2], r"labels must lie in 0 … 9; got -1 … 2"),
        ([0.0, 1.0, 2.0], "labels must be integers; got float64"),
        ([0, 1], r"labels must have shape \[3\]; got \[2\]"),
        (np.eye(3, dtype=int), r"labels must have shape \[3\]; got \[3, 3\]"),
        (["0", "1", "2"], "labels must be integers; got <U1"),
        ([True, False, True], "labels must be integers; got bool"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels(labels, count=3, classes=10)


@pytest.mark.parametrize("value", [0, -5, 2.5, True, "3", None, float("nan"), float("inf")])
def test_what_is_no_positive_whole_number(value):
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1; got"):
        check_positive(value, "steps")


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.uint8(3), np.float32(3), 1, 10**20])
def test_positive_whole_numbers_of_any_type_become_ints(value):
    found = check_positive(value, "steps")
    assert type(found) is int and found == value


@pytest.mark.parametrize("value", [-2, 0, 0.5, np.float32(0.25), np.int64(7)])
def test_numbers_of_any_type_become_floats(value):
    found = check_number(value, "spacing")
    assert type(found) is float and found == value


@pytest.mark.parametrize("value", [None, "1", True, 1j, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_finite_number(value):
    with pytest.raises(ValueError, match=r"spacing must be a finite number; got .+\.$"):
        check_number(value, "spacing")


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_bound_is_not_part_of_what_is_allowed(value):
    assert check_number(1e-9, "std", above=0) == 1e-9
    with pytest.raises(ValueError, match="std must be a finite number above 0; got"):
        check_number(value, "std", above=0)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (28, (28, 28)),
        (np.int64(28), (28, 28)),
        (28.0, (28, 28)),
        ((32, 48), (32, 48)),
        ([32.0, np.uint8(48)], (32, 48)),
        (np.zeros((1, 32, 48, 3)).shape[1:3], (32, 48)),
    ],
)
def test_a_size_is_one_side_or_two(size, expected):
    found = check_size(size)
    assert found == expected and {type(side) for side in found} == {int}


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "shape must be a whole number of at least 1; got 0"),
        ((32, 0), "shape must be a whole number of at least 1; got 0"),
        ((32, 4.5), "shape must be a whole number of at least 1; got 4.5"),
        ("32", "shape must be a whole number of at least 1; got '32'"),
        (None, "shape must be a whole number of at least 1; got None"),
        ((), r"shape must be one side, or height and width; got \(\)"),
        ((32,), r"shape must be one side, or height and width; got \(32,\)"),
        ([32, 48, 3], r"shape must be one side, or height and width; got \[32, 48, 3\]"),
    ],
)
def test_what_is_no_size(size, message):
    with pytest.raises(ValueError, match=message):
        check_size(size, "shape")


def test_the_nearest_name_is_suggested():
    with pytest.raises(ValueError, match=r"Unknown loss 'hnige'\. Did you mean 'hinge'\?"):
        check_choice("hnige", ["minimax", "hinge"], "loss")
    with pytest.raises(ValueError, match=r"Unknown loss 'zzz'\. Known: 'minimax', 'hinge'"):
        check_choice("zzz", ["minimax", "hinge"], "loss")


def test_a_choice_is_returned_as_it_stands_in_the_list():
    assert type(check_choice(np.str_("hinge"), ["minimax", "hinge"], "loss")) is str
    assert check_choice(None, (None, "batch"), "normalization") is None


@pytest.mark.parametrize(
    "value", [None, 3, ["hinge"], {"hinge"}, np.array(["hinge", "x"]), b"hinge"]
)
def test_what_is_no_name_is_refused_like_an_unknown_one(value):
    with pytest.raises(ValueError, match=r"Unknown loss .+\. Known: 'minimax', 'hinge'\.$"):
        check_choice(value, ["minimax", "hinge"], "loss")
