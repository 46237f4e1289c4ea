"""Arithmetic with fewer bits: which numbers are short, and what gets lost."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.precision import study  # noqa: E402


@pytest.fixture(scope="module")
def images():
    return load_digits()[0][:256]


def test_a_step_smaller_than_the_spacing_of_bfloat16_is_lost():
    # From 1 to 2 the numbers of bfloat16 are 2⁻⁷ apart; Adam's steps here have the length RATE.
    assert study.RATE < 2**-8
    for start, kind, moves in ((1, "bfloat16", 0), (1, "float32", 1), (0.01, "bfloat16", 1)):
        weight = torch.full((1,), float(start), dtype=getattr(torch, kind), requires_grad=True)
        adam = torch.optim.Adam([weight], study.RATE)
        before = weight.item()
        for _ in range(20):
            study.descend(adam, weight.sum())
        assert (weight.item() != before) == bool(moves)


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
