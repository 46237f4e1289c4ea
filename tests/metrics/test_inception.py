import numpy as np
import pytest

from gantutor.metrics import inception_score


def test_sure_and_varied_is_the_number_of_classes():
    assert inception_score(np.repeat(np.eye(10), 3, axis=0)) == pytest.approx(10)


def test_one_class_only_or_no_idea_at_all_is_one():
    assert inception_score(np.tile(np.eye(10)[3], (20, 1))) == pytest.approx(1)
    assert inception_score(np.full((20, 10), 0.1)) == pytest.approx(1)


def test_four_of_ten_classes_score_four():
    assert inception_score(np.eye(10)[[0, 2, 5, 9]]) == pytest.approx(4)


def test_a_case_by_hand_in_natural_logarithms():
    # Marginal (½, ½): each row's divergence is ¾ ln(3/2) + ¼ ln(1/2).
    expected = np.exp(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert inception_score([[0.75, 0.25], [0.25, 0.75]]) == pytest.approx(expected)


def test_unequal_frequencies_score_the_exponential_of_the_entropy():
    # Sure predictions: the score is exp of the entropy of the classes, here (¾, ¼).
    expected = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert inception_score(np.eye(2)[[0, 0, 0, 1]]) == pytest.approx(expected)


def test_splits_average_over_parts_in_order():
    ordered = np.eye(2)[[0, 0, 1, 1]]
    assert inception_score(ordered, splits=1) == pytest.approx(2)
    assert inception_score(ordered, splits=2) == pytest.approx(1)
    assert inception_score(np.eye(2)[[0, 1, 0, 0]], splits=2) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("probabilities", "splits", "message"),
    [
        ([[0.5, 0.6]], 1, "each row must sum to 1; got values from 0.5 and sums up to 1.1"),
        ([[-0.5, 1.5]], 1, "must not be negative"),
        ([[0.2, 0.2]], 1, "each row must sum to 1"),
        (np.zeros((0, 10)), 1, "probabilities is empty"),
        ([0.5, 0.5], 1, r"probabilities must have shape \[N, d\]; got \[2\]"),
        (np.eye(2), 3, "splits must be at most the 2 rows; got 3"),
        (np.eye(2), 0, "splits must be a whole number of at least 1; got 0"),
    ],
)
def test_bad_arguments(probabilities, splits, message):
    with pytest.raises(ValueError, match=message):
        inception_score(probabilities, splits)
