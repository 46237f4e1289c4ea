"""What a game is fed with: named, checked, and recognised again."""

import json

import numpy as np
import pytest
from twin import small_images

from gantutor.runs import feeding

IMAGES, LABELS = small_images(10), np.arange(10) % 3
TOLD = ("real", "labels")


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        (IMAGES, LABELS),
        ((IMAGES, LABELS), None),
        ({"labels": LABELS, "real": IMAGES}, None),
        ({"real": IMAGES}, LABELS),
        ((IMAGES,), LABELS.tolist()),
    ],
    ids=["argument", "tuple", "names", "names and argument", "lists"],
)
def test_labels_can_come_in_every_way(data, labels):
    arrays = feeding.named_arrays(data, labels, TOLD, 3)
    assert list(arrays) == ["real", "labels"]
    assert arrays["labels"].dtype == np.int64 and arrays["labels"].tolist() == LABELS.tolist()
    assert arrays["real"].dtype == np.float32


@pytest.mark.parametrize(
    ("data", "labels", "inputs", "message"),
    [
        (IMAGES, None, TOLD, "labels are needed exactly if there are classes; got none for 3"),
        (IMAGES, LABELS, ("real",), "labels are needed exactly .*; got some"),
        (IMAGES, LABELS[:9], TOLD, r"labels must have shape \[10\]; got \[9\]"),
        (IMAGES, LABELS + 1, TOLD, "labels must lie in 0 … 2; got 1 … 3"),
        ((IMAGES, IMAGES), None, ("real",), "data must be 1 arrays, real; got 2"),
        ({"fake": IMAGES}, None, ("real",), r"data must hold \['real'\]; got \['fake'\]"),
        ({"first": IMAGES}, None, ("first", "second"), r"\['first', 'second'\]; got \['first'\]"),
        ((IMAGES, IMAGES[:3]), None, ("first", "second"), "equally many of each; got .*10.* 3"),
        ((IMAGES, IMAGES * 9), None, ("first", "second"), r"second must lie in \[−1, 1\]"),
        (IMAGES[:0], None, ("real",), "data is empty"),
        (np.zeros((0, 2), "f4"), None, ("real",), "data is empty"),
        (np.full((3, 2), np.nan), None, ("real",), "data must be finite"),
        (np.float32(3), None, ("real",), "data must have shape"),
    ],
)
def test_what_does_not_fit_is_named(data, labels, inputs, message):
    with pytest.raises(ValueError, match=message):
        feeding.named_arrays(data, labels, inputs, 3)


def test_unpaired_sets_may_differ_in_length():
    arrays = feeding.named_arrays((IMAGES, IMAGES[:3]), None, ("first", "second"), 0, unpaired=True)
    assert [len(array) for array in arrays.values()] == [10, 3]


def test_memory_maps_stay_where_they_are_and_are_looked_at(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    np.save(tmp_path / "bad.npy", IMAGES * 9)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    arrays = feeding.named_arrays(mapped[:, ::-1], None, ("real",), 0)
    assert feeding.is_mapped(arrays["real"]) and feeding.is_mapped(mapped)
    assert not feeding.is_mapped(np.array(mapped)) and not feeding.is_mapped(IMAGES[1:])
    with pytest.raises(ValueError, match=r"data must lie in \[−1, 1\]"):
        feeding.named_arrays(np.load(tmp_path / "bad.npy", mmap_mode="r"), None, ("real",), 0)
    found = feeding.fingerprint({"real": mapped})
    assert found == feeding.fingerprint({"real": IMAGES})


@pytest.mark.parametrize(
    "other",
    [IMAGES[:9], IMAGES[::-1], -IMAGES, np.where(np.arange(10) == 9, -1, 1)[:, None, None, None]
     * IMAGES],
    ids=["fewer", "in another order", "negative", "the last one negative"],
)  # fmt: skip
def test_other_data_have_other_marks(other):
    ours = json.loads(json.dumps(feeding.fingerprint({"real": IMAGES, "labels": LABELS})))
    feeding.check_same_data(feeding.fingerprint({"real": IMAGES.copy(), "labels": LABELS}), ours)
    feeding.check_same_data(ours, None)  # a run that is new
    theirs = feeding.fingerprint({"real": other.astype("f4"), "labels": LABELS})
    with pytest.raises(ValueError, match="was trained on other data"):
        feeding.check_same_data(theirs, ours)


def test_a_mark_is_of_64_examples():
    data = np.zeros((127, 2), "f4")  # of which every second one counts
    expected = feeding.fingerprint({"real": data})
    for row in range(127):
        other = data.copy()
        other[row] = 1
        assert (feeding.fingerprint({"real": other}) == expected) == (row % 2 == 1)


def test_one_example_has_a_mark():
    assert feeding.fingerprint({"real": IMAGES[:1]})["real"]["shape"] == [1, 8, 8, 1]
