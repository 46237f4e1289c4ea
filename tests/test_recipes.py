"""Recipes: plain data that cannot be changed, written down, or misspelt without notice."""

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest

from gantutor import recipes


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_returns_from_a_file_as_it_was(name):
    recipe = recipes.get(name).replace(penalties={"r1": 0.5})
    written = json.dumps(recipe.to_dict())
    again = recipes.Recipe.from_dict(json.loads(written))
    assert again == recipe and hash(again) == hash(recipe)
    assert pickle.loads(pickle.dumps(recipe)) == recipe == copy.deepcopy(recipe)
    assert {recipe: 1}[again] == 1
    assert recipe != recipe.replace(penalties={"r1": 0.25})


def test_a_recipe_cannot_be_changed():
    recipe = recipes.get("dcgan")
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.steps = 3
    settings = recipe.generator.settings
    for change in (
        lambda: settings.update(width=3),
        lambda: settings.__setitem__("width", 3),
        lambda: settings.pop("width"),
        lambda: settings.setdefault("depth", 3),
        lambda: settings.clear(),
        lambda: settings.__ior__({"width": 3}),
    ):
        with pytest.raises(TypeError, match="its method `replace` returns another"):
            change()
    assert recipe == recipes.get("dcgan")


def test_changes_go_where_their_name_stands():
    recipe = recipes.get("dcgan")
    new = recipe.replace(steps=7, loss="hinge", learning_rate=1e-3, generator={"width": 8})
    assert new.steps == 7 and new.game.settings["loss"] == "hinge"
    rates = [getattr(new, f"{side}_optimizer").settings["learning_rate"]
             for side in ("generator", "discriminator")]  # fmt: skip
    assert rates == [1e-3, 1e-3]
    assert new.generator.settings["width"] == 8 and new.discriminator.settings["width"] == 32
    assert new.generator.settings["normalization"] == "batch"  # what was not named stays
    both = recipe.replace(width=5)
    assert both.generator.settings["width"] == both.discriminator.settings["width"] == 5
    other = recipe.replace(generator=("mlp", {"width": 4}), game="conditional", classes=3)
    assert other.generator == ("mlp", {"width": 4})
    assert other.game.name == "conditional" and other.game.settings["loss"] == "non_saturating"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"widht": 3}, ValueError, "Unknown recipe setting 'widht'.*Did you mean 'width'"),
        ({"decay_start": 1.5}, ValueError, r"decay_start must lie in \[0, 1\]; got 1.5"),
        ({"ema_decay": np.nan}, ValueError, r"ema_decay must lie in \[0, 1\); got nan"),
        ({"shape": (8, 0, 1)}, ValueError, "shape must be a whole number of at least 1; got 0"),
        ({"batch_size": True}, ValueError, "batch_size must be a whole number"),
        ({"classes": -1}, ValueError, "classes must be a whole number of at least 1"),
        ({"latent_dim": 0}, ValueError, "latent_dim must be a whole number of at least 1"),
        ({"generator": ("mlp",)}, ValueError, "must be a name and a dictionary of settings"),
        ({"loss": object()}, TypeError, "game loss must be plain data"),
        ({"penalties": {len: 1.0}}, TypeError, "game penalties must be plain data"),
    ],
)
def test_what_a_recipe_cannot_hold_is_named(changes, error, message):
    with pytest.raises(error, match=message):
        recipes.get("mlp").replace(**changes)


def test_a_recipe_of_another_version_is_refused():
    written = recipes.get("mlp").to_dict()
    for wrong in ({k: v for k, v in written.items() if k != "shape"}, written | {"side": 28}):
        with pytest.raises(ValueError, match="written by another version"):
            recipes.Recipe.from_dict(wrong)
    with pytest.raises(ValueError, match=r"Unknown recipe 'dcgam'\. Did you mean 'dcgan'"):
        recipes.get("dcgam")


def test_rates_fall_from_a_share_of_the_steps():
    recipe = recipes.get("minute").replace(steps=100)
    assert recipe.decay == (30, 100)
    assert recipe.replace(decay_start=1.0).decay is None
    assert recipe.replace(decay_start=0, steps=1).decay == (0, 1)
