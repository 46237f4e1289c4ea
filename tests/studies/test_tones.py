"""Notes: what is drawn, how it is heard, and what the distances say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.tones import gallery, notes, study, training  # noqa: E402


def test_notes_have_the_pitch_that_they_say():
    waves, pitches = notes.draw(200, np.random.default_rng(0))
    assert waves.dtype == np.float32 and waves.shape == (200, 1024)
    assert np.abs(waves).max() < 0.85 and set(pitches) == set(range(12))
    assert (np.abs(notes.heard(waves) - pitches) < 0.5).mean() > 0.97


def test_a_semitone_too_high_is_wrong():
    rng = np.random.default_rng(0)
    strengths, decay = np.ones((12, 4)) / np.arange(1, 5), np.full((12, 4), 6.0)
    waves = notes.synthesise(notes.FREQUENCIES, strengths, decay, rng)
    np.testing.assert_allclose(notes.heard(waves), np.arange(12), atol=0.2)
    higher = notes.synthesise(notes.FREQUENCIES * 2 ** (1 / 12), strengths, decay, rng)
    np.testing.assert_allclose(notes.heard(higher), np.arange(12) + 1, atol=0.2)


def test_decay_and_noise_are_measured():
    rng = np.random.default_rng(0)
    for rate in (4.0, 12.0):
        wave = notes.synthesise(notes.FREQUENCIES[:1], np.eye(4)[:1], np.full((1, 4), rate), rng)
        assert notes.measure(wave, [0])[0, 4] == pytest.approx(rate, abs=1)
    parts = np.exp([[0, -1, -2, -3]]), np.array([[4.0, 6, 8, 10]])
    wave = notes.synthesise(notes.FREQUENCIES[:1], *parts, rng)
    strengths = notes.measure(wave, [0])[0, :4]
    np.testing.assert_allclose(strengths - strengths[0], [0, -1, -2, -3], atol=0.15)
    noise = rng.normal(0, 0.01, (50, 1024))
    assert notes.noise_level(noise) == pytest.approx(0.01, rel=0.05)


def test_training_and_comparison_are_different_notes():
    known, pitches, others = study.data(0)
    assert known.shape == (600, 1024) and others.shape == (600, 1024)
    assert len(np.unique(np.concatenate([known, others]), axis=0)) == 1200
    made = study._maker(0, "copies", 0)(pitches[:20])
    assert all((known == wave).all(axis=1).any() for wave in made)


@pytest.mark.parametrize("method", ["copies", "components", "harmonics", "hiss", "truth"])
def test_every_plain_method_plays_the_asked_pitch(method):
    asked = np.arange(12).repeat(3)
    made = study._maker(0, method, 0)(asked)
    assert made.shape == (36, 1024)
    assert (np.abs(notes.heard(made) - asked) < 0.5).mean() > 0.9


def test_two_updates_of_the_game():
    known, pitches, _ = study.data(0)
    first, second = (training.play(known, pitches, 2, 0) for _ in range(2))
    asked = np.arange(12)
    waves = training.generate(first, asked, 0)
    assert waves.shape == (12, 1024) and np.abs(waves).max() <= 1
    np.testing.assert_array_equal(waves, training.generate(second, asked, 0))
    other = training.generate(training.play(known, pitches, 3, 0), asked, 0)
    assert np.abs(waves - other).max() > 1e-4


def test_floor_and_ceiling():
    noise, truth = study.run(0, "noise"), study.run(0, "truth")
    assert {"seed", *noise} == set(study.COLUMNS)
    assert noise["pitch"] < 0.2 and truth["pitch"] > 0.97
    assert noise["frechet"] > 100 > 2 > truth["frechet"]
    assert noise["kernel"] > 10 > 0.1 > abs(truth["kernel"])


def test_hiss_is_a_tenth_as_loud():
    waves = notes.draw(50, np.random.default_rng(0))[0]
    hiss = study._hissing(waves, np.random.default_rng(1)) - waves
    loudness = [np.sqrt((part**2).mean(axis=1)) for part in (hiss, waves)]
    np.testing.assert_allclose(loudness[0], 0.1 * loudness[1], rtol=0.1)


def test_the_gallery(tmp_path):
    waves = gallery.load()
    assert waves.shape == (4, 1024) and 0.2 < np.abs(waves).max() <= 1
    assert gallery.FILE.stat().st_size < 30_000
    gallery.save(waves, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == gallery.FILE.read_bytes()


def test_the_gallery_is_made_by_the_tables_training(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 2)
    made = study._maker(gallery.SEED, "network", 2)(np.array(gallery.PITCHES))
    np.testing.assert_array_equal(gallery.make(), made)


def test_the_shipped_notes_are_near_the_asked_pitches_and_no_training_notes():
    waves = gallery.load()
    assert np.abs(notes.heard(waves) - gallery.PITCHES).max() < 1.5  # not all are in tune
    known = study.data(gallery.SEED)[0]
    near = np.linalg.norm(known - waves[:, None], axis=2).min(axis=1)
    assert np.all(near > 0.2 * np.linalg.norm(waves, axis=1))
