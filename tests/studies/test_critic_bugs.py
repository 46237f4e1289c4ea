"""The mistakes of copied critics: what each rule does to a gradient that one can write down."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tensorflow as tf

from gantutor.keras.penalties import gradient_penalty
from gantutor.studies.critic_bugs import study

NOISE = {"mix": tf.constant([0.1, 0.5, 0.9])}
ZEROS = tf.zeros([3, 2, 2, 1])


def linear(slope):
    """A critic whose gradient has the same entry at each of the four pixels."""
    return lambda images: slope * tf.reduce_sum(images, axis=[1, 2, 3])


@pytest.mark.parametrize(
    ("mistake", "norm"),
    [({}, 6), ({"norm": "axis"}, 3 * 2**0.5), ({"norm": "batch"}, 6 * 3**0.5)],
)
def test_the_norm_of_a_linear_critic(mistake, norm):
    found = study.penalty(linear(3.0), ZEROS, ZEROS, NOISE, **mistake)
    assert float(found) == pytest.approx((norm - 1) ** 2, rel=1e-5)


def test_the_one_sided_penalty_leaves_small_slopes_alone():
    assert float(study.penalty(linear(0.1), ZEROS, ZEROS, NOISE, one_sided=True)) == 0
    assert float(study.penalty(linear(3.0), ZEROS, ZEROS, NOISE, one_sided=True)) == 25


def test_where_the_penalty_looks():
    """The critic ½ ‖x‖² has the slope ‖x‖, so the penalty shows the mixed images."""
    judge = lambda images: tf.reduce_sum(tf.square(images), axis=[1, 2, 3]) / 2  # noqa: E731
    real = tf.ones([3, 2, 2, 1])
    for mixing, places in (
        ("uniform", [0.1, 0.5, 0.9]),
        ("batch", [0.1] * 3),
        ("normal", [-1.2815516, 0, 1.2815516]),
    ):
        found = float(study.penalty(judge, real, ZEROS, NOISE, mixing=mixing))
        expected = np.mean((2 * np.abs(places) - 1) ** 2)
        assert found == pytest.approx(expected, rel=1e-4)
    right = float(study.penalty(judge, real, ZEROS, NOISE))
    assert right == pytest.approx(float(gradient_penalty(judge, real, ZEROS, NOISE["mix"])))


def test_the_distance_of_shifted_and_of_reordered_images():
    images = np.random.default_rng(0).normal(size=(6, 14, 14, 1))
    assert study.exact(images, images[::-1]) == pytest.approx(0, abs=1e-9)
    assert study.exact(images, images + 1) == pytest.approx(14)


def test_what_is_trained_on_is_not_what_is_scored_against():
    real, others = study.digits(0)
    assert real.shape == (3000, 14, 14, 1) and others.shape == (2000, 14, 14, 1)
    assert not {image.tobytes() for image in real} & {image.tobytes() for image in others}
    assert study.enlarge(real[:2]).shape == (2, 28, 28, 1)


def test_floor_and_ceiling():
    scores = {name: study.run(0, name) for name in ("noise", "mean", "real")}
    assert scores["real"]["digit_fid"] < 5 and scores["real"]["classes"] == 10
    assert min(scores[name]["digit_fid"] for name in ("noise", "mean")) > 200


def test_a_tiny_run_has_the_columns_of_the_table():
    assert {"seed", *study.run(0, steps=1)} == set(study.COLUMNS)
