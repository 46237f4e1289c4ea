"""Judging samples by classifiers trained on their features, and by what they copy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gantutor.metrics._results import Score
from gantutor.metrics.neighbors import nearest_of
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
        Probability of such a share or a larger one if there is nothing to find.
    standard_error : float
        Standard deviation of the share if there is nothing to find.
    """

    value: float
    p_value: float
    standard_error: float


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
        The share of held-out samples classified rightly: near 1/2 if nothing was found. Its
        p-value is that of the exact binomial test.

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
    from scipy.stats import binomtest  # takes a second to import

    real, fake = check_features(real, "real", 4), check_features(fake, "fake", 4)
    check_same_columns(real=real, fake=fake)
    rng = as_rng(seed)
    size = min(len(real), len(fake))
    rows = np.concatenate([rng.permutation(part)[:size] for part in (real, fake)])
    labels = np.repeat([1, 0], size)
    held_out = np.tile(np.arange(size) < size // 2, 2)
    classifier = _classifier().fit(rows[~held_out], labels[~held_out])
    right = classifier.predict(rows[held_out]) == labels[held_out]
    test = binomtest(int(right.sum()), len(right), 0.5, alternative="greater")
    return ShareTest(float(right.mean()), float(test.pvalue), float(0.5 / np.sqrt(len(right))))


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
        The share of generated samples whose nearest neighbour is a training sample; where a
        training and an unseen sample are equally near, each gets half a vote.

        Votes are not independent: in many dimensions some samples, *hubs*, are nearest to many
        others. So the standard error is that of the permutation test, which draws at random which
        half of the pooled samples is called the training data, and keeps who is nearest to whom.
        The p-value takes the share for normal, so it needs some dozens of samples.

    Raises
    ------
    ValueError
        If a set is empty, or the dimensions differ.

    See Also
    --------
    nearest_distances : How near they are.

    References
    ----------
    Meehan, Chaudhuri and Dasgupta (2020), for the comparison with held-out data; Radovanović,
    Nanopoulos and Ivanović (2010), for hubs.

    Examples
    --------
    >>> train, unseen = np.random.default_rng(0).normal(size=(2, 100, 3))
    >>> memorization_test(train, unseen, train + 0.001).value
    1.0
    """
    from scipy.stats import norm  # takes a second to import

    train, held_out = check_features(train, "train"), check_features(held_out, "held_out")
    fake = check_features(fake, "fake")
    check_same_columns(train=train, held_out=held_out, fake=fake)
    rng = as_rng(seed)
    size = min(len(train), len(held_out))
    (to_train, copied), (to_held_out, other) = (
        nearest_of(fake, rng.permutation(part)[:size]) for part in (train, held_out)
    )
    for_train = (to_train < to_held_out) + 0.5 * (to_train == to_held_out)
    votes = np.concatenate(
        [np.bincount(copied, for_train, size), np.bincount(other, 1 - for_train, size)]
    )
    # Of a random half of the pooled samples: the variance of a sum without replacement.
    error = np.sqrt(size / 2 * votes.var(ddof=1)) / len(fake)
    share = float(for_train.mean())
    p_value = norm.sf(share, 0.5, error) if error > 0 else 0.5
    return ShareTest(share, float(p_value), float(error))


def _classifier():
    # scikit-learn takes a second to import, which only those pay who use it.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _labels(labels, count, name) -> np.ndarray:
    """Check labels whose classes are those that occur."""
    labels = np.asarray(labels)
    is_whole = labels.size and np.issubdtype(labels.dtype, np.integer)
    return check_labels(labels, count, int(labels.max()) + 1 if is_whole else 1, name)
