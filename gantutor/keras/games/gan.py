"""The original game: one generator of latent vectors against one discriminator."""

import keras

from gantutor.keras.games.base import Game
from gantutor.keras.penalties import Judge
from gantutor.keras.sampling import Sampler
from gantutor.validation import check_positive


@keras.saving.register_keras_serializable("gantutor")
class GAN(Game):
    """A generator against a discriminator. Goodfellow et al. 2014.

    Parameters
    ----------
    generator, discriminator : keras.Model
        [N, latent_dim] → [N, H, W, C] (or [N, d]), and that → logits [N].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    loss, penalties, penalty_every
        As in `Game`.

    Examples
    --------
    >>> from gantutor.keras import models
    >>> gan = GAN(models.mlp_generator(), models.mlp_discriminator(), latent_dim=100, loss="hinge")
    >>> gan.loss_pair
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
        **more,
    ):
        super().__init__(loss, penalties, penalty_every, **more)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim = check_positive(latent_dim, "latent_dim")

    def discriminator_loss(self, batch, fake, noise, step):
        """The loss's own term and the penalties."""
        real_logits, fake_logits, terms = self.compare(
            self.discriminator, batch["real"], fake, noise, step
        )
        return {"adversarial": self.loss_pair.discriminator(real_logits, fake_logits), **terms}

    def generator_loss(self, batch, fake, noise, step):
        """The loss's own term; `batch` matters only where the loss is paired."""
        judge = Judge(self.discriminator)
        real_logits = judge(batch["real"]) if self.loss_pair.paired else None
        return {"adversarial": self.loss_pair.generator(judge(fake), real_logits)}

    def sampler(self, generators):
        """Return a `gantutor.keras.Sampler`."""
        return Sampler(generators["generator"], self.latent_dim)
