"""The six losses on values that can be worked out by hand, in both frameworks."""

import math

import numpy as np
import pytest

REAL = np.array([-5, 1.4, 12.5, 2.7], "float32")
FAKE = np.array([10, 4.4, -5.5, 3.6], "float32")

# Worked out with Python's own floats from the definitions: (discriminator, generator).
SOFTPLUS = [math.log1p(math.exp(-abs(a))) + max(a, 0) for a in FAKE.tolist()]
BY_HAND = {
    # minimax D: mean softplus(−real) + mean softplus(fake); G: −mean softplus(fake)
    "minimax": (5.833866, -4.510821),
    "non_saturating": (5.833866, 1.385821),
    # D: ½ mean [36, 0.16, 132.25, 2.89] + ½ mean [100, 19.36, 30.25, 12.96]
    # G: ½ mean [81, 11.56, 42.25, 6.76]
    "least_squares": (41.73375, 17.69625),
    # mean fake − mean real = 3.125 − 2.9
    "wasserstein": (0.225, -3.125),
    # mean [6, 0, 0, 0] + mean [11, 5.4, 0, 4.6]
    "hinge": (6.75, -3.125),
    # differences real − fake: −15, −3, 18, −0.9
    "relativistic": (4.822435, 4.597435),
}


def tensor(twin, values):
    if twin.name == "torch":
        import torch

        return torch.tensor(np.asarray(values, "float32"))
    import tensorflow as tf

    return tf.constant(np.asarray(values, "float32"))


@pytest.mark.parametrize("name", BY_HAND)
def test_values_by_hand(twin, name):
    pair = twin.losses.get(name)
    real, fake = tensor(twin, REAL), tensor(twin, FAKE)
    assert float(pair.discriminator(real, fake)) == pytest.approx(BY_HAND[name][0], abs=2e-5)
    assert float(pair.generator(fake, real)) == pytest.approx(BY_HAND[name][1], abs=2e-5)


def test_minimax_values_follow_from_the_definition(twin):
    value = twin.losses.minimax.generator(tensor(twin, FAKE), None)
    assert float(value) == pytest.approx(-np.mean(SOFTPLUS), rel=1e-6)


def test_guessing_costs_two_log_two(twin):
    zeros = tensor(twin, np.zeros(7))
    pair = twin.losses.non_saturating
    assert float(pair.discriminator(zeros, zeros)) == pytest.approx(2 * math.log(2))
    assert float(pair.generator(zeros, zeros)) == pytest.approx(math.log(2))
    assert float(twin.losses.relativistic.discriminator(zeros, zeros)) == pytest.approx(math.log(2))
    assert float(twin.losses.hinge.discriminator(zeros, zeros)) == 2


def gradient(twin, function, at):
    """d/da of a loss of one logit."""
    if twin.name == "torch":
        import torch

        a = torch.tensor([float(at)], requires_grad=True)
        function(a).backward()
        return a.grad.item()
    import tensorflow as tf

    a = tf.Variable([float(at)])
    with tf.GradientTape() as tape:
        value = function(a)
    return float(tape.gradient(value, a)[0])


@pytest.mark.parametrize("a", [-8.0, -1.0, 0.0, 3.0])
def test_gradients_follow_their_formulas(twin, a):
    sigma = 1 / (1 + math.exp(-a))
    pairs = twin.losses

    def generator(name):
        return gradient(twin, lambda x: pairs.get(name).generator(x, x * 0), a)

    assert generator("minimax") == pytest.approx(-sigma, abs=1e-6)
    assert generator("non_saturating") == pytest.approx(sigma - 1, abs=1e-6)
    assert generator("least_squares") == pytest.approx(a - 1, abs=1e-6)
    assert generator("wasserstein") == -1
    assert generator("hinge") == -1
    assert generator("relativistic") == pytest.approx(sigma - 1, abs=1e-6)


def test_discriminators_rise_on_real_and_fall_on_fake(twin):
    for name, pair in twin.losses.LOSSES.items():
        zero = tensor(twin, [0.0])
        on_real = gradient(twin, lambda x, pair=pair, zero=zero: pair.discriminator(x, zero), 0.0)
        on_fake = gradient(twin, lambda x, pair=pair, zero=zero: pair.discriminator(zero, x), 0.0)
        assert on_real < 0, name
        assert on_fake > 0 or name == "least_squares", name  # (fake − 0)² is flat at 0
    on_fake = gradient(twin, lambda x: twin.losses.least_squares.discriminator(x * 0, x), 1.0)
    assert on_fake == 1


def test_large_logits_stay_finite(twin):
    for name, pair in twin.losses.LOSSES.items():
        real, fake = tensor(twin, [-1e4, 1e4]), tensor(twin, [1e4, -1e4])
        assert math.isfinite(float(pair.discriminator(real, fake))), name
        assert math.isfinite(float(pair.generator(fake, real))), name


def test_an_unknown_loss_suggests_the_nearest(twin):
    with pytest.raises(
        ValueError, match=r"Unknown loss 'wassertein'. Did you mean 'wasserstein'\?"
    ):
        twin.losses.get("wassertein")
