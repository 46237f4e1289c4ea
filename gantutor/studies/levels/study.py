"""Maps of a platform game: which can be played, what that costs, and how much is copied."""

import time

import numpy as np
from scipy.stats import wasserstein_distance

from gantutor.runs import seeds
from gantutor.studies.levels.counting import (
    Collapse,
    cells_alone,
    columns,
    furnish,
    halves,
    tiles_at_random,
    windows,
)
from gantutor.studies.levels.maps import AIR, BRICK, WIDTH, make, one_of_each, solve

TRAIN = 1000  # maps to learn from
STEPS = 700  # updates of each network
KEPT = 200  # playable maps that are compared
TRIES = 6000  # maps made, at most, to get them
COLLAPSES = 25  # maps of wave function collapse: each takes long
PATTERN = 3  # cells, each way

KEYS = ("method",)
SETTINGS = {
    "tiles at random": {"method": "tiles"},
    "cells alone": {"method": "cells"},
    "windows": {"method": "windows"},
    "wave function collapse": {"method": "collapse"},
    "wave function collapse, told": {"method": "collapse", "told": True},
    "two halves": {"method": "halves"},
    "columns": {"method": "columns"},
    "columns, told": {"method": "columns", "told": True},
    "GAN": {"method": "gan"},
    "GAN, told": {"method": "gan", "told": True},
    "training maps": {"method": "train"},
    "fresh maps": {"method": "fresh"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "tried": (1, TRIES),
    "one_of_each": (0, 1),
    "playable": (0, 1),
    "gaps": (0, WIDTH),
}


def writer(seed: int, method: str, told: bool = False):
    """Let a method learn from the training maps of a seed; return a function of a count."""
    train, rng = make(TRAIN, seed), seeds.rng(seed, "noise")
    if method == "tiles":
        return lambda count: tiles_at_random(train, count, rng)
    if method == "cells":
        return lambda count: cells_alone(train, count, rng)
    if method == "windows":
        return lambda count: windows(train, count, rng)
    if method == "columns":
        return lambda count: columns(train, count, rng, told=told)
    if method == "collapse":
        terrain = np.where(train > BRICK, AIR, train) if told else train
        collapse = Collapse(terrain)
        if told:
            return lambda count: furnish(collapse(count, rng), train, rng)
        return lambda count: collapse(count, rng)
    if method == "halves":
        return lambda count: halves(train, count, rng)
    if method == "train":
        return lambda count: train[:count]
    if method == "fresh":
        return lambda count: make(count, 2000 + seed)
    from gantutor.studies.levels.training import fit, sample

    generator = fit(train, STEPS, seed, told)
    return lambda count: sample(generator, count, rng, told)


def run(seed: int, method: str, told: bool = False) -> dict[str, float]:
    """Make maps until `KEPT` of them are playable, or the tries are spent, and score them.

    Parameters
    ----------
    seed : int
        Of the training maps, of training, and of the maps that are made.
    method : str
        One of those in `SETTINGS`.
    told : bool
        Whether the method is told that a map has one start, one key and one door.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors until the maps were there; ``tried``, how
        many were made; ``one_of_each`` and ``playable``, shares of these; ``gaps``, mean number of
        columns without a brick at the bottom. Where `KEPT` maps are playable, also what `score`
        says of them.
    """
    train, held_out = make(TRAIN, seed), make(KEPT, 1000 + seed)
    begin = time.process_time()
    write = writer(seed, method, told)
    most = {"collapse": COLLAPSES, "train": KEPT, "fresh": KEPT}.get(method, TRIES)
    made, ways = np.zeros((0, *train.shape[1:]), np.int8), []
    while len(made) < most and sum(way is not None for way in ways) < KEPT:
        some = write(min(KEPT, most - len(made)))
        made = np.concatenate([made, some])
        ways += [solve(level) for level in some]
    seconds = time.process_time() - begin
    playable = np.array([way is not None for way in ways])
    scores = {
        "seconds": round(seconds, 2),
        "tried": len(made),
        "one_of_each": one_of_each(made).mean(),
        "playable": playable.mean(),
        "gaps": gaps(made).mean(),
    }
    if playable.sum() >= KEPT:
        kept = np.flatnonzero(playable)[:KEPT]
        scores |= score(made[kept], train, held_out)
    return {name: round(float(value), 5) for name, value in scores.items()}


def score(kept: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Score playable maps.

    Parameters
    ----------
    kept, train, held_out : numpy.ndarray of int8, shape [N, HEIGHT, WIDTH]
        Playable maps that were made; those learnt from; and others of the same maker.

    Returns
    -------
    dict of float
        ``kept_gaps``; ``moves``, mean length of a shortest way; ``moves_off``, the distance
        (Wasserstein) of these lengths to those of held-out maps; ``patterns``, `divergence`;
        ``copied``, mean of `copied`; ``variety``, mean share of cells in which two maps differ.
    """
    moves, real_moves = ([len(solve(level)) - 1 for level in levels] for levels in (kept, held_out))
    pairs = [(kept != np.roll(kept, shift, axis=0)).mean() for shift in range(1, 20)]
    return {
        "kept_gaps": gaps(kept).mean(),
        "moves": np.mean(moves),
        "moves_off": wasserstein_distance(moves, real_moves),
        "patterns": divergence(held_out, kept),
        "copied": copied(kept, train).mean(),
        "variety": np.mean(pairs),
    }


def gaps(levels: np.ndarray) -> np.ndarray:
    """Return the number of columns without a brick in the last row, of each map."""
    return (levels[:, -1] != BRICK).sum(axis=1)


def divergence(real: np.ndarray, made: np.ndarray, size: int = PATTERN) -> float:
    """Return the Kullback–Leibler divergence of tile patterns, from real to made, in nats.

    A pattern is what a window of `size` × `size` cells shows; 0.1 is added to each count, so that
    a pattern that is missing does not count as infinite.
    """
    counts = {}
    for side, levels in enumerate((real, made)):
        views = np.lib.stride_tricks.sliding_window_view(levels, (size, size), axis=(1, 2))
        rows = np.ascontiguousarray(views.reshape(-1, size * size))
        for row, count in zip(*np.unique(rows, axis=0, return_counts=True), strict=True):
            counts.setdefault(row.tobytes(), [0.1, 0.1])[side] += count
    p, q = (column / column.sum() for column in np.array(list(counts.values())).T)
    return float((p * np.log(p / q)).sum())


def copied(levels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the longest run of columns that some training map has at the same place, of each."""
    longest = []
    for level in levels:
        same = (train == level).all(axis=1)  # [N, WIDTH]
        run = best = np.zeros(len(train), int)
        for column in same.T:
            run = np.where(column, run + 1, 0)
            best = np.maximum(best, run)
        longest.append(best.max())
    return np.array(longest)
