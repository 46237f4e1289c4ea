"""What both frameworks draw alike from a seed: the order of the data, and latent vectors."""

import numpy as np

from gantutor.validation import check_positive, check_rows


def shuffled(count, seed, epoch):
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

    Returns
    -------
    numpy.ndarray, int64, shape [count]
        A permutation of 0 … count − 1.

    Examples
    --------
    >>> sorted(shuffled(4, seed=0, epoch=2).tolist())
    [0, 1, 2, 3]
    """
    return np.random.default_rng([seed, epoch]).permutation(count)


def as_latents(latents, latent_dim, seed=0):
    """Return latent vectors: those given, or a number of them from 𝒩(0, I).

    Parameters
    ----------
    latents : int or array_like, shape [N, latent_dim]
        How many to draw, or the vectors themselves.
    latent_dim : int
        Length of a vector.
    seed : int
        Seed of the draw.

    Returns
    -------
    numpy.ndarray, float32, shape [N, latent_dim]

    Raises
    ------
    ValueError
        If the number is not positive, or the vectors have another length.

    Examples
    --------
    >>> as_latents(2, 64).shape
    (2, 64)
    """
    if np.ndim(latents) == 0:
        shape = (check_positive(latents, "latents"), latent_dim)
        return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return check_rows(latents, "latents", columns=latent_dim)
