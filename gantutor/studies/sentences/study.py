"""Sentences of a grammar: counted, trained by likelihood, and trained against a discriminator."""

import time
from functools import lru_cache

import numpy as np
import torch

from gantutor.runs import seeds
from gantutor.studies.sentences.grammar import LENGTH, draw, language, score
from gantutor.studies.sentences.ngrams import Counts, sentence_chances, true_log_chances
from gantutor.studies.sentences.training import Writer, play, train_likelihood

KNOWN = 400  # sentences to train on, drawn with repetition
HELD_OUT = 200  # sentences that nothing is trained on
STEPS = 400  # updates of likelihood before a game
GAME_STEPS = 300
SCRATCH_STEPS = 900
LOOKS = (10, 30, 60, 100, 150, 200, 250, GAME_STEPS)  # updates of a game after which we score
TEMPERATURES = (0.3, 0.5, 0.7, 0.85, 1.0, 1.15, 1.3, 1.6, 2.0)
MOST = 100.0  # nats: what is recorded if a sentence held out has the probability 0

KEYS = ("setting",)
SETTINGS = {
    "copy": {"method": "copy"},
    **{f"{n}-gram": {"method": "counts", "order": n} for n in (1, 2, 4, 5, 6, 8)},
    "likelihood": {"method": "likelihood"},
    "random rewards": {"method": "random"},
    "REINFORCE, sentence": {"method": "whole"},
    "REINFORCE, sentence, D first": {"method": "whole", "first": 300},
    "REINFORCE, word": {"method": "each"},
    "Gumbel": {"method": "gumbel"},
    "REINFORCE, word, from scratch": {"method": "each", "scratch": True},
    "Gumbel, from scratch": {"method": "gumbel", "scratch": True},
    "ideal discriminator": {"method": "ideal"},
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


def run(
    seed: int, method: str, order: int = 1, scratch: bool = False, first: int = 0
) -> list[dict[str, float]]:
    """Train a model on sentences of a new sample, and score its probabilities of all sentences.

    Parameters
    ----------
    seed : int
        Of the sample, of all weights, batches and draws.
    method : {"copy", "counts", "likelihood", "truth"} or a kind of `training.play`
        A training sentence drawn at random; `ngrams.Counts`; a recurrent network trained by
        likelihood; the grammar itself; or a network trained by likelihood, then by a game.
    order : int
        Of the counts.
    scratch : bool
        Start the game from random weights.
    first : int
        Updates of the discriminator before the game.

    Returns
    -------
    list of dict of float
        A row for each number of updates at temperature 1; and for the other temperatures after the
        last update, after `STEPS`, and after the number that `held_out` would choose. ``step``:
        the updates in all;
        ``seconds`` of training up to the last of them, this process's time on processors;
        ``held_out``, minus the mean logarithm of the probability of a sentence held out, at most
        100; and what `grammar.score` returns.
    """
    known, held_out = data(seed)
    found = []
    for updates, seconds, chances_at, sweep in models(seed, method, order, scratch, first):
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
    copies = train_likelihood(rows, steps, seed, range(100, steps + 1, 100))[1]
    return copies, time.process_time() - begin


def untrained(seed: int) -> Writer:
    """Return a writer with random weights."""
    torch.manual_seed(seeds.number(seed, "generator"))
    return Writer()


def models(seed, method, order=1, scratch=False, first=0):
    """Yield updates, seconds, a function from temperature to chances, and temperatures."""
    rows, (known, held_out) = language().sentences, data(seed)
    if method == "copy":
        yield 0, 0.0, lambda _: np.bincount(known, minlength=len(rows)) / len(known), (1.0,)
    elif method in ("counts", "truth"):
        begin = time.process_time()
        counts = Counts(rows[known], order)
        seconds = time.process_time() - begin
        logs = true_log_chances(LENGTH) if method == "truth" else counts.log_chances(rows)
        yield 0, seconds, lambda t: sentence_chances(logs, rows, t), TEMPERATURES
    else:
        found = list(_writers(seed, method, scratch, first))
        unlikely = [_unlikely(writer, rows[held_out]) for _, writer, _ in found]
        for place, (updates, writer, seconds) in enumerate(found):
            logs = logits(writer, rows)
            swept = updates == STEPS or place in (np.argmin(unlikely), len(found) - 1)
            sweep = TEMPERATURES if swept else (1.0,)
            yield updates, seconds, lambda t, x=logs: sentence_chances(x, rows, t), sweep


def _unlikely(writer, rows):
    """Return minus the mean logarithm of the probability of sentences."""
    return -np.log(sentence_chances(logits(writer, rows), rows)).mean()


def logits(writer: Writer, rows: np.ndarray) -> np.ndarray:
    """Return a writer's logits at each place of sentences, [N, 14, 17]."""
    with torch.no_grad():
        return writer(torch.as_tensor(rows)).numpy()


def _writers(seed, method, scratch, first):
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
    keep = (300, 600, steps) if scratch else LOOKS
    options = {"rate": 1e-3} if scratch else {"first": first}
    copies = play(start, rows, steps, seed, method, keep=keep, **options)[1]
    taken, earlier = time.process_time() - begin, seconds * STEPS / (STEPS + GAME_STEPS)
    for updates, writer in copies.items():
        yield before + updates, writer, taken * updates / steps + earlier
