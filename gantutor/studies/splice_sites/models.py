"""Distributions of sites that are counted, and a GAN of sites."""

import numpy as np
import torch
from torch.nn.functional import gumbel_softmax, one_hot

from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.studies.lesions.training import (
    LEARNING_RATE,
    adam,
    batch,
    judge_loss,
    maker_loss,
    network,
)
from gantutor.studies.splice_sites.sites import (
    LENGTH,
    distribution,
    frequencies,
    mutual_information,
)

NOISE = 16  # numbers that a site is made from
TEMPERATURE = 0.7
PRIOR = 0.5  # sites that are counted in advance for each table of conditions, in no dependence


def matrix(sites: np.ndarray) -> np.ndarray:
    """Return the distribution [4⁹] of a position-weight matrix: independent places."""
    return chain(sites, 0)


def chain(sites: np.ndarray, order: int) -> np.ndarray:
    """Return that of a Markov chain: each letter depends on the `order` letters before it."""
    return tree(sites, [list(range(max(0, place - order), place)) for place in range(LENGTH)])


def nearest_tree(sites: np.ndarray) -> np.ndarray:
    """Return that of Chow and Liu's tree: each place depends on one, of largest information."""
    information = mutual_information(distribution(sites))
    parents, inside = [[] for _ in range(LENGTH)], [0]
    while len(inside) < LENGTH:
        outside = [place for place in range(LENGTH) if place not in inside]
        parent, place = max(
            ((a, b) for a in inside for b in outside), key=lambda pair: information[pair]
        )
        parents[place] = [parent]
        inside.append(place)
    return tree(sites, parents)


def tree(sites: np.ndarray, parents: list[list[int]]) -> np.ndarray:
    """Return the distribution in which each place depends on given others, by counting.

    Parameters
    ----------
    sites : numpy.ndarray, int, shape [N, 9]
    parents : list of list of int
        Of each place; no place may be its own ancestor.

    Returns
    -------
    numpy.ndarray, shape [4⁹]
    """
    every = np.stack(np.unravel_index(np.arange(4**LENGTH), (4,) * LENGTH), axis=1)
    shares = np.ones(len(every))
    for place, given in enumerate(parents):
        digits = 4 ** np.arange(len(given))
        counts = np.tile(
            PRIOR * np.bincount(sites[:, place], minlength=4) / len(sites), (4 ** len(given), 1)
        )
        np.add.at(counts, (sites[:, given] @ digits, sites[:, place]), 1)
        counts /= counts.sum(axis=1, keepdims=True)
        shares = shares * counts[every[:, given] @ digits, every[:, place]]
    return shares


def smoothed(sites: np.ndarray, weight: float = 0.8) -> np.ndarray:
    """Return a mixture: that share of the training sites' own distribution, the rest `chain` 2."""
    return weight * distribution(sites) + (1 - weight) * chain(sites, 2)


def mixture(sites: np.ndarray, kinds: int, seed: int, rounds: int = 200) -> np.ndarray:
    """Return the distribution [4⁹] of a mixture of position-weight matrices, learnt by EM.

    Parameters
    ----------
    sites : numpy.ndarray, int, shape [N, 9]
    kinds : int
        Number of matrices.
    seed : int
        Seed of the first guess, which site belongs to which matrix.
    rounds : int
    """
    distinct, counts = np.unique(sites, axis=0, return_counts=True)
    letters_of = np.eye(4)[distinct].reshape(len(distinct), -1)
    overall = frequencies(distribution(sites)).ravel()
    belongs = seeds.rng(seed, "generator").dirichlet(np.ones(kinds), len(distinct))
    for _ in range(rounds):
        weighted = counts[:, None] * belongs
        sizes = weighted.sum(axis=0)
        tables = (weighted.T @ letters_of + PRIOR * overall) / (sizes[:, None] + PRIOR)
        logs = np.log(np.maximum(tables, 1e-12)).T
        belongs = sizes / sizes.sum() * np.exp(letters_of @ logs)
        belongs /= belongs.sum(axis=1, keepdims=True)
    every = np.stack(np.unravel_index(np.arange(4**LENGTH), (4,) * LENGTH), axis=1)
    return np.exp(np.eye(4)[every].reshape(len(every), -1) @ logs) @ (sizes / sizes.sum())


def build_generator(seed: int) -> torch.nn.Sequential:
    """Return a generator: noise [N, 16] → logits [N, 36] of four letters at nine places."""
    torch.manual_seed(seeds.number(seed, "generator"))
    return network(NOISE, 4 * LENGTH)


def letters(generator: torch.nn.Module, count: int) -> torch.Tensor:
    """Return sites as rows [N, 36] of zeros and ones, through which gradients go (Gumbel)."""
    logits = generator(torch.randn(count, NOISE)).view(count, LENGTH, 4)
    return gumbel_softmax(logits, TEMPERATURE, hard=True).flatten(1)


def train(sites: np.ndarray, steps: int, seed: int) -> torch.nn.Module:
    """Train a GAN of sites [N, 9]; return its generator.

    It is the game of `gantutor.studies.lesions.training.play`, with a learning rate that falls to
    0 in the second half.
    """
    generator, judge = build_generator(seed), network(4 * LENGTH, 1, 0.2)
    rows = one_hot(torch.from_numpy(sites), 4).float().flatten(1)
    optimizers = g_adam, d_adam = adam(generator), adam(judge)
    for step in range(steps):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(1, 2 - 2 * step / steps)
        real = batch(rows)
        fake = letters(generator, len(real))
        descend(d_adam, judge_loss(judge, real, fake))
        descend(g_adam, maker_loss(judge, real, fake))
    return generator


def sample(generator: torch.nn.Module, count: int) -> np.ndarray:
    """Return sites that a generator makes, int [count, 9]."""
    with torch.no_grad():
        return letters(generator, count).view(count, LENGTH, 4).argmax(dim=2).numpy()
