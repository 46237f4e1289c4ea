"""What `compile` chooses in Keras: optimisers and their rates, averages, seed."""

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import averaging, building
from gantutor.runs import parts, seeds
from gantutor.validation import check_positive

SIDES = ("generator", "discriminator")


class Compiled(keras.Model):
    """A model of two sides, each with an optimiser of its own. `Trainer` adds the loop."""

    def __init__(self, **more):
        super().__init__(**more)
        self._networks_of_averages = []

    def compile(
        self,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        discriminator_steps=1,
        decay=None,
        ema_decay=0.99,
        seed=0,
        **more,
    ):
        """Choose optimisers, and how often each side is updated.

        Parameters
        ----------
        generator_optimizer, discriminator_optimizer
            A name or a pair such as ``("adam", {"learning_rate": 1e-3})`` of
            `gantutor.keras.optimizers`, a function that returns an optimiser, or a
            `keras.optimizers.Optimizer`. Under the policy ``mixed_float16`` both get a
            `keras.optimizers.LossScaleOptimizer` around them.
        discriminator_steps : int
            Updates of the discriminators for one of the generators; a batch of `fit` is split
            into that many equal parts, one for each.
        decay : tuple[int, int] or None
            First and last step of a linear fall of both learning rates to 0.
        ema_decay : float or sequence of float
            Decay of the moving average of the generators' weights; 0 follows them at once.
            Several numbers keep several averages.
        seed : int
            Seed of the order of the data and of all noise.
        **more
            Passed on to `keras.Model.compile`, such as ``steps_per_execution``.
        """
        super().compile(**{"jit_compile": False} | more)
        self.discriminator_steps = check_positive(discriminator_steps, "discriminator_steps")
        self.decay = parts.check_decay(decay)
        self.ema_decays = parts.check_ema_decays(ema_decay)
        self.seed = seeds.check_seed(seed)
        half = self.dtype_policy.compute_dtype == "float16"
        chosen = (generator_optimizer, discriminator_optimizer)
        made = [building.optimizer(choice) for choice in chosen]
        if half:
            made = [keras.optimizers.LossScaleOptimizer(optimizer) for optimizer in made]
        self.generator_optimizer, self.discriminator_optimizer = made
        self._rates = {side: self._built(side) for side in SIDES}
        # Those of an earlier `compile` go: a file would hold them, too.
        for networks in self._networks_of_averages:
            for network in networks.values():
                self._tracker.untrack(network)
        self._networks_of_averages = averaging.copies(self.generators(), len(self.ema_decays))
        self.averages = [self.sampler(networks) for networks in self._networks_of_averages]

    def _built(self, side):
        """Build the optimiser of a side for its parameters; return its rate at first."""
        optimizer, parameters = self.optimizers[side], self.parameters(side)
        optimizer.build(parameters)
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        held = {id(variable) for variable in inner._trainable_variables}
        if held != {id(variable) for variable in parameters}:
            raise ValueError(
                "The optimizer must hold the parameters of its side of the game, and no others; it "
                f"has {len(held)} variables, and the {side}'s side {len(parameters)}. Give each "
                "side one of its own."
            )
        if self.decay and not isinstance(inner._learning_rate, keras.Variable):
            raise ValueError(
                f"decay and a schedule of the {side}'s optimizer cannot both set its rate."
            )
        rate = float(np.asarray(inner.learning_rate))
        if not 0 <= rate < float("inf"):
            raise ValueError(
                f"The learning rate of the {side}'s optimizer must be at least 0 and finite; got "
                f"{rate}."
            )
        return rate

    @property
    def optimizers(self):
        """The optimisers by the names of the sides."""
        return dict(
            zip(SIDES, (self.generator_optimizer, self.discriminator_optimizer), strict=True)
        )

    def parameters(self, side):
        """Return the variables of the generators or the discriminators that are to be trained."""
        networks = self.generators() if side == "generator" else self.discriminators()
        return [v for network in networks.values() for v in network.trainable_variables]

    def get_compile_config(self):
        """Return what `compile` was told, for a file."""
        return {
            **{
                f"{side}_optimizer": self._serialized(side, optimizer)
                for side, optimizer in self.optimizers.items()
            },
            **parts.loop(self),
        }

    def _serialized(self, side, optimizer):
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        written = keras.saving.serialize_keras_object(inner)
        if self.decay:  # the rate at first, not what it has fallen to
            written["config"]["learning_rate"] = self._rates[side]
        return written

    def compile_from_config(self, config):
        """Compile as `get_compile_config` says."""
        for side in SIDES:
            name = f"{side}_optimizer"
            config = {**config, name: keras.saving.deserialize_keras_object(config[name])}
        self.compile(**config)

    def _set_rates(self, step):
        """Let the rates fall, as far as they have by the step of that number, from 0."""
        if not self.decay:
            return
        start, end = self.decay
        factor = tf.clip_by_value((end - tf.cast(step, tf.float32)) / (end - start), 0.0, 1.0)
        for side, optimizer in self.optimizers.items():
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            inner._learning_rate.assign(self._rates[side] * factor)
