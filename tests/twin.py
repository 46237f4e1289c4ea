"""What tests of both frameworks share: small data, a quick recipe, one name for each part."""

import importlib

import numpy as np
import pytest

from gantutor import recipes

QUICK = recipes.get("dcgan").replace(
    side=8, latent_dim=8, generator_width=4, discriminator_width=4, batch_size=16, steps=30
)


def small_images(count=80, side=8, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, side, side, channels)).astype("f4")


class Twin:
    """`gantutor.torch` or `gantutor.keras` under one set of names."""

    def __init__(self, name):
        pytest.importorskip({"torch": "torch", "keras": "tensorflow"}[name])
        self.name = name
        self.module = importlib.import_module(f"gantutor.{name}")
        self.callbacks = importlib.import_module(f"gantutor.{name}.callbacks")
        self.losses = importlib.import_module(f"gantutor.{name}.losses")
        self.models = importlib.import_module(f"gantutor.{name}.models")
        self.train = self.module.train
        self.kind = {"torch": "Trainer", "keras": "GAN"}[name]

    def build(self, recipe, seed=0):
        return getattr(self.module, self.kind).from_recipe(recipe, seed)

    def weights(self, trained):
        """All numbers that the next step depends on."""
        return {key: value.detach().cpu().numpy().copy() if self.name == "torch" else value.numpy()
                for key, value in trained._state().items()}  # fmt: skip


def assert_same_bits(a, b):
    assert a.keys() == b.keys()
    different = [key for key in a if not np.array_equal(a[key], b[key])]
    assert not different, different
