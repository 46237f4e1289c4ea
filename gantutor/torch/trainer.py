"""The training of a GAN in PyTorch, in one readable file. `gantutor.keras.trainer` is the twin."""

import contextlib
import copy

import numpy as np
import torch
from torch.nn.functional import one_hot

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
from gantutor.torch import losses, models, penalties
from gantutor.torch.sampling import sample
from gantutor.validation import (
    check_batch_size,
    check_data,
    check_images,
    check_positive,
)


class Trainer:
    """Trains a generator against a discriminator, and remembers all that a resumed run needs.

    Parameters
    ----------
    generator, discriminator : torch.nn.Module
        [N, latent_dim] → [N, C, H, W] (or [N, d]), and that → logits [N].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    classes : int
        Number of classes that the networks are told, or 0 for a GAN without labels.
    loss : str
        A name in `gantutor.torch.losses`.
    penalties : dict[str, float]
        Names in `gantutor.torch.penalties` with their weights.
    generator_rate, discriminator_rate : float
        Adam's learning rates.
    betas : tuple[float, float]
        Adam's decay rates.
    batch_size : int
        Examples in a mini-batch.
    discriminator_steps : int
        Updates of the discriminator, each on a batch of its own, for one of the generator.
    decay : tuple[int, int] or None
        First and last step of a linear fall of both learning rates to 0.
    ema_decay : float
        Decay of the moving average of the generator's weights; 0 follows them at once.
    seed : int
        Seed of the order of the data and of all noise. Same seed, same processor, same bits.
    device : str or torch.device, optional
        Where to train; a GPU if there is one.

    Attributes
    ----------
    ema : torch.nn.Module
        The generator with averaged weights; what `sample` draws from.
    record : gantutor.runs.history.History
        ``d_loss`` and ``g_loss`` every `log_every` steps, and what callbacks add.
    step : int
        Updates of the generator so far.

    Examples
    --------
    >>> from gantutor import recipes
    >>> trainer = Trainer.from_recipe(recipes.get("mlp"), seed=1)
    >>> trainer.sample(4).shape
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
        loss="non_saturating",
        penalties={},  # noqa: B006 (never changed)
        generator_rate=2e-4,
        discriminator_rate=2e-4,
        betas=(0.5, 0.999),
        batch_size=64,
        discriminator_steps=1,
        decay=None,
        ema_decay=0.99,
        seed=0,
        device=None,
    ):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.generator = generator.to(self.device)
        self.discriminator = discriminator.to(self.device)
        self.ema = copy.deepcopy(self.generator).requires_grad_(False).eval()
        self.loss = losses.get(loss)
        self.penalties = check_penalties(penalties)
        self.latent_dim, self.classes = check_positive(latent_dim, "latent_dim"), classes
        self.batch_size = check_positive(batch_size, "batch_size")
        self.discriminator_steps = check_positive(discriminator_steps, "discriminator_steps")
        self.seed, self.decay, self.ema_decay = seed, decay, ema_decay
        self.rates = (generator_rate, discriminator_rate)
        self.generator_optimizer = _adam(self.generator, generator_rate, betas)
        self.discriminator_optimizer = _adam(self.discriminator, discriminator_rate, betas)
        self.record, self.step = History(), 0
        self._pending, self._order = [], (None, None)
        self.settings = {
            "latent_dim": latent_dim,
            "classes": classes,
            "loss": loss,
            "penalties": self.penalties,
            "rates": list(self.rates),
            "betas": list(betas),
            "batch_size": batch_size,
            "discriminator_steps": discriminator_steps,
            "decay": decay and list(decay),
            "ema_decay": ema_decay,
            "seed": seed,
        }
        # Batch normalisation in D must see real and fake batches apart; without it, one pass
        # over both together gives the same logits sooner.
        self._one_pass = not any(
            isinstance(layer, torch.nn.BatchNorm2d) for layer in self.discriminator.modules()
        )

    @classmethod
    def from_recipe(cls, recipe, seed=0, device=None):
        """Build the networks of a `gantutor.recipes.Recipe`, with a trainer for them."""
        return cls(*models.build(recipe, seed), **recipe.training(), seed=seed, device=device)

    def fit(self, data, steps, callbacks=(), labels=None):
        """Train for `steps` more updates of the generator.

        Ctrl-C ends the training after the step in hand; all that was trained is kept.

        Parameters
        ----------
        data : array_like, float32
            Images [N, H, W, C] in [−1, 1], or points [N, d].
        steps : int
            Updates of the generator.
        callbacks : iterable of gantutor.torch.callbacks.Callback
            Told of each step.
        labels : array_like of int, shape [N], optional
            The classes of the images, where the networks are told them.

        Returns
        -------
        gantutor.runs.history.History
            Losses every `log_every` steps, from the start of the run, not only of this call.

        Raises
        ------
        ValueError, TypeError
            If the data or `steps` are not as above; nothing is trained then.
        FloatingPointError
            If a loss is NaN or infinite: the message names the step.
        """
        steps = check_positive(steps, "steps")
        data, labels = self._resident(data, labels)
        check_batch_size(self.batch_size * self.discriminator_steps, len(data))
        for callback in callbacks:
            callback.on_train_begin(self, steps)
        with catch_interrupt() as interrupt:
            for _ in range(steps):
                self._pending.append((self.step + 1, self._train_step(data, labels)))
                self.step += 1
                if self.step % self.log_every == 0:
                    self.read_losses()
                for callback in callbacks:
                    callback.on_step_end(self)
                if interrupt.requested:
                    break
        self.read_losses()
        for callback in callbacks:
            callback.on_train_end(self)
        return self.record

    def draw(self, latents, labels=None):
        """Return fakes of the generator in training, with the graph that its step needs.

        Parameters
        ----------
        latents : torch.Tensor, shape [N, latent_dim]
        labels : torch.Tensor of int64, shape [N], optional
            The classes, where the networks are told them.

        Returns
        -------
        torch.Tensor, shape [N, C, H, W] or [N, d]
        """
        if labels is not None:
            codes = one_hot(labels, self.classes).to(latents.dtype)
            latents = torch.cat([latents, codes], dim=1)
        return self.generator(latents)

    def discriminator_step(self, real, fake, mix, labels=None):
        """Update the discriminator once; return its loss with penalties, a detached scalar.

        Parameters
        ----------
        real, fake : torch.Tensor, shape [N, C, H, W] or [N, d]
            Nothing of this step reaches the generator that drew the fakes.
        mix : torch.Tensor, shape [N]
            Uniform numbers for the gradient penalty.
        labels : torch.Tensor of int64, shape [N], optional
            Classes of the real images; the fakes get the same.
        """
        fake = fake.detach()
        if self._one_pass:
            twice = None if labels is None else torch.cat([labels, labels])
            logits = self._judge(torch.cat([real, fake]), twice)
            real_logits, fake_logits = logits.split(len(real))
        else:
            real_logits, fake_logits = self._judge(real, labels), self._judge(fake, labels)
        loss = self.loss.discriminator(real_logits, fake_logits)
        loss = loss + penalties.weighted_sum(
            self.penalties, lambda images: self._judge(images, labels), real, fake, mix
        )
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()
        if "clip_weights" in self.penalties:
            penalties.clip_weights(self.discriminator, self.penalties["clip_weights"])
        return loss.detach()

    def generator_step(self, fake, real, labels=None):
        """Update the generator once, and its moving average; return its loss, a detached scalar.

        `fake` comes from `draw`; `real` [N, …] matters only for the relativistic loss.
        """
        with _frozen(self.discriminator):
            fake_logits = self._judge(fake, labels)
            real_logits = self._judge(real, labels) if self.loss.paired else None
            loss = self.loss.generator(fake_logits, real_logits)
            self.generator_optimizer.zero_grad()
            loss.backward()
        self.generator_optimizer.step()
        self._average()
        return loss.detach()

    def sample(self, latents, seed=0, labels=None):
        """Draw from the averaged generator, in evaluation mode.

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

    def read_losses(self):
        """Move the losses since the last call into the history; the device waits only here.

        Raises
        ------
        FloatingPointError
            If one of them is not finite.
        """
        if not self._pending:
            return
        steps, values = zip(*self._pending, strict=True)
        self._pending = []
        values = torch.stack(values).cpu().numpy()
        for step, pair in zip(steps, values, strict=True):
            if not np.isfinite(pair).all():
                raise FloatingPointError(
                    f"Step {step}: d_loss is {pair[0]}, g_loss is {pair[1]}. Training stopped; "
                    "checkpoints of earlier steps are intact. A lower learning rate or a penalty "
                    "may help."
                )
        self.record.add(steps[-1], d_loss=values[-1, 0], g_loss=values[-1, 1])

    def save_checkpoint(self, path):
        """Write all that `restore` needs to one file, atomically.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the trainer and older files stay as they are.
        """
        self.read_losses()
        arrays = {name: value.detach().cpu().numpy() for name, value in self._state().items()}
        metadata = {"framework": "torch", "settings": self.settings, "step": self.step}
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
        with torch.no_grad():
            for name, value in state.items():
                value.copy_(torch.from_numpy(arrays[name]))
        self.step, self.record = metadata["step"], History(**metadata["history"])

    def _judge(self, images, labels):
        """Logits [N], of each image's class where there are classes."""
        logits = self.discriminator(images)
        return logits if labels is None else logits.gather(1, labels[:, None])[:, 0]

    def _train_step(self, data, labels):
        self._set_rates()
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        state = np.random.SeedSequence([self.seed, self.step]).generate_state(1)[0]
        noise = torch.Generator(self.device).manual_seed(int(state))
        shape = (self.batch_size, self.latent_dim)
        for rows in self._rows(len(data)).split(self.batch_size):
            real = data[rows].permute(0, 3, 1, 2) if data.ndim == 4 else data[rows]
            told = None if labels is None else labels[rows]
            latents = torch.randn(shape, generator=noise, device=self.device)
            mix = torch.rand(self.batch_size, generator=noise, device=self.device)
            fake = self.draw(latents, told)
            d_loss = self.discriminator_step(real, fake, mix, told)
        # The same fakes serve the generator's step: D is new, so its judgement of them is, too.
        return torch.stack([d_loss, self.generator_step(fake, real, told)])

    def _set_rates(self):
        factor = 1.0
        if self.decay:
            start, end = self.decay
            factor = min(1.0, max(0.0, (end - self.step) / (end - start)))
        for optimizer, rate in zip(self._optimizers(), self.rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor

    def _resident(self, data, labels):
        """Put all the data on the device once; a batch is then a selection of rows."""
        data, labels = check_data(data, labels, self.classes)
        if labels is not None:
            labels = torch.from_numpy(labels).to(self.device)
        return torch.from_numpy(data).to(self.device), labels

    def _rows(self, count):
        """Which examples are next: a mini-batch for each step of the discriminator."""
        size = self.batch_size * self.discriminator_steps
        epoch, position = divmod(self.step, count // size)
        if self._order[0] != (epoch, count):
            order = torch.from_numpy(shuffled(count, self.seed, epoch)).to(self.device)
            self._order = (epoch, count), order
        return self._order[1][position * size : (position + 1) * size]

    @torch.no_grad()
    def _average(self):
        # While the average is young it forgets faster, or the first weights would linger.
        decay = min(self.ema_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(_floats(self.ema), _floats(self.generator), 1 - decay)

    def _optimizers(self):
        return self.generator_optimizer, self.discriminator_optimizer

    def _state(self):
        """All tensors that the next step depends on, by name."""
        state = {}
        for name in ("generator", "discriminator", "ema"):
            tensors = getattr(self, name).state_dict()
            state |= {f"{name}.{key}": tensor for key, tensor in tensors.items()}
        for name, optimizer in zip(("generator", "discriminator"), self._optimizers(), strict=True):
            for i, parameter in enumerate(optimizer.param_groups[0]["params"]):
                moments = optimizer.state[parameter]
                state |= {f"{name}_optimizer.{i}.{key}": moments[key] for key in sorted(moments)}
        return state


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
    callbacks : iterable of gantutor.torch.callbacks.Callback
        Told of each step.
    resume : path-like, optional
        A checkpoint of the same recipe, steps and seed to go on from.
    labels : array_like of int, shape [N], optional
        The classes of the images, where the recipe has classes.

    Returns
    -------
    Trainer
        With ``sample``, ``record``, ``generator``, ``discriminator``, ``step``.
    """
    if steps is not None:
        recipe = recipe.replace(steps=steps)
    data = check_images(data, "data", recipe.channels, recipe.side)
    data, labels = check_data(data, labels, recipe.classes)
    trainer = Trainer.from_recipe(recipe, seed)
    if resume:
        trainer.restore(resume)
    if trainer.step < recipe.steps:
        trainer.fit(data, recipe.steps - trainer.step, callbacks, labels)
    return trainer


def _adam(model, rate, betas):
    # The fused step treats all parameters in one call.
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, betas=betas, eps=1e-8, fused=True)
    for parameter in model.parameters():
        optimizer.state[parameter] = {
            "step": torch.zeros((), device=parameter.device),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    return optimizer


@contextlib.contextmanager
def _frozen(model):
    """Spare the gradients of weights that the generator's step does not use."""
    model.requires_grad_(False)
    try:
        yield
    finally:
        model.requires_grad_(True)


def _floats(model):
    return [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]
