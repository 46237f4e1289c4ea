"""The training loop in PyTorch, in one readable file. `gantutor.keras.trainer` is the twin."""

import copy
import uuid
from collections.abc import Mapping

import numpy as np
import torch

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
from gantutor.torch import building
from gantutor.torch.batches import Arrays, Loaded
from gantutor.validation import check_choice, check_positive

SIDES = ("generator", "discriminator")


class Trainer:
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
        steps, and what callbacks add.
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
    ):
        self.device = torch.device(device) if device else _accelerator()
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
        self._copies = [
            {
                name: copy.deepcopy(network).requires_grad_(False).eval()
                for name, network in game.generators().items()
            }
            for _ in self.ema_decays
        ]
        self.averages = [game.sampler(networks) for networks in self._copies]
        self.ema, self.current = self.averages[0], game.sampler(game.generators())
        self.record, self.step, self.id = History(), 0, uuid.uuid4().hex
        self.interrupted = False
        self._unread, self._losses = [], {}
        self._data, self._restored_data = None, None

    @classmethod
    def from_recipe(cls, recipe, seed=0, device=None):
        """Build the game of a `gantutor.recipes.Recipe`, with a trainer for it."""
        return cls(
            building.build(recipe, seed),
            generator_optimizer=recipe.generator_optimizer,
            discriminator_optimizer=recipe.discriminator_optimizer,
            **recipe.training(),
            seed=seed,
            device=device,
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
        that was trained is kept.

        Parameters
        ----------
        data : array_like, tuple of array_like, mapping or DataLoader
            Images [N, H, W, C] in [−1, 1], or points [N, d]; several of them as a tuple or by
            name, where the game has several inputs. All of it goes to the device, except memory
            maps, which are read a batch at a time. Or a `torch.utils.data.DataLoader` (see
            `gantutor.torch.batches.Loaded`).
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
        self.game.train()
        self.interrupted = False
        # Ctrl-C waits also for what callbacks do at the beginning and at the end, such as saving.
        with catch_interrupt() as interrupt, telling(list(callbacks), self, steps) as tell:
            last = self.step + steps
            for _ in range(steps):
                if interrupt.requested:
                    break
                self._unread.append((self.step + 1, self._train_step(feed.batches(self.step))))
                self.step += 1
                if self.step % self.log_every == 0 or self.step == last:
                    self.read_losses(record=True)
                tell()
            self.read_losses(record=True)
        self.interrupted = interrupt.requested
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
        self._update("discriminator", terms)
        self.game.constrain()
        return {name: term.detach() for name, term in terms.items()}

    def generator_step(self, batch, fake, noise):
        """Update the generators once, and their averages; arguments as `discriminator_step`."""
        terms = self.game.generator_loss(batch, fake, noise, self.step)
        self._update("generator", terms)
        self._average()
        return {name: term.detach() for name, term in terms.items()}

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
            raise FloatingPointError(self._diverged("the generator's output is not finite"))
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
            if not np.isfinite(list(losses.values())).all():
                said = ", ".join(f"{name} is {value}" for name, value in losses.items())
                raise FloatingPointError(self._diverged(said, step))
            self._losses |= losses  # a lazy penalty is not there at every step
        if (record or self.step % self.log_every == 0) and self._losses:
            self.record.add(self.step, **self._losses)
            self._losses = {}

    def save_checkpoint(self, path):
        """Write all that `restore` needs to one file, atomically.

        Raises
        ------
        gantutor.runs.checkpoint.CheckpointError
            If the file cannot be written; the trainer and older files stay as they are.
        FloatingPointError
            If the run has diverged; nothing is written then.
        """
        self.read_losses()
        arrays = {name: value.detach().cpu().numpy() for name, value in self._state().items()}
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise FloatingPointError(self._diverged(f"{name} is not finite"))
        metadata = {
            "framework": "torch",
            "settings": self.settings(),
            "step": self.step,
            "run": self.id,
            "data": self._data,
            "history": self.record.to_dict(),
            "losses": self._losses,
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
        check_same_settings(path, {"framework": metadata.get("framework")}, {"framework": "torch"})
        check_same_settings(path, metadata["settings"], self.settings())
        state = self._network_state()
        networks = {name: a for name, a in arrays.items() if not name.startswith("optimizer.")}
        check_same_arrays(path, networks, state)
        with torch.no_grad():
            for name, value in state.items():
                value.copy_(torch.from_numpy(networks[name]))
        for side, optimizer in self.optimizers.items():
            _load_moments(optimizer, arrays, f"optimizer.{side}.")
        self.step, self.record = metadata["step"], History(**metadata["history"])
        self.id, self._data = metadata["run"], metadata["data"]
        self._restored_data = self._data
        self._unread, self._losses = [], metadata["losses"]

    def settings(self):
        """Return the settings that must agree for a run to go on, as plain data."""
        return {
            **self.game.game_settings(),
            **{f"{side}_optimizer": _described(o) for side, o in self.optimizers.items()},
            "batch_size": self.batch_size,
            "discriminator_steps": self.discriminator_steps,
            "decay": self.decay and list(self.decay),
            "ema_decay": list(self.ema_decays),
            "seed": self.seed,
        }

    def _feed(self, data, labels):
        game = self.game
        is_array = isinstance(data, tuple | list | Mapping) or hasattr(data, "__array__")
        if hasattr(data, "__iter__") and not is_array:
            return Loaded(data, game, self.discriminator_steps, self.device)
        arrays = feeding.named_arrays(data, labels, game.inputs, game.classes, game.unpaired)
        feed = Arrays(
            arrays, self.batch_size, self.discriminator_steps, self.seed, game.unpaired, self.device
        )
        found = feeding.fingerprint(arrays)
        feeding.check_same_data(found, self._restored_data)
        self._data = found
        return feed

    def _train_step(self, batches):
        self._set_rates()
        # All noise of a step depends on seed and step alone: a resumed run needs no other state.
        random = torch.Generator(self.device)
        random.manual_seed(seeds.number(self.seed, "noise", self.step))
        for k, batch in enumerate(batches):
            noise = self.game.noise(batch, random)
            # Only the last fakes have a graph: they serve the generators' step, too. D is new by
            # then, so its judgement of them is, too.
            with torch.set_grad_enabled(k + 1 == len(batches)):
                fake = self.game.draw(batch, noise)
            d_terms = self.discriminator_step(batch, fake, noise)
        return _named("d", d_terms) | _named("g", self.generator_step(batch, fake, noise))

    def _update(self, side, terms):
        optimizer = self.optimizers[side]
        optimizer.zero_grad()
        # No gradient is computed for the other side's weights, nor for frozen ones.
        sum(terms.values()).backward(inputs=self.parameters(side))
        optimizer.step()

    def _set_rates(self):
        if not self.decay:
            return
        start, end = self.decay
        factor = min(1.0, max(0.0, (end - self.step) / (end - start)))
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor

    @torch.no_grad()
    def _average(self):
        for decay, networks in zip(self.ema_decays, self._copies, strict=True):
            # While the average is young it forgets faster, or the first weights would linger.
            decay = min(decay, (1 + self.step) / (10 + self.step))
            for name, network in self.game.generators().items():
                torch._foreach_lerp_(_floats(networks[name]), _floats(network), 1 - decay)

    def _network_state(self):
        networks = {"game": self.game}
        for k, copies in enumerate(self._copies):
            networks |= {f"average{k}.{name}": network for name, network in copies.items()}
        return {
            f"{owner}.{name}": tensor
            for owner, network in networks.items()
            for name, tensor in network.state_dict().items()
        }

    def _state(self):
        """All tensors that the next step depends on, by name."""
        state = self._network_state()
        for side, optimizer in self.optimizers.items():
            for i, parameter in enumerate(_held(optimizer)):
                for key, value in sorted(optimizer.state.get(parameter, {}).items()):
                    if value is not None:
                        state[f"optimizer.{side}.{i}.{key}"] = torch.as_tensor(value)
        return state

    def _diverged(self, what, step=None):
        return (
            f"Step {step or self.step}: {what}. Training stopped; checkpoints of earlier steps are "
            "intact. A lower learning rate or a penalty may help."
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
    trainer = Trainer.from_recipe(recipe, seed)
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


def _named(side, terms):
    """The loss, and its terms where there are several."""
    named = {f"{side}_loss": sum(terms.values())}
    if len(terms) > 1:
        named |= {f"{side}_{name}": term for name, term in terms.items()}
    return named


def _floats(model):
    return [tensor for tensor in model.state_dict().values() if tensor.is_floating_point()]


def _held(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _described(optimizer):
    """An optimiser's kind and numbers, as plain data; the rate as it was at first."""
    groups = [
        {name: value for name, value in group.items() if name not in ("params", "lr")}
        for group in optimizer.param_groups
    ]
    return parts.describe({"name": type(optimizer).__name__, "groups": groups})


def _load_moments(optimizer, arrays, prefix):
    """Give an optimiser the state that a checkpoint holds of it, in each parameter's layout."""
    parameters, state = _held(optimizer), {}
    for name, array in arrays.items():
        if name.startswith(prefix):
            index, key = name.removeprefix(prefix).split(".", 1)
            parameter, value = parameters[int(index)], torch.from_numpy(np.array(array))
            if value.shape == parameter.shape:
                value = torch.empty_like(parameter, requires_grad=False).copy_(value)
            state.setdefault(int(index), {})[key] = value
    # The optimiser itself knows which of its numbers must lie on the parameters' device.
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
