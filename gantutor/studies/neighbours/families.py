"""A GAN and its neighbours on points: models that are trained by one loop.

A model has

- ``players()``: the parameters and the loss of each of its players; only a GAN has two. A loss
  takes real points ``x`` [N, 2] and a `torch.Generator`, and is a number to be minimised;
- ``sample(count, noise)``: new points [count, 2];
- ``evaluations``: how many networks run one after the other for these points;
- ``sampler``: the networks that do.

All networks are alike but for their inputs and outputs. So are optimiser, schedule, batch size and
the number of updates of each player.
"""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

WIDTH = 64
BATCH_SIZE = 256
LEARNING_RATE = 5e-3
BETAS = (0.5, 0.9)

ACTIVATIONS = {"ReLU": nn.ReLU, "SiLU": nn.SiLU}
LOG_2PI = math.log(2 * math.pi)

Loss = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


def mlp(inputs: int, outputs: int, activation: str = "ReLU") -> nn.Sequential:
    """Return a network with two hidden layers of `WIDTH` units; PyTorch's seed decides its start.

    Parameters
    ----------
    inputs, outputs : int
    activation : str
        A name in `ACTIVATIONS`.
    """
    bend = ACTIVATIONS[activation]
    return nn.Sequential(
        nn.Linear(inputs, WIDTH), bend(), nn.Linear(WIDTH, WIDTH), bend(), nn.Linear(WIDTH, outputs)
    )


def fit(
    model: nn.Module,
    points: torch.Tensor,
    steps: int,
    seed: int,
    learning_rate: float = LEARNING_RATE,
) -> nn.Module:
    """Train a model; the learning rate falls to 0 along half a cosine.

    Parameters
    ----------
    model : torch.nn.Module
        With ``players()``, as this module describes.
    points : torch.Tensor, shape [N, 2]
    steps : int
        Updates of each player.
    seed : int
        Seed of batches and noise.
    learning_rate : float
        At the start.

    Returns
    -------
    torch.nn.Module
        The same model.
    """
    noise = torch.Generator().manual_seed(seed)
    players = [
        (torch.optim.Adam(own, lr=learning_rate, betas=BETAS), loss)
        for own, loss in model.players()
    ]
    for step in range(steps):
        x = points[torch.randint(len(points), (BATCH_SIZE,), generator=noise)]
        for adam, loss in players:
            (group,) = adam.param_groups
            group["lr"] = learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
            adam.zero_grad()
            loss(x, noise).backward(inputs=group["params"])
            adam.step()
    return model


class _OnePlayer(nn.Module):
    evaluations = 1

    def players(self) -> list[tuple[list[nn.Parameter], Loss]]:
        return [(list(self.parameters()), self.loss)]


class Autoencoder(_OnePlayer):
    """Encoder and decoder that copy points; no part of its loss is about samples."""

    def __init__(self, activation: str = "ReLU") -> None:
        super().__init__()
        self.encode, self.decode = mlp(2, 2, activation), mlp(2, 2, activation)
        self.sampler = self.decode

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the squared error of the copies."""
        return (self.decode(self.encode(x)) - x).square().sum(1).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Decode noise."""
        return self.decode(torch.randn(count, 2, generator=noise))


class VAE(_OnePlayer):
    """Variational autoencoder with one learned standard deviation of the decoder's noise.

    Parameters
    ----------
    activation : str
        Of all networks; a name in `ACTIVATIONS`.
    noisy : bool
        Whether a sample gets the decoder's noise, as the model says, or is the mean without it.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes.
    """

    def __init__(self, activation: str = "ReLU", noisy: bool = True) -> None:
        super().__init__()
        self.encode, self.decode = mlp(2, 4, activation), mlp(2, 2, activation)
        self.noisy = noisy
        self.log_sigma = nn.Parameter(torch.tensor(-1.0))
        self.sampler = self.decode

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the negative evidence lower bound, in nats for each point."""
        mean, log_std = self.encode(x).chunk(2, dim=1)
        z = mean + log_std.exp() * torch.randn(mean.shape, generator=noise)
        error = (self.decode(z) - x) / self.log_sigma.exp()
        misfit = error.square() / 2 + self.log_sigma + LOG_2PI / 2
        kl = (mean.square() + (2 * log_std).exp() - 1) / 2 - log_std
        return (misfit + kl).sum(1).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Decode noise, and add the decoder's own."""
        mean = self.decode(torch.randn(count, 2, generator=noise))
        sigma = self.log_sigma.exp() if self.noisy else 0
        return mean + sigma * torch.randn(mean.shape, generator=noise)


class Autoregressive(_OnePlayer):
    """The first coordinate, then the second given the first: each a mixture of Gaussians.

    Parameters
    ----------
    activation : str
        Of all networks; a name in `ACTIVATIONS`.
    components : int
        Gaussians of each mixture.

    References
    ----------
    Uria, Murray and Larochelle (2013), RNADE: the real-valued neural autoregressive
    density-estimator.
    """

    evaluations = 2

    def __init__(self, activation: str = "ReLU", components: int = 8) -> None:
        super().__init__()
        numbers = 3 * components
        self.first, self.second = mlp(1, numbers, activation), mlp(1, numbers, activation)
        self.sampler = nn.ModuleList([self.first, self.second])

    def _parts(self, network, given):
        logits, mean, log_std = network(given).chunk(3, dim=1)
        return torch.log_softmax(logits, dim=1), 3 * mean, log_std.clamp(-5, 2)

    def _one(self, network, given, x):
        log_weight, mean, log_std = self._parts(network, given)
        log_normal = -(((x - mean) / log_std.exp()) ** 2) / 2 - log_std - LOG_2PI / 2
        return torch.logsumexp(log_weight + log_normal, dim=1)

    def log_density(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x) of each point, [N]."""
        first, second = x.chunk(2, dim=1)
        return self._one(self.first, 0 * first, first) + self._one(self.second, first, second)

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return minus the mean log-density."""
        return -self.log_density(x).mean()

    def _draw(self, network, given, noise):
        log_weight, mean, log_std = self._parts(network, given)
        chosen = torch.multinomial(log_weight.exp(), 1, generator=noise)
        fresh = torch.randn(chosen.shape, generator=noise)
        return mean.gather(1, chosen) + log_std.exp().gather(1, chosen) * fresh

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Draw the first coordinate, then the second."""
        first = self._draw(self.first, torch.zeros(count, 1), noise)
        return torch.cat([first, self._draw(self.second, first, noise)], dim=1)


class Flow(_OnePlayer):
    """Affine coupling layers, which swap the coordinates.

    Parameters
    ----------
    activation : str
        Of all networks; a name in `ACTIVATIONS`.
    layers : int
    bound : float
        No layer stretches or shrinks by more than the exponential of this.

    References
    ----------
    Dinh, Sohl-Dickstein and Bengio (2017), Density estimation using real NVP.
    """

    def __init__(self, activation: str = "ReLU", layers: int = 6, bound: float = 2.0) -> None:
        super().__init__()
        self.sampler = nn.ModuleList([mlp(1, 2, activation) for _ in range(layers)])
        self.evaluations, self.bound = layers, bound

    def _couple(self, network, kept):
        scale, shift = network(kept).chunk(2, dim=1)
        return self.bound * torch.tanh(scale / self.bound), shift

    def to_latent(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return z [N, 2] of each point, and the logarithm of the determinant of ∂z/∂x, [N]."""
        (kept, other), log_det = x.chunk(2, dim=1), torch.zeros(len(x))
        for network in self.sampler:
            scale, shift = self._couple(network, kept)
            kept, other = other * scale.exp() + shift, kept
            log_det = log_det + scale[:, 0]
        return torch.cat([kept, other], dim=1), log_det

    def from_latent(self, z: torch.Tensor) -> torch.Tensor:
        """Undo `to_latent`."""
        kept, other = z.chunk(2, dim=1)
        for network in reversed(self.sampler):
            scale, shift = self._couple(network, other)
            kept, other = other, (kept - shift) * (-scale).exp()
        return torch.cat([kept, other], dim=1)

    def log_density(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x) of each point, [N]."""
        z, log_det = self.to_latent(x)
        return log_det - z.square().sum(1) / 2 - LOG_2PI

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return minus the mean log-density."""
        return -self.log_density(x).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Send noise back through the layers."""
        return self.from_latent(torch.randn(count, 2, generator=noise))


class Diffusion(_OnePlayer):
    """A denoising diffusion model with 50 steps of the cosine schedule.

    References
    ----------
    Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models: algorithms 1 and 2.
    Nichol and Dhariwal (2021), Improved denoising diffusion probabilistic models: the schedule.
    """

    evaluations = 50

    def __init__(self, activation: str = "ReLU") -> None:
        super().__init__()
        self.sampler = mlp(3, 2, activation)
        # What is left of the data's variance after t = 0 … 50 steps.
        angle = (torch.arange(self.evaluations + 1) / self.evaluations + 0.008) / 1.008
        kept = (angle * math.pi / 2).cos().square()
        self.beta = (1 - kept[1:] / kept[:-1]).clamp(max=0.999)
        self.kept = torch.cat([torch.ones(1), (1 - self.beta).cumprod(0)])

    def guess(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return the noise that the network finds in x [N, 2] at the times t [N, 1]."""
        return self.sampler(torch.cat([x, 2 * t / self.evaluations - 1], dim=1))

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the squared error of the guessed noise, at a random time for each point."""
        t = torch.randint(1, self.evaluations + 1, (len(x), 1), generator=noise)
        added, kept = torch.randn(x.shape, generator=noise), self.kept[t]
        noisy = kept.sqrt() * x + (1 - kept).sqrt() * added
        return (self.guess(noisy, t) - added).square().sum(1).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Go back from noise, one step after the other."""
        x = torch.randn(count, 2, generator=noise)
        for t in range(self.evaluations, 0, -1):
            beta, kept, before = self.beta[t - 1], self.kept[t], self.kept[t - 1]
            found = self.guess(x, torch.full((count, 1), t))
            x = (x - beta / (1 - kept).sqrt() * found) / (1 - beta).sqrt()
            spread = (beta * (1 - before) / (1 - kept)).sqrt()
            x = x + spread * torch.randn(x.shape, generator=noise)
        return x


class FlowMatching(_OnePlayer):
    """The velocity that carries noise to data along straight lines.

    Parameters
    ----------
    activation : str
        Of all networks; a name in `ACTIVATIONS`.
    steps : int
        Of Euler's method, for a sample.

    References
    ----------
    Lipman, Chen, Ben-Hamu, Nickel and Le (2023), Flow matching for generative modeling.
    Liu, Gong and Liu (2023), Flow straight and fast.
    """

    def __init__(self, activation: str = "ReLU", steps: int = 50) -> None:
        super().__init__()
        self.sampler, self.evaluations = mlp(3, 2, activation), steps

    def velocity(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return the velocity at x [N, 2] at the times t [N, 1], from 0, noise, to 1, data."""
        return self.sampler(torch.cat([x, 2 * t - 1], dim=1))

    def loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the squared error of the velocity, at a random time for each point."""
        z, t = torch.randn(x.shape, generator=noise), torch.rand(len(x), 1, generator=noise)
        return (self.velocity((1 - t) * z + t * x, t) - (x - z)).square().sum(1).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Follow the velocity from noise to data."""
        x = torch.randn(count, 2, generator=noise)
        for step in range(self.evaluations):
            t = torch.full((count, 1), step / self.evaluations)
            x = x + self.velocity(x, t) / self.evaluations
        return x


class GAN(nn.Module):
    """The game with non-saturating losses, an update of each player in turn.

    Parameters
    ----------
    activation : str
        Of all networks; a name in `ACTIVATIONS`.
    r1 : float
        Weight of the penalty R1.
    latent_dim : int
        Numbers of noise that the generator reads.
    output_noise : float
        Standard deviation of Gaussian noise that is added to each fake, in training and after it,
        as the decoder of a `VAE` adds some.
    """

    evaluations = 1

    def __init__(
        self,
        activation: str = "ReLU",
        r1: float = 0.0,
        latent_dim: int = 2,
        output_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.sampler, self.discriminator = mlp(latent_dim, 2, activation), mlp(2, 1, activation)
        self.latent_dim, self.output_noise, self.r1 = latent_dim, output_noise, r1

    def players(self) -> list[tuple[list[nn.Parameter], Loss]]:
        """Return the discriminator and the generator, each with its loss."""
        judge, maker = self.discriminator, self.sampler
        return [
            (list(judge.parameters()), self.discriminator_loss),
            (list(maker.parameters()), self.generator_loss),
        ]

    def discriminator_loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the cross-entropy of real and fake, and R1 if it has a weight."""
        x = x.requires_grad_(self.r1 > 0)
        real, fake = self.discriminator(x), self.sample(len(x), noise).detach()
        loss = softplus(-real).mean() + softplus(self.discriminator(fake)).mean()
        if self.r1:
            (slope,) = torch.autograd.grad(real.sum(), x, create_graph=True)
            loss = loss + self.r1 / 2 * slope.square().sum(1).mean()
        return loss

    def generator_loss(self, x: torch.Tensor, noise: torch.Generator) -> torch.Tensor:
        """Return the non-saturating loss."""
        return softplus(-self.discriminator(self.sample(len(x), noise))).mean()

    def sample(self, count: int, noise: torch.Generator) -> torch.Tensor:
        """Return fakes."""
        fakes = self.sampler(torch.randn(count, self.latent_dim, generator=noise))
        if self.output_noise:
            fakes = fakes + self.output_noise * torch.randn(fakes.shape, generator=noise)
        return fakes
