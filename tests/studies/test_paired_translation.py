"""Translators of pairs: what an update minimises, what is held out, what the scores see."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.data import LETTERS, draw_letters, split_letters  # noqa: E402
from gantutor.keras import Translator  # noqa: E402
from gantutor.keras.games import Paired  # noqa: E402
from gantutor.studies.paired_translation import study, training  # noqa: E402
from gantutor.studies.two_typefaces import study as two_typefaces  # noqa: E402

SHAPE = (32, 32, 1)


@pytest.fixture(scope="module")
def pairs():
    return study.letters(0)


@pytest.mark.slow
def test_an_update_minimises_the_loss_of_the_packages_game(pairs):
    x, y = (tf.constant(images[:4]) for images in (pairs.source, pairs.target))
    generator, discriminator = training.build(SHAPE, 1, seed=1)
    game = Paired(*training.build(SHAPE, 1, seed=1), l1=7.0)
    loss = training.updates(generator, discriminator, 7.0, 1.0)(x, y)
    game.discriminator.set_weights(discriminator.get_weights())  # the generator's comes second
    batch = {"source": x, "target": y}
    terms = game.generator_loss(batch, game.generator(x, training=True), {}, step=0)
    assert float(loss) == pytest.approx(float(terms["adversarial"] + terms["l1"]), rel=1e-4)
    untrained = training.build(SHAPE, 1, seed=1)
    for network, before in zip((generator, discriminator), untrained, strict=True):
        assert not np.array_equal(network.get_weights()[0], before.get_weights()[0])


@pytest.mark.slow
def test_without_an_adversarial_loss_the_discriminator_stays(pairs):
    x, y = (tf.constant(images[:4]) for images in (pairs.source, pairs.target))
    generator, discriminator = training.build(SHAPE, 1, seed=1)
    before = discriminator.get_weights()
    first = generator(x).numpy()
    loss = training.updates(generator, discriminator, 1.0, 0.0)(x, y)
    assert float(loss) == pytest.approx(np.abs(first - y.numpy()).mean(), rel=1e-4)
    for old, new in zip(before, discriminator.get_weights(), strict=True):
        assert np.array_equal(old, new)


@pytest.mark.slow
def test_a_training_is_repeated_by_its_seed_and_fits_its_pairs(pairs):
    few = pairs.source[:16], pairs.target[:16]

    def error(steps):
        translator = training.train(*few, steps, seed=0, adversarial=0.0)
        assert isinstance(translator, Translator)
        return np.abs(translator.sample(few[0]) - few[1]).mean()

    first = error(30)
    assert error(30) == pytest.approx(first, abs=1e-5)
    assert first < 0.7 * error(0)


def test_dropout_acts_on_the_way_up_and_only_in_training(pairs):
    network = training.build(SHAPE, 1, seed=0, dropout=0.5)[0]
    x = pairs.source[:2]
    assert np.array_equal(network(x), network(x))
    assert not np.allclose(network(x, training=True), network(x, training=True), atol=1e-6)
    plain = training.build(SHAPE, 1, seed=0)[0]
    np.testing.assert_allclose(network(x), plain(x), atol=1e-6)


def test_letters_of_the_test_are_not_trained_on(pairs):
    known, unseen = split_letters(study.HELD_OUT, 0)
    assert not set(known) & set(unseen)
    assert len(pairs.source) == study.DRAWINGS * len(known)
    assert "".join(LETTERS[k] for k in pairs.answers) == 3 * unseen
    right = pairs.candidates[pairs.answers, np.arange(len(pairs.answers))]
    assert np.array_equal(right, pairs.test_target)


def test_photographs_are_cut_with_their_edges():
    photos = study.photographs(1)
    assert photos.source.shape == photos.target.shape == (2000, 32, 32, 1)
    assert set(np.unique(photos.source)) == {-1, 1}
    contrast = study.gradients(photos.target).reshape(2000, 31, 31)
    edges = photos.source[:, :31, :31, 0] > 0
    assert contrast[edges].mean() > 2 * contrast[~edges].mean()
    assert not set(study.PHOTOS) & set(study.UNSEEN_PHOTOS)


@pytest.mark.slow
def test_scores_of_the_truth_a_blank_page_and_mixed_up_letters(pairs):
    truth = study.score(pairs.test_target, pairs)
    blank = study.score(np.full_like(pairs.test_target, -1), pairs)
    mixed = study.score(np.roll(pairs.test_target, 1, axis=0), pairs)
    assert (truth["l1"], truth["ssim"], truth["ink"], truth["found"]) == (0, 1, 1, 1)
    assert blank["ink"] == 0 and blank["l1"] == pytest.approx(
        (pairs.test_target + 1).mean(), abs=1e-5
    )
    assert truth["patches"] == pytest.approx(mixed["patches"], rel=1e-4) and mixed["found"] < 0.1
    assert blank["patches"] > 100 * truth["patches"]
    assert blank["gradients"] > 20 * truth["gradients"]


def test_a_linear_regression_finds_a_shift():
    (images,), _ = draw_letters(200, typefaces=["DejaVu Sans"])
    moved = np.roll(images, 2, axis=2)
    pairs = study.Pairs(images, moved, images[:20], moved[:20], images, moved[:20, None], [])
    assert np.abs(study.linear(pairs) - moved[:20]).mean() < 0.02


def test_gradients_and_patches_of_a_white_corner():
    image = np.full((1, 32, 32, 1), -1, np.float32)
    image[0, 8:, 8:] = 1
    sizes = study.gradients(image)
    assert np.unique(sizes).round(4).tolist() == [0, 2]
    assert (sizes > 0).sum() == 2 * 23, "along two sides, up to the border"
    assert study.patches(image).shape == (144, 64), "12 × 12 of the 13 × 13 places touch it"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mixture", "expected"),
    [(0.0, (0.0, 0.0, 1.0, 0.0)), (0.5, (0.5, 0.0, 0.0, 0.0)), (1.0, (1.0, 0.0, 1.0, 0.0))],
)
def test_positions_between_two_typefaces(mixture, expected):
    *_, italic, bold = two_typefaces.two(0)
    drawn = np.stack([italic + np.float32(mixture) * (bold - italic)] * 4)
    scores = two_typefaces.score(drawn, italic, bold)
    found = [scores[name] for name in ("bold", "deviation", "near", "both")]
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.slow
def test_fair_coins_have_both_typefaces():
    scores = two_typefaces.run(0, "targets")
    assert scores["deviation"] == pytest.approx(0.5, abs=0.03)
    assert scores["both"] == scores["near"] == 1
    source, target, test, italic, bold = two_typefaces.two(0)
    assert len(source) == len(target) and len(test) == len(italic) == len(bold)


@pytest.mark.slow
def test_the_second_channel_tells_the_typeface_of_each_target():
    source, target, *_ = two_typefaces.two(0)
    heads = two_typefaces.coins(0, len(source))
    channels = two_typefaces.told(source, heads)
    assert channels.shape == (len(source), 32, 32, 2) and channels.dtype == np.float32
    assert np.array_equal(channels[..., :1], source)
    italic = channels[:, 0, 0, 1] == 1
    assert 0.45 < italic.mean() < 0.55
    ink = (target + 1).mean(axis=(1, 2, 3))
    assert ink[~italic].mean() > 1.3 * ink[italic].mean(), "bold letters have more ink"


@pytest.mark.slow
def test_every_kind_of_setting_runs_and_has_the_columns_of_its_table(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 1)
    monkeypatch.setattr(two_typefaces, "STEPS", 1)
    monkeypatch.setattr(two_typefaces, "DRAWS", 2)
    for name in ("target", "blank", "copy", "linear", "L1"):
        assert {"seed", *study.run(0, **study.SETTINGS["letters", name])} == set(study.COLUMNS)
    for name in ("targets", "dropout", "told the typeface"):
        scores = two_typefaces.run(0, **two_typefaces.SETTINGS[name])
        assert {"seed", *scores} == set(two_typefaces.COLUMNS)
