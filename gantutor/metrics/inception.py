"""The Inception Score, from the class probabilities of any classifier."""

import numpy as np
import scipy.special

from gantutor.validation import check_positive, check_rows


def inception_score(probabilities, splits=1):
    """Return exp of the mean divergence between each image's classes and their average.

    With C classes it lies between 1, when every image gets the same probabilities, and C, when
    each image surely belongs to one class and all classes are equally frequent. It says nothing
    about real data, nor about variety within a class.

    Parameters
    ----------
    probabilities : array_like, shape [N, C]
        Each row sums to 1.
    splits : int
        The score is the mean over this many equal parts of the rows, taken in order. The paper
        used 10; one part has the least bias (Barratt and Sharma, 2018).

    Returns
    -------
    float
        In [1, C].

    Raises
    ------
    ValueError
        If a value is negative, a row does not sum to 1, or there are fewer rows than `splits`.

    References
    ----------
    Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen (2016), Improved techniques for
    training GANs, section 4.

    Examples
    --------
    >>> round(inception_score(np.eye(10)), 6)
    10.0
    """
    check_rows(probabilities, "probabilities")
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.min() < 0 or np.abs(probabilities.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must not be negative, and each row must sum to 1; got values from "
            f"{probabilities.min():g} and sums up to {probabilities.sum(axis=1).max():g}."
        )
    if check_positive(splits, "splits") > len(probabilities):
        raise ValueError(f"splits must be at most the {len(probabilities)} rows; got {splits}.")
    parts = np.array_split(probabilities, splits)
    return float(np.mean([np.exp(_mean_divergence(part)) for part in parts]))


def _mean_divergence(probabilities):
    """Return the mean Kullback–Leibler divergence of the rows from their mean, in nats."""
    marginal = probabilities.mean(axis=0)
    return scipy.special.rel_entr(probabilities, marginal).sum(axis=1).mean()
