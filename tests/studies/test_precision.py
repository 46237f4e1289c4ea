"""Arithmetic with fewer bits: which numbers are short, and what gets lost."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.precision import study  # noqa: E402


@pytest.fixture(scope="module")
def images():
    return load_digits()[0][:256]


def weight(value, copies):
    network = torch.nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    with torch.no_grad():
        network.weight.fill_(value)
    return network, study.Player(network, copies)


def test_a_step_smaller_than_the_spacing_of_bfloat16_is_lost_without_a_float32_copy():
    # Between 1 and 2 the numbers of bfloat16 are 2⁻⁷ apart; Adam's first step has the length RATE.
    assert study.RATE < 2**-8
    for copies, moves in ((False, False), (True, True)):
        network, player = weight(1.0, copies)
        for _ in range(20):
            player.descend(network(torch.ones(1, 1, dtype=torch.bfloat16)).sum())
        assert (network.weight.item() != 1.0) is moves


def test_a_small_weight_moves_in_bfloat16_too():
    network, player = weight(0.01, False)
    player.descend(network(torch.ones(1, 1, dtype=torch.bfloat16)).sum())
    assert network.weight.item() < 0.01


@pytest.mark.parametrize(
    ("arithmetic", "kind"),
    [("float32", "float32"), ("autocast", "float32"), ("weights", "bfloat16")],
)
def test_the_weights_have_the_type_that_the_name_says(images, arithmetic, kind):
    generator, moved = study.train(images, 0, 1, arithmetic)
    assert {p.dtype for p in generator.parameters()} == {getattr(torch, kind)}
    assert 0 < moved <= 1
    made = study.draw(generator, 0)
    assert made.dtype == np.float32 and made.shape == (study.SAMPLES, 28, 28, 1)
    assert abs(made).max() <= 1


def test_another_stream_is_another_training_from_the_same_weights(images):
    one, other = (study.train(images, 0, 1, stream=stream)[0] for stream in (0, 1))
    start = study.train(images, 0, 0)[0]
    weights = [next(g.parameters()) for g in (one, other, start)]
    assert not torch.equal(weights[0], weights[1])
    assert all(abs(w - weights[2]).max() < 2 * study.RATE for w in weights[:2])


def test_real_digits_are_the_ceiling_and_an_untrained_generator_the_floor():
    assert study.run(0, steps=-1)["digit_fid"] < 10 < 300 < study.run(0, steps=0)["digit_fid"]
