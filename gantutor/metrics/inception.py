"""The Inception Score, from the class probabilities of any classifier."""

from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from gantutor.metrics._results import Score
from gantutor.validation import check_features, check_positive


@dataclass(frozen=True, eq=False)
class InceptionScore(Score):
    """What `inception_score` found.

    Parameters
    ----------
    value : float
        Mean over the parts, in [1, C] for C classes.
    spread : float
        Standard deviation over the parts, divided by their number as in the published tables
        (not by one less); 0 for one part.
    parts : numpy.ndarray, float64, shape [S]
        The score of each part.
    """

    value: float
    spread: float
    parts: np.ndarray


def inception_score(probabilities: ArrayLike, splits: int = 1) -> InceptionScore:
    """Return exp of the mean divergence between each image's classes and their average.

    With C classes it lies between 1, when every image gets the same probabilities, and C, when
    each image surely belongs to one class and all classes are equally frequent. It says nothing
    about real data, nor about variety within a class.

    Parameters
    ----------
    probabilities : array_like, shape [N, C]
        Each row sums to 1.
    splits : int
        The score is the mean over this many parts of the rows, taken in order: the rows from
        ⌊iN/s⌋ on, up to ⌊(i + 1)N/s⌋, as in the published code. The paper used 10; one part has the
        least bias (Barratt and Sharma, 2018).

    Returns
    -------
    InceptionScore

    Raises
    ------
    ValueError
        If a value is negative, a row does not sum to 1, or there are fewer rows than `splits`.

    See Also
    --------
    digit_probabilities : Those of digits.
    gantutor.torch.inception.inception_features : Those of the network that gave the score its name.

    References
    ----------
    Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen (2016), Improved techniques for
    training GANs, section 4.

    Examples
    --------
    >>> round(inception_score(np.eye(10)).value, 6)
    10.0
    """
    probabilities = check_features(probabilities, "probabilities").astype(np.float64)
    if probabilities.min() < 0 or np.abs(probabilities.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must not be negative, and each row must sum to 1; got values from "
            f"{probabilities.min():g} and sums up to {probabilities.sum(axis=1).max():g}."
        )
    count = len(probabilities)
    splits = check_positive(splits, "splits")
    if splits > count:
        raise ValueError(f"splits must be at most the {count} rows; got {splits}.")
    parts = np.array(
        [
            np.exp(_mean_divergence(probabilities[i * count // splits : (i + 1) * count // splits]))
            for i in range(splits)
        ]
    )
    return InceptionScore(float(parts.mean()), float(parts.std()), parts)


def _mean_divergence(probabilities):
    """Return the mean Kullback–Leibler divergence of the rows from their mean, in nats."""
    marginal = probabilities.mean(axis=0)
    return scipy.special.rel_entr(probabilities, marginal).sum(axis=1).mean()
