"""One step instead of many: a flow-matching teacher, students in one step, and a GAN alone."""

import copy
import functools
import time

import numpy as np
import torch

from gantutor.runs import seeds
from gantutor.studies.one_step.tasks import copies, gaussian, kernel_density, load, mixture
from gantutor.studies.one_step.training import (
    Draws,
    Network,
    build_discriminator,
    flow_loss,
    follow,
    loss_of,
    minimise,
    play,
)

STEPS = 1000  # updates of a network, if no other number is given
TEACHER_STEPS = 4000
PAIRS = 10_000
PAIR_STEPS = 25  # evaluations of the teacher for a pair
SAMPLES = {"grid": 5000, "digits": 1000}
WIDTH = {"grid": 64, "digits": 128}
BATCH_SIZE = 128
TEMPERATURES = {"grid": [0.1], "digits": [1.0]}  # of the drift
GAMMA = 0.1  # weight of R1 and R2
BASELINES = {
    "Gaussian": gaussian,
    "copies": copies,
    "kernel density": kernel_density,
    "mixture": mixture,
}

KEYS = ("task", "setting")
METHODS = {
    **{name: {"method": name} for name in BASELINES},
    **{f"teacher, {n}": {"method": "teacher", "evaluations": n} for n in (1, 2, 4, 8, 25, 100)},
    "pairs": {"method": "pairs"},
    "pairs, 3000": {"method": "pairs", "steps": 3000},
    "drifting": {"method": "drifting"},
    "drifting, 2000": {"method": "drifting", "steps": 2000},
    "drifting, no repulsion": {"method": "drifting", "repulsion": False},
    "drifting, from scratch": {"method": "drifting", "start": "scratch"},
    "adversarial": {"method": "adversarial"},
    "adversarial, from pairs": {"method": "adversarial", "start": "pairs"},
    "adversarial, transport": {"method": "adversarial", "transport": 0.2},
    "from scratch": {"method": "adversarial", "start": "scratch"},
    "from scratch, 2000": {"method": "adversarial", "start": "scratch", "steps": 2000},
    "real": {"method": "real"},
}
SETTINGS = {
    (task, name): {"task": task, **given}
    for task in ("grid", "digits")
    for name, given in METHODS.items()
    if (task, name) != ("digits", "adversarial, transport")
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
    transport: float = 0.0,
) -> dict[str, float]:
    """Train what a setting needs, draw samples, and score them.

    Parameters
    ----------
    seed : int
        Seed of the data (or of their split), the weights, the batches and the noise.
    task : {"grid", "digits"}
    method : str
        A name in `BASELINES`, ``"teacher"``, ``"real"``, or how a student is trained:
        ``"pairs"``, ``"drifting"``, ``"adversarial"``.
    evaluations : int
        Of the teacher's network for a sample.
    start : {"teacher", "pairs", "scratch"}
        Whose weights a student starts with; ``"scratch"`` is fresh ones.
    steps : int
        Updates of a student.
    repulsion, transport
        As in `training.drift` and `training.play`.

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
        digit features to unseen digits (0 for the grid); ``distance``: sliced Wasserstein distance
        to unseen points or components; ``nearest``: median distance to the nearest training
        example, divided by that of real ones.
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
            network, cost = student(task, seed, method, start, steps, repulsion, transport)
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
    minimise(network, functools.partial(flow_loss, network, draws), TEACHER_STEPS)
    return network, _cost(begin, TEACHER_STEPS)


@functools.lru_cache(maxsize=16)
def pairs(task, seed):
    """Return noise and what the teacher makes of it, and what teacher and pairs cost."""
    network, cost = teacher(task, seed)
    begin, random = time.process_time(), seeds.rng(seed, "noise")
    dimension = _load(task, seed).train.shape[1]
    z = torch.from_numpy(random.standard_normal((PAIRS, dimension)).astype(np.float32))
    made = follow(network, z, PAIR_STEPS)
    return (z, made), _add(cost, _cost(begin, 0))


@functools.lru_cache(maxsize=16)
def student(task, seed, method, start="teacher", steps=STEPS, repulsion=True, transport=0.0):
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
        discriminator = build_discriminator(
            points.shape[1], WIDTH[task], seeds.number(seed, "discriminator")
        )
        play(network, discriminator, draws, steps, GAMMA, transport)
        return network, _add(before, _cost(begin, 2 * steps))
    minimise(network, loss_of(method, network, draws, **arguments), steps)
    return network, _add(before, _cost(begin, steps))


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
