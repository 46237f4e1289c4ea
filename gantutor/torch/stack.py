"""Small dense networks side by side: several seeds or settings train in the time of one."""

from collections.abc import Sequence

import torch
from torch import nn


class Stack(nn.Sequential):
    """Networks of equal shape side by side, each with weights of its own.

    One batched product computes a layer of all of them. They share nothing, so that the gradient
    of the sum of their losses gives each network its own gradient.

    Parameters
    ----------
    networks : sequence of torch.nn.Sequential
        Of `Linear` layers and activations, such as `gantutor.torch.models` builds for points. The
        weights are copied.

    Raises
    ------
    ValueError
        If there is no network, or their layers differ.
    TypeError
        If a layer with weights is not a plain `Linear` with a bias.

    Examples
    --------
    Points [S, N, d], the i-th set for the i-th network, become logits [S, N]:

    >>> from gantutor.torch import models
    >>> judges = Stack([models.mlp_discriminator((2,), seed=seed) for seed in range(3)])
    >>> judges(torch.zeros(3, 5, 2)).shape
    torch.Size([3, 5])
    """

    def __init__(self, networks: Sequence[nn.Sequential]):
        if len({str(network) for network in networks}) != 1:
            raise ValueError("A stack needs networks with the same layers, at least one network.")
        super().__init__(*map(_side_by_side, zip(*networks, strict=True)))


class Linear(nn.Module):
    """A dense layer of each network: [S, N, inputs] to [S, N, outputs].

    Parameters
    ----------
    weight : torch.Tensor, shape [S, inputs, outputs]
    bias : torch.Tensor, shape [S, 1, outputs]
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Each network's rows times its weight, plus its bias."""
        return torch.baddbmm(self.bias, x, self.weight)


def _side_by_side(layers):
    first = layers[0]
    if type(first) is nn.Linear and first.bias is not None:
        weights = torch.stack([layer.weight.detach().T for layer in layers])
        return Linear(weights, torch.stack([layer.bias.detach()[None] for layer in layers]))
    if next(first.parameters(), None) is not None:
        raise TypeError(
            f"A stack is made of Linear layers with a bias and activations; got {first}."
        )
    return nn.Flatten(1) if isinstance(first, nn.Flatten) else first
