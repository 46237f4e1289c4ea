"""The random numbers that data are drawn with."""

import numpy as np

from gantutor.runs.seeds import check_seed


def as_rng(seed: int | np.random.Generator) -> np.random.Generator:
    """Return a generator: the one given, which moves on with each draw, or a new one on a seed.

    Parameters
    ----------
    seed : int or numpy.random.Generator

    Raises
    ------
    TypeError, ValueError
        If it is neither a generator nor a whole number of at least 0.

    Examples
    --------
    >>> as_rng(0).integers(10) == as_rng(np.int64(0)).integers(10)
    np.True_
    """
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(check_seed(seed))
