"""The study of the latent space: what it measures, checked by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.latent_space import study  # noqa: E402
from gantutor.torch import load_generator  # noqa: E402


def bar(slope=0.0, width=3, value=1.0):
    """A bar of 17 rows that leans to the right by `slope` pixels a row, 4 pixels from the top."""
    image = np.full((1, 28, 28, 1), -1.0, "float32")
    for row in range(5, 22):
        left = 12 + round(slope * (13 - row))
        image[0, row, left : left + width, 0] = value
    return image


def test_attributes_of_a_bar_are_those_of_a_rectangle():
    slant, width, height, thickness, brightness = study.attributes(bar())[0]
    assert slant == pytest.approx(0, abs=1e-3)
    assert height == pytest.approx(4 * np.sqrt((17**2 - 1) / 12), rel=1e-2)
    assert width == pytest.approx(4 * np.sqrt((3**2 - 1) / 12), rel=2e-2)
    assert thickness == pytest.approx(2 * 17 * 3 / (2 * 17 + 2 * 3), rel=1e-2)
    assert brightness == pytest.approx(1, rel=1e-2)


def test_a_bar_that_leans_to_the_right_by_one_pixel_a_row_has_slant_one_and_keeps_its_width():
    upright, leaning = study.attributes(bar())[0], study.attributes(bar(slope=1))[0]
    assert leaning[0] == pytest.approx(1, rel=1e-2)
    assert leaning[1] == pytest.approx(upright[1], rel=2e-2)


def test_a_grey_bar_is_half_as_bright_and_as_thick():
    white, grey = study.attributes(bar())[0], study.attributes(bar(value=0))[0]
    assert grey[4] == pytest.approx(0.5, rel=1e-2)
    assert grey[3] == pytest.approx(white[3], rel=1e-2)


def test_an_arc_keeps_the_length_and_its_middle_is_the_one_of_middles():
    first, second = np.array([[3.0, 0.0]]), np.array([[0.0, 3.0]])
    places = np.array([[0.0], [0.25], [0.5], [1.0]])
    points = study.arc(np.repeat(first, 4, 0), np.repeat(second, 4, 0), places)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(points[[0, 3]], [first[0], second[0]], atol=1e-6)
    np.testing.assert_allclose(points[2], study.middles(first, second)["arc"][0], rtol=1e-6)
    np.testing.assert_allclose(study.middles(first, second)["line"], [[1.5, 1.5]])


def test_held_out_digits_are_no_training_digits():
    (training, _), (held_out, labels) = study.split_digits(0)
    assert training.shape == (4000, 28, 28, 1) and labels.shape == (1000,)
    known = {image.tobytes() for image in training}
    assert not any(image.tobytes() in known for image in held_out)


def test_codes_of_pca_have_variance_one_and_return_what_they_can_describe():
    images, _ = load_digits()
    pca = study.PCA(images[:500])
    codes = pca.encode(images[:500])
    np.testing.assert_allclose(codes.std(axis=0), 1, rtol=1e-3)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-3)
    error = np.square(pca.decode(codes) - images[:500]).mean()
    assert error < np.square(images[:500] - images[:500].mean(axis=0)).mean() / 4


def test_the_first_direction_in_closed_form_moves_the_first_layer_most():
    network = load_generator("digits").network.requires_grad_(False)
    directions = torch.from_numpy(study.closed_form(network))
    code = torch.zeros(1, 74)
    start = network[:3](code)

    def moved(direction):
        step = torch.cat([direction, torch.zeros(10)])[None]
        return (network[:3](code + step) - start).norm().item()

    lengths = [moved(direction) for direction in directions]
    assert lengths == pytest.approx(sorted(lengths, reverse=True), rel=1e-4)
    anywhere = torch.nn.functional.normalize(torch.ones(64), dim=0)
    assert lengths[-1] < moved(anywhere) < lengths[0]


def test_attribute_directions_are_those_of_a_linear_attribute():
    rng = np.random.default_rng(0)
    codes, labels = rng.normal(size=(200, 3)), np.arange(200) % 10
    values = np.stack([codes @ [0, 2.0, 0] + labels, codes @ [3.0, 0, 4.0]], axis=1)
    found = study.attribute_directions(codes, values, labels)
    np.testing.assert_allclose(found, [[0, 1, 0], [0.6, 0, 0.8]], atol=1e-10)


def test_side_effects_of_a_known_edit_and_their_root_mean_square(monkeypatch):
    monkeypatch.setattr(study, "attributes", lambda images: images.reshape(len(images), -1)[:, :5])
    before = np.zeros((2, 5, 1, 1))

    def edit(direction, step):
        return before + step * direction[:, None, None]

    directions = np.array([[0.5, 0.25, 0, 0, 0], [0, 0.1, 0, 0, -0.1]])
    effects, steps = study.side_effects(before, edit, directions, np.ones(5))
    np.testing.assert_allclose(steps, [2, 6])  # the second one does not reach 1
    np.testing.assert_allclose(effects, [[1, 0.5, 0, 0, 0], [0, 1, 0, 0, -1]])
    assert study.off_target(effects) == pytest.approx(np.sqrt((0.25 + 1) / 8))


def test_an_inversion_of_a_sample_finds_it():
    generator = load_generator("digits")
    labels = np.array([3, 7])
    images = generator.sample(0.5 * study.draw(2, 0), labels=labels)
    network = generator.network.requires_grad_(False)
    _, found = study.invert(network, images, labels, steps=300)
    assert np.square(found - images).mean(axis=(1, 2, 3)).max() < 0.01


def test_no_unit_off_changes_nothing_and_all_units_off_leave_one_image():
    network = load_generator("digits").network.requires_grad_(False)
    latents, labels = study.draw(4, 0), np.arange(4)
    same = load_generator("digits").sample(latents, labels=labels)
    np.testing.assert_allclose(study.without_units(network, [], latents, labels), same, atol=1e-5)
    empty = study.without_units(network, range(64), latents, labels)
    np.testing.assert_allclose(empty, np.repeat(empty[:1], 4, axis=0), atol=1e-6)


@pytest.mark.slow
def test_a_tiny_run_has_the_columns_of_the_table():
    scores = study.run(0, steps=1, inverted=10)
    assert set(scores) == set(study.COLUMNS) - {"seed"}
