"""Real, generated and classically augmented digits: splits, batches, movements, one tiny run."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from gantutor.studies.augmentation import classifier as classifiers
from gantutor.studies.augmentation import moves, study


def marked(value, count=20):
    """Return images that all have one value, all of the class of that name."""
    return np.full((count, 28, 28, 1), value, "float32"), np.full(count, abs(int(value)))


def test_training_and_unseen_digits_do_not_overlap_and_smaller_sets_are_part_of_larger_ones():
    few, unseen = study.split_digits(50, seed=3)
    many, same = study.split_digits(500, seed=3)
    as_set = lambda part: {image.tobytes() for image in part[0]}  # noqa: E731
    assert as_set(few) < as_set(many)
    assert not as_set(many) & as_set(unseen)
    np.testing.assert_array_equal(unseen[0], same[0])
    assert np.bincount(many[1]).tolist() == [50] * 10
    assert as_set(unseen) != as_set(study.split_digits(50, seed=4)[1])


@pytest.mark.parametrize("size", [0, 55, 4010])
def test_a_split_that_cannot_be_is_refused(size):
    with pytest.raises(ValueError, match="size must be a multiple of 10"):
        study.split_digits(size, seed=0)


@pytest.mark.slow
def test_the_share_of_samples_in_a_batch_is_that_of_the_arm():
    for arm, (share, classical) in classifiers.ARMS.items():
        batches = classifiers.arm_batches(arm, marked(0.0), marked(1.0), seed=1)
        images, labels = next(iter(batches))
        assert images.shape == (64, 28, 28, 1)
        assert labels.numpy().mean() == share, arm
        np.testing.assert_array_equal(images[:, 14, 14, 0], labels)
        assert (images.numpy().min() == -1) == classical, "black comes in where an image moved"


def test_batches_depend_on_the_seed_alone():
    training, unseen = study.split_digits(50, seed=0)
    first, again, other = (
        next(iter(classifiers.arm_batches("all", training, unseen, seed)))[0] for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_quarter_turn_is_numpys_and_half_a_pixel_is_the_mean_of_neighbours():
    images = np.random.default_rng(0).uniform(-1, 1, (2, 7, 7, 1)).astype("float32")
    turned, same = moves.move(images, [[0.0, 0.0]] * 2, [np.pi / 2, 0.0]).numpy()
    np.testing.assert_allclose(turned, np.rot90(images[0]), atol=1e-5)
    np.testing.assert_array_equal(same, images[1])
    half = moves.move(images, [[0.5, 0.5], [0.0, 0.0]], [0.0, 0.0])
    mean = (images[:, :, 1:] + images[:, :, :-1]) / 2
    np.testing.assert_allclose(half[:, :, 1:], mean, atol=1e-5)


def test_movements_stay_within_their_limits():
    dot = np.full((200, 28, 28, 1), -1, "float32")
    dot[:, 13:15, 13:15] = 1
    moved = moves.shift_and_rotate(dot, [0, 1], pixels=2.0, degrees=10.0).numpy()[..., 0]
    weights = (moved + 1) / (moved + 1).sum(axis=(1, 2), keepdims=True)
    places = [(weights.sum(axis=axis) * np.arange(28)).sum(axis=1) - 13.5 for axis in (1, 2)]
    assert np.abs(places).max() < 2.01 and np.min(np.std(places, axis=1)) > 1


@pytest.mark.slow
def test_a_classifier_starts_afresh_with_every_fit():
    training, unseen = study.split_digits(100, seed=0)
    classifier = classifiers.Classifier(seed=0)
    weights = []
    for arm in ("real", "synthetic", "real"):
        classifier.fit(arm, training, unseen, updates=20)
        weights.append(classifier.model.get_weights()[-1])
    np.testing.assert_array_equal(weights[0], weights[2])
    assert not np.array_equal(weights[0], weights[1])
    assert classifier.accuracy(*training) > 0.9 and classifier.accuracy(*unseen) > 0.5


@pytest.mark.slow
def test_a_tiny_run_has_all_scores():
    scores = study.run(size=50, seed=0, steps=2, updates=3, samples=200)
    assert scores.keys() >= {*classifiers.ARMS, "all, training", "cas", "confirmed", "d_unseen"}
    shares = np.array([scores[name] for name in scores if name not in ("digit_fid", "size")])
    assert ((shares >= 0) & (shares <= 1)).all() and scores["digit_fid"] > 100
    assert scores["confirmed"] == pytest.approx(0.1, abs=0.05), "two steps teach no label"


def test_the_discriminator_is_asked_about_the_right_label():
    class Gan:
        @staticmethod
        def discriminator(images, training):
            # The first pixel is the class that is taken for real; every other one is not.
            classes = images[:, 0, 0, 0].astype(int)
            return np.where(np.arange(10) == classes[:, None], 0.1, -0.1)

    images = np.zeros((40, 28, 28, 1))
    images[:, 0, 0, 0] = np.arange(40) % 10
    labels = np.arange(40) % 10
    assert study.taken_for_real(Gan, images, labels) == 1
    labels[:10] = (labels[:10] + 1) % 10
    assert study.taken_for_real(Gan, images, labels) == 0.75


def test_training_accuracy_is_that_of_what_the_arm_was_trained_on(monkeypatch):
    known = {50: 0.9, 200: 0.5, 1000: 0.7}  # training, synthetic, unseen: by their sizes

    class Gan:
        @staticmethod
        def sample(count, labels):
            return np.zeros((count, 28, 28, 1), "float32")

        @staticmethod
        def discriminator(images, training):
            return np.full((len(images), 10), 1.0)

    class Fake:
        def __init__(self, seed):
            pass

        def fit(self, arm, real, synthetic, updates, seed):
            assert (len(real[0]), len(synthetic[0]), updates) == (50, 200, 3)

        def accuracy(self, images, labels):
            return known[len(images)]

    monkeypatch.setattr(study, "Classifier", Fake)
    monkeypatch.setattr(study, "train_gan", lambda *given: Gan)
    scores = study.run(size=50, seed=0, steps=1, updates=3, samples=200)
    assert scores["real"] == scores["synthetic"] == 0.7
    assert scores["real, training"] == 0.9 and scores["synthetic, training"] == 0.5
    assert scores["all, training"] == pytest.approx(0.7)
    assert scores["confirmed"] == pytest.approx(0.1), "a black square is one digit"
    assert scores["d_training"] == scores["d_fake"] == 1 and scores["size"] == 50
    assert scores.keys() == study.COLUMNS.keys() - {"seed"}
