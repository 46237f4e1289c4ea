"""Generators and discriminators of points in the plane, several side by side.

By default the networks are those of Lin et al. (2018), PacGAN, section 4.1, with the widths as
settings. Weights have shape [S, inputs, outputs]; the S networks share nothing.
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn.functional import leaky_relu, normalize

from gantutor.torch.stack import Linear

#: Fills the first weights [inputs, outputs] of a layer, from a stream of random numbers.
First = Callable[[torch.Tensor, torch.Generator], object]


def he(weight: torch.Tensor, draw: torch.Generator) -> None:
    """First weights before a ReLU (He et al. 2015), normal."""
    nn.init.normal_(weight, std=(2 / len(weight)) ** 0.5, generator=draw)


def lecun(weight: torch.Tensor, draw: torch.Generator) -> None:
    """First weights that keep the scale of the inputs (LeCun et al. 1998), normal."""
    nn.init.normal_(weight, std=(1 / len(weight)) ** 0.5, generator=draw)


def glorot(weight: torch.Tensor, draw: torch.Generator) -> None:
    """First weights by Glorot and Bengio (2010), uniform."""
    nn.init.xavier_uniform_(weight, generator=draw)


def dense(
    inputs: int, outputs: int, draws: Sequence[torch.Generator], first: First
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return first weights, and biases, 0, of a layer of each network."""
    weights = torch.empty(len(draws), inputs, outputs)
    for weight, draw in zip(weights, draws, strict=True):
        first(weight, draw)
    return weights, torch.zeros(len(draws), 1, outputs)


class SpectralLinear(Linear):
    """A dense layer of each network whose weights are divided by their largest singular value.

    Parameters
    ----------
    weight, bias : torch.Tensor
        As of `gantutor.torch.stack.Linear`.
    draws : sequence of torch.Generator
        One for each network: where its power iteration starts.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, draws: Sequence[torch.Generator]):
        super().__init__(weight, bias)
        start = [torch.randn(weight.shape[2], 1, generator=draw) for draw in draws]
        self.register_buffer("direction", normalize(torch.stack(start), dim=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Each network's rows times its normalised weight, plus its bias."""
        return torch.baddbmm(self.bias, x, self.weight / self._norm())

    def _norm(self):
        """The largest singular value of each weight, [S, 1, 1], by a step of power iteration."""
        with torch.no_grad():
            left = normalize(self.weight @ self.direction, dim=1)
            self.direction = normalize(self.weight.mT @ left, dim=1)
        return left.mT @ self.weight @ self.direction


class Generator(nn.Module):
    """[S, N, latent_dim] to [S, N, 2]: hidden ReLU layers, and a linear one.

    Parameters
    ----------
    width : int
        Hidden units.
    draws : sequence of torch.Generator
        One for each network.
    latent_dim : int
        Length of z.
    hidden : int
        Hidden layers.
    batch_norm : bool
        Normalise each hidden layer over its batch.
    first : callable
        Fills the first weights of a layer, as `he`.
    """

    def __init__(
        self,
        width: int,
        draws: Sequence[torch.Generator],
        latent_dim: int = 2,
        hidden: int = 4,
        batch_norm: bool = True,
        first: First = he,
    ):
        super().__init__()
        sizes = [latent_dim, *[width] * hidden, 2]
        self.layers = nn.ModuleList(
            Linear(*dense(a, b, draws, first)) for a, b in itertools.pairwise(sizes)
        )
        self.scale = None
        if batch_norm:
            self.scale = nn.Parameter(torch.ones(hidden, len(draws), 1, width))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Map latent points; with batch normalisation, batches of any size N > 1."""
        if self.scale is None:
            for layer in self.layers[:-1]:
                z = torch.relu(layer(z))
            return self.layers[-1](z)
        # A product with 1/N is several times as fast as a mean along the axis in the middle.
        average = z.new_full((1, 1, z.shape[1]), 1 / z.shape[1]).expand(len(z), -1, -1)
        for layer, scale in zip(self.layers, self.scale, strict=False):
            h = z @ layer.weight
            h = h - average @ h
            spread = torch.sqrt(average @ h.square() + 1e-5)
            z = torch.relu(torch.addcmul(layer.bias, h, scale / spread))
        return self.layers[-1](z)


class Discriminator(nn.Module):
    """[S, N, 2·packing] to logits [S, N]: hidden layers, and a linear one.

    Parameters
    ----------
    width : int
        Hidden units.
    draws : sequence of torch.Generator
        One for each network.
    packing, minibatch, spectral_norm
        As in `gantutor.studies.mode_collapse.training.Setting`.
    hidden : int
        Hidden layers.
    pieces : int
        Pieces of each maxout unit; 1: LeakyReLU with slope 0.2 in its place.
    first : callable
        As of `Generator`.
    """

    def __init__(
        self,
        width: int,
        draws: Sequence[torch.Generator],
        packing: int = 1,
        minibatch: str | None = None,
        spectral_norm: bool = False,
        hidden: int = 3,
        pieces: int = 5,
        first: First = lecun,
    ):
        super().__init__()

        def layer(inputs, outputs):
            start = dense(inputs, outputs, draws, first)
            return SpectralLinear(*start, draws) if spectral_norm else Linear(*start)

        self.pieces = pieces
        sizes = [2 * packing, *[width] * hidden]
        self.layers = nn.ModuleList(layer(a, b * pieces) for a, b in itertools.pairwise(sizes))
        self.minibatch = minibatch
        more = {None: 0, "deviation": 1, "discrimination": 4}[minibatch]
        if minibatch == "discrimination":
            self.compare = layer(width, 4 * 4)
        self.last = layer(width + more, 1)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """The last hidden layer, [S, N, width]."""
        for layer in self.layers:
            x = layer(x)
            if self.pieces == 1:
                x = leaky_relu(x, 0.2)
            else:
                x = x.unflatten(2, (self.pieces, -1)).max(dim=2).values
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of packs of points."""
        h = self.features(x)
        if self.minibatch == "deviation":
            spread = h.std(dim=1, correction=0).mean(dim=1)
            h = torch.cat([h, spread[:, None, None].expand(-1, h.shape[1], 1)], dim=2)
        if self.minibatch == "discrimination":
            rows = self.compare(h).unflatten(2, (4, 4))
            apart = (rows[:, :, None] - rows[:, None]).abs().sum(dim=4)
            h = torch.cat([h, torch.exp(-apart).sum(dim=2) - 1], dim=2)
        return self.last(h)[..., 0]
