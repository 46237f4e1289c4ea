"""The study of tokenizers: its codes, its losses, its simple rivals, and its scores."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.studies.tokenizers import simple, study, training  # noqa: E402


@pytest.fixture(scope="module")
def images():
    return study.digits(0).train[:32]


def batch(images, steps=1, seed=0):
    return list(training.draws(images, steps, seed))


def test_the_digits_held_out_are_not_trained_on():
    held_out, known, labels = study.digits(1)
    assert len(held_out) == study.HELD_OUT and len(known) == len(labels) == 3500
    rows = {image.tobytes() for image in known}
    assert not any(image.tobytes() in rows for image in held_out)
    assert not np.array_equal(study.digits(2).held_out, held_out)


def test_all_codes_have_80_bits(images):
    tokenizer, _ = training.build(0)
    assert tokenizer.encode(images).shape == (32, 4, 4)
    assert simple.Patches(images, 0).encode(images).shape == (32, 4, 4)
    assert training.ENTRIES == simple.ENTRIES == 32 and simple.BITS == 16 * 5
    _, bits = simple.principal_components(study.digits(0).train[:500], images)
    assert bits.sum() == 80 and (np.diff(bits) <= 0).all()


def test_a_code_is_the_number_of_the_nearest_vector():
    book = training.Codebook(0)
    vectors = book.vectors.numpy()
    outputs = np.random.default_rng(1).normal(size=(2, 4, 4, 8)).astype(np.float32)
    distances = ((outputs[..., None, :] - vectors) ** 2).sum(axis=-1)
    found, numbers = book(tf.constant(outputs))
    assert np.array_equal(numbers, distances.argmin(axis=-1))
    np.testing.assert_allclose(found, vectors[numbers], atol=1e-5)


def test_a_vector_moves_to_the_mean_of_its_outputs_and_others_stay():
    book = training.Codebook(0, restarts=False)
    before = book.vectors.numpy().copy()
    outputs = tf.constant(np.tile(before[3] + 0.01, (2, 4, 4, 1)))
    for _ in range(200):
        book.learn(outputs, tf.fill((2, 4, 4), tf.constant(3, tf.int64)), tf.zeros(32))
    after = book.vectors.numpy()
    np.testing.assert_allclose(after[3], before[3] + 0.01, atol=1e-3)
    np.testing.assert_allclose(np.delete(after, 3, 0), np.delete(before, 3, 0), atol=1e-5)


def test_a_restart_puts_an_unused_vector_on_an_output():
    book = training.Codebook(0)
    outputs = np.random.default_rng(1).normal(size=(2, 4, 4, 8)).astype(np.float32)
    numbers, random = tf.zeros((2, 4, 4), tf.int64), tf.linspace(0.0, 0.99, 32)
    for _ in range(200):
        book.learn(tf.constant(outputs), numbers, random)
    rows = outputs.reshape(-1, 8)
    near = np.abs(book.vectors.numpy()[1:, None] - rows).max(axis=2).min(axis=1)
    assert (near < 1e-4).mean() > 0.9, "all but the one that is used"


def test_the_first_update_goes_down_the_gradients_of_the_losses(images):
    """Adam's first step is the learning rate times the sign of the gradient."""
    tokenizer, judge = training.build(1)
    other, other_judge = training.build(1)
    ((x, random, share),) = batch(images)
    losses = training.Losses(game=0.01)
    training.updates(tokenizer, judge, losses)(x, random, share, True, True)
    encoder, codebook, decoder = other
    weights = encoder.trainable_variables + decoder.trainable_variables
    with tf.GradientTape() as tape:
        z = encoder(x)
        q = tf.gather(codebook.vectors, codebook.nearest(z))
        made = decoder(z + tf.stop_gradient(q - z))
        loss = tf.reduce_mean((x - made) ** 2) + 0.25 * tf.reduce_mean((z - q) ** 2)
        loss -= 0.01 * tf.reduce_mean(other_judge(made))
    slopes = tape.gradient(loss, weights)
    moved = tokenizer.encoder.trainable_variables + tokenizer.decoder.trainable_variables
    for before, after, slope in zip(weights, moved, slopes, strict=True):
        large = np.abs(slope) > 3e-4
        step = (after.numpy() - before.numpy())[large]
        np.testing.assert_allclose(step, -training.RATE * np.sign(slope.numpy()[large]), rtol=0.02)
    with tf.GradientTape() as tape:
        real, fake = other_judge(x), other_judge(made)
        loss = tf.reduce_mean(tf.nn.relu(1 - real)) / 2 + tf.reduce_mean(tf.nn.relu(1 + fake)) / 2
    before = other_judge.trainable_variables
    slopes = tape.gradient(loss, before)
    for old, new, slope in zip(before, judge.trainable_variables, slopes, strict=True):
        large = np.abs(slope) > 3e-4
        step = (new.numpy() - old.numpy())[large]
        sign = np.sign(slope.numpy()[large])
        np.testing.assert_allclose(step, -training.JUDGE_RATE * sign, rtol=0.02)


def test_the_adaptive_weight_is_the_ratio_of_the_last_layers_gradients(images):
    ((x, random, share),) = batch(images)
    tokenizer, judge = training.build(1)
    losses = training.Losses(game=0.5, adaptive=True)
    _, weight, *_, scale, game_scale = training.updates(tokenizer, judge, losses)(
        x, random, share, True, True
    )
    encoder, codebook, decoder = training.build(1)[0]
    judge = training.build(1)[1]
    with tf.GradientTape(persistent=True) as tape:
        made = decoder(codebook(encoder(x))[0])
        error, fooled = tf.reduce_mean((x - made) ** 2), -tf.reduce_mean(judge(made))
    last = decoder.layers[-1].kernel
    norms = [np.linalg.norm(tape.gradient(loss, last)) for loss in (error, fooled)]
    np.testing.assert_allclose([scale, game_scale], norms, rtol=1e-3)
    assert float(weight) == pytest.approx(0.5 * norms[0] / (norms[1] + 1e-4), rel=1e-3)


def test_an_unheard_discriminator_learns_and_changes_nothing(images):
    pairs = [training.build(1) for _ in range(2)]
    ((x, random, share),) = batch(images)
    losses = training.Losses(game=0.5)
    for (tokenizer, judge), play in zip(pairs, (False, True), strict=True):
        training.updates(tokenizer, judge, losses)(x, random, share, play, False)
    (quiet, unused), (unheard, judge) = pairs
    for one, two in zip(quiet.decoder.weights, unheard.decoder.weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    assert not np.allclose(unused.weights[0], judge.weights[0])


def test_the_discriminator_starts_when_it_should(images):
    losses = training.Losses(game=0.5)
    _, log = training.train(images, 0, losses, steps=10, start=0.5, ahead=0.2)
    assert np.array_equal(log[:, 1] > 0, np.arange(10) >= 5)
    assert np.array_equal(log[:, 5] > 0, np.arange(10) >= 3)
    _, log = training.train(images, 0, losses, steps=10, start=0.0)
    assert (log[:, 1] == 0.5).all()


@pytest.mark.parametrize("bounds", [{}, {"error_most": 0.01}, {"game_least": 1.0}])
def test_the_adaptive_weight_is_cut_and_its_controls_bound_the_norms(images, bounds):
    losses = training.Losses(game=0.5, adaptive=True, **bounds)
    _, log = training.train(images, 0, losses, steps=3, start=0.0)
    weight, error, game = log[:, 1], log[:, 4], log[:, 5]
    ratio = np.minimum(error, losses.error_most) / (np.maximum(game, losses.game_least) + 1e-4)
    np.testing.assert_allclose(weight, losses.game * np.minimum(ratio, 1e4), rtol=1e-4)
    assert (weight[0] < 0.4 * error[0] / (game[0] + 1e-4)) == bool(bounds)


def test_the_adaptive_ratio_is_cut_at_ten_thousand(images):
    tokenizer, judge = training.build(1)
    for some in judge.weights:
        some.assign(tf.zeros_like(some))  # it pulls not at all
    ((x, random, share),) = batch(1000 * images)
    losses = training.Losses(game=0.5, adaptive=True)
    log = training.updates(tokenizer, judge, losses)(x, random, share, True, True)
    assert float(log[4]) > 1 and float(log[5]) == 0 and float(log[1]) == pytest.approx(5000)


def test_balanced_pulls_at_the_last_layer_add_up_to_one(images, monkeypatch):
    descent = training.keras.optimizers.SGD
    monkeypatch.setattr(training.keras.optimizers, "Adam", lambda rate, beta_1: descent(rate))
    tokenizer, judge = training.build(1)
    encoder, codebook, decoder = tokenizer
    last = decoder.layers[-1].kernel
    with tf.GradientTape(persistent=True) as tape:
        made = decoder(codebook(encoder(images))[0])
        error, fooled = tf.reduce_mean((images - made) ** 2), -tf.reduce_mean(judge(made))
    pulls = [tape.gradient(loss, last).numpy() for loss in (error, fooled)]
    before = last.numpy()
    losses = training.Losses(game=1.0, adaptive=True, balanced=True)
    ((x, random, share),) = batch(images)
    training.updates(tokenizer, judge, losses)(x, random, share, True, True)
    above, below = (np.linalg.norm(pull) for pull in pulls)
    wanted = pulls[0] / above / 2 + pulls[1] / (below + 1e-4) / 2
    np.testing.assert_allclose((before - last.numpy()) / training.RATE, wanted, atol=0.02)


def test_the_features_of_the_loss_have_their_shape_and_are_not_trained(images):
    data = study.digits(0)
    features = training.classifier_features(data.train[:64], data.labels[:64], 0)
    assert features(images).shape == (32, 7, 7, 32) and not features.trainable_variables


def test_patches_are_cut_and_put_together(images):
    assert np.array_equal(simple.from_patches(simple.to_patches(images)), images)
    one = np.zeros((1, 28, 28, 1), np.float32)
    one[0, 7:14, 21:28] = 1
    assert (simple.to_patches(one)[0, 1, 3] == 1).all() and simple.to_patches(one).sum() == 49


def test_patches_that_are_in_the_codebook_come_back():
    rng = np.random.default_rng(0)
    codes = rng.integers(32, size=(40, 4, 4))
    book = rng.uniform(-1, 1, (32, 49))
    images = simple.from_patches(book[codes])
    coder = simple.Patches(images, 0)
    coder.means.cluster_centers_ = book
    np.testing.assert_allclose(coder.decode(coder.encode(images)), images, atol=1e-6)


def test_the_regression_of_neighbours_has_less_error_than_the_patches_alone():
    known = study.digits(0).train[:1000]
    plain, linear = (simple.Patches(known, 0, regression) for regression in (False, True))
    errors = [
        np.mean((known - coder.decode(coder.encode(known))) ** 2) for coder in (plain, linear)
    ]
    assert errors[1] < 0.95 * errors[0]


def test_the_contrast_curve_rises_and_gives_the_wanted_distribution(images):
    blurred = 0.3 * images + 0.1
    curve = simple.contrast(blurred, images)
    grey = curve(np.linspace(-1, 1, 101))
    assert (np.diff(grey) >= 0).all()
    np.testing.assert_allclose(curve(blurred), images, atol=0.02)


def test_drawn_codes_have_the_neighbours_of_the_training_codes():
    rng = np.random.default_rng(0)
    left = rng.integers(32, size=(4000, 4, 1))
    codes = np.tile(left, (1, 1, 4))  # each row has one code, from left to right
    drawn = simple.draw_codes(codes, 500, rng)
    assert (drawn[:, :, 1:] == drawn[:, :, :-1]).mean() > 0.8
    assert 0.4 < len(np.unique(drawn[:, 0, 0])) / 32 <= 1
    assert (drawn[:, 1, 0] == drawn[:, 0, 0]).mean() < 0.2, "rows do not depend on each other"


def test_perplexity_counts_codes():
    assert study.perplexity(np.full(32, 1 / 32)) == pytest.approx(32)
    assert study.perplexity(np.array([0.5, 0.25, 0.25, 0])) == pytest.approx(2**1.5)
    assert study.perplexity(np.array([1.0, 0])) == 1


def test_scores_of_the_same_digits_of_a_mean_and_of_a_known_error():
    held_out, known, _ = study.digits(0)
    held_out, known = held_out[:500], known[:500]
    same = study.score(held_out, held_out, known)
    mean = study.score(held_out, np.tile(known.mean(axis=0), (500, 1, 1, 1)), known)
    assert same["changed"] == 0 and same["psnr"] > 90 and same["fid"] < 10
    assert mean["changed"] > 0.8 and mean["fid"] > 300 and mean["strokes"] > 10 * same["strokes"]
    black = np.full((2, 28, 28, 1), -1, np.float32)
    off = study.score(black, black + 0.2, black)
    assert off["psnr"] == pytest.approx(20, abs=1e-3), "10 log10(4 / 0.04)"


def test_the_patch_distance_sees_blur_and_not_the_order():
    held_out, known, _ = study.digits(0)
    blurred = (held_out + np.roll(held_out, 1, 1) + np.roll(held_out, 1, 2)) / 3
    assert study.patch_distance(known, blurred) > 2 * study.patch_distance(known, held_out)
    assert study.patch_distance(held_out, held_out[::-1]) == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_a_training_is_repeated_by_its_seed(images):
    losses = training.Losses(game=0.01)
    logs = [training.train(images, 3, losses, steps=20)[1] for _ in range(2)]
    np.testing.assert_allclose(logs[0][:, 0], logs[1][:, 0], rtol=1e-3)


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table(monkeypatch):
    for setting in ("mean digit", "random digit", "patches", "components, contrast", "digits"):
        assert {"seed", *study.run(0, **study.SETTINGS[setting])} == set(study.COLUMNS)
    for setting in ("features 10", "adaptive 1"):
        scores = study.run(0, **study.SETTINGS[setting], steps=20)
        assert {"seed", *scores} == set(study.COLUMNS)
