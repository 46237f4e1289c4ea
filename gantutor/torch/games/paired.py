"""Translation between pairs of images: pix2pix."""

import torch

from gantutor.torch.games.base import Game
from gantutor.torch.sampling import Translator


class Paired(Game):
    """A generator of images from images against a discriminator that sees both.

    Isola et al. 2017, Eq. 4: G* = arg min max L_cGAN(G, D) + λ L_L1(G), without noise z.

    Parameters
    ----------
    generator : torch.nn.Module
        Source images [N, S, H, W] → images [N, C, H, W], such as a U-Net.
    discriminator : torch.nn.Module
        Source and image, one behind the other, [N, S + C, H, W] → logits [N] or [N, patches].
    l1 : float
        λ, the weight of the mean absolute error.
    loss, penalties, penalty_every
        As in `Game`. Penalties see both images as one input.
    """

    inputs = ("source", "target")

    def __init__(
        self,
        generator,
        discriminator,
        l1=100.0,
        loss="non_saturating",
        penalties=None,
        penalty_every=1,
    ):
        super().__init__(loss, penalties, penalty_every)
        self.generator, self.discriminator, self.l1 = generator, discriminator, float(l1)

    def noise(self, batch, random):
        """The noise of the penalties, whose input is source and image together."""
        return super().noise({"pair": self.pair(batch, batch["target"])}, random)

    def pair(self, batch, image):
        """What the discriminator sees."""
        return torch.cat([batch["source"], image], dim=1)

    def draw(self, batch, noise):
        """The translation of the sources."""
        return self.generator(batch["source"])

    def discriminator_loss(self, batch, fake, noise, step):
        """L_cGAN and the penalties."""
        real, fake = self.pair(batch, batch["target"]), self.pair(batch, fake)
        real_logits, fake_logits, terms = self.compare(self.discriminator, real, fake, noise, step)
        return {"adversarial": self.loss.discriminator(real_logits, fake_logits), **terms}

    def generator_loss(self, batch, fake, noise, step):
        """L_cGAN and λ L_L1."""
        real = self.pair(batch, batch["target"])
        real_logits = self.discriminator(real) if self.loss.paired else None
        fake_logits = self.discriminator(self.pair(batch, fake))
        return {
            "adversarial": self.loss.generator(fake_logits, real_logits),
            "l1": self.l1 * (fake - batch["target"]).abs().mean(),
        }

    def sampler(self, generators):
        """Return a `gantutor.torch.Translator`."""
        return Translator(generators["generator"])

    def game_settings(self):
        """Those of every game, and λ."""
        return super().game_settings() | {"l1": self.l1}
