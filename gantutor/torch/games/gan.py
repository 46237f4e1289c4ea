"""The original game: one generator of latent vectors against one discriminator."""

from gantutor.torch.games.base import Game
from gantutor.torch.sampling import Sampler
from gantutor.validation import check_positive


class GAN(Game):
    """A generator against a discriminator. Goodfellow et al. 2014.

    Parameters
    ----------
    generator, discriminator : torch.nn.Module
        [N, latent_dim] → [N, C, H, W] (or [N, d]), and that → logits [N].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    loss, penalties, penalty_every
        As in `Game`.

    Examples
    --------
    >>> from gantutor.torch import models
    >>> GAN(models.mlp_generator(), models.mlp_discriminator(), latent_dim=100, loss="hinge").loss
    <loss hinge>
    """

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim,
        loss="non_saturating",
        penalties=None,
        penalty_every=1,
    ):
        super().__init__(loss, penalties, penalty_every)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim = check_positive(latent_dim, "latent_dim")

    def discriminator_loss(self, batch, fake, noise, step):
        """The loss's own term and the penalties."""
        real_logits, fake_logits, terms = self.compare(
            self.discriminator, batch["real"], fake, noise, step
        )
        return {"adversarial": self.loss.discriminator(real_logits, fake_logits), **terms}

    def generator_loss(self, batch, fake, noise, step):
        """The loss's own term; `batch` matters only where the loss is paired."""
        real_logits = self.discriminator(batch["real"]) if self.loss.paired else None
        return {"adversarial": self.loss.generator(self.discriminator(fake), real_logits)}

    def sampler(self, generators):
        """Return a `gantutor.torch.Sampler`."""
        return Sampler(generators["generator"], self.latent_dim)
