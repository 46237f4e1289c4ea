"""A grid with slips, pits and a goal: its transitions, its occupancies, its episodes."""

from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds

SIZE = 7  # cells on a side
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left
PITS = 6
LAP_PITS = 4  # where the task is to walk laps, for which there is less room
SLIP = 0.1  # probability of going to the left of where one wanted, and as much to the right
GAMMA = 0.95  # discount of a step
LONGEST = 100  # steps after which an episode is broken off
START, GOAL = 0, SIZE * SIZE - 1  # the upper left and the lower right corner


class World(NamedTuple):
    """A finite world: S states, A actions.

    Attributes
    ----------
    transitions : numpy.ndarray, shape [S, A, S]
        Probabilities of the next state.
    ends : numpy.ndarray of bool, shape [S]
        Where an episode ends, which is where every action stays: pits and the goal. Where the
        task is to walk laps there is no goal.
    """

    transitions: np.ndarray
    ends: np.ndarray


def build_world(pits, slip: float = SLIP, laps: bool = False) -> World:
    """Build the grid from the numbers of the cells that are pits; for laps, without a goal."""
    states, actions = SIZE * SIZE, len(MOVES)
    ends = np.isin(np.arange(states), [*pits] if laps else [*pits, GOAL])
    transitions = np.zeros((states, actions, states))
    for state in range(states):
        for action in range(actions):
            if ends[state]:
                transitions[state, action, state] = 1
                continue
            for turn, probability in ((0, 1 - 2 * slip), (-1, slip), (1, slip)):
                cell = np.array(divmod(state, SIZE)) + MOVES[(action + turn) % actions]
                row, column = cell.clip(0, SIZE - 1)  # who walks into the border stays
                transitions[state, action, row * SIZE + column] += probability
    return World(transitions, ends)


def draw_world(seed: int, laps: bool = False) -> World:
    """Draw the pits until the best policy has a return of at least 0.38, or 0.15 with laps."""
    rng = seeds.rng(seed, "data")
    number, least, reward_of = (LAP_PITS, 0.15, lap_reward) if laps else (PITS, 0.38, goal_reward)
    while True:
        pits = rng.choice(np.arange(1, SIZE * SIZE - 1), number, replace=False)
        world = build_world(pits, laps=laps)
        reward = reward_of(world)
        best = best_policy(world, reward)
        if (occupancy(world, best) * reward).sum() >= least:
            return world


def goal_reward(world: World) -> np.ndarray:
    """Return the true reward, [S, A]: 1 for each step in the goal, 0 elsewhere."""
    reward = np.zeros(world.transitions.shape[:2])
    reward[GOAL] = 1
    return reward


def lap_reward(world: World) -> np.ndarray:
    """Return the reward for laps, [S, A]: mean gates passed clockwise, less those passed back.

    Four gates go from the middle of the sides to the middle of the grid, which belongs to none.
    """
    middle = SIZE // 2
    gates = np.zeros((SIZE * SIZE, SIZE * SIZE))
    for near in range(middle):
        far = SIZE - 1 - near
        for row, column, action in (
            (near, middle, 1),
            (middle, far, 2),
            (far, middle, 3),
            (middle, near, 0),
        ):
            down, right = MOVES[action]
            here, there = row * SIZE + column, (row + down) * SIZE + column + right
            gates[here, there], gates[there, here] = 1, -1
    return np.einsum("sat,st->sa", world.transitions, gates)


def occupancy(world: World, policy: np.ndarray) -> np.ndarray:
    """Return the discounted share of time that a policy spends in each state and action, [S, A].

    It solves ``d = (1 − γ) start + γ Pᵀ d`` for the states; all shares sum to 1.
    """
    states = len(policy)
    start = np.eye(states)[START]
    moves = np.einsum("sa,sat->st", policy, world.transitions)
    shares = np.linalg.solve(np.eye(states) - GAMMA * moves.T, (1 - GAMMA) * start)
    return shares[:, None] * policy


def action_values(world: World, policy: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """Return the discounted mean reward from each state and first action on, [S, A]."""
    moves = np.einsum("sa,sat->st", policy, world.transitions)
    gains = (1 - GAMMA) * (policy * reward).sum(axis=1)
    states = np.linalg.solve(np.eye(len(policy)) - GAMMA * moves, gains)
    return (1 - GAMMA) * reward + GAMMA * world.transitions @ states


def advantages(world: World, policy: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """Return how much better each action is than the policy's mean action, [S, A]."""
    values = action_values(world, policy, reward)
    return values - (policy * values).sum(axis=1, keepdims=True)


def best_policy(world: World, reward: np.ndarray, rounds: int = 500) -> np.ndarray:
    """Return the policy that value iteration finds, [S, A]; best actions share evenly."""
    values = np.zeros(world.transitions.shape[:2])
    for _ in range(rounds):
        values = (1 - GAMMA) * reward + GAMMA * world.transitions @ values.max(axis=1)
    best = values > values.max(axis=1, keepdims=True) - 1e-9
    return best / best.sum(axis=1, keepdims=True)


def value(world: World, policy: np.ndarray) -> float:
    """Return a policy's return: its discounted share of time in the goal."""
    return float(occupancy(world, policy)[GOAL].sum())


def in_pits(world: World, policy: np.ndarray) -> float:
    """Return a policy's discounted share of time in pits."""
    pits = world.ends & (np.arange(len(policy)) != GOAL)
    return float(occupancy(world, policy)[pits].sum())


def uniform(world: World) -> np.ndarray:
    """Return the policy that draws each action with equal probability, [S, A]."""
    return np.full(world.transitions.shape[:2], 1 / len(MOVES))


def episode(world: World, policy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Play until an end or `LONGEST` steps; return state, action, next state of each, [T, 3]."""
    steps, state = [], START
    while not world.ends[state] and len(steps) < LONGEST:
        action = draw(policy[state], rng)
        following = draw(world.transitions[state, action], rng)
        steps.append((state, action, following))
        state = following
    return np.array(steps)


def draw(probabilities: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a number with the given probabilities."""
    return min(int(np.searchsorted(probabilities.cumsum(), rng.random())), len(probabilities) - 1)


def count(world: World, episodes: list[np.ndarray]) -> np.ndarray:
    """Return how often each action was taken in each state, [S, A]."""
    numbers = np.zeros(world.transitions.shape[:2])
    for steps in episodes:
        np.add.at(numbers, (steps[:, 0], steps[:, 1]), 1)
    return numbers


def visits(world: World, episodes: list[np.ndarray]) -> np.ndarray:
    """Estimate the occupancy from episodes: mean discounted visits, [S, A].

    Where an episode ends it stays: the rest of its weight goes there, evenly over the actions.
    What is broken off has no end; its weight up to then is all that it has.
    """
    shares = np.zeros(world.transitions.shape[:2])
    for steps in episodes:
        weights = (1 - GAMMA) * GAMMA ** np.arange(len(steps))
        np.add.at(shares, (steps[:, 0], steps[:, 1]), weights)
        last = steps[-1, 2]
        if world.ends[last]:
            shares[last] += GAMMA ** len(steps) / shares.shape[1]
    return shares / shares.sum()
