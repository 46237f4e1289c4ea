"""Super-resolution: what is held out, what an update minimises, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.super_resolution import images, study, training  # noqa: E402


@pytest.fixture(scope="module")
def photograph():
    return images.load_photograph("coins")


def test_no_photograph_is_trained_on_and_tested():
    for seed in range(study.SEEDS):
        trained, tested = images.split(seed)
        assert len(trained) == 8 and len(tested) == 4
        assert {*trained, *tested} == set(images.PHOTOGRAPHS)
    assert len({tuple(images.split(seed)[1]) for seed in range(study.SEEDS)}) == study.SEEDS


def test_photographs_are_grey_and_fit_in_blocks():
    for name in images.PHOTOGRAPHS:
        image = images.load_photograph(name)
        assert image.dtype == np.float32 and image.shape[2] == 1
        assert not any(side % 4 for side in image.shape[:2])
        assert -1 <= image.min() < -0.5 and 0.3 < image.max() <= 1


def test_a_small_pixel_is_the_mean_of_sixteen():
    image = np.arange(64, dtype=np.float32).reshape(8, 8, 1)
    assert images.shrink(image)[..., 0].tolist() == [[13.5, 17.5], [45.5, 49.5]]
    np.testing.assert_array_equal(images.shrink(images.repeat(image)), image)


def test_mirrored_blocks_have_the_same_small_image():
    image = np.arange(32, dtype=np.float32).reshape(4, 8, 1)
    assert images.mirror_blocks(image)[0, :, 0].tolist() == [3, 2, 1, 0, 7, 6, 5, 4]
    np.testing.assert_array_equal(images.shrink(images.mirror_blocks(image)), images.shrink(image))


def test_grain_follows_the_local_contrast():
    step = np.zeros((40, 40, 1), np.float32)
    step[:, 20:] = 0.5
    assert np.abs(images.contrast(step)[:, :8]).max() < 1e-3 < images.contrast(step)[:, 20].min()
    noise = study.finish(step, 0.0, 1.0, np.random.default_rng(0)) - step
    assert noise[:, 18:22].std() == pytest.approx(images.contrast(step)[:, 18:22].mean(), rel=0.2)
    np.testing.assert_array_equal(study.finish(step, 0.0, 0.0, np.random.default_rng(0)), step)


def test_degradations_do_what_they_say(photograph):
    small = images.shrink(photograph)
    np.testing.assert_array_equal(images.degrade(photograph), small)
    noisy = images.degrade(photograph, noise=0.1, random=np.random.default_rng(0))
    assert (noisy - small).std() == pytest.approx(0.1, rel=0.05)
    errors = [np.abs(images.degrade(photograph, quality=q) - small).mean() for q in (90, 30)]
    assert 0 < errors[0] < errors[1]
    assert images.degrade(photograph, blur=2.0).std() < small.std()


def test_pairs_belong_together_also_when_turned(photograph):
    pairs = training.Pairs([[images.shrink(photograph)]], [photograph], 0)
    small, large = pairs.draw(20)
    means = torch.nn.functional.avg_pool2d(large, 4)
    torch.testing.assert_close(means, small, atol=1e-5, rtol=0)


def test_the_regression_finds_a_linear_map_and_keeps_a_plain_image(photograph):
    small = images.shrink(photograph)
    target = images.repeat(small)
    upscale = images.fit_linear([small], [target], ridge=1e-9)
    np.testing.assert_allclose(upscale(small), target, atol=1e-3)
    plain = np.full((8, 8, 1), 0.3, np.float32)
    real = images.fit_linear([small], [photograph])
    np.testing.assert_allclose(real(plain), 0.3, atol=1e-6)
    assert images.psnr(real(small), photograph) > images.psnr(images.bicubic(small), photograph)


@pytest.mark.slow
def test_the_regression_on_degraded_pairs_has_seen_all_versions():
    upscale, seconds = study._method(0, "linear", 0, 0, True, 0)
    clean, _ = study._method(0, "linear", 0, 0, False, 0)
    small = images.shrink(images.load_photograph("coins"))
    assert seconds >= 0 and np.abs(upscale(small) - clean(small)).max() > 0.01
    rough = np.random.default_rng(0).normal(0, 0.1, (40, 40, 1)).astype(np.float32)
    assert upscale(rough).std() < clean(rough).std(), "noise is damped"


def test_sharpening_moves_away_from_the_blur():
    step = np.zeros((20, 20, 1), np.float32)
    step[:, 10:] = 0.5
    sharp = images.sharpen(step, 1.0)
    assert sharp.max() > 0.55 and sharp.min() < -0.05
    np.testing.assert_array_equal(images.sharpen(step, 0.0), step)


def test_psnr_of_a_known_error():
    black = np.full((32, 32, 1), -1, np.float32)
    assert images.psnr(black, black + 0.2) == pytest.approx(20, abs=1e-4)
    frame = black.copy()
    frame[: images.EDGE] = 1
    assert images.psnr(frame, black) > 100, "the edge does not count"


def test_texture_distance_sees_blur_noise_and_contrast_but_not_brightness(photograph):
    def distance(image, **more):
        return images.texture_distance([photograph], [image], **more)

    same = distance(photograph)
    assert same < 0.6 and distance(photograph + 0.3) == pytest.approx(same, abs=1e-4)
    blurred = images.bicubic(images.shrink(photograph))
    assert distance(blurred) > 4 * same
    components = images.fit_components([photograph])
    fine = distance(photograph, components=components)
    random = np.random.default_rng(0)
    noisy = (photograph + random.normal(0, 0.05, photograph.shape)).astype(np.float32)
    assert distance(noisy, components=components) > 4 * fine
    assert distance(blurred, components=components) > 4 * fine
    assert distance(noisy) < distance(blurred), "which is blind to fine noise"


def test_components_have_variance_one(photograph):
    components = images.fit_components([photograph])
    patches = images.draw_patches([photograph], 4000, np.random.default_rng(5))
    values = (patches - patches.mean(axis=1, keepdims=True)) @ components
    assert components.shape == (64, 63)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=0.35)


def test_the_game_of_one_update(photograph):
    def trained(**weights):
        pairs = training.Pairs([[images.shrink(photograph)]], [photograph], 0)
        network = training.train(pairs, 2, 0, **weights)
        return training.apply(network, images.shrink(photograph)[:10, :10])

    plain = trained()
    np.testing.assert_array_equal(plain, trained())
    assert np.abs(plain - trained(adversarial=0.1)).max() > 1e-4
    pairs = training.Pairs([[images.shrink(photograph)]], [photograph], 0)
    classifier = training.train_classifier(pairs, 2, 0)
    assert not any(p.requires_grad for p in classifier.parameters())
    assert classifier(pairs.draw()[1]).shape == (8, 32, 12, 12)
    assert np.abs(plain - trained(features=0.1, classifier=classifier)).max() > 1e-4


@pytest.mark.slow
def test_floor_and_ceiling():
    grey, truth = study.run(0, "grey"), study.run(0, "truth")
    bicubic = study.run(0, "bicubic")
    assert truth["psnr_clean"] == truth["consistency"] == 100
    assert truth["texture"] < bicubic["texture"] < grey["texture"]
    assert truth["fine"] < bicubic["fine"] < grey["fine"]
    assert grey["psnr_clean"] < 20 < bicubic["psnr_clean"]


@pytest.mark.slow
def test_every_setting_runs_and_has_the_columns_of_the_table():
    for name in ("L1, grain 1.5", "adversarial 0.1, degraded"):
        found = study.run(0, **{**study.SETTINGS[name], "steps": 1})
        assert {"seed", *found} == set(study.COLUMNS), name
