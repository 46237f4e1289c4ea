"""Diversity where it is due: letters with two right translations, and a U-Net with dropout."""

import time

import numpy as np

from gantutor.data import draw_letters, split_letters
from gantutor.studies.paired_translation.training import train

STEPS = 500  # updates of each network
DRAWS = 20  # translations of each test image
FACES = ("DejaVu Sans", "STIX Italic", "STIX Bold")

KEYS = ("setting",)
SETTINGS = {
    "targets": {"method": "targets"},
    "no dropout": {"method": "network"},
    "dropout": {"method": "network", "dropout": 0.5},
    "dropout, L1 only": {"method": "network", "dropout": 0.5, "adversarial": 0.0},
    "dropout, adversarial only": {"method": "network", "dropout": 0.5, "l1": 0.0},
    "told the typeface": {"method": "told"},
}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "bold": (-np.inf, np.inf),
    "deviation": (0, np.inf),
    "near": (0, 1),
    "both": (0, 1),
}


def coins(seed: int, *shape: int) -> np.ndarray:
    """Toss fair coins; return bool, shape [*shape, 1, 1, 1]. Heads stand for the italic."""
    return np.random.default_rng(seed).random((*shape, 1, 1, 1)) < 0.5


def two(seed: int):
    """Return sources, targets in one or the other face; and a test with both right answers.

    Returns
    -------
    tuple of numpy.ndarray, float32, shape [N, 32, 32, 1] or [M, 32, 32, 1]
        Sources and targets to train on, of which each is in the italic or the bold face, half and
        half; sources of letters that were not trained on, and these in italic and in bold.
    """
    known, unseen = split_letters(24, seed)
    (source, italic, bold), _ = draw_letters(20 * len(known), known, FACES, seed=seed)
    test, _ = draw_letters(2 * len(unseen), unseen, FACES, seed=1000 + seed)
    return source, np.where(coins(seed, len(source)), italic, bold), *test


def told(source: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Give sources, [N, 32, 32, 1], a second channel that is white where `heads`, else black."""
    channel = np.broadcast_to(np.where(heads, 1, -1), source.shape)
    return np.concatenate([source, channel], axis=-1, dtype=np.float32)


def run(seed: int, method: str, **training) -> dict[str, float]:
    """Translate each letter of the test `DRAWS` times, and score how the draws differ.

    Parameters
    ----------
    seed : int
        Seed of the letters held out, the faces, training and draws.
    method : {"targets", "network", "told"}
        One of the two right answers by chance; a network with its dropout switched on; or, as a
        positive control, a network that sees in a second channel which typeface it has to draw.
    **training
        More arguments of `gantutor.studies.paired_translation.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    source, target, test_source, italic, bold = two(seed)
    heads = coins(1000 + seed, DRAWS, len(italic))
    begin = time.process_time()
    if method == "targets":
        drawn = np.where(heads, italic, bold)
    elif method == "told":
        pairs = told(source, coins(seed, len(source))), target
        network = train(*pairs, STEPS, seed, **training).network
        drawn = np.stack([network(told(test_source, some), training=True) for some in heads])
    else:
        network = train(source, target, STEPS, seed, **training).network
        drawn = np.stack([network(test_source, training=True) for _ in range(DRAWS)])
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(drawn, italic, bold)}


def position(drawn: np.ndarray, italic: np.ndarray, bold: np.ndarray) -> np.ndarray:
    """Return where images lie between the two right answers: at 0 is the italic, at 1 the bold.

    Parameters
    ----------
    drawn : numpy.ndarray, float32, shape [D, M, 32, 32, 1]
        D draws for each of M sources.
    italic, bold : numpy.ndarray, float32, shape [M, 32, 32, 1]

    Returns
    -------
    numpy.ndarray, float32, shape [D, M]
        Of their projection on the line through both.
    """
    line = bold - italic
    return ((drawn - italic) * line).sum(axis=(2, 3, 4)) / (line**2).sum(axis=(1, 2, 3))


def score(drawn: np.ndarray, italic: np.ndarray, bold: np.ndarray) -> dict[str, float]:
    """Score draws for sources with two right answers; arguments as in `position`.

    Returns
    -------
    dict of float
        ``bold``, the mean position; ``deviation``, the standard deviation of the position over
        the draws for one source, mean over the sources; ``near``, the share of draws whose
        position is within a quarter of an end; ``both``, the share of sources that have draws
        near each end.
    """
    where = position(drawn, italic, bold)
    low, high = np.abs(where) < 0.25, np.abs(where - 1) < 0.25
    scores = {
        "bold": where.mean(),
        "deviation": where.std(axis=0).mean(),
        "near": np.mean(low | high),
        "both": np.mean(low.any(axis=0) & high.any(axis=0)),
    }
    return {name: round(float(value), 6) for name, value in scores.items()}
