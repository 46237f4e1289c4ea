"""Sentences of a grammar: counted, trained by likelihood, and trained against a discriminator."""

import time
from functools import lru_cache

import numpy as np
import torch

from gantutor.runs import seeds
from gantutor.studies.sentences.grammar import WORDS, draw, language, score
from gantutor.studies.sentences.ngrams import Counts, sentence_chances
from gantutor.studies.sentences.training import Writer, play, train_likelihood

KNOWN = 400  # sentences to train on, drawn with repetition
HELD_OUT = 200  # sentences that nothing is trained on
STEPS = 400  # updates of likelihood before a game
GAME_STEPS = 300
SCRATCH_STEPS = 900
TEMPERATURES = (0.3, 0.5, 0.7, 1.0, 1.3)
MOST = 100.0  # nats: what is recorded if a sentence held out has the probability 0

KEYS = ("setting",)
SETTINGS = {
    "random words": {"method": "random"},
    "copy": {"method": "copy"},
    **{f"{n}-gram": {"method": "counts", "order": n} for n in (1, 2, 4, 6, 8)},
    "likelihood": {"method": "likelihood"},
    "REINFORCE, sentence": {"method": "whole"},
    "REINFORCE, word": {"method": "each"},
    "Gumbel": {"method": "gumbel"},
    "REINFORCE, word, from scratch": {"method": "each", "scratch": True},
    "Gumbel, from scratch": {"method": "gumbel", "scratch": True},
    "truth": {"method": "truth"},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "step": (0, np.inf),
    "temperature": (0, np.inf),
    "seconds": (0, np.inf),
    "held_out": (0, MOST),
    **dict.fromkeys(("valid", "novel", "overlap", "js"), (0, 1)),
    "variety": (1, np.inf),
}


def run(seed: int, method: str, order: int = 1, scratch: bool = False) -> list[dict[str, float]]:
    """Train a model on sentences of a new sample, and score its probabilities of all sentences.

    Parameters
    ----------
    seed : int
        Of the sample, of all weights, batches and draws.
    method : {"random", "copy", "counts", "likelihood", "whole", "each", "gumbel", "truth"}
        All words equally likely; a training sentence drawn at random; `ngrams.Counts`; a recurrent
        network trained by likelihood; the same, then trained by a kind of `training.play`; the
        grammar itself.
    order : int
        Of the counts.
    scratch : bool
        Start the game from random weights.

    Returns
    -------
    list of dict of float
        A row for each number of updates and each temperature: ``step``, the updates in all;
        ``seconds`` of training up to the last of them, this process's time on processors;
        ``held_out``, minus the mean logarithm of the probability of a sentence held out, at most
        100; and what `grammar.score` returns.
    """
    known, held_out = data(seed)
    found = []
    for updates, seconds, chances_at, sweep in models(seed, method, order, scratch):
        for temperature in sweep:
            chances = chances_at(temperature)
            with np.errstate(divide="ignore"):
                unlikely = -np.log(chances[held_out]).mean()
            row = {"step": updates, "temperature": temperature, "seconds": round(seconds, 2)}
            row["held_out"] = round(float(min(unlikely, MOST)), 3)
            found.append(row | score(chances, known))
    return found


@lru_cache(maxsize=16)
def data(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places, in the language, of sentences to train on and of those held out."""
    rng = seeds.rng(seed, "data")
    return draw(KNOWN, rng), draw(HELD_OUT, rng)


@lru_cache(maxsize=16)
def trained_by_likelihood(seed: int):
    """Return writers after some numbers of updates, and the seconds that all took."""
    begin = time.process_time()
    steps = STEPS + GAME_STEPS
    rows = language().sentences[data(seed)[0]]
    copies = train_likelihood(rows, steps, seed, (100, 200, STEPS, steps))[1]
    return copies, time.process_time() - begin


def untrained(seed: int) -> Writer:
    """Return a writer with random weights."""
    torch.manual_seed(seeds.number(seed, "generator"))
    return Writer()


def models(seed, method, order=1, scratch=False):
    """Yield updates, seconds, a function from temperature to chances, and temperatures."""
    rows, known = language().sentences, data(seed)[0]
    if method in ("truth", "copy", "random"):
        counted = np.bincount(known, minlength=len(rows)) / len(known)
        lengths = (rows != 0).sum(axis=1) + 1.0
        chances = {"truth": language().chances, "copy": counted}
        chances["random"] = len(WORDS) ** -lengths
        yield 0, 0.0, lambda _: chances[method], (1.0,)
    elif method == "counts":
        begin = time.process_time()
        counts = Counts(rows[known], order)
        seconds, logs = time.process_time() - begin, counts.log_chances(rows)
        yield 0, seconds, lambda t: sentence_chances(logs, rows, t), TEMPERATURES
    else:
        for updates, writer, seconds in _writers(seed, method, scratch):
            logs = logits(writer, rows)
            yield updates, seconds, lambda t, x=logs: sentence_chances(x, rows, t), TEMPERATURES


def logits(writer: Writer, rows: np.ndarray) -> np.ndarray:
    """Return a writer's logits at each place of sentences, [N, 14, 17]."""
    with torch.no_grad():
        return writer(torch.as_tensor(rows)).numpy()


def _writers(seed, method, scratch):
    """Yield numbers of updates, the writers after them, and seconds."""
    copies, seconds = trained_by_likelihood(seed) if not scratch else ({}, 0.0)
    if method == "likelihood":
        for updates, writer in copies.items():
            yield updates, writer, seconds * updates / max(copies)
        return
    steps, before = (SCRATCH_STEPS, 0) if scratch else (GAME_STEPS, STEPS)
    start = untrained(seed) if scratch else copies[STEPS]
    begin = time.process_time()
    rows = language().sentences[data(seed)[0]]
    rate = {"rate": 1e-3} if scratch else {}
    copies = play(start, rows, steps, seed, method, keep=(steps // 3, steps), **rate)[1]
    taken, earlier = time.process_time() - begin, seconds * STEPS / (STEPS + GAME_STEPS)
    for updates, writer in copies.items():
        yield before + updates, writer, taken * updates / steps + earlier
