"""A teacher in many steps, and the ways to train a student in one: each loss is a few lines."""

import copy
import functools
import itertools

import torch
from torch import nn
from torch.nn.functional import softplus

from gantutor.runs import seeds

LEARNING_RATE = 3e-3  # of every network at the start; it falls to 0 along half a cosine
BETAS = (0.0, 0.99)  # of every Adam


class Network(nn.Module):
    """A guess of the end of a path from where it is at time t: the teacher, and every student.

    Three hidden layers with ReLU. On a straight line the direction follows from the end.

    Parameters
    ----------
    dimension : int
        Of the data.
    width : int
        Units of each hidden layer.
    seed : int
        Seed of the initial weights.
    """

    def __init__(self, dimension, width, seed):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = _layers(dimension + 1, width, dimension, nn.ReLU())

    def forward(self, x, t=0.0):
        """[N, d] and a time, or [N, 1] of them → ends [N, d]; without a time, ends from noise."""
        t = torch.as_tensor(t, dtype=x.dtype).expand(len(x), 1)
        return self.layers(torch.cat([x, 2 * t - 1], dim=1))


class Discriminator(nn.Module):
    """A network's hidden layers at t = 1, where the data are, and a new last layer: a logit.

    Parameters
    ----------
    network : Network
        A teacher, or fresh weights. Its hidden layers are copied.
    seed : int
        Seed of the last layer's weights.
    """

    def __init__(self, network, seed):
        super().__init__()
        self.hidden = copy.deepcopy(network.layers[:-1])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.last = nn.Linear(network.layers[-1].in_features, 1)

    def forward(self, x):
        """[N, d] → logits [N]."""
        return self.last(self.hidden(torch.cat([x, torch.ones(len(x), 1)], dim=1))).flatten()


def build_leaky_discriminator(dimension, width, seed):
    """Return a discriminator [N, d] → logits [N] with LeakyReLU and without the time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(*_layers(dimension, width, 1, nn.LeakyReLU(0.2)), nn.Flatten(0))


def _layers(inputs, width, outputs, activation):
    sizes = [inputs, width, width, width]
    hidden = [part for a, b in itertools.pairwise(sizes) for part in (nn.Linear(a, b), activation)]
    return nn.Sequential(*hidden, nn.Linear(width, outputs))


@torch.no_grad()
def follow(teacher, z, steps):
    """Return the samples that a teacher makes of noise in equal steps of time (Euler's method).

    Parameters
    ----------
    teacher : callable
        Guesses the end: a function of x [N, d] and t.
    z : torch.Tensor, shape [N, d]
    steps : int
        Evaluations of the teacher. With one the result is its first guess.
    """
    x = z
    for step in range(steps):
        left = steps - step  # the way to the end, in steps
        x = x + (teacher(x, step / steps) - x) / left
    return x


class Draws:
    """Batches of real points and of noise, from streams of their own.

    Parameters
    ----------
    points : torch.Tensor, shape [M, d]
        What is trained on.
    batch_size : int
    seed : int
    """

    def __init__(self, points, batch_size, seed):
        self.points, self.batch_size = points, batch_size
        self.order = torch.Generator().manual_seed(seeds.number(seed, "order"))
        self.latents = torch.Generator().manual_seed(seeds.number(seed, "latents"))

    def real(self):
        """A batch of the points, with replacement."""
        return self.points[self.chosen(len(self.points))]

    def chosen(self, count):
        """Numbers from 0 to count − 1, one for each row of a batch."""
        return torch.randint(count, (self.batch_size,), generator=self.order)

    def noise(self):
        """A batch of noise with the shape of the data."""
        shape = (self.batch_size, self.points.shape[1])
        return torch.randn(shape, generator=self.latents)

    def times(self):
        """A batch of times between 0 and 1."""
        return torch.rand(self.batch_size, 1, generator=self.latents)


def minimise(network, loss, steps, rate=LEARNING_RATE):
    """Minimise a loss, a function of nothing, by Adam."""
    adam, fall = optimiser(network, steps, rate)
    for _ in range(steps):
        update(adam, loss())
        fall.step()
    return network


def optimiser(network, steps, rate=LEARNING_RATE):
    """Return Adam for a network, and the fall of its learning rate."""
    adam = torch.optim.Adam(network.parameters(), rate, betas=BETAS)
    return adam, torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)


def update(adam, loss):
    """One update."""
    adam.zero_grad()
    loss.backward()
    adam.step()


def flow_loss(teacher, draws):
    """Flow matching on straight lines from noise to data, by a guess of the end.

    The error of the direction is this one divided by (1 − t)², which is left out.
    """
    x, z, t = draws.real(), draws.noise(), draws.times()
    return (teacher((1 - t) * z + t * x, t) - x).square().sum(1).mean()


def pair_loss(student, draws, pairs):
    """Squared error to what the teacher made of the same noise."""
    chosen = draws.chosen(len(pairs[0]))
    return (student(pairs[0][chosen]) - pairs[1][chosen]).square().sum(1).mean()


@torch.no_grad()
def drift(fake, real, temperature, repulsion=True):
    """Return where each fake point is to go: towards real ones, away from other fake ones.

    The kernel is exp(−distance / temperature), divided by the geometric mean of its sums over
    rows and over columns (Deng et al. 2026, algorithm 2).
    """
    count = len(fake)
    distance = torch.cdist(fake, torch.cat([fake, real]))
    distance[:, :count].fill_diagonal_(torch.inf)
    scores = -distance / temperature
    kernel = (scores.softmax(1) * scores.softmax(0)).sqrt()
    away, towards = kernel[:, :count], kernel[:, count:]
    if not repulsion:
        weights = towards / towards.sum(1, keepdim=True)
        return weights @ real - fake
    pull = towards * away.sum(1, keepdim=True)
    push = away * towards.sum(1, keepdim=True)
    return pull @ real - push @ fake


def drift_loss(student, draws, temperatures, repulsion=True):
    """Squared error to the student's own samples after the drift, which is held fixed."""
    fake, real = student(draws.noise()), draws.real()
    moves = [drift(fake.detach(), real, t, repulsion) for t in temperatures]
    if repulsion and len(moves) > 1:
        moves = [m / m.square().mean().sqrt().clamp_min(1e-8) for m in moves]
    return (fake - (fake.detach() + sum(moves))).square().sum(1).mean()


def play(student, discriminator, draws, steps, gamma, rate=LEARNING_RATE):
    """Train a student against real data: relativistic pairs with R1 and R2.

    Parameters
    ----------
    student : Network
    discriminator : torch.nn.Module
    draws : Draws
    steps : int
        Updates of each of the two.
    gamma : float
        Weight of R1 and of R2, each with its ½.
    rate : float
        Learning rate of the student at the start.
    """
    d_adam, d_fall = optimiser(discriminator, steps)
    g_adam, g_fall = optimiser(student, steps, rate)
    for _ in range(steps):
        real, fake = draws.real(), student(draws.noise())
        update(d_adam, discriminator_loss(discriminator, real, fake, gamma))
        update(g_adam, softplus(discriminator(real) - discriminator(fake)).mean())
        d_fall.step()
        g_fall.step()
    return student


def discriminator_loss(discriminator, real, fake, gamma):
    """Relativistic pairs, plus γ/2 times the squared gradients at real and at fake points."""
    both = torch.cat([real, fake.detach()]).requires_grad_()
    logits = discriminator(both)
    (slope,) = torch.autograd.grad(logits.sum(), both, create_graph=True)
    real_logits, fake_logits = logits.chunk(2)
    penalty = slope.square().sum(1).mean()  # the mean over both halves: (R1 + R2) / 2, doubled
    return softplus(fake_logits - real_logits).mean() + gamma * penalty


def loss_of(method, student, draws, **arguments):
    """Return the loss of a method without a discriminator, as a function of nothing."""
    losses = {"pairs": pair_loss, "drifting": drift_loss}
    return functools.partial(losses[method], student, draws, **arguments)
