"""What every game has: two sides, and what each of them minimises."""

import inspect

import keras
import tensorflow as tf

from gantutor.keras import losses
from gantutor.keras import penalties as _penalties
from gantutor.keras.trainer import Trainer
from gantutor.runs import parts
from gantutor.validation import check_positive


class Game(Trainer):
    """Networks, who plays against whom, and the losses, as one `keras.Model`.

    A step of `Trainer` draws the noise, lets the generators make what `draw` returns, updates the
    discriminators by the sum of `discriminator_loss`, then the generators by the sum of
    `generator_loss`. Each entry of a loss is a term of the paper's equation, and is recorded
    under its name.

    Parameters
    ----------
    loss : str or gantutor.keras.losses.Loss
        A name in `gantutor.keras.losses`, or a pair of your own.
    penalties : dict
        Names in `gantutor.keras.penalties`, or functions
        ``(judge, real, fake, noise) -> scalar``, with their weights; for ``clip_weights``
        the limit.
    penalty_every : int
        Lazy regularisation (Karras et al. 2020, Appendix B): the penalties count at every n-th
        step only, n times as much.

    Attributes
    ----------
    inputs : tuple of str
        What a batch holds, in the order in which `fit` takes it.
    unpaired : bool
        Whether the inputs are shuffled apart: the i-th of one does not belong to the i-th of
        another.
    pairs : int
        How many generators and discriminators of a recipe's kinds the game takes.
    latent_dim : int or None
        Length of z, where the generator takes z.
    classes : int
        Number of classes that the networks are told, or 0.
    """

    inputs: tuple[str, ...] = ("real",)
    unpaired = False
    pairs = 1
    latent_dim: int | None = None
    classes = 0

    def __init__(self, loss="non_saturating", penalties=None, penalty_every=1, **more):
        super().__init__(**more)
        self.loss_pair = losses.get(loss)
        self.penalties = parts.check_weights(penalties or {}, _penalties.PENALTIES, "penalty")
        self.penalty_every = check_positive(penalty_every, "penalty_every")
        self.built = True  # the networks are

    def generators(self) -> dict[str, keras.Model]:
        """Return the networks that the generator's optimiser updates, by name."""
        return {"generator": self.generator}

    def discriminators(self) -> dict[str, keras.Model]:
        """Return the networks that the discriminator's optimiser updates, by name."""
        return {"discriminator": self.discriminator}

    def noise(self, batch, random):
        """Return all that is random in one step on a batch, drawn from a stateless seed [2]."""
        real = next(iter(batch.values()))
        first, second, third = tf.unstack(tf.random.split(random, 3))
        count, drawn = tf.shape(real)[0], {}
        if self.latent_dim:
            drawn["latents"] = tf.random.stateless_normal([count, self.latent_dim], first)
        drawn["mix"] = tf.random.stateless_uniform([count], second)
        if {"finite_r1", "finite_r2"} & self.penalties.keys():
            drawn["probe"] = tf.random.stateless_normal(tf.shape(real), third)
        return drawn

    def draw(self, batch, noise):
        """Return what the generators make for a batch: a tensor, or a dictionary of tensors."""
        return self.generator(noise["latents"], training=True)

    def discriminator_loss(self, batch, fake, noise, step) -> dict[str, tf.Tensor]:
        """Return the terms that the discriminators minimise.

        Parameters
        ----------
        batch : dict of tf.Tensor
            By the names of `inputs`.
        fake : tf.Tensor or dict of tf.Tensor
            From `draw`.
        noise : dict of tf.Tensor
        step : tf.Tensor
            Number of the step, from 0.
        """
        raise NotImplementedError

    def generator_loss(self, batch, fake, noise, step) -> dict[str, tf.Tensor]:
        """Return the terms that the generators minimise; arguments as in `discriminator_loss`."""
        raise NotImplementedError

    def constrain(self) -> None:
        """Do what is done to the discriminators after each of their updates."""
        if "clip_weights" in self.penalties:
            for network in self.discriminators().values():
                _penalties.clip_weights(network, self.penalties["clip_weights"])

    def sampler(self, generators):
        """Return what draws from generators with the names of `generators`: with ``sample``."""
        raise NotImplementedError

    def game_settings(self) -> dict:
        """Return what a checkpoint says of the game, as plain data."""
        return {
            "game": type(self).__name__,
            "latent_dim": self.latent_dim,
            "classes": self.classes,
            "loss": self.loss_pair.name,
            "penalties": parts.describe(dict(self.penalties)),
            "penalty_every": self.penalty_every,
        }

    def compare(self, discriminator, real, fake, noise, step, labels=None):
        """Return the logits of real and fake, and the penalties that are due at this step.

        Arguments as in `gantutor.keras.penalties.compare` and `gantutor.keras.penalties.Judge`.
        """
        judge, every = _penalties.Judge(discriminator, labels), self.penalty_every
        if every == 1:
            return _penalties.compare(judge, real, fake, self.penalties, noise)
        weights = {name: weight * every for name, weight in self.penalties.items()}
        real_logits, fake_logits, _ = _penalties.compare(judge, real, fake, {}, noise)
        names = [parts.label(name) for name in weights if name != "clip_weights"]

        def measured():
            terms = _penalties.measure(judge, real, fake, weights, noise)
            return [terms[name] for name in names]

        due = tf.equal(step % every, 0)
        values = tf.cond(due, measured, lambda: [tf.zeros(())] * len(names))
        return real_logits, fake_logits, dict(zip(names, values, strict=True))

    def counted(self, name, step) -> bool:
        """Return whether a recorded loss counted at a step, from 0: lazy penalties do at few.

        A game gives the terms of `compare` names that end with those of the penalties, such as
        ``first_r1``.
        """
        lazy = any(name.endswith(f"_{parts.label(penalty)}") for penalty in self.penalties)
        return not lazy or step % self.penalty_every == 0

    def get_config(self):
        """Return the arguments, with the networks serialised."""
        config = {}
        for name in inspect.signature(type(self).__init__).parameters:
            if name not in ("self", "more"):
                value = self.loss_pair.name if name == "loss" else getattr(self, name)
                value = dict(value) if name == "penalties" else value
                is_model = isinstance(value, keras.Model)
                config[name] = keras.saving.serialize_keras_object(value) if is_model else value
        return super().get_config() | config

    @classmethod
    def from_config(cls, config):
        """Make the game that `get_config` wrote down."""
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value)
                if isinstance(value, dict) and "class_name" in value
                else value
                for name, value in config.items()
            }
        )
