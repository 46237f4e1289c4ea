"""Every pass sees each example once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gantutor.runs.order import Order, shuffled


@given(st.integers(1, 40), st.integers(0, 5), st.integers(0, 3), st.integers(0, 2))
def test_a_pass_is_a_permutation(count, seed, epoch, which):
    order = shuffled(count, seed, epoch, which)
    assert sorted(order.tolist()) == list(range(count))


@given(st.data())
def test_steps_of_a_pass_see_different_examples(data):
    count = data.draw(st.integers(1, 30))
    size = data.draw(st.integers(1, count))
    order, steps = Order(count, size, seed=3), count // size
    for epoch in range(3):
        seen = [order.rows(epoch * steps + k) for k in range(steps)]
        flat = np.concatenate(seen)
        assert all(len(rows) == size for rows in seen)
        assert len(set(flat.tolist())) == steps * size  # what is left, less than a step, is dropped
        assert np.array_equal(flat, shuffled(count, 3, epoch)[: steps * size])


def test_a_step_depends_on_no_other_step():
    order = Order(50, 8, seed=1)
    ahead = order.rows(17)
    for step in (0, 30, 16):
        order.rows(step)
    assert np.array_equal(order.rows(17), ahead)
    assert np.array_equal(Order(50, 8, seed=1).rows(17), ahead)


def test_passes_seeds_and_sets_have_orders_of_their_own():
    orders = [shuffled(30, seed, epoch, which).tolist()
              for seed in (0, 1) for epoch in (0, 1) for which in (0, 1)]  # fmt: skip
    assert len({tuple(order) for order in orders}) == 8


def test_a_step_needs_its_examples():
    with pytest.raises(ValueError, match=r"A step needs 11 examples .*; got 10"):
        Order(10, 11, seed=0)
    with pytest.raises(ValueError, match="must be a whole number of at least 1; got 0"):
        Order(10, 0, seed=0)
