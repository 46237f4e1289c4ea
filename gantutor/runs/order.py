"""The order in which examples are seen, alike in both frameworks."""

import numpy as np

from gantutor.runs import seeds
from gantutor.validation import check_positive


def shuffled(count: int, seed: int, epoch: int, which: int = 0) -> np.ndarray:
    """Return the order of the examples in one pass over the data.

    The order depends on nothing but the arguments, so that a run which resumes in the middle of
    a pass continues with the very batch that it would have seen, and so that PyTorch and Keras
    see the same batches.

    Parameters
    ----------
    count : int
        Number of examples.
    seed : int
        Seed of the run.
    epoch : int
        Number of the pass, from 0.
    which : int
        Which of several sets that are shuffled apart, from 0.

    Returns
    -------
    numpy.ndarray, int64, shape [count]
        A permutation of 0 … count − 1.

    Examples
    --------
    >>> sorted(shuffled(4, seed=0, epoch=2).tolist())
    [0, 1, 2, 3]
    """
    return seeds.rng(seed, "order", epoch, which).permutation(count)


class Order:
    """Which examples each step of a run sees.

    Parameters
    ----------
    count : int
        Number of examples.
    size : int
        Examples of a step; what is left at the end of a pass over the data is dropped.
    seed, which : int
        As in `shuffled`.

    Raises
    ------
    ValueError
        If there are fewer examples than a step needs.

    Examples
    --------
    >>> Order(10, 5, seed=0).rows(step=0).shape
    (5,)
    """

    def __init__(self, count: int, size: int, seed: int, which: int = 0):
        self.count, self.size = count, check_positive(size, "batch_size")
        if size > count:
            raise ValueError(
                f"A step needs {size} examples (batch_size × discriminator_steps); got {count}."
            )
        self.seed, self.which = seed, which
        self._pass: tuple[int, np.ndarray] = (
            -1,
            np.empty(0, int),
        )  # number and order, set together: several threads may ask

    def rows(self, step: int) -> np.ndarray:
        """Return the examples of a step, counted from 0, as int64 [size]."""
        epoch, position = divmod(step, self.count // self.size)
        known, order = self._pass
        if epoch != known:
            order = shuffled(self.count, self.seed, epoch, self.which)
            self._pass = (epoch, order)
        return order[position * self.size : (position + 1) * self.size]
