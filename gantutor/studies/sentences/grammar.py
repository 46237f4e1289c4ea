"""A small grammar whose every sentence, with its probability, can be written down."""

from functools import cache
from typing import NamedTuple

import numpy as np

NOUNS = (("cat", "dog", "bird"), ("cats", "dogs", "birds"))  # singular, plural
RESTING = (("sleeps", "runs"), ("sleep", "run"))
SEEING = (("sees", "hears"), ("see", "hear"))
END = "."
#: All words; a word's place is its number. The full stop comes first and also fills up rows.
WORDS = (END, "the", "that", *sum(NOUNS, ()), *sum(RESTING, ()), *sum(SEEING, ()))
LENGTH = 14  # words of the longest sentence, with the full stop

FREQUENT = (0.5, 0.3, 0.2)  # of the three nouns
CLAUSES = (0.5, 0.3)  # chance that the subject has a clause, and that a clause has another one
OBJECT = 0.5  # chance that the main verb has an object


class Language(NamedTuple):
    """All sentences of the grammar.

    Attributes
    ----------
    sentences : numpy.ndarray of int64, shape [13188, 14]
        Numbers of words; after the full stop, more of them.
    chances : numpy.ndarray, shape [13188]
        The probability of each.
    """

    sentences: np.ndarray
    chances: np.ndarray


@cache
def language() -> Language:
    """Return all sentences with their probabilities.

    Examples
    --------
    >>> sentences, chances = language()
    >>> len(sentences), round(float(chances.sum()), 9)
    (13188, 1.0)
    """
    found = []
    for number in (0, 1):
        for subject, chance in _subjects(number, CLAUSES):
            for verb in RESTING[number]:
                found.append(([*subject, verb], chance * (1 - OBJECT) / 4))
            for verb in SEEING[number]:
                for what, also in _nouns():
                    found.append(([*subject, verb, "the", what], chance * OBJECT / 4 * also))
    rows = to_numbers([" ".join([*words, END]) for words, _ in found])
    return Language(rows, np.array([chance for _, chance in found]))


def _nouns():
    """Return pairs of a noun and its probability."""
    return [(word, p / 2) for words in NOUNS for word, p in zip(words, FREQUENT, strict=True)]


def _subjects(number, clauses):
    """Yield noun phrases of a number, with their probabilities."""
    chance = clauses[0] if clauses else 0.0
    for noun, p in zip(NOUNS[number], FREQUENT, strict=True):
        yield ["the", noun], p * (1 - chance)
        if not clauses:
            continue
        for verb in SEEING[number]:
            for inner in (0, 1):
                for phrase, q in _subjects(inner, clauses[1:]):
                    yield ["the", noun, "that", verb, *phrase], p * chance / 2 * q / 2


def to_numbers(texts: list[str]) -> np.ndarray:
    """Return the words' numbers of sentences, filled up with full stops, int64 [N, 14].

    Examples
    --------
    >>> to_numbers(["the cat sleeps ."])[0, :6]
    array([1, 3, 9, 0, 0, 0])
    """
    rows = np.zeros((len(texts), LENGTH), np.int64)
    for row, text in zip(rows, texts, strict=True):
        words = text.split()
        row[: len(words)] = [WORDS.index(word) for word in words]
    return rows


def to_text(rows: np.ndarray) -> list[str]:
    """Return sentences as text, up to the first full stop.

    Examples
    --------
    >>> to_text([[1, 3, 9, 0, 0, 0]])
    ['the cat sleeps .']
    """
    texts = []
    for row in np.asarray(rows):
        ends = np.flatnonzero(row == 0)
        words = row[: ends[0] + 1] if len(ends) else row
        texts.append(" ".join(WORDS[i] for i in words))
    return texts


@cache
def _numbers_of_sentences():
    return {row.tobytes(): i for i, row in enumerate(language().sentences)}


def find(rows: np.ndarray) -> np.ndarray:
    """Return which sentence of the language each row is; −1 if none.

    Examples
    --------
    >>> find(to_numbers(["the cat sleeps .", "the cat sleep ."]))
    array([ 0, -1])
    """
    known = _numbers_of_sentences()
    rows = np.ascontiguousarray(rows, np.int64)
    return np.array([known.get(row.tobytes(), -1) for row in rows])


def draw(count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw sentences by their probabilities, with repetition: their places in `language`."""
    return rng.choice(len(language().chances), size=count, p=language().chances)


def score(chances: np.ndarray, known: np.ndarray) -> dict[str, float]:
    """Compare a model's probabilities of all sentences with the true ones. Nothing is drawn.

    Parameters
    ----------
    chances : numpy.ndarray, shape [13188]
        The model's probability of each sentence; their sum is below 1 if it makes mistakes.
    known : numpy.ndarray of int
        Places of the sentences to train on.

    Returns
    -------
    dict of float
        ``valid``: the probability of a valid sentence. ``variety``: e to the power of the entropy
        of the valid sentences, a number of equally likely ones. ``novel``: the share of valid
        sentences that are not known. ``overlap``: the sum of the smaller one of true and model
        probability, which is one minus the total variation distance. ``js``: the Jensen–Shannon
        divergence in bits, from 0 to 1.

    Examples
    --------
    >>> found = score(language().chances / 2, np.arange(0))
    >>> found["valid"], found["overlap"], found["novel"]
    (0.5, 0.5, 1.0)
    """
    true = language().chances
    valid = chances.sum()
    inside = np.where(chances > 0, chances, 1) / valid
    middle = (true + chances) / 2
    safe = np.where(chances > 0, chances, 1)
    apart = (true * np.log2(true / middle)).sum() + (chances * np.log2(safe / middle)).sum()
    found = {
        "valid": valid,
        "variety": np.exp(-(chances / valid * np.log(inside)).sum()),
        "novel": 1 - chances[np.unique(known)].sum() / valid,
        "overlap": np.minimum(true, chances).sum(),
        "js": (apart + max(1 - valid, 0)) / 2,
    }
    return {name: round(float(value), 4) for name, value in found.items()}
