import base64
import io

import numpy as np
import pytest
from PIL import Image

from gantutor.widgets import latent, latent_explorer

VIEW = "application/vnd.jupyter.widget-view+json"


def sample(latents):
    """A generator whose first coordinate is the brightness and whose others hardly matter."""
    brightness = np.tanh(latents[:, :1])
    detail = 0.01 * np.tanh(latents[:, 1:].sum(axis=1, keepdims=True))
    return np.tile((brightness + detail).clip(-1, 1), 64).reshape(-1, 8, 8, 1)


def picture(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(float)


def large_image(explorer):
    """The grey level in the middle of G(z), the left third of the picture."""
    seen = picture(explorer.picture.value)
    return seen[seen.shape[0] // 2, seen.shape[1] // 6]


def test_sliders_move_the_image():
    explorer = latent_explorer(sample, latent_dim=10)
    slider = explorer.controls[0]
    levels = []
    for value in (-3, 0, 3):
        slider.value = value
        levels.append(large_image(explorer))
    assert abs(levels[2] - levels[0]) > 200
    assert min(levels[0], levels[2]) < levels[1] < max(levels[0], levels[2])


def test_the_first_slider_is_the_direction_that_changes_the_images_most():
    explorer = latent_explorer(sample, latent_dim=10)
    before = large_image(explorer)
    for slider in explorer.controls[1:4]:
        slider.value = 3
    assert abs(large_image(explorer) - before) < 40


def test_directions_are_orthonormal_and_find_the_one_that_matters():
    directions = latent._strong_directions(sample, 10, np.random.default_rng(0))
    assert directions.shape == (4, 10)
    assert np.allclose(directions @ directions.T, np.eye(4), atol=1e-5)
    assert abs(directions[0, 0]) > 0.99


def test_a_slider_is_the_coordinate_of_z_itself():
    asked = []

    def watched(latents):
        asked.append(latents)
        return sample(latents)

    explorer = latent_explorer(watched, latent_dim=10, seed=3)
    explorer.controls[1].value = 2.0
    directions = latent._strong_directions(sample, 10, np.random.default_rng(3))
    coordinates = asked[-1] @ directions.T
    assert asked[-1].dtype == np.float32 and asked[-1].shape == (1 + 4 * latent.STEPS, 10)
    assert np.allclose(coordinates[0], [0, 2, 0, 0], atol=1e-5)
    assert np.allclose(coordinates[1:8, 0], np.linspace(-3, 3, 7), atol=1e-5)
    assert np.allclose(coordinates[8:15, 1], np.linspace(-3, 3, 7), atol=1e-5)
    assert np.allclose(coordinates[1:8, 1], 2, atol=1e-5)


def test_a_marker_stands_above_the_image_of_its_value():
    figure = latent._walks(sample, np.zeros(10), np.eye(4, 10), [-3, 0, 3, 1.5])
    right = figure.axes[1]
    height, width = right.images[0].get_array().shape[:2]
    first, last = 3.5, width - 4.5  # the middles of images of 8 pixels
    along = [first, (first + last) / 2, last, first + 0.75 * (last - first)]
    np.testing.assert_allclose(right.lines[0].get_xdata(), along)
    np.testing.assert_allclose(right.get_xticks(), along[:3])
    np.testing.assert_allclose(right.lines[0].get_ydata(), np.linspace(0, height - 8, 4) - 0.5)
    np.testing.assert_allclose(right.get_yticks(), np.linspace(3.5, height - 4.5, 4))
    assert not any(line.get_visible() for line in right.get_xgridlines() + right.get_ygridlines())


def test_new_z_changes_all_but_the_sliders():
    asked = []

    def watched(latents):
        asked.append(latents[0])
        return sample(latents)

    explorer = latent_explorer(watched, latent_dim=10)
    explorer.controls[0].value = 1.0
    *_, button = explorer.controls
    old = asked[-1]
    button.click()
    directions = latent._strong_directions(sample, 10, np.random.default_rng(0))
    assert np.allclose(directions @ asked[-1], directions @ old, atol=1e-5)
    assert np.linalg.norm(asked[-1] - old) > 1
    assert explorer.controls[0].value == 1.0


def test_no_button_where_the_sliders_are_all_of_z():
    explorer = latent_explorer(lambda z: sample(z), latent_dim=2)
    assert [control.description for control in explorer.controls] == ["Direction 1", "Direction 2"]


def test_the_seed_decides_the_first_picture():
    def blobs(latents):
        return np.tanh(latents).reshape(-1, 4, 4, 1)

    first, again, other = (
        latent_explorer(blobs, 16, seed=seed).picture.value for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_an_explorer_is_stored_as_control_picture_and_words():
    explorer = latent_explorer(sample, latent_dim=10)
    bundle = explorer._repr_mimebundle_()
    assert bundle[VIEW]["model_id"]
    assert base64.b64decode(bundle["image/png"]) == explorer.picture.value
    assert bundle["text/plain"] == "Sliders over z: run the notebook to move them."


@pytest.mark.parametrize(
    ("generator", "latent_dim", "message"),
    [
        (sample, None, "latent_dim must be a whole number of at least 1; got None"),
        (sample, 0, "latent_dim must be a whole number of at least 1; got 0"),
        (lambda z: z, 8, r"sample\(latents\) must have shape \[N, height, width, channels\]"),
        (lambda z: 100 * sample(z), 8, r"sample\(latents\) must lie in \[−1, 1\]"),
    ],
)
def test_bad_generators(generator, latent_dim, message):
    with pytest.raises(ValueError, match=message):
        latent_explorer(generator, latent_dim)


def test_numbers_of_any_type_mean_the_same():
    expected = latent_explorer(sample, 10, seed=3).picture.value
    assert latent_explorer(sample, np.float64(10), seed=np.int64(3)).picture.value == expected


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (None, TypeError), (1.5, TypeError), ("0", TypeError)]
)
def test_what_is_no_seed(seed, error):
    with pytest.raises(error, match="seed must be a whole number of at least 0; got"):
        latent_explorer(sample, 10, seed=seed)
