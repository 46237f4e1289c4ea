import numpy as np
import pytest

from gantutor.data import load_digits, pseudo_labels


def three_kinds():
    """30 dark, 20 grey and 10 bright images, in a shuffled order, and which is which."""
    kinds = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [30, 20, 10]))
    noise = np.random.default_rng(1).uniform(-0.05, 0.05, (60, 4, 6, 3))
    return (np.array([-0.8, 0.0, 0.8])[kinds, None, None, None] + noise).astype("f4"), kinds


def same_partition(labels, kinds):
    return len(set(zip(labels.tolist(), kinds.tolist(), strict=True))) == len(set(kinds.tolist()))


@pytest.mark.parametrize("seed", [0, 7, 2**40, np.random.default_rng(3)])
def test_images_of_three_kinds_are_three_clusters(seed):
    images, kinds = three_kinds()
    labels = pseudo_labels(images, count=3, components=2, seed=seed)
    assert labels.dtype == np.int64 and labels.shape == (60,)
    assert same_partition(labels, kinds)
    assert sorted(np.bincount(labels).tolist()) == [10, 20, 30]


def test_all_images_can_be_one_cluster():
    images, _ = three_kinds()
    assert pseudo_labels(images, count=1, components=1).tolist() == [0] * 60


def test_the_seed_decides_and_the_images_stay():
    images, _ = load_digits()
    images = images[::5]
    before = images.copy()
    first, again, other = (pseudo_labels(images, 10, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(images, before)


def test_a_cluster_of_digits_is_mostly_one_digit():
    images, digits = load_digits()
    labels = pseudo_labels(images)
    assert set(labels.tolist()) == set(range(40))

    def purity(labels):
        return sum(np.bincount(digits[labels == k]).max() for k in range(40)) / len(digits)

    assert purity(labels) > 0.65
    assert purity(np.random.default_rng(0).permutation(labels)) < 0.25  # the floor


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 61}, r"count must be at most the number of images, 60; got 61"),
        ({"count": 0}, "count must be a whole number of at least 1; got 0"),
        ({"components": 61}, r"components must be at most 60"),
        ({"components": 0}, "components must be a whole number of at least 1; got 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0; got -1"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    images, _ = three_kinds()
    with pytest.raises(ValueError, match=message):
        pseudo_labels(images, **{"count": 3, "components": 2, **settings})


def test_images_must_be_images():
    with pytest.raises(ValueError, match="images must have shape"):
        pseudo_labels(np.zeros((5, 28, 28), "f4"))
