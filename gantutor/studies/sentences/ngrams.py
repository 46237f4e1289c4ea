"""Counted words: models that predict the next word from the few words before it."""

from collections import defaultdict

import numpy as np

from gantutor.studies.sentences.grammar import LENGTH, WORDS, language


class Counts:
    """Chances of the next word, counted and smoothed.

    Parameters
    ----------
    rows : numpy.ndarray of int, shape [N, 14]
        Sentences to count in.
    order : int
        1 counts single words, 3 looks back on two words. The start of a sentence counts as words.

    Notes
    -----
    After the words seen before, the chance of a word is what was counted, mixed with the chances
    of the next lower order; the weight of these is the number of different words that followed
    (Witten and Bell 1991). Below single words, all are equally likely.
    """

    def __init__(self, rows: np.ndarray, order: int):
        self.order = order
        self.counts = defaultdict(lambda: np.zeros(len(WORDS)))
        for row in rows:
            for before, word in _steps(row, order):
                for back in range(order):
                    self.counts[before[len(before) - back :]][word] += 1
        self.known = {}

    def chances(self, before: tuple[int, ...]) -> np.ndarray:
        """Return the chance of each next word after some words, shape [17]."""
        if before not in self.known:
            lower = self.chances(before[1:]) if before else np.full(len(WORDS), 1 / len(WORDS))
            counts = self.counts[before] if before in self.counts else np.zeros(len(WORDS))
            kinds = (counts > 0).sum()
            mixed = (counts + kinds * lower) / (counts.sum() + kinds) if kinds else lower
            self.known[before] = mixed
        return self.known[before]

    def log_chances(self, rows: np.ndarray) -> np.ndarray:
        """Return logarithms of the chances of all words at all places, shape [N, 14, 17]."""
        logs = np.zeros((len(rows), LENGTH, len(WORDS)))
        for log, row in zip(logs, rows, strict=True):
            for place, (before, _) in enumerate(_steps(row, self.order)):
                log[place] = np.log(self.chances(before))
        return logs


def true_log_chances(order: int) -> np.ndarray:
    """Return what an n-gram would learn from endless data, of all sentences, [13188, 14, 17].

    Parameters
    ----------
    order : int
        It sees one word less than this. From 14 on it sees all: then this is the language itself.

    Returns
    -------
    numpy.ndarray
        Logarithms of chances, −∞ for a word that never follows.
    """
    rows, chances = language()
    sums = defaultdict(lambda: np.zeros(len(WORDS)))
    for row, chance in zip(rows, chances, strict=True):
        for before, word in _steps(row, order):
            sums[before][word] += chance
    logs = np.zeros((len(rows), LENGTH, len(WORDS)))
    with np.errstate(divide="ignore"):
        known = {before: np.log(total / total.sum()) for before, total in sums.items()}
    for log, row in zip(logs, rows, strict=True):
        for place, (before, _) in enumerate(_steps(row, order)):
            log[place] = known[before]
    return logs


def _steps(row, order):
    """Yield what stood before, and the word, up to the full stop; −1 stands before the start."""
    padded = (-1,) * (order - 1) + tuple(row.tolist())
    for place, word in enumerate(row.tolist()):
        yield padded[place : place + order - 1], word
        if word == 0:
            return


def sentence_chances(logs: np.ndarray, rows: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return the probability that a model writes each sentence at a temperature.

    Parameters
    ----------
    logs : numpy.ndarray, shape [N, 14, 17]
        Logits of the next word at each place of each sentence.
    rows : numpy.ndarray of int, shape [N, 14]
        The sentences.
    temperature : float
        The logits are divided by it.

    Returns
    -------
    numpy.ndarray, shape [N]
    """
    scaled = logs / temperature
    top = scaled.max(axis=2, keepdims=True)
    scaled = scaled - top - np.log(np.exp(scaled - top).sum(axis=2, keepdims=True))
    chosen = np.take_along_axis(scaled, rows[..., None], axis=2)[..., 0]
    counted = np.arange(rows.shape[1]) <= (rows != 0).sum(axis=1)[:, None]  # with one full stop
    return np.exp((chosen * counted).sum(axis=1))
