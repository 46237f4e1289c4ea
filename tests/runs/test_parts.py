"""Parts of recipes: found by name, and told only what they take."""

import functools

import numpy as np
import pytest

from gantutor.runs import parts


def test_families_are_files(twin):
    models = f"gantutor.{twin.name}.models"
    assert {"dcgan", "mlp", "patch", "unet"} <= set(parts.families(models))
    assert parts.find(models, "mlp", "generator") is twin.models.mlp_generator
    assert parts.find(f"gantutor.{twin.name}.games", "gan", "game") is twin.games.GAN
    with pytest.raises(ValueError, match="The family 'patch' has no generator"):
        parts.find(models, "patch", "generator")
    with pytest.raises(ValueError, match=r"Unknown generator 'mpl'\. Did you mean 'mlp'"):
        parts.find(models, "mpl", "generator")


def shape(first, width, height=2, *, colour="red"):
    return first, width, height, colour


def test_settings_are_compared_with_the_signature():
    made = parts.call(
        shape, 0, what="it", settings={"width": 3}, shared={"height": 5, "depth": 7, "first": 9}
    )
    assert made == (0, 3, 5, "red")  # shared settings go only where they are taken
    made = parts.call(shape, 0, what="it", settings={"width": 3, "height": 1}, shared={"height": 5})
    assert made == (0, 3, 1, "red")
    with pytest.raises(
        ValueError, match=r"Unknown setting of it 'colours'\. Did you mean 'colour'"
    ):
        parts.call(shape, 0, what="it", settings={"colours": "blue"})
    with pytest.raises(ValueError, match="Unknown setting of it 'first'"):
        parts.call(shape, 0, what="it", settings={"first": 1})
    assert parts.accepts(shape, "colour") and not parts.accepts(shape, "depth")


def test_terms_are_called_by_their_functions_names():
    assert parts.label("r1") == "r1"
    assert parts.label(shape) == "shape"
    assert parts.label(functools.partial(shape, 1)) == "partial"


def test_settings_are_described_as_plain_data():
    class Thing:
        name = "mine"

    described = parts.describe(
        {"a": np.float32(0.5), shape: (1, np.int64(2)), "b": Thing(), "c": None, "d": shape}
    )
    assert described == {"a": 0.5, "shape": [1, 2], "b": "mine", "c": None, "d": "shape"}
    assert [type(value) for value in (described["a"], described["shape"][1])] == [float, int]


@pytest.mark.parametrize("decay", [(3, 3), (5, 2), (-1, 2), (0.5, 2)])
def test_a_fall_needs_two_steps_in_order(decay):
    with pytest.raises(ValueError, match="decay must be two steps, the second the later"):
        parts.check_decay(decay)


def test_falls_and_averages_become_pythons_numbers():
    assert parts.check_decay(None) is None
    assert parts.check_decay((np.int64(0), np.float64(4))) == (0, 4)
    assert parts.check_ema_decays(0) == (0.0,)
    assert parts.check_ema_decays(np.array([0.5, 0.25])) == (0.5, 0.25)


def test_shapes_are_said_in_words():
    images = np.zeros((3, 8, 6, 1), "f4")
    parts.check_shape(images, (8, 6, 1))
    parts.check_shape((images, images), (8, 6, 1))
    parts.check_shape({"real": images}, (2, 2, 3))  # the game knows more of it
    with pytest.raises(ValueError, match=r"6 × 8 pixels, RGB .*; got 8 × 6 pixels, grey"):
        parts.check_shape(images, (6, 8, 3))
    with pytest.raises(ValueError, match=r"says, \[2\]; got 8 × 6 pixels"):
        parts.check_shape(images, (2,))
