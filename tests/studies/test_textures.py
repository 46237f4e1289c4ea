"""The study of textures: what each method keeps, and what the scores see."""

import numpy as np
import pytest
import torch

from gantutor.studies import load_table
from gantutor.studies.textures import making, pictures, study


@pytest.fixture(scope="module")
def example():
    return study.quarters("brick", 0)[0]


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_the_other_quarter_lies_diagonally():
    first, other = study.quarters("brick", 0)
    assert first.shape == other.shape == (128, 128, 1)
    np.testing.assert_array_equal(study.quarters("brick", 3)[0], other)
    np.testing.assert_array_equal(study.quarters("brick", 4)[0], first)


def test_shuffling_keeps_the_pixels_and_random_phases_the_strengths_of_the_waves(example, random):
    shuffled = making.shuffled(example, random)
    np.testing.assert_array_equal(np.sort(shuffled, axis=None), np.sort(example, axis=None))
    assert not np.array_equal(shuffled, example)
    moved = making.random_phase(example, random)
    strengths = [np.abs(np.fft.fft2(image[..., 0])) for image in (example, moved)]
    np.testing.assert_allclose(strengths[0], strengths[1], atol=0.01)
    assert abs(np.corrcoef(example.ravel(), moved.ravel())[0, 1]) < 0.2


def test_a_cut_goes_along_the_cheapest_path():
    error = np.ones((5, 4))
    error[np.arange(5), [1, 2, 2, 1, 0]] = 0
    assert making.beyond_cut(error).sum(axis=1).tolist() == [3, 2, 2, 3, 4]


@pytest.mark.slow
def test_copies_are_found_and_other_patches_are_not(example):
    another = study.quarters("brick", 3)[0]
    for copy in (example, example + 0.01, example * 0.5):
        copied, nearest = study.copying(copy, example, another)
        assert copied == 1 and nearest < 1e-3
    copied, nearest = study.copying(another, example, another)
    assert copied == pytest.approx(0.01, abs=0.005) and nearest > 0.1
    copied, nearest = study.copying(np.zeros_like(example), example, another)
    assert copied == 0 and nearest > 0.5  # flat patches are not near to everything


def test_the_kurtosis_is_that_of_a_normal_distribution_and_large_at_edges(random):
    noise = random.normal(size=(200, 200, 1))
    assert study.kurtosis(noise) == pytest.approx(3, abs=0.1)
    step = 0.1 * noise + 10 * (np.arange(200) // 40 % 2)[:, None, None]
    assert study.kurtosis(step + step.transpose(1, 0, 2)) > 10


@pytest.mark.slow
def test_quilting_only_takes_pixels_of_the_example(example, random):
    quilt = making.quilt(example, random)
    assert quilt.shape == example.shape and set(quilt.ravel()) <= set(example.ravel())
    assert 0.1 < study.copying(quilt, example, study.quarters("brick", 3)[0])[0] < 0.9


def test_random_phases_keep_what_the_pattern_distance_sees_in_the_mean(example, random):
    moved = making.random_phase(example, random)
    grey = [image[..., 0] - image.mean() for image in (example, moved)]
    kernel = np.real(study.gabor_kernel(1 / 8, np.pi / 4, n_stds=2))
    squares = []
    for image in grey:
        response = np.fft.ifft2(np.fft.fft2(image) * np.fft.fft2(kernel, image.shape))
        squares.append(np.mean(np.abs(response) ** 2))
    assert squares[0] == pytest.approx(squares[1], rel=1e-3)


def test_the_pattern_distance_is_0_for_the_example_and_grows_with_contrast(example):
    assert study.pattern_distance(example, example) == 0
    half, flat = (study.pattern_distance(example, example * c) for c in (0.5, 0.0))
    assert 0.1 < half < flat


def test_gram_matrices_forget_places_and_imitation_lowers_its_loss(example):
    features = torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(making.gram(features), making.gram(features.flip(2)))
    network = making.RandomFeatures(1, 0)
    start = making.shuffled(example, np.random.default_rng(0))[:64, :64]
    made = making.imitate(example, network, start, iterations=5)
    losses = [making.style_loss(image, example, network) for image in (made, start)]
    assert losses[0] < 0.8 * losses[1]
    assert making.style_loss(example, example, network) == 0


def test_the_gan_makes_textures_of_any_size_and_its_average_follows(example, random):
    generator = making.train_gan(example, random, steps=1)
    assert making.draw(generator, 64, random).shape == (64, 64, 1)
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_a_logit_sees_34_pixels():
    image = torch.zeros(1, 1, 96, 96, requires_grad=True)
    logits = making.build_discriminator()(image)
    assert logits.shape == (1, 144)
    logits[0, 78].backward()
    rows = image.grad[0, 0].abs().sum(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 == 34


def test_a_picture_is_saved_and_read(tmp_path, monkeypatch, example):
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    pictures.save("brick", example, tmp_path)
    np.testing.assert_allclose(pictures.picture("brick"), example, atol=0.005)


@pytest.mark.parametrize("texture", study.TEXTURES)
def test_the_saved_picture_has_the_score_of_its_row(texture):
    table = load_table("textures")
    chosen = (table["texture"] == texture) & (table["method"] == "GAN")
    row = table[chosen & (table["seed"] == pictures.SEED)].iloc[0]
    another = study.quarters(texture, pictures.SEED)[1]
    found = study.pattern_distance(another, pictures.picture(texture))
    assert found == pytest.approx(row["pattern"], abs=0.02)
