"""Melodies: how a tune is read, what a chain counts, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.melodies import gallery, study, training, tunes  # noqa: E402

TUNE = """X:1
T:A test -- Reel
M:C|
L:1/8
K:D
"mf"D2 (FA) d>e fd|{g}cBAG FEDz|^GABc =c2 d2|dcBA GF D2:|
(3ABc dB ABAF|D8|
"""


def test_a_tune_is_read_with_its_key_and_accidentals():
    rows = tunes.read(TUNE)
    assert rows.shape == (1, 32), "a bar with a triplet ends the run"
    bars = [row.tolist() for row in rows[0].reshape(4, 8)]
    above = [[t - 1 + tunes.LOWEST if t else None for t in bar] for bar in bars]
    assert above[0] == [0, None, 4, 7, 12, 14, 16, 12]  # D . F# A d e f# d
    assert above[1] == [11, 9, 7, 5, 4, 2, 0, None]  # c# B A G F# E D rest
    assert above[2] == [6, 7, 9, 11, 10, None, 12, None]  # G#, then c natural
    assert above[3] == [12, 11, 9, 7, 5, 4, 0, None]


@pytest.mark.parametrize(("old", "new"), [("K:D", "K:Dm"), ("M:C|", "M:6/8"), ("L:1/8", "L:1/4")])
def test_other_keys_and_metres_are_left_out(old, new):
    assert tunes.read(TUNE.replace(old, new)).shape == (0, 32)


def test_without_the_collection_tunes_are_drawn(monkeypatch):
    monkeypatch.setattr(tunes, "folder", lambda: None)
    found = tunes.load()
    assert len(found) == 400 and found[0].shape == (1, 32)
    row = found[0][0]
    assert set(tunes.pitches(row) % 12) <= set(tunes.SCALE) and tunes.pitches(row)[-1] == 0
    assert study.repeats(row)


@pytest.mark.skipif(tunes.folder() is None, reason="music21 is not installed")
def test_the_collection():
    found = tunes.load()
    rows = np.concatenate(found)
    assert len(found) > 400 and len(rows) > 900
    assert rows.min() >= 0 and rows.max() < tunes.TOKENS
    notes = np.concatenate([tunes.pitches(row) for row in rows])
    assert np.isin(notes % 12, tunes.SCALE).mean() > 0.95


def test_all_excerpts_of_a_tune_are_on_one_side(monkeypatch):
    rows = [np.full((2, 32), i) for i in range(20)]
    monkeypatch.setattr(study, "_load", lambda: rows)
    study.data.cache_clear()
    parts = [set(part.ravel().tolist()) for part in study.data(0)]
    study.data.cache_clear()
    assert [len(part) for part in parts] == [12, 4, 4]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_a_chain_counts():
    rows = np.tile([1, 2], (3, 16))
    chain = training.Chain(rows, 1)
    # After 1 always 2, 48 times: (48 + 1 · lower) / (48 + 1); lower: (48 + 2 / 30) / (96 + 2).
    assert chain.chances((1,))[2] == pytest.approx((48 + (48 + 2 / 30) / 98) / 49)
    assert chain.chances((1,)).sum() == pytest.approx(1)
    assert chain.bits(rows) < 0.2 < 4 < training.Chain(rows, 0).bits(rows + 9)
    written = training.Chain(rows, 2).write(4, np.random.default_rng(0))
    assert written.shape == (4, 32) and (written[:, :2] == [1, 2]).all()


def test_scores_of_known_rows():
    scale = np.array([1 - tunes.LOWEST + p for p in (0, 2, 4, 5, 7, 9, 11, 12)])
    row = np.concatenate([scale, scale[::-1], scale, scale + 1])
    assert study.repeats(row) and not study.repeats(np.arange(32))
    rows = row[None]
    found = study.score(rows, rows, rows, rows)
    assert found["copied"] == 1 and found["intervals"] == 0 and found["repeats"] == 1
    assert 0.75 < found["scale"] < 1
    other = study.score(rows, rows[:, ::-1], rows, rows[:, ::-1])
    assert other["copied"] < 1
    assert study.divergence(np.array([1.0, 0]), np.array([0, 1.0])) == 1
    shares = study.intervals(rows)
    assert shares.sum() == pytest.approx(1) and shares[28] == pytest.approx(2 / 31)


def test_two_updates_of_each_network():
    rows = np.concatenate(tunes.draw(40, np.random.default_rng(0)))
    for train in (training.train_likelihood, training.play):
        network = train(rows, 2, 0)
        torch.manual_seed(0)
        written = network.write(5)
        assert written.shape == (5, 32) and 0 <= written.min() <= written.max() < tunes.TOKENS
    fake = training.Generator()(torch.randn(2, 32))
    assert (fake.sum(dim=1) == 1).all() and fake.requires_grad


def test_likelihood_learns():
    rows = np.tile([3, 4], (64, 16))
    writer = training.train_likelihood(rows, 60, 0)
    torch.manual_seed(0)
    assert (writer.write(20) == rows[:20]).mean() > 0.8


@pytest.mark.slow
def test_every_setting_has_the_columns_of_the_table():
    for name in ("shuffled", "chain, order 2", "game", "real"):
        found = study.run(0, **{**study.SETTINGS[name], "steps": 1})
        assert {"seed", *found} == set(study.COLUMNS), name


def test_the_gallery(tmp_path):
    melodies = gallery.load()
    assert melodies.shape == (4, 32) and 0 <= melodies.min() <= melodies.max() < tunes.TOKENS
    gallery.save(melodies, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == gallery.FILE.read_bytes()
