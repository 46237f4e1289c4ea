"""Real, generated and classically augmented digits: splits, batches, movements, one tiny run."""

import numpy as np
import pytest

augmentation = pytest.importorskip("gantutor.keras.augmentation")


def marked(value, count=20):
    """Return images that all have one value, all of the class of that name."""
    return np.full((count, 28, 28, 1), value, "float32"), np.full(count, abs(int(value)))


def test_training_and_unseen_digits_do_not_overlap_and_smaller_sets_are_part_of_larger_ones():
    few, unseen = augmentation.split_digits(50, seed=3)
    many, same = augmentation.split_digits(500, seed=3)
    as_set = lambda part: {image.tobytes() for image in part[0]}  # noqa: E731
    assert as_set(few) < as_set(many)
    assert not as_set(many) & as_set(unseen)
    np.testing.assert_array_equal(unseen[0], same[0])
    assert np.bincount(many[1]).tolist() == [50] * 10
    assert as_set(unseen) != as_set(augmentation.split_digits(50, seed=4)[1])


@pytest.mark.parametrize("size", [0, 55, 4010])
def test_a_split_that_cannot_be_is_refused(size):
    with pytest.raises(ValueError, match="size must be a multiple of 10"):
        augmentation.split_digits(size, seed=0)


def test_the_share_of_samples_in_a_batch_is_that_of_the_arm():
    for arm, (share, classical) in augmentation.ARMS.items():
        batches = augmentation.arm_batches(arm, marked(0.0), marked(1.0), seed=1)
        images, labels = next(iter(batches))
        assert images.shape == (64, 28, 28, 1)
        assert labels.numpy().mean() == share, arm
        np.testing.assert_array_equal(images[:, 14, 14, 0], labels)
        assert (images.numpy().min() == -1) == classical, "black comes in where an image moved"


def test_batches_depend_on_the_seed_alone():
    training, unseen = augmentation.split_digits(50, seed=0)
    first, again, other = (
        next(iter(augmentation.arm_batches("all", training, unseen, seed)))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_quarter_turn_is_numpys_and_half_a_pixel_is_the_mean_of_neighbours():
    images = np.random.default_rng(0).uniform(-1, 1, (2, 7, 7, 1)).astype("float32")
    turned, same = augmentation.move(images, [[0.0, 0.0]] * 2, [np.pi / 2, 0.0]).numpy()
    np.testing.assert_allclose(turned, np.rot90(images[0]), atol=1e-5)
    np.testing.assert_array_equal(same, images[1])
    half = augmentation.move(images, [[0.5, 0.5], [0.0, 0.0]], [0.0, 0.0])
    mean = (images[:, :, 1:] + images[:, :, :-1]) / 2
    np.testing.assert_allclose(half[:, :, 1:], mean, atol=1e-5)


def test_movements_stay_within_their_limits():
    dot = np.full((200, 28, 28, 1), -1, "float32")
    dot[:, 13:15, 13:15] = 1
    moved = augmentation.shift_and_rotate(dot, [0, 1], pixels=2.0, degrees=10.0).numpy()[..., 0]
    weights = (moved + 1) / (moved + 1).sum(axis=(1, 2), keepdims=True)
    places = [(weights.sum(axis=axis) * np.arange(28)).sum(axis=1) - 13.5 for axis in (1, 2)]
    assert np.abs(places).max() < 2.01 and np.min(np.std(places, axis=1)) > 1


def test_a_classifier_starts_afresh_with_every_fit():
    training, unseen = augmentation.split_digits(100, seed=0)
    classifier = augmentation.Classifier(seed=0)
    weights = []
    for arm in ("real", "synthetic", "real"):
        classifier.fit(arm, training, unseen, updates=100)
        weights.append(classifier.model.get_weights()[-1])
    np.testing.assert_array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[1])
    assert classifier.accuracy(*training) > 0.9 and classifier.accuracy(*unseen) > 0.5


@pytest.mark.slow
def test_a_tiny_run_has_all_scores():
    scores = augmentation.train_and_score(size=50, seed=0, steps=2, updates=3, samples=200)
    assert scores.keys() >= {*augmentation.ARMS, "all, training", "cas", "confirmed", "d_unseen"}
    shares = np.array([score for name, score in scores.items() if name != "digit_fid"])
    assert ((shares >= 0) & (shares <= 1)).all() and scores["digit_fid"] > 100
    assert scores["confirmed"] == pytest.approx(0.1, abs=0.05), "two steps teach no label"


def test_the_shipped_table_is_complete():
    table = augmentation.load_table()
    assert not table.isna().any().any()
    seeds = table.groupby("size")["seed"].apply(list).to_dict()
    assert seeds == {size: [0, 1, 2, 3, 4] for size in augmentation.SIZES}
    assert set(augmentation.ARMS) < set(table.columns)
