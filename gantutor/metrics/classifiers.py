"""Judging samples by classifiers trained on their features, and by what they copy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gantutor.metrics._results import Score
from gantutor.metrics.neighbors import nearest_distances
from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_features, check_labels, check_same_columns


@dataclass(frozen=True)
class ShareTest(Score):
    """A share of samples, and how surely it is above one half.

    Parameters
    ----------
    value : float
        The share, in [0, 1]; one half is expected if there is nothing to find.
    p_value : float
        Probability of such a share or a larger one if one half were true (exact binomial test).
    count : int
        Of how many samples it is the share.
    """

    value: float
    p_value: float
    count: int


def classification_accuracy_score(
    real: ArrayLike, real_labels: ArrayLike, fake: ArrayLike, fake_labels: ArrayLike
) -> float:
    """Train a classifier on generated samples, and return its accuracy on real ones.

    The classifier is a logistic regression on standardised features, so that the score measures
    the samples and not the patience of a training.

    Parameters
    ----------
    real : array_like, shape [M, d]
        Features of real samples that neither the generator nor the features were trained on.
    real_labels : array_like of int, shape [M]
        Their classes, from 0.
    fake : array_like, shape [N, d]
        Features of generated samples.
    fake_labels : array_like of int, shape [N]
        The classes that they were generated for; at least two different ones.

    Returns
    -------
    float
        Share of real samples that get their own label, in [0, 1].

    Raises
    ------
    ValueError
        If there is only one class, or if numbers of rows or columns do not fit.

    See Also
    --------
    two_sample_test : A classifier that tells real from generated.

    References
    ----------
    Ravuri and Vinyals (2019), section 3, with a linear classifier on features in place of a deep
    one on pixels.

    Examples
    --------
    >>> fake = np.array([[0.0], [0.1], [1.0], [1.1]])
    >>> classification_accuracy_score([[0.05], [0.9]], [0, 1], fake, [0, 0, 1, 1])
    1.0
    """
    real, fake = check_features(real, "real"), check_features(fake, "fake")
    check_same_columns(real=real, fake=fake)
    real_labels = _labels(real_labels, len(real), "real_labels")
    fake_labels = _labels(fake_labels, len(fake), "fake_labels")
    if len(np.unique(fake_labels)) < 2:
        raise ValueError(f"fake_labels must hold two classes or more; got only {fake_labels[0]}.")
    return float(_classifier().fit(fake, fake_labels).score(real, real_labels))


def two_sample_test(real: ArrayLike, fake: ArrayLike, seed: Seed = 0) -> ShareTest:
    """Test whether a classifier tells real features from generated ones.

    One half of each set trains a logistic regression on standardised features, the other half
    is classified. It sees a difference of means along some direction; differences that no straight
    cut shows escape it.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features, at least four rows each; the larger set is cut to the size of the smaller.
    seed : int or numpy.random.Generator
        Source of the halves.

    Returns
    -------
    ShareTest
        The share of held-out samples classified rightly: near 1/2 if nothing was found.

    Raises
    ------
    ValueError
        If a set has fewer than four rows, or the dimensions differ.

    See Also
    --------
    memorization_test : Whether the samples are too close to the training data.

    References
    ----------
    Lopez-Paz and Oquab (2017), section 3.

    Examples
    --------
    >>> real, fake = np.random.default_rng(0).normal(size=(2, 200, 3))
    >>> two_sample_test(real, fake + 2).value > 0.9
    True
    """
    real, fake = check_features(real, "real", 4), check_features(fake, "fake", 4)
    check_same_columns(real=real, fake=fake)
    rng = as_rng(seed)
    size = min(len(real), len(fake))
    rows = np.concatenate([rng.permutation(part)[:size] for part in (real, fake)])
    labels = np.repeat([1, 0], size)
    held_out = np.tile(np.arange(size) < size // 2, 2)
    classifier = _classifier().fit(rows[~held_out], labels[~held_out])
    return _share_test(classifier.predict(rows[held_out]) == labels[held_out])


def memorization_test(
    train: ArrayLike, held_out: ArrayLike, fake: ArrayLike, seed: Seed = 0
) -> ShareTest:
    """Test whether generated samples lie nearer to the training data than to unseen data.

    A generator that learnt the distribution is as often nearest to one of the training samples as
    to one of as many unseen samples: the share is 1/2. One that copies is nearer to the first.

    Parameters
    ----------
    train, held_out : array_like, shape [M, d] and [K, d]
        Features of what the generator was trained on, and of unseen samples of the same
        distribution; the larger set is cut to the size of the smaller.
    fake : array_like, shape [N, d]
        Features of generated samples.
    seed : int or numpy.random.Generator
        Source of the cut.

    Returns
    -------
    ShareTest
        The share of generated samples whose nearest neighbour is a training sample.

    Raises
    ------
    ValueError
        If a set is empty, or the dimensions differ.

    See Also
    --------
    nearest_distances : How near they are.

    Examples
    --------
    >>> train, unseen = np.random.default_rng(0).normal(size=(2, 100, 3))
    >>> memorization_test(train, unseen, train + 0.001).value
    1.0
    """
    train, held_out = check_features(train, "train"), check_features(held_out, "held_out")
    fake = check_features(fake, "fake")
    check_same_columns(train=train, held_out=held_out, fake=fake)
    rng = as_rng(seed)
    size = min(len(train), len(held_out))
    to_train, to_held_out = (
        nearest_distances(fake, rng.permutation(part)[:size]) for part in (train, held_out)
    )
    # Where both are equally near, half a vote goes to each: every second tie counts.
    nearer = to_train < to_held_out
    ties = np.flatnonzero(to_train == to_held_out)
    nearer[ties[::2]] = True
    return _share_test(nearer)


def _classifier():
    # scikit-learn takes a second to import, which only those pay who use it.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _share_test(hits):
    from scipy.stats import binomtest  # slow to import as well

    count = len(hits)
    test = binomtest(int(hits.sum()), count, 0.5, alternative="greater")
    return ShareTest(float(hits.mean()), float(test.pvalue), count)


def _labels(labels, count, name) -> np.ndarray:
    """Check labels whose classes are those that occur."""
    labels = np.asarray(labels)
    is_whole = labels.size and np.issubdtype(labels.dtype, np.integer)
    return check_labels(labels, count, int(labels.max()) + 1 if is_whole else 1, name)
