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
    match,
    seen_reward,
    square_reward,
)
from gantutor.studies.imitation.sampling import play_counted, play_gail, play_plans
from gantutor.studies.imitation.world import (
    GOAL,
    World,
    best_policy,
    count,
    draw_world,
    episode,
    goal_reward,
    in_pits,
    uniform,
    value,
    visits,
)

CARELESS = 0.2  # share of random actions of the careless expert
LEVELS = {"demonstrations": (1, 2, 5, 10, 20), "steps": (300, 1000, 3000, 10_000, 30_000)}
SHOWN = 2  # demonstrations where steps in the world are counted

KEYS = ("task", "method", "expert")
_FIXED = ("random", "expert")
_CLONED = ("clone", "nearest", "ask")
_PLANNED = ("return", "seen pairs", "squares", "gail")
_SAMPLED = ("gail", "gail from clone", "counted gail", "counted seen pairs", "counted reward")
SETTINGS = {
    **{
        ("demonstrations", method, expert): {"method": method, "careless": expert == "careless"}
        for expert in ("best", "careless")
        for method in (*_FIXED, *_CLONED, *_PLANNED)
    },
    **{
        ("demonstrations", method, f"{expert}, arrived"): {
            "method": method,
            "careless": expert == "careless",
            "arrived": True,
        }
        for expert in ("best", "careless")
        for method in ("clone", *_PLANNED)
    },
    **{("steps", method, "best"): {"method": method, "task": "steps"} for method in _SAMPLED},
}

SEEDS = 20
_MEASURES = ("value", "pits", "answers")
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{
        f"{measure}_{level}": (-1, np.inf if measure == "answers" else 1.001)
        for measure in _MEASURES
        for level in range(1, 6)
    },
}


class Task(NamedTuple):
    """What a seed draws.

    Attributes
    ----------
    world : World
    best : numpy.ndarray, shape [S, A]
        The policy with the highest return.
    policy : numpy.ndarray, shape [S, A]
        The expert's.
    episodes : list of numpy.ndarray
        Demonstrations, more than are needed.
    """

    world: World
    best: np.ndarray
    policy: np.ndarray
    episodes: list[np.ndarray]


@cache
def draw_task(seed: int, careless: bool = False) -> Task:
    """Draw a world, and let the best or the careless expert play in it."""
    world = draw_world(seed)
    best = best_policy(world, goal_reward(world))
    policy = (1 - CARELESS) * best + CARELESS * uniform(world) if careless else best
    rng = seeds.rng(seed, "labels")
    return Task(world, best, policy, [episode(world, policy, rng) for _ in range(100)])


def arrivals(episodes: list[np.ndarray]) -> list[np.ndarray]:
    """Keep the episodes that end in the goal."""
    return [steps for steps in episodes if steps[-1, 2] == GOAL]


def score(task: Task, policy: np.ndarray) -> float:
    """Return a policy's return, so that random actions have 0 and the best policy has 1."""
    floor, ceiling = (value(task.world, known) for known in (uniform(task.world), task.best))
    return (value(task.world, policy) - floor) / (ceiling - floor)


def learn(
    task: Task, method: str, shown: list[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Learn a policy from demonstrations; return it, and how many actions the expert told."""
    world, answers = task.world, sum(map(len, shown))
    numbers, expert = count(world, shown), visits(world, shown)
    if method == "ask":
        numbers = ask(world, task.policy, shown[0], len(shown), rng)
        return clone(numbers), int(numbers.sum())
    learned = {
        "random": lambda: uniform(world),
        "expert": lambda: task.policy,
        "clone": lambda: clone(numbers),
        "nearest": lambda: clone_nearest(numbers),
        "return": lambda: clone_and_return(world, numbers),
        "seen pairs": lambda: best_policy(world, seen_reward(expert)),
        "squares": lambda: match(world, expert, square_reward),
        "gail": lambda: match(world, expert),
    }
    return learned[method](), answers


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
    if method == "counted gail":
        return play_counted(world, expert, budgets, rng)
    known = method == "counted reward"
    reward = goal_reward(world) if known else seen_reward(expert)
    return play_plans(world, reward, budgets, rng)


def run(
    seed: int,
    method: str,
    careless: bool = False,
    arrived: bool = False,
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
    task : str
        ``"demonstrations"``: levels are numbers of demonstrations, the world is known to the
        methods that plan; or ``"steps"``: there are two demonstrations, and levels are steps in
        a world that is not known.

    Returns
    -------
    dict of float
        ``seconds`` on the processor, and for each level the ``value``, as `score` says, the share
        of time in ``pits``, and the number of ``answers`` that the expert gave.
    """
    begin, drawn = time.process_time(), draw_task(seed, careless)
    episodes = arrivals(drawn.episodes) if arrived else drawn.episodes
    rng = seeds.rng(seed, "noise")
    if task == "steps":
        shown = episodes[:SHOWN]
        found = [(policy, sum(map(len, shown))) for policy in play(drawn, method, shown, rng)]
    else:
        found = [learn(drawn, method, episodes[:n], rng) for n in LEVELS["demonstrations"]]
    row = {"seconds": round(time.process_time() - begin, 2)}
    for level, (policy, answers) in enumerate(found, 1):
        row[f"value_{level}"] = round(score(drawn, policy), 3)
        row[f"pits_{level}"] = round(in_pits(drawn.world, policy), 3)
        row[f"answers_{level}"] = answers
    return row
