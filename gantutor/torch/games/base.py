"""What every game has: two sides, and what each of them minimises."""

import torch
from torch import nn

from gantutor.runs import parts
from gantutor.torch import losses
from gantutor.torch import penalties as _penalties
from gantutor.validation import check_positive


class Game(nn.Module):
    """Networks, who plays against whom, and the losses. The trainer knows no more of a GAN.

    A game is a module whose networks are its attributes. `Trainer` draws the noise of a step,
    lets the generators make what `draw` returns, updates the discriminators by the sum of
    `discriminator_loss`, then the generators by the sum of `generator_loss`. Each entry of a
    loss is a term of the paper's equation, and is recorded under its name.

    Parameters
    ----------
    loss : str or gantutor.torch.losses.Loss
        A name in `gantutor.torch.losses`, or a pair of your own.
    penalties : dict
        Names in `gantutor.torch.penalties`, or functions
        ``(judge, real, fake, noise) -> scalar``, with their weights; for ``clip_weights``
        the limit.
    penalty_every : int
        Lazy regularisation (Karras et al. 2020, Appendix B): the penalties count at every n-th
        step only, n times as much.

    Attributes
    ----------
    inputs : tuple of str
        What a batch holds, in the order in which `Trainer.fit` takes it.
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
    generator: nn.Module
    discriminator: nn.Module

    def __init__(self, loss="non_saturating", penalties=None, penalty_every=1):
        super().__init__()
        self.loss = losses.get(loss)
        self.penalties = parts.check_weights(penalties or {}, _penalties.PENALTIES, "penalty")
        self.penalty_every = check_positive(penalty_every, "penalty_every")

    def generators(self) -> dict[str, nn.Module]:
        """Return the networks that the generator's optimiser updates, by name."""
        return {"generator": self.generator}

    def discriminators(self) -> dict[str, nn.Module]:
        """Return the networks that the discriminator's optimiser updates, by name."""
        return {"discriminator": self.discriminator}

    def noise(self, batch, random):
        """Return all that is random in one step on a batch, drawn from a `torch.Generator`."""
        real = next(iter(batch.values()))
        drawn = {}
        if self.latent_dim:
            shape = (len(real), self.latent_dim)
            drawn["latents"] = torch.randn(shape, generator=random, device=real.device)
        drawn["mix"] = torch.rand(len(real), generator=random, device=real.device)
        if {"finite_r1", "finite_r2"} & self.penalties.keys():
            drawn["probe"] = torch.randn(real.shape, generator=random, device=real.device)
        return drawn

    def draw(self, batch, noise):
        """Return what the generators make for a batch: a tensor, or a dictionary of tensors."""
        return self.generator(noise["latents"])

    def discriminator_loss(self, batch, fake, noise, step) -> dict[str, torch.Tensor]:
        """Return the terms that the discriminators minimise.

        Parameters
        ----------
        batch : dict of torch.Tensor
            By the names of `inputs`.
        fake : torch.Tensor or dict of torch.Tensor
            From `draw`, detached.
        noise : dict of torch.Tensor
        step : int
            Number of the step, from 0.
        """
        raise NotImplementedError

    def generator_loss(self, batch, fake, noise, step) -> dict[str, torch.Tensor]:
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
            "loss": self.loss.name,
            "penalties": parts.describe(self.penalties),
            "penalty_every": self.penalty_every,
        }

    def compare(self, discriminator, real, fake, noise, step, labels=None):
        """Return the logits of real and fake, and the penalties that are due at this step.

        Arguments as in `gantutor.torch.penalties.compare` and `gantutor.torch.penalties.Judge`.
        """
        due = step % self.penalty_every == 0
        weights = {k: w * self.penalty_every for k, w in self.penalties.items()} if due else {}
        judge = _penalties.Judge(discriminator, labels)
        return _penalties.compare(judge, real, fake, weights, noise)
