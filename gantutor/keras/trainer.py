"""The training of a GAN in Keras, as one `keras.Model`. `gantutor.torch.trainer` is the twin."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from gantutor.keras import losses, models, penalties
from gantutor.keras.callbacks import Recorder
from gantutor.keras.sampling import sample
from gantutor.recipes import check_penalties
from gantutor.runs.checkpoint import (
    check_same_arrays,
    check_same_settings,
    load_arrays,
    save_arrays,
)
from gantutor.runs.history import History
from gantutor.runs.interrupt import catch_interrupt
from gantutor.runs.latents import as_latents
from gantutor.runs.order import shuffled
from gantutor.validation import (
    check_batch_size,
    check_data,
    check_images,
    check_positive,
)


class GAN(keras.Model):
    """A generator and a discriminator that `fit` trains against each other.

    Use it as any Keras model: `compile`, then `fit` on the data set that `batches` makes.

    Parameters
    ----------
    generator, discriminator : keras.Model
        [N, latent_dim] → [N, H, W, C] (or [N, d]), and that → logits [N].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    classes : int
        Number of classes that the networks are told, or 0 for a GAN without labels.
    discriminator_steps : int
        Updates of the discriminator for one of the generator; a batch of `fit` is split into
        that many equal parts, one for each.
    ema_decay : float
        Decay of the moving average of the generator's weights; 0 follows them at once.
    seed : int
        Seed of all noise.

    Attributes
    ----------
    ema : keras.Model
        The generator with averaged weights; what `sample` draws from.
    record : gantutor.runs.history.History
        ``d_loss`` and ``g_loss`` every `log_every` steps, and what callbacks add.
    step : int
        Updates of the generator so far.

    Examples
    --------
    >>> from gantutor import recipes
    >>> GAN.from_recipe(recipes.get("mlp"), seed=1).sample(4).shape
    (4, 28, 28, 1)
    """

    log_every = 10

    def __init__(
        self,
        generator,
        discriminator,
        *,
        latent_dim,
        classes=0,
        discriminator_steps=1,
        ema_decay=0.99,
        seed=0,
    ):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.ema = keras.models.clone_model(generator)
        self.ema.set_weights(generator.get_weights())
        self.ema.trainable = False
        self.latent_dim, self.classes = check_positive(latent_dim, "latent_dim"), classes
        self.discriminator_steps = check_positive(discriminator_steps, "discriminator_steps")
        self.ema_decay, self.seed = ema_decay, seed
        self.record = History()

    @classmethod
    def from_recipe(cls, recipe, seed=0):
        """Build and compile the networks of a `gantutor.recipes.Recipe`."""
        settings = recipe.training()
        settings.pop("batch_size")
        names = ("latent_dim", "classes", "discriminator_steps", "ema_decay")
        own = {name: settings.pop(name) for name in names}
        gan = cls(*models.build(recipe, seed), **own, seed=seed)
        gan.compile(**settings)
        return gan

    def compile(
        self,
        loss="non_saturating",
        penalties={},  # noqa: B006 (never changed)
        generator_rate=2e-4,
        discriminator_rate=2e-4,
        betas=(0.5, 0.999),
        decay=None,
        **kwargs,
    ):
        """Choose losses and optimisers.

        Parameters
        ----------
        loss : str
            A name in `gantutor.keras.losses`.
        penalties : dict[str, float]
            Names in `gantutor.keras.penalties` with their weights.
        generator_rate, discriminator_rate : float
            Adam's learning rates.
        betas : tuple[float, float]
            Adam's decay rates.
        decay : tuple[int, int] or None
            First and last step of a linear fall of both learning rates to 0.
        **kwargs
            Passed on to `keras.Model.compile`, such as ``steps_per_execution``.
        """
        super().compile(**{"jit_compile": False} | kwargs)
        self.loss_pair = losses.get(loss)
        self.penalties = check_penalties(penalties)
        self.generator_optimizer = _adam(generator_rate, betas, decay, 1)
        self.discriminator_optimizer = _adam(
            discriminator_rate, betas, decay, self.discriminator_steps
        )
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.settings = {
            "latent_dim": self.latent_dim,
            "classes": self.classes,
            "loss": loss,
            "penalties": self.penalties,
            "rates": [generator_rate, discriminator_rate],
            "betas": list(betas),
            "discriminator_steps": self.discriminator_steps,
            "decay": decay and list(decay),
            "ema_decay": self.ema_decay,
            "seed": self.seed,
        }

    def fit(self, x, *, callbacks=(), **kwargs):
        """Train; arguments as in `keras.Model.fit`.

        Ctrl-C ends the training after the step in hand; all that was trained is kept.

        Parameters
        ----------
        x : tf.data.Dataset or array_like
            What `batches` returns, or images [N, H, W, C] in [−1, 1] (or points [N, d]).
        callbacks : iterable of keras.callbacks.Callback
            Told of each step.
        **kwargs
            Such as ``y`` (labels, where there are classes), ``steps_per_epoch``, ``epochs``,
            ``batch_size``, ``verbose``.

        Returns
        -------
        gantutor.runs.history.History
            Losses every `log_every` steps, from the start of the run, not only of this call.

        Raises
        ------
        FloatingPointError
            If a loss is NaN or infinite: the message names the step.
        """
        if isinstance(x, tf.data.Dataset):
            kwargs["shuffle"] = False  # it comes shuffled; Keras would warn
        else:
            x, kwargs["y"] = check_data(x, kwargs.get("y"), self.classes)
        with catch_interrupt() as interrupt:
            super().fit(x, callbacks=[Recorder(interrupt), *callbacks], **kwargs)
        return self.record

    def train_step(self, data):
        """Update the discriminator `discriminator_steps` times, then the generator once."""
        real, labels = data if isinstance(data, tuple) else (data, None)
        size = tf.shape(real)[0] // self.discriminator_steps
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        step = tf.cast(self.generator_optimizer.iterations, tf.int32)
        seeds = tf.random.split([self.seed, step], 2 * self.discriminator_steps)
        shape = [size, self.latent_dim]
        for k in range(self.discriminator_steps):
            rows = slice(k * size, (k + 1) * size)
            part, told = real[rows], None if labels is None else labels[rows]
            latents = tf.random.stateless_normal(shape, seeds[2 * k])
            mix = tf.random.stateless_uniform([size], seeds[2 * k + 1])
            fake = self.draw(latents, told)
            d_loss = self.discriminator_step(part, fake, mix, told)
        # The same fakes serve the generator's step: D is new, so its judgement of them is, too.
        return {"d_loss": d_loss, "g_loss": self.generator_step(fake, part, told)}

    def draw(self, latents, labels=None):
        """Return fakes of the generator in training, and keep the tape that its step needs.

        Parameters
        ----------
        latents : tf.Tensor, shape [N, latent_dim]
        labels : tf.Tensor of int64, shape [N], optional
            The classes, where the networks are told them.

        Returns
        -------
        tf.Tensor, shape [N, H, W, C] or [N, d]
        """
        if labels is not None:
            latents = tf.concat([latents, tf.one_hot(labels, self.classes)], axis=1)
        with tf.GradientTape() as self._tape:
            return self.generator(latents, training=True)

    def discriminator_step(self, real, fake, mix, labels=None):
        """Update the discriminator once; return its loss with penalties, a scalar.

        Parameters
        ----------
        real, fake : tf.Tensor, shape [N, H, W, C] or [N, d]
            Nothing of this step reaches the generator that drew the fakes.
        mix : tf.Tensor, shape [N]
            Uniform numbers for the gradient penalty.
        labels : tf.Tensor of int64, shape [N], optional
            Classes of the real images; the fakes get the same.
        """
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            if self._one_pass:
                twice = None if labels is None else tf.concat([labels, labels], 0)
                logits = self._judge(tf.concat([real, fake], 0), twice)
                real_logits, fake_logits = tf.split(logits, 2)
            else:
                real_logits, fake_logits = self._judge(real, labels), self._judge(fake, labels)
            loss = self.loss_pair.discriminator(real_logits, fake_logits)
            loss += penalties.weighted_sum(
                self.penalties, lambda images: self._judge(images, labels), real, fake, mix
            )
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        if "clip_weights" in self.penalties:
            penalties.clip_weights(self.discriminator, self.penalties["clip_weights"])
        return loss

    def generator_step(self, fake, real, labels=None):
        """Update the generator once, and its moving average; return its loss, a scalar.

        `fake` comes from `draw`; `real` [N, …] matters only for the relativistic loss.
        """
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            tape.watch(fake)
            fake_logits = self._judge(fake, labels)
            real_logits = self._judge(real, labels) if self.loss_pair.paired else None
            loss = self.loss_pair.generator(fake_logits, real_logits)
        step = tf.cast(self.generator_optimizer.iterations, tf.float32)
        advice = tape.gradient(loss, fake)
        gradients = self._tape.gradient(fake, variables, output_gradients=advice)
        self.generator_optimizer.apply(gradients, variables)
        # While the average is young it forgets faster, or the first weights would linger.
        decay = tf.minimum(self.ema_decay, (1 + step) / (10 + step))
        for average, variable in zip(self.ema.variables, self.generator.variables, strict=True):
            average.assign_add((1 - decay) * (variable - average))
        return loss

    def _judge(self, images, labels):
        """Logits [N], of each image's class where there are classes."""
        logits = self.discriminator(images, training=True)
        return logits if labels is None else tf.gather(logits, labels, axis=1, batch_dims=1)

    @property
    def step(self):
        """Updates of the generator so far."""
        return int(self.generator_optimizer.iterations.numpy())

    @property
    def _one_pass(self):
        # Batch normalisation in D must see real and fake batches apart; without it, one pass
        # over both together gives the same logits sooner.
        kinds = [type(layer) for layer in self.discriminator.layers]
        return keras.layers.BatchNormalization not in kinds

    def sample(self, latents, seed=0, labels=None):
        """Draw from the averaged generator, in inference mode.

        Parameters
        ----------
        latents : int or array_like, shape [N, latent_dim]
            How many samples, or the latent vectors to map.
        seed : int
            Seed of what is drawn: latent vectors where a number is given, labels where none are.
        labels : array_like of int, shape [N], optional
            The classes to draw, where the networks are told them; uniform if not given.

        Returns
        -------
        numpy.ndarray, float32
            Images [N, H, W, C] in [−1, 1], or points [N, d].
        """
        latents = as_latents(latents, self.latent_dim, seed)
        return sample(self.ema, latents, seed, self.classes, labels)

    def save_checkpoint(self, path):
        """Write all that `restore` needs to one file, atomically.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the model and older files stay as they are.
        """
        arrays = {name: variable.numpy() for name, variable in self._state().items()}
        metadata = {"framework": "keras", "settings": self.settings, "step": self.step}
        save_arrays(path, arrays, metadata | {"history": self.record.to_dict()})

    def restore(self, path):
        """Continue from a file of `save_checkpoint`: the next step is the one it would have been.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file is damaged, or belongs to other networks or settings; nothing changes then.
        """
        arrays, metadata = load_arrays(path)
        check_same_settings(path, metadata["settings"], self.settings)
        state = self._state()
        check_same_arrays(path, arrays, state)
        for name, variable in state.items():
            variable.assign(arrays[name])
        self.record = History(**metadata["history"])

    def _state(self):
        """All variables that the next step depends on, by name."""
        owners = ("generator", "discriminator", "ema")
        owners += ("generator_optimizer", "discriminator_optimizer")
        return {
            f"{owner}.{i:03d}": variable.value
            for owner in owners
            for i, variable in enumerate(getattr(self, owner).variables)
        }


def batches(data, batch_size, seed=0, start=0, labels=None):
    """Return an endless data set of shuffled batches, the same ones that PyTorch's trainer sees.

    Parameters
    ----------
    data : array_like, float32
        Images [N, H, W, C] in [−1, 1], or points [N, d].
    batch_size : int
        Examples in a batch; what is left at the end of a pass over the data is dropped.
    seed : int
        Seed of the order.
    start : int
        Number of batches to skip: the steps already trained, in a run that resumes.
    labels : array_like of int, shape [N], optional
        Classes of the examples.

    Returns
    -------
    tf.data.Dataset
        Of float32 tensors [batch_size, …], or of pairs of those and int64 labels [batch_size].

    Raises
    ------
    ValueError, TypeError
        If the data or `batch_size` are not as above.
    """
    classes = 0 if labels is None else int(np.max(labels)) + 1
    data, labels = check_data(data, labels, classes)
    check_batch_size(batch_size, len(data))
    per_pass = len(data) // batch_size

    def orders():
        for epoch in itertools.count(start // per_pass):
            order = shuffled(len(data), seed, epoch)
            yield order[: per_pass * batch_size].reshape(per_pass, batch_size)

    resident = tf.constant(data) if labels is None else (tf.constant(data), tf.constant(labels))
    signature = tf.TensorSpec([per_pass, batch_size], tf.int64)
    rows = tf.data.Dataset.from_generator(orders, output_signature=signature)
    rows = rows.unbatch().skip(start % per_pass)
    rows = rows.map(lambda i: tf.nest.map_structure(lambda part: tf.gather(part, i), resident))
    return prefetched(rows)


def prefetched(dataset):
    """Return a `tf.data.Dataset` that prepares one batch ahead, in the time that training leaves.

    Its tuning is off, whose thread can take a third of two cores' time.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.prefetch(1).with_options(options)


def train(recipe, data, steps=None, seed=0, callbacks=(), resume=None, labels=None):
    """Train a recipe's GAN, from the start or from a checkpoint, up to a number of steps.

    Parameters
    ----------
    recipe : gantutor.recipes.Recipe
    data : array_like, float32, shape [N, side, side, channels]
        Images in [−1, 1].
    steps : int, optional
        Updates of the generator in all; the recipe's own number if not given.
    seed : int
        Seed of weights, noise and order of the data.
    callbacks : iterable of keras.callbacks.Callback
        Told of each step.
    resume : path-like, optional
        A checkpoint of the same recipe, steps and seed to go on from.
    labels : array_like of int, shape [N], optional
        The classes of the images, where the recipe has classes.

    Returns
    -------
    GAN
        With ``sample``, ``record``, ``generator``, ``discriminator``, ``step``.
    """
    if steps is not None:
        recipe = recipe.replace(steps=steps)
    data = check_images(data, "data", recipe.channels, recipe.side)
    data, labels = check_data(data, labels, recipe.classes)
    gan = GAN.from_recipe(recipe, seed)
    if resume:
        gan.restore(resume)
    if gan.step < recipe.steps:
        size = recipe.batch_size * recipe.discriminator_steps
        dataset = batches(data, size, seed, start=gan.step, labels=labels)
        steps = recipe.steps - gan.step
        gan.fit(dataset, steps_per_epoch=steps, verbose=0, callbacks=callbacks)
    return gan


class _LinearFall(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate that falls linearly to 0 between two steps of the generator."""

    def __init__(self, rate, start, end, updates):
        self.rate, self.start, self.end, self.updates = rate, start, end, updates

    def __call__(self, iteration):
        step = keras.ops.floor(keras.ops.cast(iteration, "float32") / self.updates)
        return self.rate * keras.ops.clip((self.end - step) / (self.end - self.start), 0, 1)

    def get_config(self):
        names = ("rate", "start", "end", "updates")
        return {name: getattr(self, name) for name in names}


def _adam(rate, betas, decay, updates):
    schedule = _LinearFall(rate, *decay, updates) if decay else rate
    return keras.optimizers.Adam(schedule, beta_1=betas[0], beta_2=betas[1], epsilon=1e-8)
