import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gantutor.metrics import inception_score


def score(probabilities, splits=1):
    return inception_score(probabilities, splits).value


def test_sure_and_varied_is_the_number_of_classes():
    assert score(np.repeat(np.eye(10), 3, axis=0)) == pytest.approx(10)


def test_one_class_only_or_no_idea_at_all_is_one():
    assert score(np.tile(np.eye(10)[3], (20, 1))) == pytest.approx(1)
    assert score(np.full((20, 10), 0.1)) == pytest.approx(1)


def test_four_of_ten_classes_score_four():
    assert score(np.eye(10)[[0, 2, 5, 9]]) == pytest.approx(4)


def test_a_case_by_hand_in_natural_logarithms():
    # Marginal (½, ½): each row's divergence is ¾ ln(3/2) + ¼ ln(1/2).
    expected = np.exp(0.75 * np.log(1.5) + 0.25 * np.log(0.5))
    assert score([[0.75, 0.25], [0.25, 0.75]]) == pytest.approx(expected)


def test_unequal_frequencies_score_the_exponential_of_the_entropy():
    # Sure predictions: the score is exp of the entropy of the classes, here (¾, ¼).
    expected = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert score(np.eye(2)[[0, 0, 0, 1]]) == pytest.approx(expected)


def test_splits_average_over_parts_in_order():
    ordered = np.eye(2)[[0, 0, 1, 1]]
    assert score(ordered, splits=1) == pytest.approx(2)
    assert score(ordered, splits=2) == pytest.approx(1)
    assert score(np.eye(2)[[0, 1, 0, 0]], splits=2) == pytest.approx(1.5)


def test_the_spread_is_that_of_the_parts():
    # Parts that score 2 and 1: mean 1.5, standard deviation ½ (divided by their number).
    found = inception_score(np.eye(2)[[0, 1, 0, 0]], splits=2)
    assert found.parts == pytest.approx([2, 1]) and found.spread == pytest.approx(0.5)
    assert float(found) == found.value == pytest.approx(1.5)
    assert inception_score(np.eye(2)).spread == 0


def test_splits_are_the_published_ones():
    # Five rows in three parts, [i·5 // 3 : (i + 1)·5 // 3]: rows 0, 1 2 and 3 4.
    found = inception_score(np.eye(4)[[0, 1, 2, 3, 3]], splits=3)
    assert found.parts == pytest.approx([1, 2, 1])


@given(st.integers(1, 60), st.data())
def test_parts_cover_all_rows_and_differ_by_one_at_most(count, data):
    # With a class to each row, a part of n rows scores n.
    splits = data.draw(st.integers(1, count))
    sizes = np.rint(inception_score(np.eye(count), splits).parts)
    assert sizes.sum() == count and np.ptp(sizes) <= 1
    assert np.cumsum(sizes).tolist() == [(i + 1) * count // splits for i in range(splits)]


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
        score(probabilities, splits)
