"""The six pairs of GAN losses, on logits, in PyTorch. `gantutor.keras.losses` is the twin.

Each pair has ``discriminator(real_logits, fake_logits)`` and
``generator(fake_logits, real_logits)``, both to be minimised. Logits have shape [N]; each loss is
a scalar, a mean over the batch. Real and fake terms are added, not averaged: at logits 0 the
discriminator's loss of `non_saturating` is 2 log 2.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch.nn.functional import relu, softplus

from gantutor.validation import check_choice


class Loss(NamedTuple):
    """A discriminator's and a generator's loss that belong together.

    Attributes
    ----------
    discriminator : callable
        ``(real_logits, fake_logits) -> scalar``
    generator : callable
        ``(fake_logits, real_logits) -> scalar``
    paired : bool
        Whether the generator's loss depends on the real logits.
    """

    discriminator: Callable
    generator: Callable
    paired: bool = False


def _cross_entropy(real_logits, fake_logits):
    # −log σ(a) = softplus(−a) and −log(1 − σ(a)) = softplus(a), without overflow.
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def _saturating(fake_logits, real_logits):
    return -softplus(fake_logits).mean()


def _non_saturating(fake_logits, real_logits):
    return softplus(-fake_logits).mean()


def _least_squares_discriminator(real_logits, fake_logits):
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def _least_squares_generator(fake_logits, real_logits):
    return (fake_logits - 1).square().mean() / 2


def _wasserstein_discriminator(real_logits, fake_logits):
    return fake_logits.mean() - real_logits.mean()


def _wasserstein_generator(fake_logits, real_logits):
    return -fake_logits.mean()


def _hinge_discriminator(real_logits, fake_logits):
    return relu(1 - real_logits).mean() + relu(1 + fake_logits).mean()


def _relativistic_discriminator(real_logits, fake_logits):
    return softplus(-(real_logits - fake_logits)).mean()


def _relativistic_generator(fake_logits, real_logits):
    return softplus(-(fake_logits - real_logits)).mean()


#: D: −E log σ(real) − E log(1 − σ(fake)); G: E log(1 − σ(fake)). Goodfellow et al. 2014, Eq. 1.
minimax = Loss(_cross_entropy, _saturating)

#: D as in `minimax`; G: −E log σ(fake). Goodfellow et al. 2014, Section 3.
#: Labels are 1 and 0; TF-GAN smooths the 1 to 0.875 by default, so that its D's loss is another.
non_saturating = Loss(_cross_entropy, _non_saturating)

#: D: ½ E (real − 1)² + ½ E fake²; G: ½ E (fake − 1)². Mao et al. 2017, Eq. 9: labels 0 and 1.
least_squares = Loss(_least_squares_discriminator, _least_squares_generator)

#: D: E fake − E real; G: −E fake. Arjovsky et al. 2017; needs a Lipschitz penalty.
wasserstein = Loss(_wasserstein_discriminator, _wasserstein_generator)

#: D: E max(0, 1 − real) + E max(0, 1 + fake); G: −E fake. Lim and Ye 2017; Tran et al. 2017.
hinge = Loss(_hinge_discriminator, _wasserstein_generator)

#: RpGAN, D: E softplus(−(real − fake)); G: E softplus(−(fake − real)), the i-th real with the
#: i-th fake. Jolicoeur-Martineau 2019; Huang et al. 2024, Eq. 2.
relativistic = Loss(_relativistic_discriminator, _relativistic_generator, paired=True)

LOSSES = {
    "minimax": minimax,
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic": relativistic,
}


def get(name):
    """Return the pair of losses called `name`; an unknown name raises ValueError.

    Examples
    --------
    >>> import torch
    >>> get("wasserstein").generator(torch.tensor([1.0, 3.0]), None)
    tensor(-2.)
    """
    return LOSSES[check_choice(name, LOSSES, "loss")]
