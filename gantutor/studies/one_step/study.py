"""One step instead of many: a flow-matching teacher, students in one step, and a GAN alone."""

import copy
import functools
import time

import numpy as np
import torch

from gantutor.runs import seeds
from gantutor.studies.one_step.tasks import copies, gaussian, kernel_density, load, mixture
from gantutor.studies.one_step.training import (
    LEARNING_RATE,
    Discriminator,
    Draws,
    Network,
    build_leaky_discriminator,
    flow_loss,
    follow,
    loss_of,
    minimise,
    play,
)

STEPS = 1000  # updates of a network, if no other number is given
TEACHER_STEPS = {"ring": 4000, "grid": 4000, "digits": 4000}
PAIRS = 10_000
PAIR_STEPS = 25  # evaluations of the teacher for a pair
SAMPLES = {"ring": 5000, "grid": 5000, "digits": 1000}
WIDTH = {"ring": 64, "grid": 64, "digits": 128}
BATCH_SIZE = 128
TEMPERATURES = {"ring": [0.1], "grid": [0.1], "digits": [1.0]}  # of the drift
GAMMA = 0.1  # weight of R1 and R2
SLOW = 3e-4  # learning rate of a student that the game is to finish
BASELINES = {
    "Gaussian": gaussian,
    "copies": copies,
    "kernel density": kernel_density,
    "mixture": mixture,
}

KEYS = ("task", "setting")
FLOOR_AND_CEILING = {name: {"method": name} for name in ("Gaussian", "mixture", "real")}
TEACHERS = {f"teacher, {n}": {"method": "teacher", "evaluations": n} for n in (1, 25, 100)}
STUDENTS = {
    "pairs": {"method": "pairs"},
    "drifting": {"method": "drifting"},
    "drifting, no repulsion": {"method": "drifting", "repulsion": False},
    "adversarial": {"method": "adversarial"},
}
FROM_PAIRS = {"method": "adversarial", "start": "pairs"}
FROM_SCRATCH = {"method": "adversarial", "start": "scratch", "judge": "fresh"}
ON_DIGITS = {
    **{name: {"method": name} for name in ("copies", "kernel density")},
    **{f"teacher, {n}": {"method": "teacher", "evaluations": n} for n in (2, 4, 8)},
    "pairs, 3000": {"method": "pairs", "steps": 3000},
    "drifting, 2000": {"method": "drifting", "steps": 2000},
    "drifting, from scratch": {"method": "drifting", "start": "scratch"},
    "adversarial, from pairs": {**FROM_PAIRS, "rate": SLOW},
    "adversarial, fresh D": {"method": "adversarial", "judge": "fresh"},
    "adversarial, leaky D": {"method": "adversarial", "judge": "leaky"},
    "from pairs, fast, leaky D": {**FROM_PAIRS, "judge": "leaky"},
    "from scratch, 2000": {**FROM_SCRATCH, "steps": 2000},
}
SHARED = {**FLOOR_AND_CEILING, **TEACHERS, **STUDENTS}
SETTINGS = {
    (task, name): {"task": task, **given}
    for task, methods in (("digits", SHARED | ON_DIGITS), ("grid", SHARED), ("ring", SHARED))
    for name, given in methods.items()
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "own_seconds": (0, np.inf),
    "updates": (0, np.inf),
    "evaluations": (0, np.inf),
    "modes": (0, 25),
    **dict.fromkeys(("good", "imbalance"), (0, 1)),
    **dict.fromkeys(("spread", "fid", "distance", "nearest"), (0, np.inf)),
}


def run(
    seed: int,
    task: str,
    method: str,
    evaluations: int = 1,
    start: str = "teacher",
    steps: int = STEPS,
    repulsion: bool = True,
    judge: str = "teacher",
    rate: float = LEARNING_RATE,
) -> dict[str, float]:
    """Train what a setting needs, draw samples, and score them.

    Parameters
    ----------
    seed : int
        Seed of the data (or of their split), the weights, the batches and the noise.
    task : {"ring", "grid", "digits"}
    method : str
        A name in `BASELINES`, ``"teacher"``, ``"real"``, or how a student is trained:
        ``"pairs"``, ``"drifting"``, ``"adversarial"``.
    evaluations : int
        Of the teacher's network for a sample.
    start : {"teacher", "pairs", "scratch"}
        Whose weights a student starts with; ``"scratch"`` is fresh ones.
    steps : int
        Updates of a student.
    repulsion : bool
        As in `training.drift`.
    judge : {"teacher", "fresh", "leaky"}
        The discriminator's start: the teacher's hidden layers, fresh ones of the same form, or a
        network of its own with LeakyReLU.
    rate : float
        Learning rate of an adversarial student at the start.

    Returns
    -------
    dict
        ``seconds`` of the processor and ``updates`` of all networks for all that the samples
        need, teacher and pairs included; ``own_seconds``: the last training alone;
        ``evaluations`` of a network for a sample; ``modes`` (or classes) found; ``good``: share
        of points within 3 standard deviations of a centre, or of digits of which the classifier
        is sure; ``imbalance``: half the sum of differences between the shares of modes (or
        classes) and those of real ones; ``spread``: standard deviation of good points within
        modes, or of the digits' components, divided by the real one; ``fid``: Fréchet distance of
        digit features to unseen digits (0 for ring and grid); ``distance``: sliced Wasserstein
        distance to unseen points or components; ``nearest``: median distance to the nearest
        training example, divided by that of real ones.
    """
    loaded, count = _load(task, seed), SAMPLES[task]
    cost = {"seconds": 0.0, "own_seconds": 0.0, "updates": 0, "evaluations": 0}
    random = seeds.rng(seed, "noise", 1)
    if method == "real":
        samples = loaded.ceiling[:count]
    elif method in BASELINES:
        begin = time.process_time()
        samples = BASELINES[method](loaded, count, random)
        cost["seconds"] = cost["own_seconds"] = time.process_time() - begin
    else:
        z = torch.from_numpy(
            random.standard_normal((count, loaded.train.shape[1])).astype(np.float32)
        )
        if method == "teacher":
            network, cost = teacher(task, seed)
            samples = follow(network, z, evaluations)
        else:
            network, cost = student(task, seed, method, start, steps, repulsion, judge, rate)
            with torch.no_grad():
                samples = network(z)
        samples, cost = samples.numpy(), {**cost, "evaluations": evaluations}
    scores = loaded.score(np.asarray(samples, np.float32))
    return cost | {name: round(float(value), 4) for name, value in scores.items()}


_load = functools.lru_cache(maxsize=16)(load)


@functools.lru_cache(maxsize=16)
def teacher(task, seed):
    """Return the teacher and what it cost."""
    points = torch.from_numpy(_load(task, seed).train)
    network = Network(points.shape[1], WIDTH[task], seeds.number(seed, "generator"))
    draws, begin = Draws(points, BATCH_SIZE, seed), time.process_time()
    steps = TEACHER_STEPS[task]
    minimise(network, functools.partial(flow_loss, network, draws), steps)
    return network, _cost(begin, steps)


@functools.lru_cache(maxsize=16)
def pairs(task, seed):
    """Return noise and what the teacher makes of it, and what teacher and pairs cost."""
    network, cost = teacher(task, seed)
    begin, random = time.process_time(), seeds.rng(seed, "noise")
    dimension = _load(task, seed).train.shape[1]
    z = torch.from_numpy(random.standard_normal((PAIRS, dimension)).astype(np.float32))
    made = follow(network, z, PAIR_STEPS)
    return (z, made), _add(cost, _cost(begin, 0))


@functools.lru_cache(maxsize=64)
def student(
    task,
    seed,
    method,
    start="teacher",
    steps=STEPS,
    repulsion=True,
    judge="teacher",
    rate=LEARNING_RATE,
):
    """Return a student and what it cost, its teacher included; arguments as of `run`."""
    points = torch.from_numpy(_load(task, seed).train)
    network, before = _start(task, seed, start)
    arguments = {}
    if method == "pairs":
        arguments["pairs"], before = pairs(task, seed)
    elif method == "drifting":
        arguments = {"temperatures": TEMPERATURES[task], "repulsion": repulsion}
    draws, begin = Draws(points, BATCH_SIZE, seed + 1000), time.process_time()
    if method == "adversarial":
        play(network, discriminator(task, seed, judge), draws, steps, GAMMA, rate)
        return network, _add(before, _cost(begin, 2 * steps))
    minimise(network, loss_of(method, network, draws, **arguments), steps)
    return network, _add(before, _cost(begin, steps))


def discriminator(task, seed, judge):
    """Return a discriminator that has not played yet."""
    dimension, number = _load(task, seed).train.shape[1], seeds.number(seed, "discriminator")
    if judge == "leaky":
        return build_leaky_discriminator(dimension, WIDTH[task], number)
    if judge == "teacher":
        return Discriminator(teacher(task, seed)[0], number)
    fresh = Network(dimension, WIDTH[task], seeds.number(seed, "discriminator", 1))
    return Discriminator(fresh, number)


def _start(task, seed, start):
    if start == "scratch":
        dimension = _load(task, seed).train.shape[1]
        fresh = Network(dimension, WIDTH[task], seeds.number(seed, "generator", 1))
        return fresh, {"seconds": 0.0, "own_seconds": 0.0, "updates": 0}
    network, cost = student(task, seed, "pairs") if start == "pairs" else teacher(task, seed)
    return copy.deepcopy(network), cost


def _cost(begin, updates):
    seconds = round(time.process_time() - begin, 2)
    return {"seconds": seconds, "own_seconds": seconds, "updates": updates}


def _add(before, own):
    total = {name: before[name] + own[name] for name in ("seconds", "updates")}
    return {**total, "own_seconds": own["own_seconds"]}
