"""What is added to a discriminator's loss to keep it smooth, in PyTorch.

`gantutor.keras.penalties` is the twin. Images are tensors [N, C, H, W], points [N, d]; each
penalty is a scalar, a mean over the batch, without its weight.
"""

import torch

from gantutor.runs import parts
from gantutor.torch.layers import mixes_examples


def _squared_gradient_norms(logits, inputs):
    # The logit of one example depends on no other example (no batch normalisation in D), so the
    # gradient of the sum holds each example's own gradient.
    (gradients,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return gradients.flatten(1).square().sum(1)


def gradient_penalty(discriminator, real, fake, mix):
    """E (‖∇D(x̂)‖ − 1)² on x̂ = mix · real + (1 − mix) · fake, one `mix` an example.

    Gulrajani et al. 2017, Eq. 3, without its weight λ = 10. `mix` [N] is drawn uniformly from
    [0, 1). A constant discriminator has penalty 1.

    Examples
    --------
    >>> x = torch.zeros(3, 2)
    >>> gradient_penalty(lambda x: 0 * x.sum(1), x, x, torch.rand(3)).item()
    1.0
    """
    mix = mix.reshape(-1, *[1] * (real.ndim - 1))
    inputs = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    squared = _squared_gradient_norms(discriminator(inputs), inputs)
    # The square root has no derivative at 0: a tiny shift keeps a constant D from giving NaN.
    return ((squared + 1e-16).sqrt() - 1).square().mean()


def r1(discriminator, real):
    """½ E ‖∇D(x)‖² on real data: γ · r1 is Mescheder et al. 2018, Eq. 9, with its ½.

    Examples
    --------
    >>> r1(lambda x: 3 * x.sum(1), torch.zeros(5, 2)).item()
    9.0
    """
    inputs = real.detach().requires_grad_()
    return _squared_gradient_norms(discriminator(inputs), inputs).mean() / 2


def r2(discriminator, fake):
    """½ E ‖∇D(x)‖² on generated data: γ · r2 is Mescheder et al. 2018, Eq. 10, with its ½."""
    return r1(discriminator, fake)


def finite_difference(discriminator, inputs, probe, epsilon=0.01):
    """½ E ((D(x + εn) − D(x)) / ε)² with n ~ 𝒩(0, I): `r1` or `r2` without a second derivative.

    For small ε its expectation over n is ½ E ‖∇D(x)‖², and the variance of one example's term
    is 2 (½ ‖∇D(x)‖²)², since n · ∇D is Gaussian. It saves the backward pass through a backward
    pass, which `torch.compile` cannot compile.

    Parameters
    ----------
    discriminator : callable
    inputs, probe : torch.Tensor, shape [N, …]
        Examples, and the n of each.
    epsilon : float
        Smaller is nearer to the gradient, and nearer to float32's rounding.

    References
    ----------
    Adversarial flow models: Lin et al. 2025.

    Examples
    --------
    >>> x, n = torch.zeros(5, 2), torch.tensor([[1.0, -1.0]]).expand(5, 2)
    >>> round(finite_difference(lambda x: 3 * x[:, 0], x, n).item(), 4)  # ½ (3 · 1)²
    4.5
    """
    inputs = inputs.detach()
    moved, still = discriminator(torch.cat([inputs + epsilon * probe, inputs])).chunk(2)
    difference = (moved - still).reshape(len(inputs), -1).sum(1)
    return (difference / epsilon).square().mean() / 2


@torch.no_grad()
def clip_weights(discriminator, limit=0.01):
    """Clip each parameter of `discriminator` to [−limit, limit], in place; done after its step.

    Arjovsky et al. 2017, Algorithm 1.
    """
    for parameter in discriminator.parameters():
        parameter.clamp_(-limit, limit)


def _on_a_quarter(judge, examples, noise):
    count = max(1, len(examples) // 4)
    return finite_difference(judge.first(count), examples[:count], noise["probe"][:count])


#: Penalties by name, as functions of a `Judge`, a batch and its noise. The finite differences use
#: a quarter of the batch. `clip_weights` is no term: it is done after the step.
PENALTIES = {
    "gradient_penalty": lambda judge, real, fake, noise: gradient_penalty(
        judge, real, fake, noise["mix"]
    ),
    "r1": lambda judge, real, fake, noise: r1(judge, real),
    "r2": lambda judge, real, fake, noise: r2(judge, fake),
    "finite_r1": lambda judge, real, fake, noise: _on_a_quarter(judge, real, noise),
    "finite_r2": lambda judge, real, fake, noise: _on_a_quarter(judge, fake, noise),
    "clip_weights": None,
}


class Judge:
    """A discriminator's logits of examples whose classes, if there are any, it is told.

    Parameters
    ----------
    network : torch.nn.Module
        [N, …] → logits [N], or [N, classes] where there are labels.
    labels : torch.Tensor of int64, shape [N], optional
        Classes of the examples; several batches of N, one behind the other, share them.
    """

    def __init__(self, network, labels=None):
        self.network, self.labels = network, labels

    def __call__(self, examples):
        """[k·N, …] → logits [k·N]."""
        logits = self.network(examples)
        if self.labels is None:
            return logits
        labels = self.labels.repeat(len(examples) // len(self.labels))
        return logits.gather(1, labels[:, None])[:, 0]

    def first(self, count):
        """The judge of the first examples of a batch."""
        return Judge(self.network, None if self.labels is None else self.labels[:count])


def compare(judge, real, fake, weights, noise):
    """Let a discriminator judge a batch, and measure its penalties, in as few passes as it takes.

    R1 and R2 use the pass of the loss itself. Under `torch.autocast` they have one of their own,
    in float32, because squares of gradients do not fit half precision.

    Parameters
    ----------
    judge : Judge
        Where its network mixes examples, real and fake are judged in passes of their own.
    real, fake : torch.Tensor, shape [N, …]
        Nothing of this reaches the generator that drew the fakes.
    weights : dict
        From a name in `PENALTIES`, or a function ``(judge, real, fake, noise) -> scalar``,
        to its weight.
    noise : dict of torch.Tensor
        ``mix`` [N] in [0, 1) for the gradient penalty, ``probe`` [N, …] for finite differences.

    Returns
    -------
    real_logits, fake_logits : torch.Tensor, shape [N]
    terms : dict of torch.Tensor
        Weight times penalty, by name.
    """
    real, fake = real.detach(), fake.detach()
    half = torch.is_autocast_enabled(real.device.type)
    own = [] if half else [name for name in ("r1", "r2") if name in weights]
    if own:
        real, fake = real.requires_grad_(), fake.requires_grad_()
    # With one of the two, a common pass would carry the other's half through the second gradient.
    if len(own) == 1 or mixes_examples(judge.network):
        real_logits, fake_logits = judge(real), judge(fake)
    else:
        real_logits, fake_logits = judge(torch.cat([real, fake])).chunk(2)
    terms = {}
    if own:
        sides = {"r1": (real_logits, real), "r2": (fake_logits, fake)}
        total = sum(sides[name][0].sum() for name in own)
        slopes = torch.autograd.grad(total, [sides[name][1] for name in own], create_graph=True)
        for name, slope in zip(own, slopes, strict=True):
            terms[name] = weights[name] * slope.flatten(1).square().sum(1).mean() / 2
    with torch.autocast(real.device.type, enabled=False):
        for name, weight in weights.items():
            function = name if callable(name) else PENALTIES[name]
            if function is not None and name not in own:
                term = function(judge, real.float(), fake.float(), noise)
                terms[parts.label(name)] = weight * term
    return real_logits, fake_logits, terms
