"""Judging samples by classifiers trained on their features, and by what they copy."""

from dataclasses import dataclass

import numpy as np

from gantutor.metrics.neighbours import nearest_distances
from gantutor.validation import check_features, check_labels, check_same_columns


@dataclass(frozen=True)
class ShareTest:
    """A share of samples, and how surely it is above one half.

    Parameters
    ----------
    share : float
        In [0, 1]; one half is expected if there is nothing to find.
    p_value : float
        Probability of such a share or a larger one if one half were true (exact binomial test).
    count : int
        Of how many samples it is the share.
    """

    share: float
    p_value: float
    count: int


def classification_accuracy_score(features, labels, real_features, real_labels):
    """Train a classifier on generated samples, and return its accuracy on real ones.

    The classifier is a logistic regression on standardised features, so that the score measures
    the samples and not the patience of a training.

    Parameters
    ----------
    features : array_like, shape [N, d]
        Features of generated samples.
    labels : array_like of int, shape [N]
        The classes that they were generated for, from 0; at least two different ones.
    real_features, real_labels : array_like, shape [M, d] and [M]
        Real samples that neither the generator nor its features were trained on.

    Returns
    -------
    float
        Share of real samples that get their own label, in [0, 1].

    Raises
    ------
    ValueError
        If there is only one class, or if numbers of rows or columns do not fit.

    References
    ----------
    Ravuri and Vinyals (2019), section 3, with a linear classifier on features in place of a deep
    one on pixels.

    Examples
    --------
    >>> features = np.array([[0.0], [0.1], [1.0], [1.1]])
    >>> classification_accuracy_score(features, [0, 0, 1, 1], [[0.05], [0.9]], [0, 1])
    1.0
    """
    features = check_features(features)
    real_features = check_features(real_features, "real_features")
    check_same_columns(features, real_features)
    labels = _labels(labels, len(features), "labels")
    real_labels = _labels(real_labels, len(real_features), "real_labels")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"labels must hold at least two classes; got only {labels[0]}.")
    return float(_classifier().fit(features, labels).score(real_features, real_labels))


def two_sample_test(real, fake, seed=0):
    """Test whether a classifier tells real features from generated ones.

    One half of each set trains a logistic regression on standardised features, the other half
    is classified. It sees a difference of means along some direction; differences that no straight
    cut shows escape it.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features, at least four rows each; the larger set is cut to the size of the smaller.
    seed : int
        Seed of the halves.

    Returns
    -------
    ShareTest
        The share of held-out samples classified rightly: near 1/2 if nothing was found.

    Raises
    ------
    ValueError
        If a set has fewer than four rows, or the dimensions differ.

    References
    ----------
    Lopez-Paz and Oquab (2017), section 3.

    Examples
    --------
    >>> real, fake = np.random.default_rng(0).normal(size=(2, 200, 3))
    >>> two_sample_test(real, fake + 2).share > 0.9
    True
    """
    real, fake = check_features(real, "real", 4), check_features(fake, "fake", 4)
    check_same_columns(real, fake)
    generator = np.random.default_rng(seed)
    size = min(len(real), len(fake))
    rows = np.concatenate([generator.permutation(part)[:size] for part in (real, fake)])
    labels = np.repeat([1, 0], size)
    held_out = np.tile(np.arange(size) < size // 2, 2)
    classifier = _classifier().fit(rows[~held_out], labels[~held_out])
    return _share_test(classifier.predict(rows[held_out]) == labels[held_out])


def memorisation_test(fake, train, held_out, seed=0):
    """Test whether samples lie nearer to the training data than to unseen data.

    A generator that learnt the distribution is as often nearest to one of the training samples as
    to one of as many unseen samples: the share is 1/2. One that copies is nearer to the first.

    Parameters
    ----------
    fake : array_like, shape [N, d]
        Features of generated samples.
    train, held_out : array_like, shape [M, d] and [K, d]
        Features of what the generator was trained on, and of unseen samples of the same
        distribution; the larger set is cut to the size of the smaller.
    seed : int
        Seed of the cut.

    Returns
    -------
    ShareTest
        The share of generated samples whose nearest neighbour is a training sample.

    Raises
    ------
    ValueError
        If a set is empty, or the dimensions differ.

    Examples
    --------
    >>> train, unseen = np.random.default_rng(0).normal(size=(2, 100, 3))
    >>> memorisation_test(train + 0.001, train, unseen).share
    1.0
    """
    train, held_out = check_features(train, "train"), check_features(held_out, "held_out")
    generator = np.random.default_rng(seed)
    size = min(len(train), len(held_out))
    to_train, to_held_out = (
        nearest_distances(fake, generator.permutation(part)[:size]) for part in (train, held_out)
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


def _labels(labels, count, name):
    classes = int(np.max(labels, initial=0)) + 1
    return check_labels(labels, count, classes, name)
