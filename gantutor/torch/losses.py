"""The six pairs of GAN losses, on logits, in PyTorch. `gantutor.keras.losses` is the twin.

Each pair has ``discriminator(real_logits, fake_logits)`` and
``generator(fake_logits, real_logits)``, both to be minimised. Logits have shape [N]; each loss is
a scalar, a mean over the batch. Real and fake terms are added, not averaged: at logits 0 the
discriminator's loss of `non_saturating` is 2 log 2.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch.nn.functional import relu, softplus

from gantutor.validation import check_choice


@dataclass(frozen=True, repr=False)
class Loss:
    """A discriminator's and a generator's loss that belong together.

    Parameters
    ----------
    name : str
    discriminator : callable
        ``(real_logits, fake_logits) -> scalar``
    generator : callable
        ``(fake_logits, real_logits) -> scalar``
    paired : bool
        Whether the generator's loss depends on the real logits.
    doc : str
        What the two are, with their source: the object's docstring.
    """

    name: str
    discriminator: Callable
    generator: Callable
    paired: bool = False
    doc: str = ""

    def __post_init__(self):
        object.__setattr__(self, "__doc__", self.doc)

    def __repr__(self):
        return f"<loss {self.name}>"


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


minimax = Loss(
    "minimax",
    _cross_entropy,
    _saturating,
    doc="""D: −E log σ(real) − E log(1 − σ(fake)); G: E log(1 − σ(fake)).

    Goodfellow et al. 2014, Eq. 1.
    """,
)

non_saturating = Loss(
    "non_saturating",
    _cross_entropy,
    _non_saturating,
    doc="""D: as in `minimax`; G: −E log σ(fake). Goodfellow et al. 2014, Section 3.

    Labels are 1 and 0; TF-GAN smooths the 1 to 0.875 by default, so that its D's loss is another.
    """,
)

least_squares = Loss(
    "least_squares",
    _least_squares_discriminator,
    _least_squares_generator,
    doc="""D: ½ E (real − 1)² + ½ E fake²; G: ½ E (fake − 1)².

    Mao et al. 2017, Eq. 9: labels 0 and 1.
    """,
)

wasserstein = Loss(
    "wasserstein",
    _wasserstein_discriminator,
    _wasserstein_generator,
    doc="""D: E fake − E real; G: −E fake. Arjovsky et al. 2017; needs a Lipschitz penalty.""",
)

hinge = Loss(
    "hinge",
    _hinge_discriminator,
    _wasserstein_generator,
    doc="""D: E max(0, 1 − real) + E max(0, 1 + fake); G: −E fake.

    Lim and Ye 2017; Tran et al. 2017.
    """,
)

relativistic = Loss(
    "relativistic",
    _relativistic_discriminator,
    _relativistic_generator,
    paired=True,
    doc="""RpGAN, D: E softplus(−(real − fake)); G: E softplus(−(fake − real)).

    The i-th real with the i-th fake. Jolicoeur-Martineau 2019; Huang et al. 2024, Eq. 2.
    """,
)

LOSSES = {
    loss.name: loss
    for loss in (minimax, non_saturating, least_squares, wasserstein, hinge, relativistic)
}


def get(loss):
    """Return a pair of losses by its name; a `Loss` is returned as it is.

    Parameters
    ----------
    loss : str or Loss

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> import torch
    >>> get("wasserstein").generator(torch.tensor([1.0, 3.0]), None)
    tensor(-2.)
    """
    if isinstance(loss, Loss):
        return loss
    return LOSSES[check_choice(loss, LOSSES, "loss")]
