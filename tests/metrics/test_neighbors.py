"""Precision, recall, density, coverage and nearest distances, on sets small enough to check."""

import numpy as np
import pytest

from gantutor.metrics import _distances, nearest_distances, neighbors, precision_recall

LINE = np.arange(5.0)[:, None]  # 0, 1, 2, 3, 4: with k = 1 every radius is 1


def test_a_line_by_hand():
    # Fakes at 0.4 and 10: the first lies in the balls of 0 and 1, the second in none. The fakes'
    # own radii are 9.6: real 0 … 4 all lie within 9.6 of 0.4.
    scores = precision_recall(LINE, [[0.4], [10.0]], neighbors=1)
    assert scores == neighbors.NeighborScores(precision=0.5, recall=1.0, density=1.0, coverage=0.4)


def test_four_numbers_are_not_one():
    with pytest.raises(
        TypeError, match=r"gives four numbers; take one of them, such as \.precision"
    ):
        float(precision_recall(LINE, LINE, neighbors=1))


def test_balls_are_open():
    # A fake at −1 is exactly one radius away from 0.
    assert precision_recall(LINE, [[-1.0], [-3.0]], neighbors=1).precision == 0
    assert precision_recall(LINE, [[-0.999], [-3.0]], neighbors=1).precision == 0.5


def test_a_set_against_itself():
    points = np.random.default_rng(0).normal(size=(300, 3))
    scores = precision_recall(points, points)
    assert scores.precision == scores.recall == scores.coverage == 1


def test_a_lost_mode_costs_recall_and_a_wrong_one_precision():
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=(2, 500, 2)) + np.array([[[-9, 0]], [[9, 0]]])
    both = np.concatenate([left, right])
    lost = precision_recall(both, generator.normal(size=(1000, 2)) + np.array([-9, 0]))
    assert lost.precision > 0.9 and 0.4 < lost.recall < 0.5 and 0.4 < lost.coverage < 0.5
    wrong = precision_recall(left, both)
    assert 0.45 < wrong.precision <= 0.5 and wrong.recall > 0.9


def test_density_is_expected_to_be_one_for_one_distribution():
    generator = np.random.default_rng(0)
    scores = precision_recall(*generator.normal(size=(2, 2000, 4)))
    assert scores.density == pytest.approx(1, abs=0.06)
    # Naeem et al. 2020, Lemma 2: E coverage → 1 − 1/2ᵏ for large, equal sets.
    assert scores.coverage == pytest.approx(1 - 1 / 2**5, abs=0.015)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tile", [7, 64, 1024])
def test_tiles_give_what_the_definition_says(monkeypatch, tile, dtype):
    monkeypatch.setattr(_distances, "_TILE", tile)
    generator = np.random.default_rng(1)
    real = generator.normal(size=(90, 6)).astype(dtype)
    fake = (0.8 * generator.normal(size=(70, 6)) + 0.3).astype(dtype)
    k = 3

    def distances(a, b):
        difference = a[:, None].astype(float) - b[None]
        return np.sqrt((difference**2).sum(axis=2))

    between = distances(real, fake)
    real_radii = np.sort(distances(real, real), axis=1)[:, k]  # column 0 is the point itself
    fake_radii = np.sort(distances(fake, fake), axis=1)[:, k]
    in_real = between < real_radii[:, None]
    scores = precision_recall(real, fake, k)
    assert scores.precision == in_real.any(axis=0).mean()
    assert scores.recall == (between < fake_radii).any(axis=1).mean()
    assert scores.density == pytest.approx(in_real.sum(axis=0).mean() / k, rel=1e-12)
    assert scores.coverage == (between.min(axis=1) < real_radii).mean()
    np.testing.assert_allclose(nearest_distances(real, fake), between.min(axis=1), rtol=1e-6)


@pytest.mark.parametrize("nudge", [-1e-9, 1e-9])
def test_what_float32_cannot_tell_is_settled_in_float64(monkeypatch, nudge):
    generator = np.random.default_rng(3)
    real, directions = generator.normal(size=(400, 8)), generator.normal(size=(400, 8))
    radii = np.sort(np.linalg.norm(real[:, None] - real, axis=2), axis=1)[:, 5]
    # Ten fakes lie a billionth inside, or outside, of a real neighbourhood; the rest are far.
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    fake = real + directions * np.where(np.arange(400) < 10, (1 + nudge) * radii, 50)[:, None]
    expected = (np.linalg.norm(real[:, None] - fake, axis=2) < radii[:, None]).sum()
    used, scores_in = [], neighbors._scores
    monkeypatch.setattr(neighbors, "_scores", lambda *a: used.append(a[-1]) or scores_in(*a))
    assert precision_recall(real, fake).density == pytest.approx(expected / 400 / 5, rel=1e-12)
    # With the sides exchanged the fakes have the neighbourhoods, and recall depends on the rims.
    held = (np.linalg.norm(real[:, None] - fake, axis=2) < radii[:, None]).any(axis=0)
    assert held[:10].all() == (nudge < 0)
    assert precision_recall(fake, real).recall == held.mean()
    assert used == [np.float32] * 2
    precision_recall(real, real)  # every point lies on the rim of some neighbourhood
    assert used[2:] == [np.float32, np.float64]


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_neither_scale_nor_place_matters(scale):
    generator = np.random.default_rng(4)
    real, fake = generator.normal(size=(2, 300, 5))
    assert precision_recall(scale * (real + 3), scale * (fake + 3)) == precision_recall(real, fake)


def test_it_is_what_the_authors_code_finds():
    prdc = pytest.importorskip("prdc")
    generator = np.random.default_rng(2)
    real, fake = generator.normal(size=(400, 16)), 0.9 * generator.normal(size=(300, 16)) + 0.1
    ours = precision_recall(real, fake, 5)
    theirs = prdc.compute_prdc(real, fake, 5)
    assert vars(ours) == pytest.approx(theirs, rel=1e-12)


def test_constant_features_have_empty_balls():
    scores = precision_recall(np.ones((10, 3)), np.ones((10, 3)))
    assert vars(scores) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (LINE, LINE, 5, "real must have at least 6 rows; got 5"),
        (np.zeros((9, 1)), LINE, 5, "fake must have at least 6 rows; got 5"),
        (LINE, LINE, 0, "neighbors must be a whole number of at least 1"),
        (LINE, np.zeros((5, 2)), 1, "same dimension; got 1 and 2"),
        (LINE, np.full((5, 1), np.inf), 1, "fake must be finite"),
        (LINE[:, 0], LINE, 1, r"real must have shape \[N, d\]"),
    ],
)
def test_what_has_no_neighbours_is_refused(real, fake, k, message):
    with pytest.raises(ValueError, match=message):
        precision_recall(real, fake, k)
