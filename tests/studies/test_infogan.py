"""InfoGAN: its loss and its scores on cases that one can check by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.infogan import study  # noqa: E402


def test_the_loss_of_the_codes_is_a_cross_entropy_and_half_the_squares():
    outputs = torch.zeros(2, 13)
    outputs[:, 11:] = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    sliders = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    loss = study.code_loss(outputs, torch.tensor([3, 9]), sliders)
    assert float(loss) == pytest.approx(np.log(10) + 0.5)
    outputs[:, 0] = 100  # the logit for real or fake is no part of it
    outputs[0, 1 + 3] = outputs[1, 1 + 9] = 50
    assert float(study.code_loss(outputs, torch.tensor([3, 9]), sliders)) == pytest.approx(0.5)


def test_purity_matches_each_code_with_one_digit():
    digits = np.arange(100) % 10
    assert study.purity((digits + 3) % 10, digits) == 1
    assert study.purity(np.zeros(100, int), digits) == pytest.approx(0.1)
    assert study.purity(digits // 2, digits) == pytest.approx(0.5), "two digits share a code"


def test_factors_of_drawn_strokes():
    images = np.full((3, 28, 28, 1), -1.0)
    images[0, 4:24, 13:15] = 1  # upright, two pixels wide
    images[1, 4:24, 12:16] = 1  # twice as thick
    for row in range(4, 24):  # a pixel to the right for each two upwards
        column = 14 + (14 - row) // 2
        images[2, row, column : column + 2] = 1
    found = study.factors(images)
    np.testing.assert_allclose(found["slant"], [0, 0, 0.5], atol=0.01)
    np.testing.assert_allclose(found["width"][:2], [0.5, np.sqrt(1.25)], atol=0.01)
    np.testing.assert_allclose(found["ink"], np.array([40, 80, 40]) / 784, atol=1e-4)


def test_explained_is_the_share_of_variance_of_a_line():
    sliders = np.random.default_rng(0).uniform(-1, 1, size=(4000, 2))
    noise = np.random.default_rng(1).normal(size=4000)
    assert study.explained(sliders, 3 * sliders[:, 1] - 5) == pytest.approx(1)
    assert study.explained(sliders, noise) < 0.01
    half = sliders[:, 0] / sliders[:, 0].std() + noise / noise.std()
    assert study.explained(sliders, half) == pytest.approx(0.5, abs=0.05)


def test_lambda_reaches_the_generator_only():
    images = load_digits()[0][::10]
    (g_0, d_0), (g_1, d_1) = (study.train(images, weight, 1, seed=0) for weight in (0.0, 1.0))
    assert torch.equal(next(d_0.parameters()), next(d_1.parameters()))
    assert not torch.equal(next(g_0.parameters()), next(g_1.parameters()))


@pytest.mark.slow
def test_samples_use_each_code_equally_often_and_a_tiny_run_has_the_tables_columns():
    row = study.run(seed=0, weight=1.0, steps=1)
    assert {"seed", *row} == set(study.COLUMNS)
    assert row["bound"] < 0.1, "nothing learnt yet"
    generator, _ = study.train(load_digits()[0], 1.0, 0, seed=0)
    made, category, sliders = study.draw(generator, seed=0, count=50)
    assert made.shape == (50, 28, 28, 1) and np.bincount(category).tolist() == [5] * 10
    assert sliders.shape == (50, 2) and np.abs(sliders).max() <= 1
