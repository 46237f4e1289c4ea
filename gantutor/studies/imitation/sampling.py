"""Policies from demonstrations and steps in a world of which nothing else is known."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit, softmax

from gantutor.studies.imitation.learning import match
from gantutor.studies.imitation.world import GAMMA, World, best_policy, episode, uniform, visits

EPISODES = 10  # of a round
ANSWER_RATE = 100.0  # of the discriminator's table
STEP = 1.0  # how far the logits move by an advantage of 1
VALUE_RATE = 0.3  # of the table of action values
CURIOUS = 0.1  # share of random actions in a start, and while one plays to learn a model
MODEL_ROUNDS = 100  # of matching in the model, for each round of episodes


def play_gail(
    world: World,
    expert: np.ndarray,
    budgets: tuple[int, ...],
    rng: np.random.Generator,
    start: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Play, judge, revalue, improve, until each budget of steps in the world is used up.

    Parameters
    ----------
    world : World
        Only played in.
    expert : numpy.ndarray, shape [S, A]
        Visits in the demonstrations.
    budgets : tuple of int
        Steps in the world, rising.
    rng : numpy.random.Generator
    start : numpy.ndarray, shape [S, A], optional
        Policy to start from, of which nine tenths are kept; by default all actions evenly.

    Returns
    -------
    list of numpy.ndarray, shape [S, A]
        The policy at the end of the round in which each budget was used up.
    """
    answers, values, logits = np.zeros((3, *expert.shape))
    if start is not None:
        logits += np.log((1 - CURIOUS) * start + CURIOUS * uniform(world))

    def improve(episodes):
        own, policy = visits(world, episodes), softmax(logits, axis=1)
        answers[...] += ANSWER_RATE * (expert * expit(-answers) - own * expit(answers))
        reward = np.logaddexp(0, answers)  # −log(1 − D)
        revalue(world, values, policy, reward, episodes)
        logits[...] += STEP * (values - (policy * values).sum(axis=1, keepdims=True))

    return _play(world, lambda: softmax(logits, axis=1), improve, budgets, rng)


def revalue(
    world: World,
    values: np.ndarray,
    policy: np.ndarray,
    reward: np.ndarray,
    episodes: list[np.ndarray],
) -> None:
    """Move the action values of played steps towards reward and value of what came next.

    Where episodes end, the reward of the end goes on for ever.
    """
    values[world.ends] = reward[world.ends]
    for steps in episodes:
        for state, action, following in steps[::-1]:
            later = policy[following] @ values[following]
            goal = (1 - GAMMA) * reward[state, action] + GAMMA * later
            values[state, action] += VALUE_RATE * (goal - values[state, action])


def play_match(
    world: World, expert: np.ndarray, budgets: tuple[int, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Match in a model: in a world whose transitions are counted; as `play_gail` otherwise."""
    logits = np.zeros_like(expert)

    def improve(model):
        match(model, expert, rounds=MODEL_ROUNDS, logits=logits)
        return softmax(logits, axis=1)

    return _model(world, improve, budgets, rng)


def play_plans(
    world: World, reward: np.ndarray, budgets: tuple[int, ...], rng: np.random.Generator
) -> list[np.ndarray]:
    """Plan for a fixed reward, [S, A], in a model; as `play_match` otherwise."""
    return _model(world, lambda model: best_policy(model, reward), budgets, rng)


def _model(world, improve, budgets, rng):
    """Play, one action in ten at random, count the transitions, improve in the counted world.

    An action that was never tried in a state is taken to lead nowhere: one stays.
    """
    seen = np.zeros_like(world.transitions)
    stay = np.broadcast_to(np.eye(len(seen))[:, None], seen.shape)
    policy = uniform(world)

    def learn(episodes):
        for steps in episodes:
            np.add.at(seen, tuple(steps.T), 1)
        total = seen.sum(axis=2, keepdims=True)
        counted = np.where(total > 0, seen / np.maximum(total, 1), stay)
        policy[...] = improve(World(counted, world.ends))

    def play():
        return (1 - CURIOUS) * policy + CURIOUS * uniform(world)

    return _play(world, play, learn, budgets, rng, policy.copy)


def _play(
    world: World,
    policy: Callable[[], np.ndarray],
    improve: Callable[[list[np.ndarray]], None],
    budgets: tuple[int, ...],
    rng: np.random.Generator,
    result: Callable[[], np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Play rounds of episodes, each followed by an improvement."""
    used, found = 0, []
    for budget in budgets:
        while used < budget:
            episodes = [episode(world, policy(), rng) for _ in range(EPISODES)]
            used += sum(map(len, episodes))
            improve(episodes)
        found.append((result or policy)())
    return found
