"""Every distance of two sets of features refuses sets of different dimensions, and says so."""

import numpy as np
import pytest

from gantutor import metrics

SETS = np.eye(12, 4), np.eye(12, 5)
DISTANCES = [
    metrics.frechet_distance,
    metrics.squared_mmd,
    metrics.kernel_distance,
    metrics.sliced_wasserstein_distance,
    metrics.precision_recall,
    metrics.two_sample_test,
    metrics.nearest_distances,
]


@pytest.mark.parametrize("distance", DISTANCES, ids=lambda function: function.__name__)
def test_sets_of_different_dimensions_are_refused(distance):
    with pytest.raises(ValueError, match="must have the same dimension; got 4 and 5"):
        distance(*SETS)
    distance(SETS[0], SETS[0])


def test_of_three_sets_each_counts():
    same, other = SETS
    for sets in ((other, same, same), (same, other, same), (same, same, other)):
        with pytest.raises(ValueError, match="train and held_out and fake must have the same"):
            metrics.memorization_test(*sets)


def test_parts_of_a_sum_and_labelled_sets_are_refused_too():
    with pytest.raises(ValueError, match="first and second must have the same dimension"):
        metrics.KernelSum.between(*SETS)
    with pytest.raises(ValueError, match="must have the same dimension"):
        metrics.classification_accuracy_score(SETS[0], [0, 1] * 6, SETS[1], [0, 1] * 6)
