"""What tests of both frameworks share: small data, a quick recipe, one name for each part."""

import importlib
import signal

import numpy as np
import pytest

from gantutor import recipes

FRAMEWORKS = ("torch", "keras")
SMALL = {
    "shape": (8, 8, 1),
    "latent_dim": 8,
    "generator": {"width": 4},
    "discriminator": {"width": 4},
    "batch_size": 16,
    "steps": 30,
}
QUICK = recipes.get("dcgan").replace(**SMALL)
CLASSES = recipes.get("minute").replace(**SMALL, classes=3)


def small_images(count=80, side=8, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, side, side, channels)).astype("f4")


def hear_interrupts():
    """Undo, in a new process, that a shell's background jobs ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Twin:
    """`gantutor.torch` or `gantutor.keras` under one set of names."""

    def __init__(self, name):
        pytest.importorskip({"torch": "torch", "keras": "tensorflow"}[name])
        self.name = name
        self.module = importlib.import_module(f"gantutor.{name}")
        for part in ("games", "layers", "losses", "models", "penalties", "building"):
            setattr(self, part, importlib.import_module(f"gantutor.{name}.{part}"))
        self.train = self.module.train
        # For a test whose own tensors lie on the processor, should there be a GPU.
        self.on_cpu = {"device": "cpu"} if name == "torch" else {}

    def build(self, recipe, seed=0, **settings):
        return self.module.Trainer.from_recipe(recipe, seed, **settings)

    def play(self, game, **settings):
        """A trainer of a game: in Keras the game itself, compiled."""
        batch_size = settings.pop("batch_size", 64)
        if self.name == "torch":
            return self.module.Trainer(game, batch_size=batch_size, **settings)
        game.compile(**settings)
        game.batch_size = batch_size
        return game

    def fit(self, trainer, data, steps, callbacks=(), labels=None, **more):
        if self.name == "torch":
            return trainer.fit(data, steps, callbacks, labels, **more)
        more = {"verbose": 0, **more}
        if trainer.train_function is None and steps < 5:
            trainer.run_eagerly = True  # a few steps take less time than tracing a graph of one
        return trainer.fit(data, labels, steps_per_epoch=steps, callbacks=callbacks, **more)

    def network(self, trainer, side="generator"):
        game = trainer.game if self.name == "torch" else trainer
        return getattr(game, side)

    def weights(self, trained):
        """All numbers that the next step depends on."""
        return {key: value.detach().cpu().numpy().copy() if self.name == "torch" else value.numpy()
                for key, value in trained._state().items()}  # fmt: skip

    def apply(self, model, inputs):
        """Apply a model to NumPy inputs, NHWC or rows, and return NumPy outputs alike."""
        from importlib import import_module

        return import_module(f"gantutor.{self.name}.sampling").apply(
            model, np.asarray(inputs, "float32")
        )


def assert_same_bits(a, b):
    assert a.keys() == b.keys()
    different = [key for key in a if not np.array_equal(a[key], b[key])]
    assert not different, different
