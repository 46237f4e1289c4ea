"""Independent streams of random numbers from one seed: one for each purpose.

Two generators with neighbouring seeds, or one seed used for two purposes, must not draw the same
numbers: the first weights of one network would be those of another. So every draw in the package
names its purpose here, and what it belongs to (an epoch, a step, a rank).
"""

import numbers

import numpy as np

from gantutor.validation import check_choice

#: What random numbers are drawn for. The order is part of every result: new ones go to the end.
PURPOSES = ("generator", "discriminator", "order", "noise", "latents", "labels", "data")


#: What an argument `seed` of data, metrics and controls may be.
Seed = int | np.random.Generator


def check_seed(seed: int, name: str = "seed") -> int:
    """Return a seed as a Python int.

    Parameters
    ----------
    seed : int
        Python or NumPy integer, at least 0.
    name : str
        What the caller calls this argument; used in the error.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is negative, or has more than 128 bits, which NumPy would take for part of the place.

    Examples
    --------
    >>> check_seed(np.int64(3))
    3
    """
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"{name} must be a whole number of at least 0; got {seed!r}.")
    if not 0 <= seed < 2**128:
        bound = "at least 0" if seed < 0 else "less than 2^128"
        raise ValueError(f"{name} must be a whole number of {bound}; got {seed!r}.")
    return int(seed)


def as_rng(seed: Seed) -> np.random.Generator:
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


def stream(seed: int, purpose: str, *place: int) -> np.random.SeedSequence:
    """Return the source of one stream of random numbers.

    Parameters
    ----------
    seed : int
        Seed of the run, at least 0.
    purpose : str
        A name in `PURPOSES`.
    *place : int
        What the numbers belong to within the run: an epoch, a step, a layer.

    Returns
    -------
    numpy.random.SeedSequence
        Independent of that of any other seed, purpose or place, and of ``SeedSequence(seed)``,
        from which data are drawn.

    Examples
    --------
    >>> stream(0, "generator").spawn_key == stream(1, "discriminator").spawn_key
    False
    """
    number = PURPOSES.index(check_choice(purpose, PURPOSES, "purpose"))
    return np.random.SeedSequence(check_seed(seed), spawn_key=(number, *place))


def rng(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return NumPy's generator on a `stream`."""
    return np.random.default_rng(stream(seed, purpose, *place))


def number(seed: int, purpose: str, *place: int) -> int:
    """Return a whole number in [0, 2³¹) from a `stream`, to seed a framework's generator with."""
    return int(stream(seed, purpose, *place).generate_state(1)[0] >> 1)
