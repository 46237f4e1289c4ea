"""Melodies of four bars: chains that count, a network by likelihood, a GAN, and real tunes."""

import functools
import time

import numpy as np
import torch

from gantutor.runs import seeds
from gantutor.studies.melodies.training import Chain, play, train_likelihood
from gantutor.studies.melodies.tunes import BAR, HIGHEST, LOWEST, SCALE, load, pitches

COUNT = 300  # rows that a method writes
STEPS = 800  # updates

KEYS = ("setting",)
SETTINGS = {
    "shuffled": {"method": "shuffled"},
    "copies": {"method": "copies"},
    **{f"chain, order {order}": {"method": "chain", "order": order} for order in (1, 2, 3, 4)},
    "likelihood": {"method": "likelihood"},
    "game": {"method": "game"},
    "real": {"method": "real"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("scale", "intervals", "repeats", "copied"), (0, 1)),
    "bits": (0, 20),
}


def run(seed: int, method: str, order: int = 1, steps: int = STEPS) -> dict[str, float]:
    """Write 300 melodies of four bars; score them.

    Parameters
    ----------
    seed : int
        Seed of the split of the tunes, of weights, batches and draws.
    method : {"shuffled", "copies", "chain", "likelihood", "game", "real"}
        Training excerpts whose tokens are shuffled; training excerpts as they are; a `Chain`; the
        recurrent network; the GAN; excerpts of held-out
    order : int
        Of the chain.
    steps : int
        Updates of a network.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors, and the scores of `score`.
    """
    begin = time.process_time()
    write = _writer(seed, method, order, steps)
    seconds = time.process_time() - begin
    torch.manual_seed(seeds.number(seed, "latents"))
    return {"seconds": round(seconds, 2), **score(write(COUNT), *data(seed))}


@functools.lru_cache(maxsize=4)
def data(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return excerpts to train on, to fit the judging chain to, and to compare with.

    All excerpts of a tune are on one side.
    """
    found = _load()
    order = seeds.rng(seed, "data").permutation(len(found))
    ends = (int(0.6 * len(found)), int(0.8 * len(found)))
    return tuple(np.concatenate([found[i] for i in part]) for part in np.split(order, ends))


@functools.lru_cache(maxsize=1)
def _load():
    return load()


def score(rows, known, judging, held_out) -> dict[str, float]:
    """Score melodies.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape [N, 32]
        To score.
    known, judging, held_out : numpy.ndarray of int, shape [N, 32]
        Excerpts of tunes to train on, to fit a chain of order 3 to, and to compare with.

    Returns
    -------
    dict of float
        ``scale``: the share of notes in the major scale; ``intervals``: the Jensen–Shannon
        divergence, in bits, of the steps between neighbouring notes to those of `held_out`;
        ``repeats``: the share of rows in which a bar stands twice; ``copied``: the share of runs
        of 8 tokens that stand in `known`; ``bits``: of surprise for the judging chain, per token.
    """
    windows = {run.tobytes() for run in _runs(known)}
    found = {
        "scale": np.mean(np.isin(np.concatenate([*map(pitches, rows)]) % 12, SCALE)),
        "intervals": divergence(intervals(rows), intervals(held_out)),
        "repeats": np.mean([repeats(row) for row in rows]),
        "copied": np.mean([run.tobytes() in windows for run in _runs(rows)]),
        "bits": Chain(judging, 3).bits(rows),
    }
    return {name: round(float(value), 3) for name, value in found.items()}


def repeats(row: np.ndarray) -> bool:
    """Return whether one of the four bars is equal to another one."""
    bars = row.reshape(-1, BAR)
    return len(np.unique(bars, axis=0)) < len(bars)


def intervals(rows: np.ndarray) -> np.ndarray:
    """Return the share of each interval from a note to the next one, −28 to 28 semitones."""
    widest = HIGHEST - LOWEST
    steps = np.concatenate([np.diff(pitches(row)) for row in rows])
    return np.bincount(steps + widest, minlength=2 * widest + 1) / max(len(steps), 1)


def divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jensen–Shannon divergence of two distributions in bits, from 0 to 1."""
    middle = (first + second) / 2
    parts = [p[p > 0] @ np.log2(p[p > 0] / middle[p > 0]) for p in (first, second)]
    return float(np.clip(sum(parts) / 2, 0, 1))


def _runs(rows):
    """Return all runs of eight tokens, [M, 8]."""
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    return np.lib.stride_tricks.sliding_window_view(rows, 8, axis=1).reshape(-1, 8).copy()


def _writer(seed, method, order, steps):
    """Return a function that writes a number of melodies."""
    known, _, held_out = data(seed)
    rng = seeds.rng(seed, "latents")
    if method == "chain":
        chain = Chain(known, order)
        return lambda count: chain.write(count, rng)
    if method in ("likelihood", "game"):
        return (train_likelihood if method == "likelihood" else play)(known, steps, seed).write
    rows = held_out if method == "real" else known
    chosen = rows[rng.permutation(len(rows))[:COUNT]]
    return lambda count: (rng.permuted(chosen, axis=1) if method == "shuffled" else chosen)[:count]
