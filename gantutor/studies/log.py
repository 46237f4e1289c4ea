"""Trainings that are scored on the way."""

import time
from collections.abc import Callable, Iterator, Sequence


def follow(
    fit: Callable[[int], object], score: Callable[[], dict], marks: Sequence[int]
) -> Iterator[dict]:
    """Train, and score on the way.

    Parameters
    ----------
    fit : callable
        ``fit(steps)`` trains that many steps more.
    score : callable
        Returns the scores of what has been trained so far.
    marks : sequence of int
        Steps after which to score, in rising order.

    Yields
    ------
    dict
        ``step``, ``seconds`` (this process's time on processors so far, for training alone), and
        the scores, to six decimals.

    Examples
    --------
    >>> steps = []
    >>> [row["done"] for row in follow(steps.append, lambda: {"done": sum(steps)}, [2, 5])]
    [2, 5]
    >>> steps
    [2, 3]
    """
    done, seconds = 0, 0.0
    for mark in marks:
        begin = time.process_time()
        fit(mark - done)
        seconds += time.process_time() - begin
        done = mark
        scores = {name: round(value, 6) for name, value in score().items()}
        yield {"step": mark, "seconds": round(seconds, 2), **scores}


def at(steps: int) -> list[int]:
    """Return where a training of that many steps is scored: six marks, the last one at the end."""
    return [round(part * steps) for part in (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)]
