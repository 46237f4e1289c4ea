"""Translation between two sets of images without pairs: CycleGAN."""

from gantutor.torch.games.base import Game
from gantutor.torch.sampling import Translator


class Cycle(Game):
    """Two generators, there and back, each against a discriminator of its own.

    Zhu et al. 2017, Eq. 3: L_GAN(G, D_Y) + L_GAN(F, D_X) + λ L_cyc(G, F), and Section 5.2's
    identity term.

    Parameters
    ----------
    forward_generator, backward_generator : torch.nn.Module
        G: images of the first set → images as of the second; F: the other way round.
    first_discriminator, second_discriminator : torch.nn.Module
        D_X and D_Y: images of the first, of the second set → logits [N] or [N, patches].
    cycle : float
        λ, the weight of the mean absolute error after there and back.
    identity : float
        Weight of the error of F on the first set and G on the second, which they should keep;
        0 leaves it out.
    loss, penalties, penalty_every
        As in `Game`; each discriminator has the penalties.
    """

    inputs = ("first", "second")
    unpaired = True
    pairs = 2

    def __init__(
        self,
        forward_generator,
        backward_generator,
        first_discriminator,
        second_discriminator,
        cycle=10.0,
        identity=0.0,
        loss="least_squares",
        penalties=None,
        penalty_every=1,
    ):
        super().__init__(loss, penalties, penalty_every)
        self.forward_generator, self.backward_generator = forward_generator, backward_generator
        self.first_discriminator = first_discriminator
        self.second_discriminator = second_discriminator
        self.cycle, self.identity = float(cycle), float(identity)

    def generators(self):
        """G and F, which share an optimiser."""
        return {"forward": self.forward_generator, "backward": self.backward_generator}

    def discriminators(self):
        """D_X and D_Y, which share an optimiser."""
        return {"first": self.first_discriminator, "second": self.second_discriminator}

    def draw(self, batch, noise):
        """F(y) as of the first set, and G(x) as of the second."""
        return {
            "first": self.backward_generator(batch["second"]),
            "second": self.forward_generator(batch["first"]),
        }

    def discriminator_loss(self, batch, fake, noise, step):
        """L_GAN of both discriminators, with their penalties."""
        terms = {}
        for name, discriminator in self.discriminators().items():
            real_logits, fake_logits, more = self.compare(
                discriminator, batch[name], fake[name], noise, step
            )
            terms[f"{name}_adversarial"] = self.loss.discriminator(real_logits, fake_logits)
            terms |= {f"{name}_{key}": term for key, term in more.items()}
        return terms

    def generator_loss(self, batch, fake, noise, step):
        """L_GAN of both generators, λ L_cyc, and the identity term."""
        terms = {}
        for name, discriminator in self.discriminators().items():
            real_logits = discriminator(batch[name]) if self.loss.paired else None
            terms[f"{name}_adversarial"] = self.loss.generator(
                discriminator(fake[name]), real_logits
            )
        back = {
            "first": self.backward_generator(fake["second"]),
            "second": self.forward_generator(fake["first"]),
        }
        terms["cycle"] = self.cycle * _error(back, batch)
        if self.identity:
            kept = {
                "first": self.backward_generator(batch["first"]),
                "second": self.forward_generator(batch["second"]),
            }
            terms["identity"] = self.identity * _error(kept, batch)
        return terms

    def sampler(self, generators):
        """Return a `gantutor.torch.Translator` from the first set to the second."""
        return Translator(generators["forward"])

    def game_settings(self):
        """Those of every game, and the weights of the two errors."""
        return super().game_settings() | {"cycle": self.cycle, "identity": self.identity}


def _error(images, batch):
    return sum((images[name] - batch[name]).abs().mean() for name in ("first", "second"))
