"""A game in which both players are told a class."""

import keras
import tensorflow as tf

from gantutor.keras.games.gan import GAN
from gantutor.keras.penalties import Judge
from gantutor.keras.sampling import Sampler
from gantutor.runs.latents import check_frequencies
from gantutor.validation import check_positive


@keras.saving.register_keras_serializable("gantutor")
class Conditional(GAN):
    """A generator that is told a class against a projection discriminator.

    The class is put behind z as `classes` numbers of which one is 1 (Mirza and Osindero 2014);
    the discriminator has a logit for each class (Miyato and Koyama 2018; see
    `gantutor.keras.layers.Projection`), of which the one of the example's class counts. Fakes
    have the classes of the real examples beside them, so that relativistic pairs share theirs.

    Parameters
    ----------
    generator, discriminator : keras.Model
        [N, latent_dim + classes] → [N, H, W, C] (or [N, d]), and that → logits [N, classes].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    classes : int
        Number of classes.
    frequencies : array_like of float, shape [classes], optional
        How often the sampler draws each class, in proportion, such as the labels' counts; equally
        often if not given. Training takes the classes as the data have them.
    loss, penalties, penalty_every
        As in `Game`.
    """

    inputs = ("real", "labels")

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim,
        classes,
        frequencies=None,
        loss="non_saturating",
        penalties=None,
        penalty_every=1,
        **more,
    ):
        super().__init__(
            generator, discriminator, latent_dim, loss, penalties, penalty_every, **more
        )
        self.classes = check_positive(classes, "classes")
        self.frequencies = check_frequencies(frequencies, self.classes)

    def draw(self, batch, noise):
        """Fakes of the classes of the batch."""
        codes = tf.one_hot(batch["labels"], self.classes)
        return self.generator(tf.concat([noise["latents"], codes], axis=1), training=True)

    def discriminator_loss(self, batch, fake, noise, step):
        """The loss's own term and the penalties, of the logits of the right classes."""
        real_logits, fake_logits, terms = self.compare(
            self.discriminator, batch["real"], fake, noise, step, batch["labels"]
        )
        return {"adversarial": self.loss_pair.discriminator(real_logits, fake_logits), **terms}

    def generator_loss(self, batch, fake, noise, step):
        """The loss's own term."""
        judge = Judge(self.discriminator, batch["labels"])
        real_logits = judge(batch["real"]) if self.loss_pair.paired else None
        return {"adversarial": self.loss_pair.generator(judge(fake), real_logits)}

    def sampler(self, generators):
        """Return a `gantutor.keras.Sampler` that takes labels."""
        return Sampler(generators["generator"], self.latent_dim, self.classes, self.frequencies)

    def game_settings(self):
        """Those of every game, and the frequencies of the classes."""
        frequencies = self.frequencies and list(self.frequencies)
        return super().game_settings() | {"frequencies": frequencies}
