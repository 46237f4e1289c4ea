"""The training loop in Keras: a `keras.Model` that plays. `gantutor.torch.trainer` is the twin."""

import uuid

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import averaging, building, distributed
from gantutor.keras.batches import checked, from_arrays, named
from gantutor.keras.compiling import Compiled
from gantutor.keras.saving import Resumable
from gantutor.keras.watching import Watch
from gantutor.runs import feeding, parts, seeds
from gantutor.runs.callbacks import telling
from gantutor.runs.divergence import diverged
from gantutor.runs.history import History
from gantutor.runs.interrupt import catch_interrupt
from gantutor.validation import check_choice, check_positive


class Trainer(Resumable, Compiled):
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
        steps, and what callbacks add. Of a lazy penalty an entry holds the newest value since the
        entry before; where it was not due since then, there is none. Of the steps that
        `steps_per_execution` runs at once, the last one is seen.
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
        self._fed, self._restored, self._unrecorded = None, None, {}
        self._steps = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="steps"
        )

    @classmethod
    def from_recipe(cls, recipe, seed=0):
        """Build and compile the game of a `gantutor.recipes.Recipe`."""
        return building.build(recipe, seed)

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
            x = checked(x, self)
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
            watch = Watch(tell, interrupt, last=total and self.step + total)
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
        batch = named(data, self.inputs)
        step = tf.identity(self._steps.value)
        self._set_rates(step)
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        base = [seeds.number(self.seed, "noise", k) for k in range(2)]
        keys = tf.random.split(tf.random.fold_in(base, step), self.discriminator_steps)
        size = tf.shape(next(iter(batch.values())))[0] // self.discriminator_steps
        for k in range(self.discriminator_steps):
            part = {name: value[k * size : (k + 1) * size] for name, value in batch.items()}
            noise = distributed.noise(self, part, keys[k])
            if k + 1 < self.discriminator_steps:
                d_terms = self.discriminator_step(part, self.draw(part, noise), noise, step)
        # The last fakes have a tape: they serve the generators' step, too. D is new by then, so
        # its judgement of them is, too.
        with tf.GradientTape() as tape:
            fake = self.draw(part, noise)
            with tape.stop_recording():
                d_terms = self.discriminator_step(part, fake, noise, step)
            g_terms = self.generator_loss(part, fake, noise, step)
            loss = distributed.share(_total(g_terms))
            scaled = self.generator_optimizer.scale_loss(loss)
        self._apply("generator", tape, scaled)
        self._average(step)
        # Where a data set ends, a graph runs once more without data: that is no step.
        with tf.control_dependencies(tf.nest.flatten(g_terms)):
            distributed.update(self._steps, _count_up)
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
            loss = distributed.share(_total(terms))
            scaled = self.discriminator_optimizer.scale_loss(loss)
        self._apply("discriminator", tape, scaled)
        self.constrain()
        return terms

    def generator_step(self, batch, noise, step=0):
        """Update the generators once, and their averages; return the terms of their loss.

        Unlike in PyTorch it draws the fakes itself, under a tape of its own.
        """
        with tf.GradientTape() as tape:
            terms = self.generator_loss(batch, self.draw(batch, noise), noise, step)
            loss = distributed.share(_total(terms))
            scaled = self.generator_optimizer.scale_loss(loss)
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
            raise diverged("the generator's output is not finite", self.step)
        return samples

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
        distributed.join(self, batch_size)
        size = batch_size * self.discriminator_steps
        replicas = self.distribute_strategy.num_replicas_in_sync
        dataset = from_arrays(
            arrays, size, self.seed, self.step, self.unpaired, batch_size, replicas
        )
        found = feeding.fingerprint(arrays)
        feeding.check_same_data(found, self._restored)
        self.batch_size, self._fed = batch_size, found
        return dataset, min(len(array) for array in arrays.values()) // size

    def _apply(self, side, tape, loss):
        variables = self.parameters(side)
        gradients = tape.gradient(loss, variables)
        used = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        self.optimizers[side].apply([g for g, _ in used], [v for _, v in used])

    def _average(self, step):
        averaging.follow(self._networks_of_averages, self.generators(), self.ema_decays, step)


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

    Notes
    -----
    TensorFlow keeps the graph of each compiled training step until the process ends, also when
    the model is gone: about 5 MB for each call with a small recipe, as for any `keras.Model` that
    is compiled and fitted anew. `keras.utils.clear_session` gives a part of it back; several
    hundred trainings belong into several processes.
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


def _count_up(steps):
    steps.assign_add(1)


def _total(terms):
    return tf.add_n(list(terms.values()))


def _named(side, terms):
    """The loss, and its terms where there are several."""
    named = {f"{side}_loss": _total(terms)}
    if len(terms) > 1:
        named |= {f"{side}_{name}": term for name, term in terms.items()}
    return named
