"""Networks side by side do what each does alone."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from gantutor.torch import models  # noqa: E402
from gantutor.torch.stack import Stack  # noqa: E402


def networks(make):
    return [make(seed) for seed in range(3)]


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda seed: models.mlp_generator((2,), 4, 8, seed=seed), 4),
        (lambda seed: models.mlp_discriminator((2,), 8, seed=seed), 2),
    ],
    ids=["generator", "discriminator"],
)
def test_each_network_answers_and_learns_as_it_does_alone(make, inputs):
    alone = networks(make)
    stack = Stack(alone)
    points = torch.randn(3, 5, inputs, generator=torch.Generator().manual_seed(0))
    together = stack(points)
    together.square().mean(1).sum().backward()
    weight, bias = next(stack.children()).parameters()
    for i, network in enumerate(alone):
        output = network(points[i])
        torch.testing.assert_close(together[i], output)
        output.square().mean(0).sum().backward()
        torch.testing.assert_close(weight.grad[i].T, network[0].weight.grad)
        torch.testing.assert_close(bias.grad[i, 0], network[0].bias.grad)


def test_the_weights_are_copies():
    alone = networks(lambda seed: models.mlp_discriminator((2,), 8, seed=seed))
    stack, before = Stack(alone), alone[0][0].weight.clone()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.zero_()
    assert torch.equal(alone[0][0].weight, before)


def test_networks_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="same layers"):
        Stack([models.mlp_discriminator((2,), width) for width in (8, 16)])
    with pytest.raises(ValueError, match="at least one"):
        Stack([])


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: models.mlp_discriminator((2,), 8, spectral_norm=True, seed=seed),
        lambda seed: nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8)),
        lambda seed: nn.Sequential(nn.Linear(2, 1, bias=False)),
    ],
    ids=["spectral norm", "batch normalisation", "no bias"],
)
def test_other_layers_with_weights_are_refused(make):
    with pytest.raises(TypeError, match="Linear layers"):
        Stack(networks(make))
