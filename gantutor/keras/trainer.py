"""The training loop in Keras: a `keras.Model` that plays. `gantutor.torch.trainer` is the twin."""

import uuid

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import building
from gantutor.keras.batches import from_arrays
from gantutor.runs import feeding, parts, seeds
from gantutor.runs.callbacks import telling
from gantutor.runs.checkpoint import (
    check_same_arrays,
    check_same_settings,
    load_arrays,
    save_arrays,
)
from gantutor.runs.history import History
from gantutor.runs.interrupt import catch_interrupt
from gantutor.validation import check_choice, check_positive

SIDES = ("generator", "discriminator")


class Trainer(keras.Model):
    """What every game in Keras is trained by: a model whose `train_step` updates both sides.

    A game (`gantutor.keras.games.Game`) is a subclass with networks and losses; `compile` chooses
    the optimisers, `fit` trains, and calling the model draws from the averaged generator.

    Attributes
    ----------
    ema : Sampler or Translator
        The generators with averaged weights; what `sample` and calling the model draw from.
    averages : list
        One such for each decay in `compile`'s `ema_decay`.
    current : Sampler or Translator
        The generators as they stand.
    record : gantutor.runs.history.History
        ``d_loss`` and ``g_loss``, and their terms where there are several, every `log_every`
        steps, and what callbacks add.
    step : int
        Updates of the generators so far.
    interrupted : bool
        Whether Ctrl-C ended the last `fit`.
    """

    log_every = 10
    batch_size = None

    def __init__(self, **more):
        super().__init__(**more)
        self.record, self.id, self.interrupted = History(), uuid.uuid4().hex, False
        self._fed, self._restored = None, None
        self._networks_of_averages = []
        self._steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="steps"
        )

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
        self._rates = {}
        for side, optimizer in self.optimizers.items():
            parameters = self.parameters(side)
            optimizer.build(parameters)
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            held = {id(variable) for variable in inner._trainable_variables}
            if held != {id(variable) for variable in parameters}:
                raise ValueError(
                    "The optimizer must hold the parameters of its side of the game, and no "
                    f"others; it has {len(held)} variables, and the {side}'s side "
                    f"{len(parameters)}. Give each side one of its own."
                )
            if self.decay and not isinstance(inner._learning_rate, keras.Variable):
                raise ValueError(
                    f"decay and a schedule of the {side}'s optimizer cannot both set its rate."
                )
            self._rates[side] = float(np.asarray(inner.learning_rate))
            if not 0 <= self._rates[side] < float("inf"):
                raise ValueError(
                    f"The learning rate of the {side}'s optimizer must be at least 0 and finite; "
                    f"got {self._rates[side]}."
                )
        for network in self._copies():  # of an earlier `compile`: a file would hold them, too
            self._tracker.untrack(network)
        self._networks_of_averages = [
            {name: _copy(network) for name, network in self.generators().items()}
            for _ in self.ema_decays
        ]
        self.averages = [self.sampler(networks) for networks in self._networks_of_averages]

    @classmethod
    def from_recipe(cls, recipe, seed=0):
        """Build and compile the game of a `gantutor.recipes.Recipe`."""
        return building.build(recipe, seed)

    @property
    def optimizers(self):
        """The optimisers by the names of the sides."""
        return dict(
            zip(SIDES, (self.generator_optimizer, self.discriminator_optimizer), strict=True)
        )

    @property
    def ema(self):
        """The generators with averaged weights; those of the first decay."""
        return self.averages[0]

    @property
    def current(self):
        """The generators as they stand."""
        return self.sampler(self.generators())

    @property
    def step(self):
        """Updates of the generators so far."""
        return int(self._steps.numpy())

    def parameters(self, side):
        """Return the variables of the generators or the discriminators that are to be trained."""
        networks = self.generators() if side == "generator" else self.discriminators()
        return [v for network in networks.values() for v in network.trainable_variables]

    def call(self, inputs, training=False):
        """Map what the generator takes through the averaged generator."""
        return self.ema.network(inputs, training=False)

    def fit(
        self,
        x,
        y=None,
        batch_size=None,
        epochs=1,
        *,
        steps_per_epoch=None,
        callbacks=(),
        on_interrupt="raise",
        **more,
    ):
        """Train; arguments as in `keras.Model.fit`.

        Ctrl-C ends the training after the step in hand, and callbacks are told of the end; all
        that was trained is kept.

        Parameters
        ----------
        x : array_like, tuple of array_like, mapping or tf.data.Dataset
            Images [N, H, W, C] in [−1, 1], or points [N, d]; several of them as a tuple or by
            name, where the game has several inputs. They are shuffled by the seed of `compile`,
            and a second `fit` goes on where the first one stopped. A data set, such as of
            `gantutor.keras.batches`, begins anew at each `fit`; of it, only the number of tensors
            and the labels are checked.
        y : array_like of int, shape [N], optional
            The classes of the images, where the networks are told them.
        batch_size : int, optional
            Of arrays: examples for each update of the discriminators; as in the last `fit` if not
            given, and 64 at first.
        epochs : int
            Passes over the data, or over `steps_per_epoch` batches.
        steps_per_epoch : int, optional
            Steps of an epoch; all whole batches of arrays if not given.
        callbacks : iterable
            Of `gantutor.runs.callbacks` and of `keras.callbacks`.
        on_interrupt : {"raise", "stop"}
            Whether Ctrl-C raises KeyboardInterrupt in the end, so that no caller takes the run for
            a finished one, or returns with `interrupted` set.
        **more
            Passed on to `keras.Model.fit`, such as ``verbose``.

        Returns
        -------
        keras.callbacks.History
            As in Keras; the losses by step are in `record`.

        Raises
        ------
        ValueError, TypeError
            If the data are not as above; nothing is trained then.
        FloatingPointError
            If a loss is NaN or infinite: the message names the step.
        KeyboardInterrupt
            After Ctrl-C, unless `on_interrupt` is ``"stop"``.
        """
        check_choice(on_interrupt, ("raise", "stop"), "on_interrupt")
        if isinstance(x, tf.data.Dataset):
            if y is not None or batch_size is not None:
                raise ValueError("A data set holds its labels, in batches; got y or batch_size.")
            x = self._checked(x)
        else:
            x, per_pass = self._feed(x, y, batch_size)
            steps_per_epoch = per_pass if steps_per_epoch is None else steps_per_epoch
        if steps_per_epoch is not None:
            steps_per_epoch = check_positive(steps_per_epoch, "steps_per_epoch")
        self.interrupted = False
        callbacks = list(callbacks or ())
        plain = [c for c in callbacks if isinstance(c, keras.callbacks.Callback)]
        own = [c for c in callbacks if not isinstance(c, keras.callbacks.Callback)]
        total = epochs * steps_per_epoch if steps_per_epoch else None
        # Ctrl-C waits also for what callbacks do at the beginning and at the end, such as saving.
        with catch_interrupt() as interrupt, telling(own, self, total) as tell:
            watch = _Watch(tell, interrupt, last=total and self.step + total)
            history = super().fit(
                x,
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                callbacks=[watch, *plain],
                shuffle=False,
                **more,
            )
        self.interrupted = interrupt.requested
        if self.interrupted and on_interrupt == "raise":
            raise KeyboardInterrupt(f"Training stopped after step {self.step}; all of it is kept.")
        return history

    def train_step(self, data):
        """Update the discriminators `discriminator_steps` times, then the generators once."""
        batch = self._named(data)
        step = tf.identity(self._steps.value)
        self._set_rates(step)
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        base = [seeds.number(self.seed, "noise", k) for k in range(2)]
        keys = tf.random.split(tf.random.fold_in(base, step), self.discriminator_steps)
        size = tf.shape(next(iter(batch.values())))[0] // self.discriminator_steps
        for k in range(self.discriminator_steps):
            part = {name: value[k * size : (k + 1) * size] for name, value in batch.items()}
            noise = self.noise(part, keys[k])
            if k + 1 < self.discriminator_steps:
                d_terms = self.discriminator_step(part, self.draw(part, noise), noise, step)
        # The last fakes have a tape: they serve the generators' step, too. D is new by then, so
        # its judgement of them is, too.
        with tf.GradientTape() as tape:
            fake = self.draw(part, noise)
            with tape.stop_recording():
                d_terms = self.discriminator_step(part, fake, noise, step)
            g_terms = self.generator_loss(part, fake, noise, step)
            loss = _total(g_terms)
            scaled = self.generator_optimizer.scale_loss(loss)
        self._apply("generator", tape, scaled)
        self._average(step)
        # Where a data set ends, a graph runs once more without data: that is no step.
        with tf.control_dependencies(tf.nest.flatten(g_terms)):
            self._steps.assign_add(1)
        return _named("d", d_terms) | _named("g", g_terms)

    def discriminator_step(self, batch, fake, noise, step=0):
        """Update the discriminators once; return the terms of their loss.

        Parameters
        ----------
        batch, noise : dict of tf.Tensor
            As of `Game.noise`; images [N, H, W, C].
        fake : tf.Tensor or dict of tf.Tensor
            From `Game.draw`. Nothing of this step reaches the generators.
        step : int
            Number of the step, from 0.
        """
        fake = tf.nest.map_structure(tf.stop_gradient, fake)
        with tf.GradientTape() as tape:
            terms = self.discriminator_loss(batch, fake, noise, step)
            scaled = self.discriminator_optimizer.scale_loss(_total(terms))
        self._apply("discriminator", tape, scaled)
        self.constrain()
        return terms

    def generator_step(self, batch, noise, step=0):
        """Update the generators once, and their averages; return the terms of their loss.

        Unlike in PyTorch it draws the fakes itself, under a tape of its own.
        """
        with tf.GradientTape() as tape:
            terms = self.generator_loss(batch, self.draw(batch, noise), noise, step)
            scaled = self.generator_optimizer.scale_loss(_total(terms))
        self._apply("generator", tape, scaled)
        self._average(step)
        return terms

    def sample(self, latents, seed=0, **more):
        """Draw from the averaged generators; arguments as `ema.sample` has them.

        Raises
        ------
        FloatingPointError
            If the run has diverged.
        """
        samples = self.ema.sample(latents, seed, **more)
        if not np.isfinite(samples).all():
            raise FloatingPointError(diverged("the generator's output is not finite", self.step))
        return samples

    def save_checkpoint(self, path):
        """Write all that `restore` needs to one file, atomically.

        `save` writes a model that Keras loads; this writes a run that goes on to the same bits.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the model and older files stay as they are.
        FloatingPointError
            If the run has diverged; nothing is written then.
        """
        arrays = {name: variable.numpy() for name, variable in self._state().items()}
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise FloatingPointError(diverged(f"{name} is not finite", self.step))
        metadata = {
            "framework": "keras",
            "settings": self.settings(),
            "step": self.step,
            "run": self.id,
            "data": self._fed,
            "history": self.record.to_dict(),
        }
        save_arrays(path, arrays, metadata)

    def restore(self, path):
        """Continue from a file of `save_checkpoint`: the next step is the one it would have been.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file is damaged, or belongs to other networks or settings; nothing changes then.
        """
        arrays, metadata = load_arrays(path)
        check_same_settings(path, {"framework": metadata.get("framework")}, {"framework": "keras"})
        size = metadata["settings"]["batch_size"]
        settings = self.settings()
        if self.batch_size is None:  # it is `fit` that is told one
            settings["batch_size"] = size
        check_same_settings(path, metadata["settings"], settings)
        state = self._state()
        check_same_arrays(path, arrays, state)
        for name, variable in state.items():
            variable.assign(arrays[name])
        self.record, self.batch_size = History(**metadata["history"]), size
        self.id, self._fed = metadata["run"], metadata["data"]
        self._restored = self._fed

    def settings(self):
        """Return the settings that must agree for a run to go on, as plain data."""
        described = {
            f"{side}_optimizer": _described(optimizer, self._rates[side])
            for side, optimizer in self.optimizers.items()
        }
        return {
            **self.game_settings(),
            **described,
            "batch_size": self.batch_size,
            "discriminator_steps": self.discriminator_steps,
            "decay": self.decay and list(self.decay),
            "ema_decay": list(self.ema_decays),
            "seed": self.seed,
        }

    def get_compile_config(self):
        """Return what `compile` was told, for a file."""
        return {
            **{
                f"{side}_optimizer": self._serialized(side, optimizer)
                for side, optimizer in self.optimizers.items()
            },
            "discriminator_steps": self.discriminator_steps,
            "decay": self.decay and list(self.decay),
            "ema_decay": list(self.ema_decays),
            "seed": self.seed,
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

    def _feed(self, x, y, batch_size):
        if batch_size is None:
            batch_size = self.batch_size or 64
        batch_size = check_positive(batch_size, "batch_size")
        if self._restored and batch_size != self.batch_size:
            raise ValueError(
                f"The run was trained with batch_size {self.batch_size}, and goes on with it; "
                f"got {batch_size}."
            )
        arrays = feeding.named_arrays(x, y, self.inputs, self.classes, self.unpaired)
        size = batch_size * self.discriminator_steps
        dataset = from_arrays(arrays, size, self.seed, self.step, self.unpaired)
        found = feeding.fingerprint(arrays)
        feeding.check_same_data(found, self._restored)
        self.batch_size, self._fed = batch_size, found
        return dataset, min(len(array) for array in arrays.values()) // size

    def _checked(self, dataset):
        """Compare a data set with what the game needs, its labels as they come."""
        spec = dataset.element_spec
        given = list(spec) if isinstance(spec, dict) else list(self.inputs)
        count = len(spec) if isinstance(spec, tuple | dict) else 1
        if count != len(self.inputs) or set(given) != set(self.inputs):
            raise ValueError(
                f"Each batch must hold {', '.join(self.inputs)}; this data set gives {spec}."
            )

        def enough(*batch):  # the end of a pass may hold too few examples for each step of D
            count = tf.shape(tf.nest.flatten(batch)[0])[0]
            return count >= self.discriminator_steps

        def checked(*batch):
            labels = self._named(batch[0] if isinstance(batch[0], dict) else batch)["labels"]
            # Here, because on a GPU a class that does not exist would count as zeros.
            inside = tf.reduce_all((labels >= 0) & (labels < self.classes))
            said = f"labels must lie in 0 … {self.classes - 1}"
            with tf.control_dependencies([tf.debugging.Assert(inside, [said, labels])]):
                return tf.nest.map_structure(tf.identity, batch if len(batch) > 1 else batch[0])

        if self.discriminator_steps > 1 and tf.nest.flatten(spec)[0].shape[0] is None:
            dataset = dataset.filter(enough)
        return dataset.map(checked) if "labels" in self.inputs else dataset

    def _named(self, data):
        if isinstance(data, dict):
            return data
        return dict(zip(self.inputs, data if isinstance(data, tuple) else (data,), strict=True))

    def _set_rates(self, step):
        if not self.decay:
            return
        start, end = self.decay
        factor = tf.clip_by_value((end - tf.cast(step, tf.float32)) / (end - start), 0.0, 1.0)
        for side, optimizer in self.optimizers.items():
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            inner._learning_rate.assign(self._rates[side] * factor)

    def _apply(self, side, tape, loss):
        variables = self.parameters(side)
        gradients = tape.gradient(loss, variables)
        used = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        self.optimizers[side].apply([g for g, _ in used], [v for _, v in used])

    def _average(self, step):
        step = tf.cast(step, tf.float32)
        for decay, networks in zip(self.ema_decays, self._networks_of_averages, strict=True):
            # While the average is young it forgets faster, or the first weights would linger.
            decay = tf.minimum(decay, (1 + step) / (10 + step))
            for name, network in self.generators().items():
                for average, variable in zip(
                    networks[name].variables, network.variables, strict=True
                ):
                    if average.dtype.startswith("float"):
                        average.assign_add((1 - decay) * (variable - average))
                    else:
                        average.assign(variable)

    def _copies(self):
        return [network for networks in self._networks_of_averages for network in networks.values()]

    def _state(self):
        """All variables that the next step depends on, by name."""
        owners = {
            f"game.{name}": n for name, n in (self.generators() | self.discriminators()).items()
        }
        for k, networks in enumerate(self._networks_of_averages):
            owners |= {f"average{k}.{name}": network for name, network in networks.items()}
        owners |= {f"optimizer.{side}": optimizer for side, optimizer in self.optimizers.items()}
        state = {
            f"{owner}.{i:03d}": variable.value
            for owner, network in owners.items()
            for i, variable in enumerate(network.variables)
        }
        return state | {"steps": self._steps.value}


class _Watch(keras.callbacks.Callback):
    """Keeps the losses, tells the package's own callbacks, and stops at Ctrl-C or NaN."""

    def __init__(self, tell, interrupt, last):
        super().__init__()
        self.tell, self.interrupt, self.last = tell, interrupt, last
        self._logs, self._recorded = None, None

    def on_train_begin(self, logs=None):
        self._recorded = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        model, step = self.model, self.model.step
        if not np.isfinite(list(logs.values())).all():
            said = ", ".join(f"{name} is {value}" for name, value in logs.items())
            raise FloatingPointError(diverged(said, step))
        self._logs = logs
        if step // model.log_every > self._recorded // model.log_every or step == self.last:
            model.record.add(step, **logs)
            self._recorded = step
        self.tell()
        if self.interrupt.requested:
            model.stop_training = True

    def on_train_end(self, logs=None):
        if self._logs and self.model.step != self._recorded:
            self.model.record.add(self.model.step, **self._logs)


def diverged(what, step):
    """Return what the error says when a run has diverged."""
    return (
        f"Step {step}: {what}. Training stopped; checkpoints of earlier steps are intact. A lower "
        "learning rate or a penalty may help."
    )


def train(
    recipe,
    data,
    steps=None,
    seed=0,
    callbacks=(),
    resume=None,
    labels=None,
    on_interrupt="raise",
):
    """Train a recipe's GAN, from the start or from a checkpoint, up to a number of steps.

    Parameters
    ----------
    recipe : gantutor.recipes.Recipe
    data : array_like, float32, shape [N, height, width, channels]
        Images in [−1, 1], or what else `Trainer.fit` takes as arrays.
    steps : int, optional
        Updates of the generator in all; the recipe's own number if not given.
    seed : int
        Seed of weights, noise and order of the data.
    callbacks : iterable of gantutor.runs.callbacks.Callback or keras.callbacks.Callback
        Told of each step.
    resume : path-like, optional
        A checkpoint of the same recipe, steps and seed to go on from.
    labels : array_like of int, shape [N], optional
        The classes of the images, where the recipe has classes.
    on_interrupt : {"raise", "stop"}
        As in `Trainer.fit`. With ``"stop"`` the game is returned after Ctrl-C, with
        `interrupted` set; otherwise what was trained since the last checkpoint is lost.

    Returns
    -------
    gantutor.keras.games.Game
        With ``sample``, ``record``, ``step``.
    """
    if steps is not None:
        recipe = recipe.replace(steps=steps)
    game = Trainer.from_recipe(recipe, seed)
    parts.check_shape(data, recipe.shape)
    if resume:
        game.restore(resume)
    if game.step < recipe.steps:
        game.fit(
            data,
            labels,
            steps_per_epoch=recipe.steps - game.step,
            callbacks=callbacks,
            verbose=0,
            on_interrupt=on_interrupt,
        )
    return game


def _copy(network):
    copy = network.__class__.from_config(network.get_config())
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy


def _total(terms):
    return tf.add_n(list(terms.values()))


def _named(side, terms):
    """The loss, and its terms where there are several."""
    named = {f"{side}_loss": _total(terms)}
    if len(terms) > 1:
        named |= {f"{side}_{name}": term for name, term in terms.items()}
    return named


def _described(optimizer, rate):
    """An optimiser's kind and numbers, as plain data; the rate as it was at first."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    config = {name: value for name, value in inner.get_config().items() if name != "name"}
    return parts.describe({"name": type(inner).__name__, **config, "learning_rate": rate})
