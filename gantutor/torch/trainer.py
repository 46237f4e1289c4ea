"""The training loop in PyTorch. `gantutor.keras.trainer` is the twin."""

import uuid
from collections.abc import Mapping

import numpy as np
import torch

from gantutor.runs import feeding, parts, seeds
from gantutor.runs.callbacks import telling
from gantutor.runs.divergence import check_losses, diverged
from gantutor.runs.history import History
from gantutor.runs.interrupt import catch_interrupt
from gantutor.torch import averaging, building
from gantutor.torch.batches import Arrays, Loaded
from gantutor.torch.distributed import Alone, launched
from gantutor.torch.saving import Resumable
from gantutor.validation import check_choice, check_positive

SIDES = ("generator", "discriminator")


class Trainer(Resumable):
    """Plays a game, and remembers all that a resumed run needs.

    Parameters
    ----------
    game : gantutor.torch.games.Game
        The networks and their losses.
    generator_optimizer, discriminator_optimizer
        A name or a pair such as ``("adam", {"learning_rate": 1e-3})`` of
        `gantutor.torch.optimizers`, a function of the parameters, or a `torch.optim.Optimizer` of
        them.
    batch_size : int
        Examples in a mini-batch.
    discriminator_steps : int
        Updates of the discriminators, each on a batch of its own, for one of the generators.
    decay : tuple[int, int] or None
        First and last step of a linear fall of both learning rates to 0.
    ema_decay : float or sequence of float
        Decay of the moving average of the generators' weights; 0 follows them at once. Several
        numbers keep several averages.
    seed : int
        Seed of the order of the data and of all noise. On one kind of CPU the same seed gives the
        same bits; on a GPU only where PyTorch's kernels are deterministic.
    device : str or torch.device, optional
        Where to train; an accelerator if there is one.
    processes : gantutor.torch.distributed.Alone, optional
        With `gantutor.torch.distributed.Processes` several processes train together: each makes
        the same trainer and calls `fit` alike, and takes its slice of every batch.

    Attributes
    ----------
    ema : Sampler or Translator
        The generators with averaged weights; what `sample` draws from.
    averages : list
        One such for each number in `ema_decay`.
    current : Sampler or Translator
        The generators as they stand.
    record : gantutor.runs.history.History
        ``d_loss`` and ``g_loss``, and their terms where there are several, every `log_every`
        steps, and what callbacks add. Of a lazy penalty an entry holds the newest value since the
        entry before; where it was not due since then, there is none.
    step : int
        Updates of the generators so far.
    interrupted : bool
        Whether Ctrl-C ended the last `fit`.

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
        game,
        *,
        generator_optimizer="adam",
        discriminator_optimizer="adam",
        batch_size=64,
        discriminator_steps=1,
        decay=None,
        ema_decay=0.99,
        seed=0,
        device=None,
        processes=None,
    ):
        self.processes = processes or Alone()
        self.device = torch.device(device or self.processes.device or _accelerator())
        self.game = game.to(self.device)
        self.seed = seeds.check_seed(seed)
        self.batch_size = check_positive(batch_size, "batch_size")
        self.discriminator_steps = check_positive(discriminator_steps, "discriminator_steps")
        self.decay = parts.check_decay(decay)
        self.ema_decays = parts.check_ema_decays(ema_decay)
        self._networks = dict(
            zip(SIDES, (game.generators().values(), game.discriminators().values()), strict=True)
        )
        chosen = (generator_optimizer, discriminator_optimizer)
        self.optimizers = {
            side: building.optimizer(choice, self.parameters(side))
            for side, choice in zip(SIDES, chosen, strict=True)
        }
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        self._networks_of_averages = averaging.copies(game.generators(), len(self.ema_decays))
        self.averages = [game.sampler(networks) for networks in self._networks_of_averages]
        self.ema, self.current = self.averages[0], game.sampler(game.generators())
        self.record, self.step, self.id = History(), 0, uuid.uuid4().hex
        self.interrupted = False
        self._unread, self._unrecorded, self._several = [], {}, set()
        self._fed, self._restored = None, None
        self.processes.join(game, self.batch_size)

    @classmethod
    def from_recipe(cls, recipe, seed=0, device=None, processes=None):
        """Build the game of a `gantutor.recipes.Recipe`, with a trainer for it."""
        return cls(
            building.build(recipe, seed),
            generator_optimizer=recipe.generator_optimizer,
            discriminator_optimizer=recipe.discriminator_optimizer,
            **recipe.training(),
            seed=seed,
            device=device,
            processes=processes,
        )

    def parameters(self, side):
        """Return the parameters of the generators or the discriminators that are to be trained."""
        return [
            parameter
            for network in self._networks[side]
            for parameter in network.parameters()
            if parameter.requires_grad
        ]

    def fit(self, data, steps, callbacks=(), labels=None, on_interrupt="raise"):
        """Train for `steps` more updates of the generators.

        Ctrl-C ends the training after the step in hand, and callbacks are told of the end; all
        that was trained is kept. Of several processes the first one alone tells callbacks, and
        the others wait for it in the end; Ctrl-C ends them at the same step.

        Parameters
        ----------
        data : array_like, tuple of array_like, mapping or DataLoader
            Images [N, H, W, C] in [−1, 1], or points [N, d]; several of them as a tuple or by
            name, where the game has several inputs. All of it goes to the device, except memory
            maps, which are read a batch at a time. Or a `torch.utils.data.DataLoader` (see
            `gantutor.torch.batches.Loaded`); of several processes each has one of its own share.
        steps : int
            Updates of the generators.
        callbacks : iterable of gantutor.runs.callbacks.Callback
            Told of each step.
        labels : array_like of int, shape [N], optional
            The classes of the images, where the networks are told them.
        on_interrupt : {"raise", "stop"}
            Whether Ctrl-C raises KeyboardInterrupt in the end, so that no caller takes the run for
            a finished one, or returns with `interrupted` set.

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
        KeyboardInterrupt
            After Ctrl-C, unless `on_interrupt` is ``"stop"``.
        """
        steps = check_positive(steps, "steps")
        check_choice(on_interrupt, ("raise", "stop"), "on_interrupt")
        feed = self._feed(data, labels)
        self.processes.align(self)
        self.game.train()
        self.interrupted = False
        callbacks = list(callbacks) if self.processes.is_main else []
        # Ctrl-C waits also for what callbacks do at the beginning and at the end, such as saving.
        with catch_interrupt() as interrupt, telling(callbacks, self, steps) as tell:
            last = self.step + steps
            for _ in range(steps):
                if self.processes.agree(interrupt.requested, self.step):
                    break
                self._unread.append((self.step + 1, self._train_step(feed.batches(self.step))))
                self.step += 1
                if self.step % self.log_every == 0 or self.step == last:
                    self.read_losses(record=True)
                tell()
            self.read_losses(record=True)
            self.interrupted = self.processes.agree(interrupt.requested)
        self.processes.wait()
        if self.interrupted and on_interrupt == "raise":
            raise KeyboardInterrupt(f"Training stopped after step {self.step}; all of it is kept.")
        return self.record

    def discriminator_step(self, batch, fake, noise):
        """Update the discriminators once; return the terms of their loss, detached scalars.

        Parameters
        ----------
        batch, noise : dict of torch.Tensor
            As of `Game.noise`; images [N, C, H, W].
        fake : torch.Tensor or dict of torch.Tensor
            From `Game.draw`. Nothing of this step reaches the generators.
        """
        terms = self.game.discriminator_loss(batch, _detached(fake), noise, self.step)
        terms = self._update("discriminator", terms)
        self.game.constrain()
        return terms

    def generator_step(self, batch, fake, noise):
        """Update the generators once, and their averages; arguments as `discriminator_step`."""
        terms = self.game.generator_loss(batch, fake, noise, self.step)
        terms = self._update("generator", terms)
        self._average()
        return terms

    def sample(self, latents, seed=0, **more):
        """Draw from the averaged generators; arguments as `ema.sample` has them.

        Raises
        ------
        FloatingPointError
            If the run has diverged.
        """
        self.read_losses()
        samples = self.ema.sample(latents, seed, **more)
        if not np.isfinite(samples).all():
            raise diverged("the generator's output is not finite", self.step)
        return samples

    def read_losses(self, record=False):
        """Look at the losses since the last call; the device waits only here.

        Parameters
        ----------
        record : bool
            Whether to enter the newest ones into the record; at a multiple of `log_every` it is
            done anyway.

        Raises
        ------
        FloatingPointError
            If one of them is not finite.
        """
        pending, self._unread = self._unread, []
        if pending:
            values = torch.cat([torch.stack(list(t.values())).float() for _, t in pending])
            values = iter(values.cpu().numpy().tolist())
        for step, terms in pending:
            losses = {name: next(values) for name in terms}
            check_losses(losses, step)
            self._unrecorded |= losses  # a lazy penalty is not there at every step
        if (record or self.step % self.log_every == 0) and self._unrecorded:
            self.record.add(self.step, **self._unrecorded)
            self._unrecorded = {}

    def _feed(self, data, labels):
        game = self.game
        is_array = isinstance(data, tuple | list | Mapping) or hasattr(data, "__array__")
        if hasattr(data, "__iter__") and not is_array:
            return Loaded(data, game, self.discriminator_steps, self.device)
        arrays = feeding.named_arrays(data, labels, game.inputs, game.classes, game.unpaired)
        feed = Arrays(
            arrays,
            self.batch_size,
            self.discriminator_steps,
            self.seed,
            game.unpaired,
            self.device,
            self.processes,
        )
        found = feeding.fingerprint(arrays)
        feeding.check_same_data(found, self._restored)
        self._fed = found
        return feed

    def _train_step(self, batches):
        self._set_rates()
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        random = torch.Generator(self.device)
        random.manual_seed(seeds.number(self.seed, "noise", self.step))
        for k, batch in enumerate(batches):
            noise = self.processes.noise(self.game, batch, random)
            # Only the last fakes have a graph: they serve the generators' step, too. D is new by
            # then, so its judgement of them is, too.
            with torch.set_grad_enabled(k + 1 == len(batches)):
                fake = self.game.draw(batch, noise)
            d_terms = self.discriminator_step(batch, fake, noise)
        return self._named("d", d_terms) | self._named("g", self.generator_step(batch, fake, noise))

    def _named(self, side, terms):
        """The loss, and its terms where there are several, be it at other steps than this one."""
        if len(terms) > 1:
            self._several.add(side)
        named = {f"{side}_loss": sum(terms.values())}
        if side in self._several:
            named |= {f"{side}_{name}": term for name, term in terms.items()}
        return named

    def _update(self, side, terms):
        optimizer = self.optimizers[side]
        optimizer.zero_grad()
        # No gradient is computed for the other side's weights, nor for frozen ones.
        parameters = self.parameters(side)
        sum(terms.values()).backward(inputs=parameters)
        terms = self.processes.average(parameters, terms)
        optimizer.step()
        return terms

    def _set_rates(self):
        if not self.decay:
            return
        start, end = self.decay
        factor = min(1.0, max(0.0, (end - self.step) / (end - start)))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor

    def _average(self):
        averaging.follow(
            self._networks_of_averages, self.game.generators(), self.ema_decays, self.step
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

    Where `accelerate launch` or `torchrun` started several processes, they train it together.

    Parameters
    ----------
    recipe : gantutor.recipes.Recipe
    data : array_like, float32, shape [N, height, width, channels]
        Images in [−1, 1], or what else `Trainer.fit` takes.
    steps : int, optional
        Updates of the generator in all; the recipe's own number if not given.
    seed : int
        Seed of weights, noise and order of the data.
    callbacks : iterable of gantutor.runs.callbacks.Callback
        Told of each step.
    resume : path-like, optional
        A checkpoint of the same recipe, steps and seed to go on from.
    labels : array_like of int, shape [N], optional
        The classes of the images, where the recipe has classes.
    on_interrupt : {"raise", "stop"}
        As in `Trainer.fit`. With ``"stop"`` the trainer is returned after Ctrl-C, with
        `interrupted` set; otherwise what was trained since the last checkpoint is lost.

    Returns
    -------
    Trainer
        With ``sample``, ``record``, ``game``, ``step``.
    """
    if steps is not None:
        recipe = recipe.replace(steps=steps)
    trainer = Trainer.from_recipe(recipe, seed, processes=launched())
    parts.check_shape(data, recipe.shape)
    if resume:
        trainer.restore(resume)
    if trainer.step < recipe.steps:
        trainer.fit(data, recipe.steps - trainer.step, callbacks, labels, on_interrupt)
    return trainer


def _accelerator():
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _detached(fake):
    if isinstance(fake, dict):
        return {name: tensor.detach() for name, tensor in fake.items()}
    return fake.detach()
