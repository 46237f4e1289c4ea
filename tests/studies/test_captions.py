"""Captions and drawings: what the reader measures, what is held out, what an update does."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.studies.captions import pictures, study, training  # noqa: E402


def test_the_reader_reads_every_caption_of_drawings():
    captions = np.repeat(pictures.all_captions(), 3, axis=0)
    reading = pictures.read(pictures.draw(captions, np.random.default_rng(1)))
    assert (reading.captions == captions).all() and reading.faults.max() < 0.02


def test_noise_and_black_are_faults():
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 24, 24, 3))
    assert pictures.read(noise).faults.min() > 0.3
    assert np.isfinite(pictures.read(-np.ones((1, 24, 24, 3))).faults).all()


def test_held_out_captions_are_not_trained_on_and_change_with_the_seed():
    first, second = study.data(0), study.data(1)
    asked = {tuple(row) for row in first.held_out}
    assert len(asked) == study.HELD_OUT and not asked & {tuple(row) for row in first.captions}
    assert asked != {tuple(row) for row in second.held_out}


def test_words_of_a_caption_are_chosen_back():
    captions = pictures.all_captions()
    bags = pictures.to_words(captions)
    assert (bags.sum(axis=1) == 5).all() and len(np.unique(bags, axis=0)) == 128
    assert np.array_equal(study.choose(bags), captions)


def test_baselines_do_what_their_names_say():
    asked = study.data(0).held_out
    found = pictures.read(study.find(asked, 0)).captions
    assert ((found == asked).sum(axis=1) == 3).mean() > 0.9
    assert not (found == asked).all(axis=1).any()
    assert (pictures.read(study.recolour(asked, 0)).captions == asked).mean() > 0.97


def test_gumbel_softmax_draws_words_with_the_softmax_probabilities_and_passes_a_gradient():
    chances = np.tile([0.7, 0.1, 0.1, 0.1] + [0.25] * 4 + [0.5] * 6, (4000, 1))
    logits = tf.Variable(np.log(chances).astype(np.float32))
    uniform = np.random.default_rng(0).uniform(1e-6, 1, (4000, 14))
    with tf.GradientTape() as tape:
        words = training.gumbel_softmax(logits, tf.constant(uniform, tf.float32))
        first = tf.reduce_sum(words[:, 0])
    assert np.allclose(np.unique(np.round(words.numpy(), 6)), [0, 1])
    assert np.mean(words[:, 0]) == pytest.approx(0.7, abs=0.03)
    assert np.abs(tape.gradient(first, logits)).max() > 0.01


def test_the_first_step_of_an_update_has_the_sign_of_the_loss_with_mismatches():
    generator, judge = training.build_generator(0), training.build_discriminator(0)
    known = study.data(0)
    real, right, other, _, z = next(
        training.batches(known.pictures, pictures.to_words(known.captions), 1, 0)
    )
    weights, mean, softplus = judge.trainable_variables, tf.reduce_mean, tf.nn.softplus
    with tf.GradientTape() as tape:
        fake = generator([z, right], training=True)
        loss = mean(softplus(-judge([real, right]))) + 0.5 * mean(softplus(judge([fake, right])))
        loss += 0.5 * mean(softplus(judge([real, other])))
    slopes = [tf.convert_to_tensor(slope).numpy() for slope in tape.gradient(loss, weights)]
    old = [weight.numpy() for weight in weights]
    training.gan_update(generator, judge, mismatched=True)(real, right, other, z)
    for before, after, slope in zip(old, weights, slopes, strict=True):
        large = np.abs(slope) > 1e-3
        step = (after.numpy() - before)[large]
        assert np.allclose(step, -training.LEARNING_RATE * np.sign(slope[large]), rtol=0.05)


def test_a_spot_ignores_the_shape_and_a_mean_drawing_keeps_it():
    captions = pictures.all_captions()
    spots = pictures.read(study.make(captions, "spot", 0)).captions
    assert (spots[:, [0, 2, 3]] == captions[:, [0, 2, 3]]).all()
    assert np.mean(spots[:, 1] == captions[:, 1]) == 0.25
    means = study.make(captions, "mean drawing", 0)
    again = study.make(np.repeat(captions, 2, axis=0), "mean drawing", 0)
    assert np.array_equal(again[::2], again[1::2])
    assert (pictures.read(means).captions == captions).mean() > 0.98


def test_the_caption_of_the_nearest_in_grey_takes_the_colour_from_elsewhere():
    asked = study.data(0).held_out
    drawn = pictures.draw(asked, np.random.default_rng(0))
    said = study.caption(drawn, "nearest in grey", 0)
    assert (said == asked).all(axis=1).mean() > 0.8
    nearest = study.caption(drawn, "nearest picture", 0)
    assert np.array_equal(said[:, 0], nearest[:, 0]) and (said[:, 1] != nearest[:, 1]).mean() > 0.8
