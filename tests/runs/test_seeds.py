"""Streams of random numbers: each purpose, place and seed has its own."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gantutor.runs import seeds

SEED = st.integers(0, 2**128 - 1)
PURPOSE = st.sampled_from(seeds.PURPOSES)
PLACE = st.lists(st.integers(0, 2**32 - 1), max_size=3).map(tuple)


def drawn(source):
    return tuple(np.random.default_rng(source).integers(2**63, size=4).tolist())


def test_no_two_streams_are_equal():
    places = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0)]
    keys = list(itertools.product(range(12), seeds.PURPOSES, places))
    found = {drawn(seeds.stream(seed, purpose, *place)) for seed, purpose, place in keys}
    plain = {drawn(seed) for seed in range(12)}
    assert len(found | plain) == len(keys) + 12


@given(SEED, PURPOSE, PLACE, SEED, PURPOSE, PLACE)
def test_streams_are_equal_only_where_all_is(seed, purpose, place, other, for_what, elsewhere):
    same = (seed, purpose, place) == (other, for_what, elsewhere)
    first, second = seeds.stream(seed, purpose, *place), seeds.stream(other, for_what, *elsewhere)
    assert (drawn(first) == drawn(second)) == same
    assert drawn(first) != drawn(seed)


@given(SEED, PURPOSE)
def test_numbers_fit_a_framework_and_repeat(seed, purpose):
    number = seeds.number(seed, purpose, 3)
    assert 0 <= number < 2**31
    assert number == seeds.number(seed, purpose, 3)
    assert seeds.rng(seed, purpose).random() == seeds.rng(seed, purpose).random()


def test_neighbouring_seeds_are_independent():
    # Correlations of 2,000 pairs: none of 60 is further from 0 than 4.5 standard errors.
    rows = [
        seeds.rng(seed, purpose).standard_normal(2000)
        for seed in range(4)
        for purpose in ("generator", "discriminator", "latents")
    ]
    off = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(off).max() < 4.5 / np.sqrt(2000)


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, np.int32])
def test_whole_numbers_of_any_kind_are_seeds(kind):
    assert seeds.number(kind(7), "noise", 1) == seeds.number(7, "noise", 1)
    assert type(seeds.check_seed(kind(7))) is int


@pytest.mark.parametrize("wrong", [-1, 2**128, np.int64(-5)])
def test_seeds_outside_their_range_are_refused(wrong):
    with pytest.raises(
        ValueError, match=r"start must be a whole number of (at least 0|less than 2\^128)"
    ):
        seeds.check_seed(wrong, "start")


@pytest.mark.parametrize("wrong", [None, 1.0, "1", True, np.float32(2), [1]])
def test_what_is_no_whole_number_is_refused(wrong):
    with pytest.raises(TypeError, match="seed must be a whole number of at least 0; got"):
        seeds.check_seed(wrong)


def test_purposes_are_named():
    with pytest.raises(ValueError, match=r"Unknown purpose 'latent'\. Did you mean 'latents'"):
        seeds.stream(0, "latent")
