"""Missing cells: what is hidden, what each method may look at, what GAIN's losses say."""

import numpy as np
import pytest

from gantutor.studies.missing_cells import study


def test_a_fifth_of_the_cells_is_missing_and_units_are_those_of_the_others():
    some = study.cells(1)
    assert some.whole.shape == (569, 30)
    assert 1 - some.seen.mean() == pytest.approx(study.MISSING, abs=0.01)
    assert np.allclose(np.nanmean(some.holed, axis=0), 0) and np.allclose(
        np.nanstd(some.holed, axis=0), 1
    )
    assert not np.array_equal(study.cells(2).seen, some.seen)


def test_no_method_looks_at_missing_cells_but_the_one_that_says_so():
    some = study.cells(1)
    spoiled = some._replace(whole=np.where(some.seen, some.whole, 1e6))
    for method in ("mean", "nearest rows", "regression"):
        filled = study.fill(some, method, 1)
        assert np.array_equal(filled, study.fill(spoiled, method, 1)), method
        assert np.array_equal(filled[some.seen], some.whole[some.seen]), method
    known = study.fill(some, "all other cells known", 1)
    assert not np.allclose(known, study.fill(spoiled, "all other cells known", 1))


def test_scores_of_known_fillings():
    some = study.cells(1)
    perfect = study.score(some, some.whole)
    assert perfect["error"] == 0 and perfect["spread"] == 1 and perfect["pairs"] == 0
    shifted = study.score(some, np.where(some.seen, some.whole, some.whole + 0.5))
    assert shifted["error"] == pytest.approx(0.5) and shifted["spread"] == pytest.approx(1)
    whole = np.array([[0.0, 0.0], [4.0, 10.0], [1.0, 5.0], [3.0, 6.0]])
    seen = np.array([[True, True], [True, True], [False, False], [False, False]])
    halves = study.score(study.Cells(whole, seen), np.where(seen, whole, whole + np.array([2, 5])))
    assert halves["error_of_range"] == pytest.approx(0.5)
    mean = study.score(some, study.fill(some, "mean", 1))
    assert mean["error"] == pytest.approx(1, abs=0.1) and mean["spread"] < 1e-6
    assert study.score(some, study.fill(some, "regression", 1))["error"] < 0.5


def test_a_column_that_is_the_sum_of_others_is_found_from_them():
    whole = np.random.default_rng(0).normal(size=(200, 3))
    whole = np.column_stack([whole, whole.sum(axis=1)])
    assert np.allclose(study.from_the_others(whole), whole, atol=1e-6)


def test_losses_of_a_constant_generator_and_discriminator():
    tf = pytest.importorskip("tensorflow")
    from gantutor.studies.missing_cells import training

    cells = tf.constant([[1.0, 2.0, 0.0]])
    seen = tf.constant([[1.0, 1.0, 0.0]])
    g_loss, d_loss = training.losses(
        lambda x: 0 * x[:, :3], lambda x: 0 * x[:, :3], cells, seen, seen
    )
    assert d_loss.numpy() == pytest.approx(np.log(2))
    by_hand = training.WEIGHT * (5 / 3) / (2 / 3) + np.log(2) / 3
    assert g_loss.numpy() == pytest.approx(by_hand, rel=1e-5)
    without, _ = training.losses(
        lambda x: 0 * x[:, :3], lambda x: 0 * x[:, :3], cells, seen, seen, 0.0
    )
    assert without.numpy() == pytest.approx(by_hand - np.log(2) / 3, rel=1e-5)


def test_a_hidden_cell_is_not_shown_to_the_generator():
    tf = pytest.importorskip("tensorflow")
    from gantutor.studies.missing_cells import training

    shown = []

    def generator(x):
        shown.append(x.numpy())
        return x[:, :3]

    seen = tf.ones((1, 3))
    cells, hidden = tf.constant([[1.0, 2.0, 3.0]]), tf.constant([[0.0, 1.0, 0.0]])
    training.losses(generator, lambda x: x[:, :3], cells, seen, seen, 0.0, hidden)
    assert shown[0].tolist() == [[1, 0, 3, 1, 0, 1]]


@pytest.mark.slow
def test_networks_fill_in_and_a_training_is_repeated_by_its_seed(monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(study, "STEPS", 200)
    some = study.cells(1)
    spoiled = some._replace(whole=np.where(some.seen, some.whole, 1e6))
    for method in study.NETWORKS:
        filled = study.fill(some, method, 1)
        assert np.array_equal(filled[some.seen], some.whole[some.seen])
        assert np.allclose(filled, study.fill(spoiled, method, 1), atol=1e-3)
        assert study.score(some, filled)["error"] < 0.95
    assert {"seed", *study.run(0, "GAIN")} == set(study.COLUMNS)
