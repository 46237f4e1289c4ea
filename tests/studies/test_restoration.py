"""Restoration of digits: what is damaged, what each method keeps, what an update minimises."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from gantutor.studies.restoration import classical, study, training  # noqa: E402


@pytest.fixture(scope="module")
def data():
    return study.digits(0)


def damaged(data, task, level, count=20):
    few = data._replace(test=data.test[:count], test_labels=data.test_labels[:count])
    random = np.random.default_rng(0)
    test = study.damage(task, few.test, level, random)
    return few, study.damage(task, few.train, level, random), test, level, random


def test_the_split_keeps_all_digits_and_no_test_digit_is_trained_on(data):
    assert data.train.shape == (4000, 32, 32, 1) and data.test.shape == (1000, 32, 32, 1)
    rows = {image.tobytes() for image in data.train}
    assert not any(image.tobytes() in rows for image in data.test)
    assert np.bincount([*data.train_labels, *data.test_labels]).tolist() == [500] * 10
    assert (study.digits(1).test_labels != data.test_labels).any()


def test_a_hole_is_black_in_the_middle_and_hides_nothing_else(data):
    test = study.damage("holes", data.test[:3], [2, 10, 18], np.random.default_rng(0))
    assert test.where[:, :, 0, 0].sum(axis=1).tolist() == [2, 10, 18]
    assert np.flatnonzero(test.where[1, :, 0, 0]).tolist() == list(range(11, 21))
    assert (test.image[test.where > 0] == -1).all()
    assert np.array_equal(test.image[test.where == 0], data.test[:3][test.where == 0])


def test_noise_has_the_level_and_the_guide_tells_it(data):
    test = study.damage("noise", data.test[:50], 2.0, np.random.default_rng(0))
    noise = test.image - data.test[:50]
    assert noise.std() == pytest.approx(2, rel=0.02) and abs(noise.mean()) < 0.03
    assert (test.guide == 0.5).all() and (test.where == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", study._SIMPLE["holes"])
def test_what_is_not_in_the_hole_is_kept(data, method):
    few, known, test, level, random = damaged(data, "holes", 6)
    made = classical.METHODS[method](few, known, test, level, random)
    for some in made if isinstance(made, list) else [made]:
        assert some.shape == test.image.shape and np.abs(some).max() <= 1
        outside = test.where == 0
        assert np.array_equal(some[outside], few.test[outside])


@pytest.mark.slow
def test_scores_of_the_truth_of_an_inverted_and_of_another_digit(data):
    where = np.ones_like(data.test)
    truth = study.score(data.test, data.test, where, data)
    assert truth["error"] == truth["spread"] == 0 and truth["changed"] < 0.03
    inverted = study.score(-data.test, data.test, where, data)
    known = 2 * np.sqrt(np.square(data.test).mean())
    assert inverted["error"] == pytest.approx(known, rel=1e-4) == inverted["spread"]
    other = study.score(np.roll(data.test, 1, axis=0), data.test, where, data)
    assert other["changed"] > 0.8 and other["second"] > 0.8
    assert other["digit_fid"] == pytest.approx(truth["digit_fid"], rel=1e-3)
    half = np.zeros_like(where)
    half[:, :16] = 1
    wrong_below = np.where(half > 0, data.test, -data.test)
    assert study.rms(wrong_below - data.test, half) == 0
    assert study.rms(np.full_like(data.test, -0.5), half) == pytest.approx(0.5)


def test_a_training_digit_is_its_own_nearest_and_fills_its_own_hole(data):
    twins = data._replace(test=data.train[:20])
    test = study.damage("holes", twins.test, 10, np.random.default_rng(0))
    made = classical.neighbour(twins, None, test, 10, None)
    assert np.array_equal(made, twins.test)


def test_two_draws_of_ten_neighbours_differ_and_a_wide_choice_spreads_more(data):
    few, known, test, level, random = damaged(data, "holes", 10, 200)
    first, second = classical.one_of_ten(few, known, test, level, random)
    some = study.rms(first - second, test.where)
    first, second = classical.one_of_ten(few, known, test, level, random, count=2000)
    assert 0 < some < study.rms(first - second, test.where)


@pytest.mark.slow
def test_the_kernel_regression_repeats_a_training_digit_and_beats_the_mean_on_others(data):
    random = np.random.default_rng(0)
    known = study.damage("holes", data.train, 10, random)
    seen = data._replace(test=data.train[:20])
    errors = {}
    for name, digits in {"seen": seen, "new": data._replace(test=data.test[:200])}.items():
        test = study.damage("holes", digits.test, 10, random)
        made = classical.kernel(digits, known, test, 10, random)
        errors[name] = study.rms(made - digits.test, test.where)
    blind = study.rms(data.train.mean(axis=0) - digits.test, test.where)
    assert errors["seen"] < 0.85 * errors["new"] and errors["new"] < 0.8 * blind


def test_squared_distances_are_those_of_all_pairs():
    random = np.random.default_rng(0)
    first, second = random.normal(size=(3, 5)), random.normal(size=(4, 5))
    pairs = np.square(first[:, None] - second).sum(axis=-1)
    np.testing.assert_allclose(classical.squared_distances(first, second), pairs)


def test_the_posterior_mean_weighs_digits_by_their_likelihood(data):
    black, white = np.full((1, 32, 32, 1), -1.0), np.full((1, 32, 32, 1), 1.0)
    two = data._replace(train=np.concatenate([black, white]), test=white)
    image = np.zeros((1, 32, 32, 1))
    image[0, 0, 0] = 0.1  # a little nearer to white: (1.1² − 0.9²) / 2σ² = 0.2 at σ = 1
    test = study.Damaged(image, image, np.ones_like(image))
    made = classical.posterior_mean(two, None, test, 1.0, None)
    assert made == pytest.approx(np.tanh(0.1), abs=1e-6)


def test_sharpened_restorations_get_the_grey_values_of_training_digits(monkeypatch, data):
    seen = []
    monkeypatch.setattr(study, "score", lambda first, *rest: seen.append(first) or {})
    monkeypatch.setitem(study.LEVELS, "holes", (10,))
    study.run(0, "holes", "mean", sharpened=True)
    shares = np.linspace(0, 1, 101)
    values, wanted = (np.quantile(some[:, 11:21], shares) for some in (seen[0], data.train))
    assert np.abs(values - wanted).mean() < 0.02


def test_haar_without_a_threshold_changes_nothing_and_a_constant_survives_any():
    images = np.random.default_rng(0).normal(size=(2, 32, 32))
    np.testing.assert_allclose(classical.haar(images, 0.0), images, atol=1e-12)
    flat = np.full((1, 32, 32), 0.3)
    np.testing.assert_allclose(classical.haar(flat, 5.0), flat, atol=1e-12)
    assert classical.haar(images, 1.0).std() < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("method", ["Gaussian", "Haar", "non-local", "linear"])
def test_filters_remove_noise(data, method):
    few, known, test, level, random = damaged(data, "noise", 0.5)
    made = classical.METHODS[method](few, known, test, level, random)
    assert study.rms(made - few.test, test.where) < 0.27, "half of what the noise alone leaves"


def test_matching_gives_the_values_of_the_images_and_keeps_the_order(data):
    where = np.ones_like(data.test[:50])
    grey = 0.2 * data.test[:50] + 0.1
    matched = classical.match(grey, data.train, where)
    assert np.quantile(matched, 0.95) == pytest.approx(np.quantile(data.train, 0.95), abs=0.05)
    assert matched[grey > 0.25].min() >= matched[grey < 0.25].max()


def batch(data):
    target = data.train[:8]
    test = study.damage("holes", target, 10, np.random.default_rng(0))
    z = np.random.default_rng(1).normal(size=(2, *target.shape)).astype(np.float32)
    return [tf.constant(some) for some in (*test, target, z)]


@pytest.mark.slow
@pytest.mark.parametrize("draws", [1, 2])
def test_an_update_minimises_the_squared_error_or_the_product_of_two_errors(data, draws):
    image, guide, where, target, z = batch(data)
    networks = training.build(0)
    first, second = (
        training.compose(networks[0], image, guide, where, some, training=True)
        for some in (z[0], z[draws - 1])
    )
    product = (target - first) * (target - second)
    expected = 3 * float(tf.reduce_sum(product)) / (8 * 10 * 32)
    loss = training.updates(*networks, 3.0, 0.0, draws)(image, guide, where, target, z)
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_the_product_of_two_errors_has_the_mean_of_the_mean_draws_square():
    random = np.random.default_rng(0)
    draws = random.normal(0.5, 2.0, size=(2, 1_000_000))
    product = (1 - draws[0]) * (1 - draws[1])
    assert product.mean() == pytest.approx(0.25, abs=0.02), "(1 − 0.5)², whatever the spread"


@pytest.mark.slow
def test_without_the_adversarial_loss_the_discriminator_rests(data):
    networks = training.build(0)
    before = [[weight.numpy() for weight in network.weights] for network in networks]
    training.updates(*networks, 1.0, 0.0)(*batch(data))
    changed = [
        any(
            not np.array_equal(weight, old)
            for weight, old in zip(network.weights, olds, strict=True)
        )
        for network, olds in zip(networks, before, strict=True)
    ]
    assert changed == [True, False]


@pytest.mark.slow
def test_training_repeats_and_improves(data):
    damage = study.any_damage("holes")
    test = study.damage("holes", data.test[:50], 6, np.random.default_rng(0))

    def error(steps):
        network = training.train(data.train, damage, 0, adversarial=0.0, steps=steps)
        made = training.restore(network, *test)
        return study.rms(made - data.test[:50], test.where)

    first = error(20)
    assert error(20) == pytest.approx(first, abs=1e-5) and first < 0.8 * error(0)


@pytest.mark.slow
def test_every_setting_has_the_columns_of_the_table(monkeypatch):
    monkeypatch.setattr(training, "BATCH_SIZE", 2)
    for key in (("noise", "copy"), ("holes", "L2"), ("holes", "L2 + adversarial")):
        options = study.SETTINGS[key]
        more = {} if key[1] == "copy" else {"steps": 1}
        assert {"seed", *study.run(0, **options, **more)} == set(study.COLUMNS)
