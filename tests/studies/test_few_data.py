"""GANs of few digits: what an update minimises, what augmentation does, what the scores see."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.keras.games import GAN  # noqa: E402
from gantutor.studies import load_table  # noqa: E402
from gantutor.studies.few_data import study, training  # noqa: E402


def random(count, seed=0):
    return tf.constant(np.random.default_rng(seed).random((count, 6), dtype=np.float32))


@pytest.fixture(scope="module")
def images():
    return study.digits(0).pool[:16]


@pytest.mark.slow
def test_an_update_without_augmentation_minimises_the_losses_of_the_packages_game(images):
    generator, discriminator = training.build(1)
    game = GAN(*training.build(1), latent_dim=training.LATENT_DIM)
    z = np.random.default_rng(0).normal(size=(16, training.LATENT_DIM)).astype(np.float32)
    plain = training.unchanged
    logits = training.updates(generator, discriminator, plain, plain)(
        tf.constant(images), tf.constant(z), 0.0, tf.zeros((3, 16, 6))
    )
    np.testing.assert_allclose(logits, game.discriminator(images), rtol=1e-4, atol=1e-6)

    def gradients(network, loss):
        with tf.GradientTape() as tape:
            terms = loss({"real": images}, game.generator(z, training=True), {}, 0)["adversarial"]
        return tape.gradient(terms, network.trainable_variables)

    old = [weight.numpy() for weight in game.discriminator.trainable_variables]
    found = gradients(game.discriminator, game.discriminator_loss)
    for before, after, slope in zip(old, discriminator.trainable_variables, found, strict=True):
        large = np.abs(slope) > 3e-4  # Adam's first step has the size of the learning rate
        step = (after.numpy() - before)[large]
        np.testing.assert_allclose(step, -2e-3 * np.sign(slope.numpy()[large]), rtol=0.02)
    game.discriminator.set_weights(discriminator.get_weights())  # the generator's comes second
    old = [weight.numpy() for weight in game.generator.trainable_variables]
    found = gradients(game.generator, game.generator_loss)
    for before, after, slope in zip(old, generator.trainable_variables, found, strict=True):
        large = np.abs(slope) > 3e-4
        step = (after.numpy() - before)[large]
        np.testing.assert_allclose(step, -2e-3 * np.sign(slope.numpy()[large]), rtol=0.02)


def test_a_shift_and_a_hole_of_known_numbers():
    image = np.full((1, 28, 28, 1), -1, np.float32)
    image[0, 10, 12] = 1
    numbers = np.array(
        [[0.0, 0.99, 0.0, 0.0, 0.0, 0.0]], np.float32
    )  # down 3, left 3; hole at 0, 0
    changed = training.shift_and_cut(tf.constant(image), 1.0, tf.constant(numbers)).numpy()[
        0, :, :, 0
    ]
    assert changed[13, 9] == 1 and (changed == 1).sum() == 1
    hole = changed == 0
    assert hole.sum() == 25 and hole[:5, :5].all(), "a corner of the 10 × 10 pixels is inside"


def test_augmentation_with_probability_0_changes_nothing(images):
    for augment in training.AUGMENTATIONS.values():
        assert np.array_equal(augment(tf.constant(images), 0.0, random(16)), images)


def test_shifts_are_uniform_and_holes_are_everywhere():
    dot = np.full((4900, 28, 28, 1), -1, np.float32)
    dot[:, 14, 14] = 1
    numbers = random(4900).numpy()
    numbers[:, 3] = 1  # no hole
    moved = training.shift_and_cut(tf.constant(dot), 1.0, tf.constant(numbers)).numpy()[..., 0]
    where = (moved == 1).mean(axis=0)
    assert np.allclose(where[11:18, 11:18], 1 / 49, atol=0.01)
    assert where.sum() == pytest.approx(1)
    holes = training.shift_and_cut(tf.zeros((4900, 28, 28, 1)) - 1, 1.0, random(4900)).numpy()
    share = (holes == 0).mean(axis=0)
    assert share.min() > 0.02, "each pixel is cut out at times"


def test_gradients_pass_through_augmentation(images):
    for name, augment in training.AUGMENTATIONS.items():
        variable = tf.Variable(images)
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(augment(variable, 1.0, random(16)))
        slope = tape.gradient(value, variable).numpy()
        assert set(np.unique(slope)) <= {0.0, 1.0} and slope.mean() > 0.7, name


def test_the_adaptive_rule_rises_and_falls_by_the_same_and_stays_a_probability():
    step = training.EVERY / training.RISE
    assert training.adapted(0.5, 0.61) == pytest.approx(0.5 + step)
    assert training.adapted(0.5, 0.59) == pytest.approx(0.5 - step)
    assert training.adapted(0.0, -1.0) == 0 and training.adapted(1.0, 1.0) == 1
    chance = 0.0
    for _ in range(training.RISE // training.EVERY):
        assert chance < 1 - step / 2
        chance = training.adapted(chance, 1.0)
    assert chance == pytest.approx(1)


def test_the_constant_probabilities_are_near_the_ends_of_the_adaptive_ones():
    table = load_table("few_data").set_index(["method", "size"])["chance"]
    for size, chance in study.CONSTANT.items():
        assert study.SETTINGS["constant", f"n = {size}"]["chance"] == chance
        assert np.abs(table.loc["adaptive", f"n = {size}"].to_numpy() - chance).max() < 0.03


def test_the_digits_held_out_are_not_trained_on():
    held_out, pool = study.digits(3)
    assert len(held_out) == study.HELD_OUT and len(pool) == 3500 == max(study.SIZES)
    rows = {image.tobytes() for image in pool}
    assert not any(image.tobytes() in rows for image in held_out)
    assert not np.array_equal(study.digits(2).held_out, held_out)


def test_methods_without_a_network_use_only_the_first_digits():
    pool = study.digits(0).pool
    known = {image.tobytes() for image in pool[:100]}
    copies = study.make(0, 100, "copies")
    assert {image.tobytes() for image in copies} == known
    others = study.make(0, 100, "other digits")
    assert not {image.tobytes() for image in others} & {i.tobytes() for i in pool[:1500]}
    little, strong = (study.make(0, 100, name) for name in study.JITTER)
    moved = [np.abs(images - copies).mean() for images in (little, strong)]
    assert 0.02 < moved[0] < 0.5 * moved[1] < 0.3
    noise = study.make(0, 100, "kernel density") - copies
    black = copies == -1  # half of the noise is cut off there
    assert noise[black].min() >= 0
    assert noise[np.abs(copies) < 0.5].std() == pytest.approx(study.NOISE, rel=0.05)


@pytest.mark.slow
def test_scores_of_other_digits_copies_and_noise():
    real = study.score(study.make(0, 100, "other digits"), 0, 100)
    copied = study.score(study.make(0, 100, "copies"), 0, 100)
    noise = study.score(study.make(0, 100, "noise"), 0, 100)
    assert 0.4 < real["nearer"] < 0.6 and copied["nearer"] == 1
    assert real["fid"] < 6 < 15 < copied["fid"] < noise["fid"] / 4
    assert copied["fid_train"] < 3 < 15 < real["fid_train"]
    assert real["recall"] > 0.9 and noise["recall"] < 0.01
    assert real["grey"] < 0.05


def test_the_recall_of_copies_is_low_because_they_are_repeated():
    held_out, pool = study.digits(0)
    unseen, features = (study.metrics.digit_features(some) for some in (held_out, pool[:100]))
    repeated = np.tile(features, (15, 1))
    assert study.metrics.precision_recall(unseen, features).recall > 0.9
    assert study.metrics.precision_recall(unseen, repeated).recall < 0.05


def test_shifted_tells_of_shifts_and_grey_of_squares():
    held_out, _ = study.digits(0)
    numbers = random(len(held_out)).numpy()
    held_out = tf.constant(held_out)
    shares = {}
    for name, column in {"both": None, "cut": 0, "shift": 3}.items():
        only = numbers.copy()
        if column is not None:
            only[:, column] = 1  # the other change never comes
        images = training.shift_and_cut(held_out, 1.0, tf.constant(only)).numpy()
        shares[name] = study.shifted(images).mean(), (np.abs(images) < 0.3).mean()
    assert study.shifted(held_out.numpy()).mean() < 0.01
    assert shares["cut"][0] < 0.4 < 0.7 < shares["shift"][0]
    assert shares["shift"][1] < 0.05 < 0.1 < shares["cut"][1]
    assert study.shifted(np.roll(held_out, 3, axis=1)).mean() > 0.9
    assert study.shifted(np.roll(held_out, 2, axis=2)).mean() > 0.9
    grey = np.zeros((2, 28, 28, 1), np.float32)
    grey[:, 13:15, 13:15] = 1
    grey[1, 0:9, 0:9] = 0.4  # a grey square is no part of the digit
    assert not study.shifted(grey).any()


@pytest.mark.slow
def test_changed_digits_are_a_complete_leak():
    changed = study.score(study.make(0, 600, "changed digits"), 0, 600)
    assert changed["fid_changed"] < 6 < 40 < changed["fid"]
    assert changed["shifted"] > 0.7 and changed["grey"] > 0.1


@pytest.mark.slow
def test_a_training_is_repeated_by_its_seed():
    held_out, pool = study.digits(0)
    first, again = (
        training.train(pool[:100], held_out, 100, 0, "shift and cut", chance=None) for _ in range(2)
    )
    for name in ("train", "held_out", "fake", "changed_train", "changed_fake", "chance"):
        assert first.log[-1][name] == pytest.approx(again.log[-1][name], rel=1e-3, abs=1e-3)
    assert first.log[-1]["step"] == 100


@pytest.mark.slow
def test_without_augmentation_changed_images_are_the_unchanged_ones():
    held_out, pool = study.digits(0)
    log = training.train(pool[:100], held_out, 100, 0).log[-1]
    for name in ("train", "held_out", "fake"):
        assert log[f"changed_{name}"] == log[name]


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 100)
    kinds = {("noise", 100): 0, ("plain", 100): 0, ("reals only", 600): 1, ("constant", 100): 0.3}
    for (method, size), chance in kinds.items():
        scores = study.run(0, **study.SETTINGS[method, f"n = {size}"])
        assert {"seed", *scores} == set(study.COLUMNS)
        assert scores["chance"] == chance
