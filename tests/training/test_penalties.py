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
    assert float(detached(value)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("slope", [0.25, 1.0, -3.0])
def test_a_linear_discriminator_has_a_known_gradient(kit, slope):
    # D(x) = slope · Σx has gradient norm |slope| · √16 everywhere.
    penalties, tensor, total = kit
    real, fake = tensor(images()), tensor(images(1))
    norm = abs(slope) * 4

    def discriminator(x):
        return slope * total(x)

    value = penalties.gradient_penalty(discriminator, real, fake, tensor(mixes()))
    assert float(detached(value)) == pytest.approx((norm - 1) ** 2, rel=1e-5, abs=1e-6)
    assert float(detached(penalties.r1(discriminator, real))) == pytest.approx(
        norm**2 / 2, rel=1e-5
    )
    assert float(detached(penalties.r2(discriminator, fake))) == pytest.approx(
        norm**2 / 2, rel=1e-5
    )


def test_the_mixture_is_between_real_and_fake_one_number_an_image(kit):
    # D(x) = ½ Σ x² has gradient x: the penalty tells where it was taken.
    penalties, tensor, total = kit
    real, fake, mix = images(), images(1), mixes()

    def discriminator(x):
        return total(x * x) / 2

    penalty = penalties.gradient_penalty(discriminator, tensor(real), tensor(fake), tensor(mix))
    value = float(detached(penalty))
    between = mix[:, None, None, None] * real + (1 - mix[:, None, None, None]) * fake
    norms = np.sqrt((between.astype("float64") ** 2).sum((1, 2, 3)))
    assert value == pytest.approx(((norms - 1) ** 2).mean(), rel=1e-4)
    assert float(detached(penalties.r1(discriminator, tensor(real)))) == pytest.approx(
        (real.astype("float64") ** 2).sum((1, 2, 3)).mean() / 2, rel=1e-4
    )


def ones(twin, tensor):
    return {"mix": tensor(mixes()), "probe": tensor(np.ones((6, 4, 4, 1), "float32"))}


def test_weights_add_up_by_name(twin, kit):
    # D(x) = Σx / 4 has gradient norm 1; moved by ε in all 16 pixels it gains 4 ε.
    penalties, tensor, total = kit
    x = tensor(images())
    weights = {
        "r1": 10.0,
        "r2": 3.0,
        "gradient_penalty": 2.0,
        "finite_r1": 0.5,
        "finite_r2": 0.25,
        "clip_weights": 0.01,
    }
    judge = penalties.Judge(network(twin, total))
    real, fake, terms = penalties.compare(judge, x, x, weights, ones(twin, tensor))
    np.testing.assert_allclose(np.asarray(detached(real)), np.asarray(detached(fake)))
    found = {name: float(detached(term)) for name, term in terms.items()}
    assert found == pytest.approx(
        {"r1": 10 / 2, "r2": 3 / 2, "gradient_penalty": 0, "finite_r1": 4, "finite_r2": 2},
        rel=1e-3,
        abs=1e-5,
    )
    assert penalties.compare(judge, x, x, {}, ones(twin, tensor))[2] == {}


def detached(value):
    return value.detach() if hasattr(value, "detach") else value


def network(twin, total):
    """D(x) = Σx / 4 as a module, so that it can be asked whether it mixes examples."""
    if twin.name == "torch":
        import torch

        class Linear(torch.nn.Module):
            def forward(self, x):
                return total(x) / 4

        return Linear()
    import keras

    class Linear(keras.layers.Layer):
        def call(self, x, training=False):
            return total(x) / 4

    return Linear()


@pytest.mark.parametrize("names", [("r1",), ("r2",), ("r1", "r2")])
def test_the_loss_pass_gives_the_penalties_of_their_own_passes(twin, names):
    # Real and fake differ, so that exchanged inputs would show; weights differ, too.
    real, fake = images(), images(1) * 2
    model = twin.models.mlp_discriminator((4, 4, 1), 8, seed=2)
    weights = {name: float(k + 1) for k, name in enumerate(names)}
    if twin.name == "torch":
        import torch

        real, fake = (torch.from_numpy(x).permute(0, 3, 1, 2) for x in (real, fake))
        parameters = list(model.parameters())

        def slopes(terms):
            return torch.autograd.grad(sum(terms), parameters, allow_unused=True)

        _, _, terms = twin.penalties.compare(twin.penalties.Judge(model), real, fake, weights, {})
        own = slopes(terms.values())
        alone = [w * getattr(twin.penalties, n)(model, {"r1": real, "r2": fake}[n])
                 for n, w in weights.items()]  # fmt: skip
        other = slopes(alone)
    else:
        import tensorflow as tf

        real, fake, parameters = tf.constant(real), tf.constant(fake), model.trainable_variables
        with tf.GradientTape() as tape:
            judge = twin.penalties.Judge(model)
            _, _, terms = twin.penalties.compare(judge, real, fake, weights, {})
            total = sum(terms.values())
        own = tape.gradient(total, parameters)
        with tf.GradientTape() as tape:
            alone = [w * getattr(twin.penalties, n)(model, {"r1": real, "r2": fake}[n])
                     for n, w in weights.items()]  # fmt: skip
            total = sum(alone)
        other = tape.gradient(total, parameters)
    for name, value in zip(names, alone, strict=True):
        assert float(detached(terms[name])) == pytest.approx(float(detached(value)), rel=1e-4)
    for a, b in zip(own, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_finite_differences_have_the_expectation_and_variance_they_say(twin, kit):
    # For D(x) = ⟨w, x⟩ the term of one example is ½ (w · n)²: mean ½ |w|², variance ½ |w|⁴.
    penalties, tensor, total = kit
    w = np.array([[0.5, -1.0, 2.0]], "float32")
    rng = np.random.default_rng(0)
    n = rng.normal(size=(40_000, 3)).astype("float32")
    x = np.zeros_like(n)

    def judge(x):
        return total(x * tensor(w))

    mean = float(penalties.finite_difference(judge, tensor(x), tensor(n)))
    half = (w**2).sum() / 2
    assert mean == pytest.approx(half, rel=4 * np.sqrt(2 / 40_000) + 1e-3)
    terms = [float(penalties.finite_difference(judge, tensor(x[:1]), tensor(n[k : k + 1])))
             for k in range(300)]  # fmt: skip
    expected = (n[:300] @ w[0]) ** 2 / 2
    np.testing.assert_allclose(terms, expected, rtol=2e-2, atol=1e-3)
    assert ((n @ w[0]) ** 2 / 2).var() == pytest.approx(2 * half**2, rel=0.1)


def test_a_judge_tells_each_example_its_own_class(twin, kit):
    penalties, tensor, _ = kit
    logits = np.arange(12, dtype="float32").reshape(4, 3)  # row i, class k: 3 i + k

    def network(x, training=False):
        return tensor(np.concatenate([logits, logits + 100])[: len(x)])

    judge = penalties.Judge(network, tensor(np.array([2, 0, 1, 1])))
    assert np.asarray(judge(np.zeros(4))).tolist() == [2, 3, 7, 10]
    assert np.asarray(judge(np.zeros(8))).tolist() == [2, 3, 7, 10, 102, 103, 107, 110]
    assert np.asarray(judge.first(2)(np.zeros(2))).tolist() == [2, 3]


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
