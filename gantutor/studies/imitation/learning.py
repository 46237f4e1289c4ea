"""Policies from demonstrations: cloned, asked for, sent back, and matched in a known world."""

from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from gantutor.studies.imitation.world import (
    GAMMA,
    SIZE,
    World,
    advantages,
    count,
    episode,
    occupancy,
)

ROUNDS = 600  # of a match
STEP = 1.0  # how far the logits move by an advantage of 1
SQUARES = 20.0  # factor of the reward that matches by squares
TINY = 1e-12  # least share of time in a quotient


def clone(numbers: np.ndarray) -> np.ndarray:
    """Return the shares of the demonstrated actions; where there are none, all actions evenly."""
    total = numbers.sum(axis=1, keepdims=True)
    return np.where(total > 0, numbers / np.maximum(total, 1), 1 / numbers.shape[1])


def clone_nearest(numbers: np.ndarray) -> np.ndarray:
    """Clone; where nothing was demonstrated, do as in the nearest cells where something was."""
    cells = np.array([divmod(state, SIZE) for state in range(len(numbers))])
    seen = numbers.sum(axis=1) > 0
    distances = np.abs(cells[:, None] - cells[seen]).sum(axis=2)
    nearest = distances == distances.min(axis=1, keepdims=True)
    policy = nearest @ clone(numbers)[seen]
    return policy / policy.sum(axis=1, keepdims=True)


def clone_and_return(world: World, numbers: np.ndarray, rounds: int = 300) -> np.ndarray:
    """Clone; where nothing was demonstrated, go back the safest short way to where it was."""
    seen = numbers.sum(axis=1) > 0
    values = seen.astype(float)  # discounted probability of coming to a demonstrated cell
    for _ in range(rounds):
        actions = GAMMA * world.transitions @ values
        values = np.where(seen, 1, np.where(world.ends, 0, actions.max(axis=1)))
    best = actions > actions.max(axis=1, keepdims=True) - 1e-9
    back = best / best.sum(axis=1, keepdims=True)
    return np.where(seen[:, None], clone(numbers), back)


def seen_reward(expert: np.ndarray) -> np.ndarray:
    """Return 1 for each state and action that occurs in an occupancy, and 0 for others."""
    return (expert > 0).astype(float)


def last_cell_reward(world: World, episodes: list[np.ndarray]) -> np.ndarray:
    """Return for each cell how many episodes ended there, [S, A]."""
    reward = np.zeros(world.transitions.shape[:2])
    for steps in episodes:
        reward[steps[-1, 2]] += 1
    return reward


def adversarial_reward(expert: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return −log(1 − D) of the best discriminator, D = expert / (expert + own)."""
    return np.log1p(expert / np.maximum(own, TINY))


def square_reward(expert: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return minus the slope of half the squared difference of the occupancies, times 20."""
    return SQUARES * (expert - own)


def match(
    world: World,
    expert: np.ndarray,
    reward: Callable[[np.ndarray, np.ndarray], np.ndarray] = adversarial_reward,
    rounds: int = ROUNDS,
    logits: np.ndarray | None = None,
) -> np.ndarray:
    """Match an occupancy in a known world: policy iteration with a reward that answers.

    Parameters
    ----------
    world : World
    expert : numpy.ndarray, shape [S, A]
        The occupancy to match.
    reward : callable
        Takes the expert's occupancy and the learner's own.
    rounds : int
    logits : numpy.ndarray, shape [S, A], optional
        Of the policy at the start; by default zeros. They are changed.

    Returns
    -------
    numpy.ndarray, shape [S, A]
        The policy.
    """
    logits = np.zeros_like(expert) if logits is None else logits
    for _ in range(rounds):
        policy = softmax(logits, axis=1)
        own = occupancy(world, policy)
        logits += STEP * advantages(world, policy, reward(expert, own))
    return softmax(logits, axis=1)


def ask(
    world: World,
    answers: np.ndarray,
    first: np.ndarray,
    episodes: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Clone, play, and ask for the expert's action in each state that one comes to (DAgger).

    Parameters
    ----------
    world : World
    answers : numpy.ndarray, shape [S, A]
        The expert's policy, from which each answer is drawn.
    first : numpy.ndarray, shape [T, 3]
        The one demonstration to start with.
    episodes : int
        The demonstration and the learner's own, after each of which it is cloned anew.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape [S, A]
        How often each action was demonstrated or answered.
    """
    numbers = count(world, [first])
    for _ in range(episodes - 1):
        for state in episode(world, clone(numbers), rng)[:, 0]:
            numbers[state, rng.choice(answers.shape[1], p=answers[state])] += 1
    return numbers


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jensen–Shannon divergence of two distributions, between 0 and log 2."""
    middle = (first + second) / 2

    def divergence(part):
        inside = part > 0
        return np.sum(part[inside] * np.log(part[inside] / middle[inside]))

    return float(divergence(first) + divergence(second)) / 2
