"""The codec: its bits, what the quantiser chooses, what is held out, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.runs import seeds  # noqa: E402
from gantutor.studies.codec import gallery, simple, study, training  # noqa: E402
from gantutor.studies.vocoder import spectra, speech  # noqa: E402
from gantutor.studies.vocoder.study import data  # noqa: E402


@pytest.fixture(scope="module")
def clips():
    return speech.draw(4, np.random.default_rng(0))


def short(clips, **weights):
    return training.train(clips.waves, 0, training.Losses(**weights), 4)


def test_every_codec_has_1500_bits_a_second(clips):
    assert study.BITS == 1500
    seconds = clips.waves.size / speech.RATE
    codec = short(clips, squared=1.0)
    numbers = codec.encode(clips.waves)
    assert numbers.shape == (4, 2, 128) and numbers.min() >= 0 and numbers.max() < 64
    assert numbers.size * 6 == pytest.approx(study.BITS * seconds)
    assert codec.decode(numbers).shape == clips.waves.shape
    bands = spectra.log_bands(clips.waves)
    assert simple.code_bands(bands, bands, 0)[1].size * 6 == numbers.size * 6
    assert simple.code_pieces(clips.waves, clips.waves, 0)[1].size == numbers.size
    bits = simple.code_components(clips.waves, clips.waves)[1]
    assert bits.sum() * clips.waves.size / simple.BLOCK == numbers.size * 6
    assert (np.diff(bits) <= 0).all(), "the first component has the most bits"


def test_the_decoder_sees_nothing_but_the_numbers(clips):
    codec = short(clips, squared=1.0)
    with torch.no_grad():
        made = codec(torch.as_tensor(clips.waves))[0].numpy()
    np.testing.assert_allclose(codec.decode(codec.encode(clips.waves)), made, atol=1e-5)


def test_stages_take_the_nearest_entry_and_then_what_is_left():
    quantiser = training.Quantiser(2, 3, 2)
    first, second = (
        torch.tensor([[0.0, 0], [4, 0], [0, 4]]),
        torch.tensor([[0.0, 0], [1, 0], [0, 1]]),
    )
    quantiser.books[0].vectors.copy_(first)
    quantiser.books[1].vectors.copy_(second)
    outputs = torch.tensor([[[4.9, 0.1], [0.1, 5.2]]])  # two places: (4.9, 0.1) and (0.1, 5.2)
    numbers = quantiser.encode(outputs)
    assert numbers.tolist() == [[[1, 2], [1, 2]]]
    assert quantiser.decode(numbers).tolist() == [[[5.0, 0.0], [0.0, 5.0]]]


def test_the_gradient_passes_straight_through():
    torch.manual_seed(0)
    quantiser, outputs = training.Quantiser(), torch.randn(2, 16, 8, requires_grad=True)
    found, commitment = quantiser(outputs, learn=True)
    assert torch.allclose(found, quantiser.decode(quantiser.encode(outputs)), atol=1e-6)
    weights = torch.randn(2, 16, 8)
    (found * weights).sum().backward(retain_graph=True)
    assert torch.equal(outputs.grad, weights)
    outputs.grad = None
    commitment.backward()
    expected = 2 * (outputs - found) / outputs.numel()
    assert torch.allclose(outputs.grad, expected, atol=1e-7)


def test_a_codebook_finds_clusters_and_revives_entries():
    torch.manual_seed(0)
    centres = torch.tensor([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    book = training.Codebook(4, 2)
    for _ in range(200):
        book.learn(centres.repeat(16, 1) + 0.1 * torch.randn(64, 2))
    assert torch.cdist(centres, book.vectors).min(dim=1).values.max() < 0.5
    book.vectors[0] = 1000.0
    for _ in range(200):
        book.learn(centres.repeat(16, 1) + 0.1 * torch.randn(64, 2))
    assert book.vectors.abs().max() < 20, "an entry that is never used begins anew"


def test_updates_follow_the_settings(clips):
    plain = short(clips, squared=1.0).decode(np.zeros((1, 2, 128), int))
    again = short(clips, squared=1.0).decode(np.zeros((1, 2, 128), int))
    np.testing.assert_array_equal(plain, again)
    for weights in (
        {"spectral": 1.0},
        {"squared": 1.0, "fooled": 1.0},
        {"squared": 1.0, "features": 1.0},
    ):
        other = short(clips, **weights).decode(np.zeros((1, 2, 128), int))
        assert np.abs(plain - other).max() > 1e-5, weights


def test_the_game_begins_half_way(clips):
    one = training.train(clips.waves, 0, training.Losses(squared=1.0), 1)
    two = training.train(clips.waves, 0, training.Losses(squared=1.0, fooled=1.0), 1)
    # With one update in all, half of the updates are none, so the game is played in it.
    assert not torch.equal(one.decoder[0].weight, two.decoder[0].weight)
    calls = []
    original = training.judge_loss
    training.judge_loss = lambda *args: calls.append(1) or original(*args)
    try:
        training.train(clips.waves, 0, training.Losses(squared=1.0, fooled=1.0), 6)
    finally:
        training.judge_loss = original
    assert len(calls) == 3


def test_held_out_clips_are_not_among_those_of_the_training():
    trained, tested, other = (part.waves for part in data(0))
    rows = np.concatenate([trained, tested, other])
    assert len(np.unique(rows, axis=0)) == len(rows) == 280
    for batch in training.draws(trained[:3], 5, 0):
        assert batch.shape == (8, 1024)
        for piece in batch.numpy():
            assert any(np.isin(piece[:2], clip).all() for clip in trained[:3])
    assert not np.array_equal(data(0)[0].waves, data(1)[0].waves)


def test_scores_of_known_sounds(clips):
    truth = study.score(clips, clips.waves)
    assert truth["snr"] == pytest.approx(90) and truth["distance"] == 0 and truth["pitch"] > 0.98
    silence = study.score(clips, 0 * clips.waves)
    assert silence["snr"] == 0 and silence["pitch"] == 0 and silence["distance"] > 20
    turned = study.score(clips, -clips.waves)
    assert turned["snr"] == pytest.approx(-10 * np.log10(4)) and turned["distance"] == 0
    assert study.score(clips, 0.9 * clips.waves)["snr"] == pytest.approx(20, abs=0.01)


def test_usage_of_known_numbers():
    numbers = np.array([[[0, 0, 1, 1], [5, 5, 5, 5]]])
    assert study.usage(numbers) == {"used": 1.5, "perplexity": pytest.approx(1.5)}


def test_kmeans_of_pieces_keeps_pieces_it_knows():
    rng = np.random.default_rng(0)
    known = rng.normal(size=(64, 32)).astype(np.float32)
    waves = known[rng.integers(64, size=(20, 8))].reshape(20, 256)
    made, numbers = simple.code_pieces(waves, waves, 0)
    assert made.shape == waves.shape and numbers.shape == (20, 2, 8)
    assert np.mean((made - waves) ** 2) < 0.3 * np.mean(waves**2)


@pytest.mark.slow
def test_floor_and_ceiling_have_the_columns_of_the_table():
    noise, truth = study.run(0, "noise"), study.run(0, "truth")
    assert {"seed", *noise} == set(study.COLUMNS)
    assert truth["distance"] == 0 and truth["pitch"] > 0.99 > 0.2 > noise["pitch"]
    short_run = study.run(0, steps=2, squared=1.0, fooled=1.0, features=2.0)
    assert {"seed", *short_run} == set(study.COLUMNS) and short_run["used"] > 0


def test_the_gallery_comes_back_as_it_was_saved(tmp_path, monkeypatch):
    waves = {name: np.linspace(-1, 1, 50) * k for k, name in enumerate(gallery.NAMES)}
    monkeypatch.setattr(gallery, "FILE", tmp_path / "gallery.json")
    gallery.save(waves, gallery.FILE)
    back = gallery.load()
    assert list(back) == list(waves)
    np.testing.assert_allclose(back["squared error"], waves["squared error"], atol=1e-4)


def test_the_shipped_gallery_holds_versions_of_the_first_held_out_clip():
    waves, truth = gallery.load(), data(gallery.SEED)[1].waves[0]
    assert tuple(waves) == gallery.NAMES and gallery.FILE.stat().st_size < 60_000
    wave = waves["squared error"]
    assert wave.shape == truth.shape
    assert ((wave - truth) ** 2).sum() < 0.6 * (truth**2).sum()
    again = study.without_network(gallery.SEED, "pulses")[0][0]
    assert np.corrcoef(waves["bands, pulses"], again)[0, 1] > 0.9


def test_the_page_says_what_the_study_does():
    assert (training.STEPS, study.SETTINGS["both, 640 updates"]["steps"]) == (400, 640)
    assert (training.FRAME, training.STAGES, training.ENTRIES) == (
        simple.PIECE,
        simple.PIECE_STAGES,
        simple.ENTRIES,
    )
    rng = seeds.rng(gallery.SEED, "data")
    known, clips = speech.draw(200, rng).waves, speech.draw(40, rng).waves
    np.testing.assert_array_equal(known, data(gallery.SEED)[0].waves)
    np.testing.assert_array_equal(clips, data(gallery.SEED)[1].waves)
