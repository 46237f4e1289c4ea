"""Latent vectors and the classes behind them, alike in both frameworks."""

import numpy as np

from gantutor.runs import seeds
from gantutor.validation import check_labels, check_positive, check_rows


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
        return seeds.rng(seed, "latents").standard_normal(shape, dtype=np.float32)
    return check_rows(latents, "latents", columns=latent_dim)


def check_frequencies(frequencies, classes):
    """Return how often each class is drawn as a tuple of floats, or None for equally often.

    Parameters
    ----------
    frequencies : array_like of float, shape [classes], or None
        In proportion: shares and counts are the same.
    classes : int

    Raises
    ------
    ValueError
        If their number is another one, one is negative or not finite, or all are 0.

    Examples
    --------
    >>> check_frequencies(np.bincount([0, 2, 2]), 3)
    (1.0, 0.0, 2.0)
    """
    if frequencies is None:
        return None
    values = np.asarray(frequencies, dtype=float)
    if values.shape != (classes,):
        raise ValueError(
            f"frequencies must be {classes}, one for each class; got shape {list(values.shape)}."
        )
    if not np.isfinite(values).all() or (values < 0).any() or not values.any():
        raise ValueError(
            f"frequencies must be finite, none negative and not all 0; got {values.tolist()}."
        )
    return tuple(values.tolist())


def draw_labels(count, classes, seed=0, frequencies=None):
    """Return classes of examples to draw.

    Parameters
    ----------
    count : int
    classes : int
    seed : int
    frequencies : tuple of float, optional
        Of `check_frequencies`: how often each class is drawn, in proportion.

    Returns
    -------
    numpy.ndarray, int64, shape [count]

    Examples
    --------
    >>> draw_labels(3, 4, frequencies=(0, 0, 5, 0))
    array([2, 2, 2])
    """
    random = seeds.rng(seed, "labels")
    if frequencies is None:
        return random.integers(classes, size=count)
    shares = np.array(frequencies) / np.sum(frequencies)
    return random.choice(classes, size=count, p=shares)


def with_classes(latents, classes, seed=0, labels=None, frequencies=None):
    """Return latent vectors with a class behind each, as `classes` numbers of which one is 1.

    Parameters
    ----------
    latents : numpy.ndarray, float32, shape [N, latent_dim]
    classes : int
        How many classes there are; 0 returns the vectors as they are.
    seed : int
        Seed of the labels, where none are given.
    labels : array_like of int, shape [N], optional
        The classes; drawn if not given.
    frequencies : tuple of float, optional
        How often each class is drawn, in proportion; equally often if not given.

    Returns
    -------
    numpy.ndarray, float32, shape [N, latent_dim + classes]

    Raises
    ------
    ValueError
        If the labels are of another number, or not in 0 … classes − 1.

    Examples
    --------
    >>> with_classes(np.zeros((2, 1), "float32"), 3, labels=[2, 0])
    array([[0., 0., 0., 1.],
           [0., 1., 0., 0.]], dtype=float32)
    """
    if classes == 0:
        return latents
    if labels is None:
        labels = draw_labels(len(latents), classes, seed, frequencies)
    labels = check_labels(labels, len(latents), classes)
    return np.concatenate([latents, np.eye(classes, dtype=np.float32)[labels]], axis=1)
