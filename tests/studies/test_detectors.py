"""Detectors: what is held out, what a change does, what each score says of made-up answers."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.studies.detectors import detecting, patches, study, training  # noqa: E402

WORDS = ("real", "fake")
GENERATORS = (*study.GENERATORS, *(f"{kind}, untrained" for kind in study.DECODERS))


@pytest.fixture(scope="module")
def images():
    cut = patches.cut(patches.split(0)["train"], 120, np.random.default_rng(0))
    return patches.rounded(cut)


def test_photographs_for_training_threshold_and_test_are_different():
    for seed in range(study.SEEDS):
        parts = patches.split(seed)
        assert [len(parts[name]) for name in ("train", "threshold", "test")] == [6, 2, 4]
        assert sorted(name for part in parts.values() for name in part) == sorted(
            patches.PHOTOGRAPHS
        )
    assert patches.split(0) != patches.split(1)


def test_patches_come_equally_often_from_each_photograph(monkeypatch):
    flat = {"a": np.full((40, 50), -1, np.float32), "b": np.full((32, 32), 1, np.float32)}
    monkeypatch.setattr(patches, "load_photograph", flat.get)
    cut = patches.cut(["a", "b"], 10, np.random.default_rng(0))
    assert cut.shape == (10, 32, 32, 1)
    assert (cut[0::2] == -1).all() and (cut[1::2] == 1).all()


def test_all_images_have_the_256_grey_values_of_a_file(images):
    made = training.make(training.build("nearest", 0)[0], images)
    for some in (
        images,
        made,
        *(patches.change(images, **how) for how in patches.CHANGES.values()),
    ):
        grey = (some + 1) * 127.5
        assert np.allclose(grey, np.rint(grey), atol=1e-3) and some.min() >= -1 and some.max() <= 1
    assert np.array_equal(patches.change(images), images), "no change changes nothing"


def test_jpeg_keeps_few_cosine_coefficients_of_each_block(images):
    saved = patches.change(images, quality=50, alike=True)
    assert 0.01 < np.abs(saved - images).mean() < 0.2
    again = patches.change(saved, quality=50, alike=True)
    assert np.abs(again - saved).mean() < 0.1 * np.abs(saved - images).mean()
    elsewhere = patches.change(saved, quality=50)
    assert np.abs(elsewhere - saved).mean() > 0.3 * np.abs(saved - images).mean()


def test_a_patch_with_shifted_blocks_is_cut_out_of_a_whole_photograph_that_was_saved():
    whole = patches.rounded(patches.load_photograph("camera"))[..., None]
    saved = patches.through_jpeg(whole, 75)
    for top, left in ((40, 80), (43, 86), (101, 207), (200, 7)):
        inside = slice(top, top + 32), slice(left, left + 32)
        patch = patches.through_jpeg(whole[inside], 75, top % 8, left % 8)
        seen = detecting.inner(np.stack([patch, saved[inside]]))
        assert np.array_equal(*seen)
    shifted = patches.through_jpeg(whole[inside], 75, (top + 4) % 8, left % 8)
    assert not np.array_equal(*detecting.inner(np.stack([shifted, saved[inside]])))


def test_blocks_lie_alike_or_at_random(images):
    same = np.repeat(images[:1], 40, axis=0)
    alike = patches.change(same, quality=50, alike=True)
    assert (alike == alike[0]).all()
    assert len(np.unique(patches.change(same, quality=50), axis=0)) > 15


def test_blur_and_resizing_lower_the_fineness_and_noise_raises_it(images):
    before = detecting.fineness(images)
    for name, sign in {"blur": -1, "resize": -1, "noise": 1}.items():
        after = detecting.fineness(patches.change(images, **patches.CHANGES[name]))
        assert (sign * (after - before) > 0).mean() > 0.95, name


def test_random_changes_leave_a_quarter_alone(images):
    changed = patches.change_at_random(np.repeat(images, 5, axis=0), np.random.default_rng(1))
    same = (np.abs(changed - np.repeat(images, 5, axis=0)) < 1e-3).all(axis=(1, 2, 3))
    assert 0.15 < same.mean() < 0.35


def test_auroc_of_answers_known_by_hand():
    assert detecting.auroc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1
    assert detecting.auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0
    assert detecting.auroc(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    assert detecting.auroc(np.array([0.0, 2.0]), np.array([1.0])) == 0.5


def test_the_spectrum_of_a_checkerboard_is_in_the_finest_corner():
    board = (np.indices((32, 32)).sum(axis=0) % 2 * 2.0 - 1)[None, ..., None]
    assert detecting.spectrum(board)[0].argmax() == 16 * 16 - 1
    flat = np.ones((1, 32, 32, 1))
    assert detecting.spectrum(flat)[0].argmax() == 0


@pytest.mark.parametrize("kind", detecting.DETECTORS)
def test_a_detector_finds_what_is_easy_and_nothing_where_there_is_nothing(kind, images):
    noisy = (images + np.random.default_rng(0).normal(0, 0.3, images.shape)).astype(np.float32)
    if kind == "peaks":  # stripes and checkerboards only
        stripes = (np.arange(32) % 2)[:, None] + np.arange(32) % 2
        noisy = images + np.float32(0.3) * stripes[..., None]
    half = len(images) // 2
    judge = detecting.train(kind, images[:half], noisy[:half], 0, steps=150)
    assert judge(images).shape == (len(images),)
    assert detecting.auroc(judge(images[half:]), judge(noisy[half:])) > 0.8
    assert detecting.auroc(judge(images), judge(images)) == 0.5


def test_no_detector_sees_the_edge(images):
    framed = images.copy()
    framed[:, :4] = framed[:, -4:] = 1  # a blur of fineness reaches 4 pixels
    framed[:, :, :4] = framed[:, :, -4:] = -1
    for kind in detecting.DETECTORS:
        judge = detecting.train(kind, images[:60], images[60:], 0, steps=2)
        assert np.allclose(judge(framed), judge(images), atol=1e-5), kind
    assert detecting.inner(images).shape == (len(images), 16, 16, 1)


def test_each_decoder_doubles_the_sides_twice():
    for kind in training.ENLARGEMENTS:
        generator, discriminator = training.build(kind, 0)
        assert generator.output_shape == discriminator.input_shape == (None, 32, 32, 1)
        assert training.build(kind, 0, noise=True)[0].input_shape == (None, training.LATENT_DIM)


def test_pixel_shuffle_lays_out_channels_as_a_block():
    four = tf.reshape(tf.constant([1.0, 2.0, 3.0, 4.0]), (1, 1, 1, 4))
    assert training.PixelShuffle()(four)[0, :, :, 0].numpy().tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("weight", [0.0, 20.0])
def test_an_update_goes_down_the_gradients_of_both_losses(images, weight):
    real = tf.constant(images[:8])
    networks, copies = training.build("nearest", 3), training.build("nearest", 3)
    generator, discriminator = copies
    with tf.GradientTape(persistent=True) as tape:
        fake = generator(real)
        d_loss = tf.reduce_mean(tf.math.log(1 + tf.exp(-discriminator(real))))
        d_loss += tf.reduce_mean(tf.math.log(1 + tf.exp(discriminator(fake))))
        g_loss = tf.reduce_mean(tf.math.log(1 + tf.exp(-discriminator(fake))))
        g_loss += weight * tf.reduce_mean(tf.abs(fake - real))
    training.updates(*networks, weight)(real, real)
    for network, copy, loss in zip(networks, copies, (g_loss, d_loss), strict=True):
        slopes = tape.gradient(loss, copy.trainable_variables)
        for new, old, slope in zip(network.weights, copy.weights, slopes, strict=True):
            large = np.abs(slope) > 1e-3  # Adam's first step has the size of the learning rate
            step = (new.numpy() - old.numpy())[large]
            wanted = -training.LEARNING_RATE * np.sign(slope.numpy()[large])
            np.testing.assert_allclose(step, wanted, rtol=0.02)


def test_fakes_of_several_decoders_show_the_same_as_the_reals(monkeypatch):
    real = np.zeros((20, 32, 32, 1), np.float32)
    monkeypatch.setattr(study, "reals", lambda seed, part: real)
    number = {kind: place for place, kind in enumerate(study.DECODERS, 1)}
    monkeypatch.setattr(study, "made", lambda seed, name, part: real + number[name])
    counts = {
        "nearest": {4: 20},
        "all five": dict.fromkeys(range(1, 6), 4),
        "all but nearest": dict.fromkeys((1, 2, 3, 5), 5),
    }
    for fakes, wanted in counts.items():
        values = study.fakes_of(0, fakes, "train")[1][:, 0, 0, 0]
        assert dict(zip(*np.unique(values, return_counts=True), strict=True)) == wanted
    halves = study.fakes_of(0, "no fakes", "train")
    assert np.array_equal(*halves), "the same patches, so that nothing but the files can differ"


def test_scores_of_a_detector_that_knows_and_of_one_that_guesses(monkeypatch):
    names = [*GENERATORS, "threshold", *(f"{w}, {g}" for w in WORDS for g in study.GRIDS)]
    names += [f"{change}, {word}" for change in patches.CHANGES for word in WORDS]
    is_fake = {name: name in GENERATORS or "fake" in name for name in names}
    random = np.random.default_rng(0)
    sets = {name: random.random((400, 1)) + 2 * fake for name, fake in is_fake.items()}
    monkeypatch.setattr(study, "test_sets", lambda seed: sets)
    knows = study.score(lambda images: images[:, 0], 0)
    assert set(knows) == set(study.COLUMNS) - {"seed", "seconds"}
    assert all(knows[f"on {name}"] == 1 for name in GENERATORS)
    assert all(knows[f"hits, {name}"] == 1 for name in patches.CHANGES)
    assert all(abs(knows[f"alarms, {name}"] - 0.05) < 0.06 for name in patches.CHANGES)
    for grid in study.GRIDS:
        assert knows[f"biased, {grid}"] == knows[f"reversed, {grid}"] == 1
        assert abs(knows[f"empty, {grid}"] - 0.5) < 0.1
    guesses = study.score(lambda images: np.random.default_rng(1).random(len(images)), 0)
    assert guesses["auroc, none"] == 0.5 == guesses["empty, alike"]


def test_a_detector_of_files_alone_wins_only_on_the_biased_test(monkeypatch):
    names = [*GENERATORS, "threshold", *(f"{w}, {g}" for w in WORDS for g in study.GRIDS)]
    names += [f"{change}, {word}" for change in patches.CHANGES for word in WORDS]
    saved = {f"{word}, {grid}" for word in WORDS for grid in study.GRIDS}
    sets = {name: np.full((4, 1), name in saved, float) for name in names}
    monkeypatch.setattr(study, "test_sets", lambda seed: sets)
    found = study.score(lambda images: -images[:, 0], 0)
    for grid in study.GRIDS:
        assert found[f"biased, {grid}"] == found[f"empty, {grid}"] == 1
        assert found[f"reversed, {grid}"] == 0
    assert found["auroc, none"] == 0.5
