"""Random generators from what users hand in as `seed`."""

import numpy as np

from gantutor.runs.seeds import check_seed

#: What every argument `seed` of the metrics may be.
Seed = int | np.random.Generator


def as_rng(seed: Seed) -> np.random.Generator:
    """Return a generator as it is, or a new one from a seed.

    Raises
    ------
    TypeError, ValueError
        If `seed` is neither a generator nor a whole number of at least 0.
    """
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(check_seed(seed))
