"""Comparisons of image pairs, against values by hand and an independent implementation."""

import numpy as np
import pytest

from gantutor.data import load_digits
from gantutor.metrics import diversity, ms_ssim, perceptual_distance, psnr, ssim
from gantutor.metrics import images as images_module

IMAGES = load_digits()[0][::500]  # ten digits, one of each class


def noisy(images, level, seed=0):
    noise = np.random.default_rng(seed).normal(size=images.shape)
    return (images + level * noise).clip(-1, 1).astype(np.float32)


def test_psnr_by_hand():
    # A range of 2 and an error of 0.2 everywhere: 10 log₁₀(4 / 0.04) = 20 dB.
    black = np.full((2, 8, 8, 3), -1.0)
    np.testing.assert_allclose(psnr(black, black + 0.2), 20, atol=1e-4)
    assert psnr(black, black).tolist() == [np.inf, np.inf]


def test_ssim_of_constant_images_is_the_luminance_term():
    # Means a and b, no variance: (2ab + C₁) / (a² + b² + C₁) with C₁ = (0.01 · 2)².
    first, second = np.full((1, 16, 16, 1), 0.5), np.full((1, 16, 16, 1), 0.25)
    expected = (2 * 0.125 + 0.0004) / (0.25 + 0.0625 + 0.0004)
    assert ssim(first, second)[0] == pytest.approx(expected, rel=1e-6)
    assert ms_ssim(first, second)[0] == pytest.approx(expected, rel=1e-6)  # one scale at 16 pixels


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim, perceptual_distance])
def test_more_noise_is_worse_and_order_does_not_matter(measure):
    values = [measure(IMAGES, noisy(IMAGES, level)).mean() for level in (0.05, 0.2, 0.5)]
    worse = values if measure is perceptual_distance else values[::-1]
    assert worse == sorted(worse) and len(set(worse)) == 3
    other = IMAGES[::-1]
    np.testing.assert_allclose(measure(IMAGES, other), measure(other, IMAGES), rtol=1e-5)


@pytest.mark.parametrize("measure", [ssim, ms_ssim])
def test_equal_images_are_equal(measure):
    np.testing.assert_allclose(measure(IMAGES, IMAGES), 1, rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_finest_scale_of_ms_ssim_is_ssim(channels):
    # With no second scale left, MS-SSIM is SSIM where the window fits.
    first = np.random.default_rng(0).uniform(-1, 1, (2, 20, 20, channels))
    second = noisy(first, 0.3)
    np.testing.assert_allclose(ms_ssim(first, second), ssim(first, second), rtol=1e-6)


def test_two_scales_weigh_as_published():
    # The second image is the first times a half about its mean: luminance 1 at both scales, and
    # contrast-structure c(s) known at each, combined with 0.0448 and 0.2856 over their sum.
    stripes = np.tile([0.5, -0.5], (1, 28, 14))[..., None].astype(float)
    # At the second scale stripes of one pixel have averaged to 0: only the first scale differs.
    value = ms_ssim(stripes, stripes / 2)[0]
    first_scale = ssim(stripes[:, :20, :20], stripes[:, :20, :20] / 2)[0]
    assert value == pytest.approx(first_scale ** (0.0448 / (0.0448 + 0.2856)), rel=1e-3)


def test_ms_ssim_is_what_another_implementation_finds():
    reference = pytest.importorskip("pytorch_msssim").ms_ssim
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(0)
    first = np.kron(generator.uniform(-1, 1, (2, 22, 22, 3)), np.ones((1, 8, 8, 1)))
    second = noisy(first, 0.3).astype(np.float64)
    pair = [torch.from_numpy(x).permute(0, 3, 1, 2).double() for x in (first, second)]
    expected = reference(*pair, data_range=2, size_average=False)
    np.testing.assert_allclose(ms_ssim(first, second), expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(30, 60, 1), (60, 30, 1), (40, 23, 5)])
@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim])
def test_any_height_width_and_channels(measure, shape):
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape))
    near, far = (measure(images, noisy(images, level)) for level in (0.1, 0.6))
    assert (near > far).all() and np.isfinite(near).all()
    turned = [np.swapaxes(x, 1, 2) for x in (images, noisy(images, 0.1))]
    np.testing.assert_allclose(measure(*turned), near, rtol=1e-6)


def test_the_shorter_side_limits_the_scales():
    # 30 pixels leave room for two scales, 60 for three.
    first = np.random.default_rng(0).uniform(-1, 1, (1, 60, 60, 1))
    second = noisy(first, 0.5)
    halves = [ms_ssim(first[:, :30], second[:, :30]), ms_ssim(first[:, :, :30], second[:, :, :30])]
    assert np.isfinite(halves).all()
    with pytest.raises(ValueError, match="at least 11×11 pixels; got 10×60"):
        ms_ssim(first[:, :10], second[:, :10])
    with pytest.raises(ValueError, match="images must have at least 11×11 pixels; got 60×10"):
        diversity(np.repeat(first[:, :, :10], 2, axis=0))


def test_chunks_give_what_the_whole_gives(monkeypatch):
    first, second = IMAGES, noisy(IMAGES, 0.3)
    whole, mean = ms_ssim(first, second), diversity(first, pairs=30)
    monkeypatch.setattr(images_module, "_CHUNK", 3 * 28 * 28)
    np.testing.assert_array_equal(ms_ssim(first, second), whole)
    assert diversity(first, pairs=30) == pytest.approx(mean, rel=1e-12)


def test_pairs_are_never_an_image_with_itself():
    # Two images that differ: every pair has the similarity of the two.
    two = IMAGES[:2]
    assert diversity(two, pairs=50) == pytest.approx(ms_ssim(two[:1], two[1:])[0], rel=1e-9)


def test_collapse_lowers_diversity():
    sevens = load_digits()[0][3500:4000]
    varied, collapsed = diversity(sevens), diversity(np.repeat(sevens[:2], 50, axis=0))
    assert varied < collapsed - 0.2
    assert diversity(np.repeat(sevens[:1], 9, axis=0)) == pytest.approx(1)


def test_perceptual_distance_forgives_what_pixels_do_not():
    # A shift by one pixel moves many pixels; to the classifier the digit stays the same.
    shifted = np.roll(IMAGES, 1, axis=2)
    noise = noisy(IMAGES, 0.25)
    assert psnr(IMAGES, shifted).mean() < psnr(IMAGES, noise).mean()
    other = IMAGES[::-1]
    assert (perceptual_distance(IMAGES, shifted) < perceptual_distance(IMAGES, other)).all()
    assert perceptual_distance(IMAGES, IMAGES).tolist() == [0] * 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: psnr(IMAGES, IMAGES[:3]), "must have the same shape"),
        (
            lambda: ssim(IMAGES[:, :8, :8], IMAGES[:, :8, :8]),
            "first and second must have at least 11×11 pixels; got 8×8",
        ),
        (lambda: ms_ssim(IMAGES + 2, IMAGES), r"first must lie in \[−1, 1\]"),
        (lambda: diversity(IMAGES[:1]), "must be at least two"),
        (lambda: diversity(IMAGES, pairs=0), "pairs must be a whole number"),
        (lambda: perceptual_distance(IMAGES, IMAGES[:2]), "same number of images; got 10 and 2"),
        (lambda: perceptual_distance(IMAGES + 2, IMAGES), r"first must lie in \[−1, 1\]"),
        (lambda: perceptual_distance(IMAGES, IMAGES[:, :9]), "second must be 28×28 pixels"),
    ],
)
def test_pairs_that_cannot_be_compared_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
