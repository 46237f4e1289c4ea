"""Penalties of discriminators whose gradients are known, in both frameworks."""

import math

import numpy as np
import pytest


@pytest.fixture
def kit(twin):
    """Penalties, a maker of tensors, and a sum over all axes but the first."""
    import importlib

    penalties = importlib.import_module(f"gantutor.{twin.name}.penalties")
    if twin.name == "torch":
        import torch

        return penalties, torch.tensor, lambda x: x.flatten(1).sum(1)
    import tensorflow as tf

    return penalties, tf.constant, lambda x: tf.reduce_sum(tf.reshape(x, [x.shape[0], -1]), 1)


def images(seed=0):
    return np.random.default_rng(seed).normal(size=(6, 4, 4, 1)).astype("float32")


def mixes(seed=0):
    return np.random.default_rng(seed).uniform(size=6).astype("float32")


def test_a_constant_discriminator_has_gradient_penalty_one(kit):
    penalties, tensor, total = kit
    x = tensor(images())
    value = penalties.gradient_penalty(lambda x: 0 * total(x), x, x, tensor(mixes()))
    assert float(value) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("slope", [0.25, 1.0, -3.0])
def test_a_linear_discriminator_has_a_known_gradient(kit, slope):
    # D(x) = slope · Σx has gradient norm |slope| · √16 everywhere.
    penalties, tensor, total = kit
    real, fake = tensor(images()), tensor(images(1))
    norm = abs(slope) * 4

    def discriminator(x):
        return slope * total(x)

    value = penalties.gradient_penalty(discriminator, real, fake, tensor(mixes()))
    assert float(value) == pytest.approx((norm - 1) ** 2, rel=1e-5, abs=1e-6)
    assert float(penalties.r1(discriminator, real)) == pytest.approx(norm**2 / 2, rel=1e-5)
    assert float(penalties.r2(discriminator, fake)) == pytest.approx(norm**2 / 2, rel=1e-5)


def test_the_mixture_is_between_real_and_fake_one_number_an_image(kit):
    # D(x) = ½ Σ x² has gradient x: the penalty tells where it was taken.
    penalties, tensor, total = kit
    real, fake, mix = images(), images(1), mixes()

    def discriminator(x):
        return total(x * x) / 2

    value = float(
        penalties.gradient_penalty(discriminator, tensor(real), tensor(fake), tensor(mix))
    )
    between = mix[:, None, None, None] * real + (1 - mix[:, None, None, None]) * fake
    norms = np.sqrt((between.astype("float64") ** 2).sum((1, 2, 3)))
    assert value == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-4)
    assert float(penalties.r1(discriminator, tensor(real))) == pytest.approx(
        (real.astype("float64") ** 2).sum((1, 2, 3)).mean() / 2, rel=1e-4
    )


def test_weights_add_up_by_name(kit):
    penalties, tensor, total = kit
    x, mix = tensor(images()), tensor(mixes())
    weights = {"r1": 10.0, "r2": 3.0, "gradient_penalty": 2.0, "clip_weights": 0.01}
    value = penalties.weighted_sum(weights, lambda x: total(x) / 4, x, x, mix)
    assert float(value) == pytest.approx(10 / 2 + 3 / 2 + 0, rel=1e-5)
    assert penalties.weighted_sum({}, total, x, x, mix) == 0


def test_penalties_reach_the_weights(twin, kit):
    # d/dw of ½ E ‖∇(w x)‖² = w: the second derivative through the gradient is there.
    penalties, tensor, total = kit
    x = tensor(np.ones((5, 1), "float32"))
    if twin.name == "torch":
        w = tensor(1.5, requires_grad=True)
        penalties.r1(lambda x: w * total(x), x).backward()
        slope = w.grad.item()
    else:
        import tensorflow as tf

        w = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            value = penalties.r1(lambda x: w * total(x), x)
        slope = float(tape.gradient(value, w))
    assert slope == pytest.approx(1.5)
    assert math.isfinite(slope)
