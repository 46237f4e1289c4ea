"""The vocoder: what a spectrogram keeps, what an update minimises, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.vocoder import spectra, speech, study, training  # noqa: E402


@pytest.fixture(scope="module")
def clips():
    return speech.draw(4, np.random.default_rng(0))


def tone(frequency, length=4096):
    return np.sin(2 * np.pi * frequency * np.arange(length) / speech.RATE)[None]


def test_clips_are_drawn_anew_for_training_testing_and_comparing():
    parts = study.data(0)
    assert [len(part.waves) for part in parts] == [200, 40, 40]
    rows = np.concatenate([part.waves for part in parts])
    assert len(np.unique(rows, axis=0)) == 280 and np.abs(rows).max() <= 0.61


def test_a_spectrogram_can_be_turned_back(clips):
    spectrum = spectra.spectrogram(clips.waves)
    assert spectrum.shape == (4, 129, 65)
    np.testing.assert_allclose(spectra.overlap_add(spectrum), clips.waves, atol=1e-6)


def test_the_spectrogram_is_that_of_pytorch(clips):
    theirs = torch.stft(
        torch.as_tensor(clips.waves),
        256,
        64,
        window=torch.hann_window(256),
        pad_mode="constant",
        return_complex=True,
    )
    np.testing.assert_allclose(theirs.numpy(), spectra.spectrogram(clips.waves), atol=1e-3)


def test_bands_share_the_frequencies_and_forget_the_sign(clips):
    matrix = spectra.band_matrix()
    assert matrix.shape == (24, 129) and matrix.min() == 0
    np.testing.assert_allclose(matrix[:, 5:120].sum(axis=0), 1, atol=0.1)
    bands = spectra.log_bands(clips.waves)
    np.testing.assert_allclose(spectra.log_bands(-clips.waves), bands, atol=1e-9)


def test_griffin_lim_keeps_a_true_spectrogram_and_comes_nearer_to_another_one(clips):
    spectrum = spectra.spectrogram(clips.waves)
    kept = spectra.griffin_lim(np.abs(spectrum), 3, spectra.direction(spectrum))
    np.testing.assert_allclose(kept, clips.waves, atol=1e-5)
    random = np.exp(2j * np.pi * np.random.default_rng(0).random(spectrum.shape))
    errors = [
        np.linalg.norm(
            np.abs(spectra.spectrogram(spectra.griffin_lim(np.abs(spectrum), n, random)))
            - np.abs(spectrum)
        )
        for n in (0, 8, 16)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_the_regression_matches_the_bands():
    waves = study.data(0)[0].waves[:40]
    bands, regression = spectra.log_bands(waves), spectra.Regression(waves)
    wrong = [
        np.abs(np.log((spectra.band_matrix() @ made).clip(1e-2)) - bands).mean()
        for made in (regression.plain(bands), regression(bands))
    ]
    assert wrong[1] < wrong[0] < 0.5


def test_the_pitch_of_a_tone_with_harmonics():
    wave = sum(tone(120 * k) / k for k in range(1, 8))
    pitch = spectra.read_pitch(np.abs(spectra.spectrogram(wave)))
    np.testing.assert_allclose(pitch[:, 4:-4], 120, rtol=0.01)


def test_scores_of_known_sounds(clips):
    assert spectra.log_spectral_distance(clips.waves, clips.waves) == 0
    assert spectra.log_spectral_distance(clips.waves, -clips.waves) == 0
    louder = spectra.log_spectral_distance(10 * clips.waves, 100 * clips.waves)
    assert louder == pytest.approx(20, abs=0.5), "ten times as loud is 20 dB"
    assert spectra.pitch_share(clips, clips.waves) > 0.98
    wrong = speech.Speech(clips.waves, clips.pitch * 2 ** (1 / 12), clips.voiced)
    assert spectra.pitch_share(wrong, clips.waves) < 0.1, "a semitone is too much"


def test_the_swing_of_loudness_follows_the_pitch_or_does_not(clips):
    voiced, pitch = np.ones((1, 4096), bool), np.full((1, 4096), 100.0)
    pulsing = tone(1000) * (1 + 0.6 * np.sin(2 * np.pi * 100 * np.arange(4096) / speech.RATE))
    with_pitch, rest = spectra.swing(speech.Speech(pulsing, pitch, voiced), pulsing)
    assert with_pitch > 1.5 and rest < 0.4
    other = speech.Speech(pulsing, np.full((1, 4096), 137.0), voiced)
    assert spectra.swing(other, pulsing)[0] < 0.4, "pulses of another pitch do not count"
    assert max(spectra.swing(other, tone(500))) < 0.3, "a steady tone does not swing"
    noise = np.random.default_rng(0).normal(size=clips.waves.shape)
    with_pitch, rest = spectra.swing(clips, clips.waves)
    assert with_pitch > 1.5 > 0.6 > spectra.swing(clips, noise)[0]
    assert rest < 1 < spectra.swing(clips, noise)[1]


def test_other_noise_changes_nothing_else(clips):
    again = speech.draw(4, np.random.default_rng(0), np.random.default_rng(1))
    np.testing.assert_array_equal(again.pitch, clips.pitch)
    np.testing.assert_array_equal(again.voiced, clips.voiced)
    assert spectra.pitch_share(clips, again.waves) > 0.98
    assert 3 < spectra.log_spectral_distance(clips.waves, again.waves) < 7
    made = study.make(0, study.data(0)[1], "other noise")
    assert 3 < spectra.log_spectral_distance(study.data(0)[1].waves, made) < 7


def test_the_second_part_of_a_training_goes_on_with_the_batches():
    network, seconds = study._network(0, 0.0, 1, 1, True)
    pieces = study.load_pieces(0)
    start = training.train(pieces, 1, 0)
    other = training.train(pieces, 1, 0, start=start)
    assert seconds > 0
    for first, second in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(first, second)


def test_features_tell_noise_from_speech():
    trained, tested, other = study.data(0)
    real, fake = study.standardised(other.waves, tested.waves, trained.waves)
    assert real.shape == (40, 16)
    assert abs(study.squared_mmd(real, fake)) < 0.3
    noise = np.random.default_rng(0).normal(0, 0.1, tested.waves.shape)
    assert study.squared_mmd(*study.standardised(other.waves, noise, trained.waves)) > 10


def test_the_losses_of_a_perfect_and_a_silent_generator(clips):
    real = torch.as_tensor(clips.waves)
    assert training.spectral_loss(real, real) == 0
    assert training.spectral_loss(real, 0 * real) > 1
    judge = training.Judge()
    fooled, difference = training.game_losses(judge, real, real)
    assert difference == 0
    for net in judge.nets:
        torch.nn.init.zeros_(net[-1].weight)
        torch.nn.init.zeros_(net[-1].bias)
    fooled, _ = training.game_losses(judge, real, real)
    assert fooled.item() == pytest.approx(3 * np.log(2), abs=1e-5)
    assert training.judge_loss(judge, real, real).item() == pytest.approx(6 * np.log(2), abs=1e-5)


def test_updates_follow_the_settings(clips):
    waves = clips.waves
    phases = spectra.direction(spectra.spectrogram(waves))

    def trained(**settings):
        network = training.train(training.Pieces(waves, phases, 0), 2, 0, **settings)
        return training.apply(network, spectra.log_bands(waves[:1]), phases[:1])

    plain = trained()
    assert plain.shape == (1, 4096)
    np.testing.assert_array_equal(plain, trained())
    assert np.abs(plain - trained(adversarial=1.0)).max() > 1e-4
    assert np.abs(plain - trained(pulses=False)).max() > 1e-4
    start = training.Vocoder()
    before = start.head.weight.clone()
    assert np.abs(plain - trained(start=start)).max() > 1e-4
    assert torch.equal(start.head.weight, before), "a copy is trained"


def test_pieces_belong_together(clips):
    phases = spectra.direction(spectra.spectrogram(clips.waves))
    bands, found, waves = training.Pieces(clips.waves, phases, 0).draw(3)
    assert bands.shape == (3, 24, 17) and found.shape == (3, 129, 17)
    assert waves.shape == (3, 1024)
    inside = spectra.log_bands(waves.numpy())[:, :, 3:-3]
    np.testing.assert_allclose(inside, bands[:, :, 3:-3], atol=1e-3)


@pytest.mark.slow
def test_floor_and_ceiling_have_the_columns_of_the_table():
    noise, truth = study.run(0, "noise"), study.run(0, "truth")
    assert {"seed", *noise} == set(study.COLUMNS)
    assert truth["distance"] == 0 and truth["pitch"] > 0.99 > 0.2 > noise["pitch"]
    assert noise["distance"] > 15 and noise["kernel"] > 10 > abs(truth["kernel"])
    assert {"seed", *study.run(0, steps=1, adversarial=1.0)} == set(study.COLUMNS)
