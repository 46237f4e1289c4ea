"""The study of anomalies: what is normal, what is scratched, and scores computed by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.anomalies import study  # noqa: E402


def test_the_digit_left_out_is_in_no_normal_image_and_all_sets_are_apart():
    images, labels = load_digits()
    label = {image.tobytes(): k for image, k in zip(images, labels, strict=True)}
    normal, seen, test, anomalous = study.leave_out(7, seed=1)
    assert len(normal) + len(seen) == 4000 and len(test) == 1000
    assert {label[image.tobytes()] for image in normal} == set(range(10)) - {7}
    assert {label[image.tobytes()] for image in seen} == {7}
    assert [label[image.tobytes()] == 7 for image in test] == anomalous.tolist()
    known = {image.tobytes() for image in (*normal, *seen)}
    assert not any(image.tobytes() in known for image in test)


def test_a_scratch_changes_a_thin_line_by_its_contrast_and_both_signs_occur():
    random, patch = np.random.default_rng(0), np.zeros((16, 16, 1), "float32")
    signs = set()
    for _ in range(20):
        change = study.scratch(patch, random)
        assert np.abs(change).max() == pytest.approx(study.CONTRAST, rel=0.05)
        assert 7 <= (change != 0).sum() <= 40
        signs.add(float(np.sign(change.sum())))
    assert signs == {-1.0, 1.0} and not patch.any()


@pytest.mark.slow
def test_patches_of_the_test_come_from_the_other_half_and_a_tenth_has_a_scratch():
    normal, seen, test, anomalous = study.scratched_patches("brick", seed=0)
    assert (normal.shape, seen.shape, test.shape) == tuple(
        (n, 16, 16, 1) for n in (2000, 400, 1000)
    )
    assert anomalous.sum() == 100 and test.dtype == np.float32
    photograph = study.photographs.brick().astype(np.float32) / 127.5 - 1
    windows = np.lib.stride_tricks.sliding_window_view(photograph, (16, 16))
    halves = windows[:, :241], windows[:, 256:]  # whole patches of the left and of the right
    for patches, where in ((normal[:5], 0), (test[100:105], 1), (test[:5], None)):
        for patch in patches[..., 0]:
            found = [bool((half == patch).all(axis=(2, 3)).any()) for half in halves]
            assert found == [where == 0, where == 1]


def test_scores_of_two_pixels_by_hand():
    images = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    made = torch.tensor([0.0, 0.5]).reshape(1, 1, 1, 2)

    def features(x):
        return 2 * x.flatten(1)

    assert study.anogan_score(features, images, made).item() == pytest.approx(0.9 * 1.5 + 0.1 * 3)
    assert study.encoder_score(features, images, made).item() == pytest.approx(0.625 + 4 * 0.625)


@pytest.mark.slow
def test_inversion_finds_what_the_generator_made_better_than_something_else():
    generator, discriminator = study.train_gan(load_digits()[0][:200], seed=0, steps=20)
    features = discriminator[:-2]
    noise = torch.randn(4, study.LATENT_DIM, generator=torch.Generator().manual_seed(0))
    images = torch.cat([generator(noise), -generator(noise)])
    found = generator(study.invert(generator, features, images, seed=0))
    scores = study.anogan_score(features, images, found)
    assert torch.isfinite(scores).all() and scores[:4].max() < scores[4:].min() / 2


def test_search_and_encoder_start_with_vectors_as_long_as_the_generator_knows_them():
    generator, discriminator = study.train_gan(load_digits()[0][:64], seed=0, steps=1)
    images = study.tensor(load_digits()[0][:64])
    start = study.invert(generator, discriminator[:-2], images, seed=0, steps=0)
    codes = study.build_encoder((28, 28, 1), seed=0)(images)
    for vectors in (start, codes):
        assert 0.6 < vectors.norm(dim=1).mean() / study.LATENT_DIM**0.5 < 1.7


@pytest.fixture(scope="module")
def grey():
    """Dark normal images, bright anomalies, and a test set of both."""
    random = np.random.default_rng(0)
    dark, bright = (
        np.clip(random.normal(mean, 0.1, (60, 8, 8, 1)), -1, 1).astype("float32")
        for mean in (-0.5, 0.5)
    )
    return dark[:40], bright[:40], np.concatenate([dark[40:], bright[40:]]), np.arange(40) >= 20


def test_simple_methods_and_classifiers_find_bright_images_among_dark_ones(grey):
    normal, seen, test, anomalous = grey
    scores = study.simple_scores(normal, test, seed=0)
    assert set(scores) == {"pca", "neighbours", "forest"}
    scores["classifier"] = study.classifier_scores(normal, seen, test, seed=0, steps=50)
    scores["autoencoder"] = study.autoencoder_scores(normal, test, seed=0, steps=50)
    for name, score in scores.items():
        assert score.shape == (40,) and study.roc_auc_score(anomalous, score) > 0.99, name


@pytest.mark.slow
def test_only_the_classifiers_of_seen_anomalies_use_them(grey):
    normal, seen, test, _ = grey
    first = study.detect(normal, seen, test, seed=0)
    second = study.detect(normal, -seen, test, seed=0)
    assert set(first) == set(study.METHODS)
    for name in study.METHODS:
        assert np.array_equal(first[name], second[name]) == (name not in ("ten_seen", "seen")), name


@pytest.mark.slow
def test_a_row_has_the_columns_of_the_table(monkeypatch, grey):
    monkeypatch.setattr(study, "leave_out", lambda digit, seed: grey)
    row = study.run(0, digit=4)
    assert {"seed", *row} == set(study.COLUMNS) and row["prevalence"] == 0.5
