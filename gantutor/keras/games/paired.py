"""Translation between pairs of images: pix2pix."""

import keras
import tensorflow as tf

from gantutor.keras.games.base import Game
from gantutor.keras.penalties import Judge
from gantutor.keras.sampling import Translator


@keras.saving.register_keras_serializable("gantutor")
class Paired(Game):
    """A generator of images from images against a discriminator that sees both.

    Isola et al. 2017, Eq. 4: G* = arg min max L_cGAN(G, D) + λ L_L1(G), without noise z.

    Parameters
    ----------
    generator : keras.Model
        Source images [N, H, W, S] → images [N, H, W, C], such as a U-Net.
    discriminator : keras.Model
        Source and image, one behind the other, [N, H, W, S + C] → logits [N] or [N, patches].
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
        **more,
    ):
        super().__init__(loss, penalties, penalty_every, **more)
        self.generator, self.discriminator, self.l1 = generator, discriminator, float(l1)

    def noise(self, batch, random):
        """The noise of the penalties, whose input is source and image together."""
        return super().noise({"pair": self.pair(batch, batch["target"])}, random)

    def pair(self, batch, image):
        """What the discriminator sees."""
        return tf.concat([batch["source"], tf.cast(image, tf.float32)], axis=-1)

    def draw(self, batch, noise):
        """The translation of the sources."""
        return self.generator(batch["source"], training=True)

    def discriminator_loss(self, batch, fake, noise, step):
        """L_cGAN and the penalties."""
        real, fake = self.pair(batch, batch["target"]), self.pair(batch, fake)
        real_logits, fake_logits, terms = self.compare(self.discriminator, real, fake, noise, step)
        return {"adversarial": self.loss_pair.discriminator(real_logits, fake_logits), **terms}

    def generator_loss(self, batch, fake, noise, step):
        """L_cGAN and λ L_L1."""
        judge = Judge(self.discriminator)
        real = self.pair(batch, batch["target"])
        real_logits = judge(real) if self.loss_pair.paired else None
        error = tf.abs(tf.cast(fake, tf.float32) - batch["target"])
        return {
            "adversarial": self.loss_pair.generator(judge(self.pair(batch, fake)), real_logits),
            "l1": self.l1 * tf.reduce_mean(error),
        }

    def sampler(self, generators):
        """Return a `gantutor.keras.Translator`."""
        return Translator(generators["generator"])

    def game_settings(self):
        """Those of every game, and λ."""
        return super().game_settings() | {"l1": self.l1}
