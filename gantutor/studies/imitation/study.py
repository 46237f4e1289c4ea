"""Imitation on grids: cloning, asking, planning and matching, by demonstrations and by steps."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.imitation.learning import (
    ask,
    clone,
    clone_and_return,
    clone_nearest,
    last_cell_reward,
    match,
    seen_reward,
    square_reward,
)
from gantutor.studies.imitation.sampling import play_gail, play_match, play_plans
from gantutor.studies.imitation.world import (
    GOAL,
    World,
    best_policy,
    count,
    draw_world,
    episode,
    goal_reward,
    in_pits,
    lap_reward,
    occupancy,
    uniform,
    visits,
)

CARELESS = 0.2  # share of random actions of the careless expert
LEVELS = {"demonstrations": (1, 2, 5, 10, 20), "steps": (300, 1000, 3000, 10_000, 30_000)}
SHOWN = 2  # demonstrations where steps in the world are counted

KEYS = ("task", "method", "expert")
_SIMPLE = ("expert", "clone", "nearest")
_PLANNED = ("return", "last cell", "seen pairs", "frequencies", "squares", "gail")
_ALL = (*_SIMPLE, *_PLANNED)
_MODEL = ("gail", "seen pairs", "frequencies", "last cell", "reward")
EXPERTS = {  # what is demonstrated, and the methods that learn from it
    "best": ({}, ("random", "ask", *_ALL)),
    "best, arrived": ({"arrived": True}, ("gail",)),
    "careless": ({"careless": True}, _ALL),
    "careless, arrived": ({"careless": True, "arrived": True}, _ALL[1:]),
    "laps": ({"laps": True}, ("random", *_ALL)),
    "laps, careless": ({"careless": True, "laps": True}, _ALL),
}
SETTINGS = {
    ("demonstrations", method, expert): {"method": method, **choice}
    for expert, (choice, methods) in EXPERTS.items()
    for method in methods
}
SETTINGS |= {
    ("steps", method, "best"): {"method": method, "task": "steps"}
    for method in ("gail", "gail from clone", *(f"model + {method}" for method in _MODEL))
}

SEEDS = 20
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"value_{level}": (-1, 1.001) for level in range(1, 6)},
    "pits": (0, 1),
}


class Task(NamedTuple):
    """What a seed draws.

    Attributes
    ----------
    world : World
    reward : numpy.ndarray, shape [S, A]
        The true one, which imitation does not know.
    best : numpy.ndarray, shape [S, A]
        The policy with the highest return.
    policy : numpy.ndarray, shape [S, A]
        The expert's.
    episodes : list of numpy.ndarray
        Demonstrations, more than are needed.
    """

    world: World
    reward: np.ndarray
    best: np.ndarray
    policy: np.ndarray
    episodes: list[np.ndarray]


@cache
def draw_task(seed: int, careless: bool = False, laps: bool = False) -> Task:
    """Draw a world, and let the best or the careless expert play in it."""
    world = draw_world(seed, laps)
    reward = lap_reward(world) if laps else goal_reward(world)
    best = best_policy(world, reward)
    policy = (1 - CARELESS) * best + CARELESS * uniform(world) if careless else best
    rng = seeds.rng(seed, "labels")
    return Task(world, reward, best, policy, [episode(world, policy, rng) for _ in range(100)])


def arrivals(episodes: list[np.ndarray]) -> list[np.ndarray]:
    """Keep the episodes that end in the goal."""
    return [steps for steps in episodes if steps[-1, 2] == GOAL]


def score(task: Task, policy: np.ndarray) -> float:
    """Return a policy's return, so that random actions have 0 and the best policy has 1."""
    floor, own, ceiling = (
        (occupancy(task.world, known) * task.reward).sum()
        for known in (uniform(task.world), policy, task.best)
    )
    return float((own - floor) / (ceiling - floor))


def learn(task: Task, method: str, shown: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Learn a policy from demonstrations."""
    world, numbers, expert = task.world, count(task.world, shown), visits(task.world, shown)
    learned = {
        "random": lambda: uniform(world),
        "expert": lambda: task.policy,
        "clone": lambda: clone(numbers),
        "ask": lambda: clone(ask(world, task.policy, shown[0], len(shown), rng)),
        "nearest": lambda: clone_nearest(numbers),
        "return": lambda: clone_and_return(world, numbers),
        "last cell": lambda: best_policy(world, last_cell_reward(world, shown)),
        "seen pairs": lambda: best_policy(world, seen_reward(expert)),
        "frequencies": lambda: best_policy(world, expert),
        "squares": lambda: match(world, expert, square_reward),
        "gail": lambda: match(world, expert),
    }
    return learned[method]()


def play(
    task: Task, method: str, shown: list[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Learn from demonstrations and steps in the world; return the policy at each budget."""
    world, expert, budgets = task.world, visits(task.world, shown), LEVELS["steps"]
    if method == "gail":
        return play_gail(world, expert, budgets, rng)
    if method == "gail from clone":
        start = clone(count(world, shown))
        return play_gail(world, expert, budgets, rng, start)
    if method == "model + gail":
        return play_match(world, expert, budgets, rng)
    rewards = {
        "seen pairs": seen_reward(expert),
        "frequencies": expert,
        "last cell": last_cell_reward(world, shown),
        "reward": task.reward,
    }
    return play_plans(world, rewards[method.removeprefix("model + ")], budgets, rng)


def run(
    seed: int,
    method: str,
    careless: bool = False,
    arrived: bool = False,
    laps: bool = False,
    task: str = "demonstrations",
) -> dict[str, float]:
    """Learn policies by one method at five levels, and score each exactly.

    Parameters
    ----------
    seed : int
        Of the world, the demonstrations, and what a method draws.
    method : str
    careless : bool
        Whether a fifth of the expert's actions is random.
    arrived : bool
        Whether only demonstrations that end in the goal are used.
    laps : bool
        Whether the expert walks laps, instead of going to a goal.
    task : str
        ``"demonstrations"``: levels are numbers of demonstrations, the world is known to the
        methods that plan; or ``"steps"``: there are two demonstrations, and levels are steps in
        a world that is not known.

    Returns
    -------
    dict of float
        ``seconds`` on the processor, for each level the ``value``, as `score` says, and for the
        second one the share of time in ``pits``.
    """
    begin, drawn = time.process_time(), draw_task(seed, careless, laps)
    episodes = arrivals(drawn.episodes) if arrived else drawn.episodes
    rng = seeds.rng(seed, "noise")
    if task == "steps":
        found = play(drawn, method, episodes[:SHOWN], rng)
    else:
        found = [learn(drawn, method, episodes[:n], rng) for n in LEVELS["demonstrations"]]
    row = {"seconds": round(time.process_time() - begin, 2)}
    row |= {
        f"value_{level}": round(score(drawn, policy), 3) for level, policy in enumerate(found, 1)
    }
    return row | {"pits": round(in_pits(drawn.world, found[1]), 3)}
