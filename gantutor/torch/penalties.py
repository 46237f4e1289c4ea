"""What is added to a discriminator's loss to keep it smooth, in PyTorch.

`gantutor.keras.penalties` is the twin. Images are tensors [N, C, H, W], points [N, d]; each
penalty is a scalar, a mean over the batch, without its weight.
"""

import torch


def _squared_gradient_norms(discriminator, inputs):
    inputs = inputs.detach().requires_grad_()
    # The logit of one example depends on no other example (no batch normalisation in D), so the
    # gradient of the sum holds each example's own gradient.
    (gradients,) = torch.autograd.grad(discriminator(inputs).sum(), inputs, create_graph=True)
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
    squared = _squared_gradient_norms(discriminator, mix * real + (1 - mix) * fake)
    # The square root has no derivative at 0: a tiny shift keeps a constant D from giving NaN.
    return ((squared + 1e-16).sqrt() - 1).square().mean()


def r1(discriminator, real):
    """½ E ‖∇D(x)‖² on real data: γ · r1 is Mescheder et al. 2018, Eq. 9, with its ½.

    Examples
    --------
    >>> r1(lambda x: 3 * x.sum(1), torch.zeros(5, 2)).item()
    9.0
    """
    return _squared_gradient_norms(discriminator, real).mean() / 2


def r2(discriminator, fake):
    """½ E ‖∇D(x)‖² on generated data: γ · r2 is Mescheder et al. 2018, Eq. 10, with its ½."""
    return _squared_gradient_norms(discriminator, fake).mean() / 2


@torch.no_grad()
def clip_weights(discriminator, limit=0.01):
    """Clip each parameter of `discriminator` to [−limit, limit], in place; done after its step.

    Arjovsky et al. 2017, Algorithm 1.
    """
    for parameter in discriminator.parameters():
        parameter.clamp_(-limit, limit)


def weighted_sum(weights, discriminator, real, fake, mix):
    """Return Σ weight · penalty for the penalties named in `weights`, except `clip_weights`."""
    functions = {
        "gradient_penalty": lambda: gradient_penalty(discriminator, real, fake, mix),
        "r1": lambda: r1(discriminator, real),
        "r2": lambda: r2(discriminator, fake),
    }
    return sum(weight * functions[name]() for name, weight in weights.items() if name in functions)
