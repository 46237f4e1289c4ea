"""Maps of a platform game: which can be played, what that costs, and how much is copied."""

import functools
import itertools
import time

import numpy as np

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
from gantutor.studies.levels.maps import AIR, BRICK, DOOR, KEY, WIDTH, make, one_of_each, solve

TRAIN = 1000  # maps to learn from
STEPS = 700  # updates of each network
KEPT = 200  # playable maps that are compared
LEAST, MOST = 2000, 6000  # maps that a writer makes to get them
COLLAPSES = 25  # maps of wave function collapse: each takes long
PATTERN = 3  # cells, each way
WIDE = 4  # columns of gaps from which a map counts as wide

KEYS = ("method",)
SETTINGS = {
    "noise": {"method": "noise"},
    "noise, told": {"method": "noise", "told": True},
    "cells alone": {"method": "cells"},
    "cells alone, told": {"method": "cells", "told": True},
    "windows": {"method": "windows"},
    "windows, told": {"method": "windows", "told": True},
    "wave function collapse": {"method": "collapse"},
    "wave function collapse, told": {"method": "collapse", "told": True},
    "columns": {"method": "columns"},
    "columns, told": {"method": "columns", "told": True},
    "columns, counting": {"method": "columns", "counts": True},
    "two halves": {"method": "halves"},
    "GAN": {"method": "gan"},
    "GAN, told": {"method": "gan", "told": True},
    "GAN, counting": {"method": "gan", "counts": True},
    "real ground, told": {"method": "fresh", "told": True},
    "training maps": {"method": "train"},
    "fresh maps": {"method": "fresh"},
}
SEEDS = 3
SHARES = ("one_of_each", "hanging", "playable", "sound", "flat", "wide")
SCORES = ("kept_gaps", "patterns", "copied", "variety")
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "tried": (1, MOST),
    **dict.fromkeys(SHARES, (0, 1)),
    "gaps": (0, WIDTH),
    "kept": (0, KEPT),
    **dict.fromkeys(SCORES, (0, WIDTH)),
}


@functools.cache
def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return maps to learn from, and maps to compare with, of a seed."""
    return make(TRAIN, seed), make(KEPT, 1000 + seed)


def writer(train: np.ndarray, seed: int, method: str, told: bool = False, counts: bool = False):
    """Let a method learn from training maps, and return a function of a count.

    With `told` it learns from the ground alone, and `furnish` puts start, key and door on what it
    writes. With `counts` it learns from whole maps but counts the objects as it writes.
    """
    rng, rounds = seeds.rng(seed, "noise"), itertools.count(2000 + 100 * seed)
    ground = np.where(train > BRICK, AIR, train)
    if told:
        write = writer(ground, seed, method)
        places = seeds.rng(seed, "noise", 1)
        return lambda count: furnish(_bare(write(count)), train, places)
    if method in PLAIN:
        return lambda count: PLAIN[method](train, count, rng)
    if method == "columns":
        return lambda count: columns(train, count, rng, counts=counts)
    if method == "collapse":
        collapse = Collapse(train)
        return lambda count: collapse(count, rng)
    if method == "train":
        return lambda count: train[:count]
    if method == "fresh":
        return lambda count: make(count, next(rounds))
    from gantutor.studies.levels.training import fit, sample

    generator = fit(train, STEPS, seed, counts)
    return lambda count: sample(generator, count, rng, counts)


PLAIN = {"noise": tiles_at_random, "cells": cells_alone, "windows": windows, "halves": halves}


def _bare(levels):
    return np.where(levels > BRICK, AIR, levels).astype(np.int8)


def run(seed: int, method: str, **options) -> dict[str, float]:
    """Make at least `LEAST` maps, and more until `KEPT` are playable or `MOST` are made; score.

    Parameters
    ----------
    seed : int
        Of the training maps, of training, and of the maps that are made.
    method : str
        One of those in `SETTINGS`.
    **options
        ``told`` and ``counts`` of `writer`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors for learning and for writing 100 maps;
        ``tried``, how many were made, and what `judge` says of them; ``kept``, the number of
        playable maps that are compared, and what `score` says of them; 0 where there are fewer
        than `KEPT`.
    """
    train, held_out = data(seed)
    begin = time.process_time()
    write = writer(train, seed, method, **options)
    learning, writing = time.process_time() - begin, 0.0
    copies = method in ("train", "fresh") and not options
    least, most = (KEPT, KEPT) if copies else (LEAST, MOST)
    if method == "collapse":
        least = most = COLLAPSES
    made, playable = np.zeros((0, *train.shape[1:]), np.int8), np.zeros(0, bool)
    while len(made) < least or (len(made) < most and playable.sum() < KEPT):
        begin = time.process_time()
        some = write(min(500, most - len(made)))
        writing += time.process_time() - begin
        made = np.concatenate([made, some])
        playable = np.append(playable, [solve(level) is not None for level in some])
    enough = playable.sum() >= KEPT
    scores = {
        "seconds": round(learning + writing * 100 / len(made), 2),
        "tried": len(made),
        **judge(made, playable),
        "kept": KEPT * enough,
        **dict.fromkeys(SCORES, 0),
    }
    if enough:
        scores["kept_gaps"] = gaps(made[playable]).mean()
        scores |= score(made[playable][:KEPT], train, held_out)
    return {name: round(float(value), 5) for name, value in scores.items()}


def judge(made: np.ndarray, playable: np.ndarray) -> dict[str, float]:
    """Judge all maps that were made.

    Parameters
    ----------
    made : numpy.ndarray of int8, shape [N, HEIGHT, WIDTH]
    playable : numpy.ndarray of bool, shape [N]

    Returns
    -------
    dict of float
        ``one_of_each`` and ``playable``, shares of all maps; ``hanging``, the share with a key or
        a door that no brick carries; ``sound``, the playable share of maps with one of each, and
        of these with no gap (``flat``) and with `WIDE` columns of gaps or more (``wide``; these
        are 0 where there is no such map); ``gaps``, mean number of columns without a brick at
        the bottom.
    """
    ones, holes = one_of_each(made), gaps(made)
    groups = {"sound": ones, "flat": ones & (holes == 0), "wide": ones & (holes >= WIDE)}
    return {
        "one_of_each": ones.mean(),
        "hanging": hanging(made).mean(),
        "playable": playable.mean(),
        **{name: playable[group].mean() if group.any() else 0 for name, group in groups.items()},
        "gaps": holes.mean(),
    }


def score(kept: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Score playable maps.

    Parameters
    ----------
    kept, train, held_out : numpy.ndarray of int8, shape [N, HEIGHT, WIDTH]
        Playable maps that were made; those learnt from; and others of the same maker.

    Returns
    -------
    dict of float
        ``patterns``, `divergence`; ``copied``, mean of `copied`; ``variety``, mean share of cells
        in which two maps differ.
    """
    pairs = [(kept != np.roll(kept, shift, axis=0)).mean() for shift in range(1, 20)]
    return {
        "patterns": divergence(held_out, kept),
        "copied": copied(kept, train).mean(),
        "variety": np.mean(pairs),
    }


def hanging(levels: np.ndarray) -> np.ndarray:
    """Return which maps have a key or a door without a brick below it."""
    objects = (levels == KEY) | (levels == DOOR)
    below = np.pad(levels[:, 1:], ((0, 0), (0, 1), (0, 0)), constant_values=AIR)
    return (objects & (below != BRICK)).any(axis=(1, 2))


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
