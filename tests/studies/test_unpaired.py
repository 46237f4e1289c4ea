"""Translation without pairs: what is drawn, which map is linear, and what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.unpaired import study  # noqa: E402


def same(images):
    return images


def negative(images):
    return -images


@pytest.fixture(scope="module")
def sets():
    return study.draw_sets(3)


def test_partners_are_bold_in_the_same_colours_and_no_digit_is_in_two_sets(sets):
    first, second, held_out, partners = sets
    assert [len(part) for part in sets] == [2000, 2000, 500, 500]
    signs = study.polarity(held_out)[:, None, None, None]
    np.testing.assert_array_equal(partners, signs * study.bold(signs * held_out))
    assert 0.45 < np.mean(study.polarity(second) == 1) < 0.55
    bold_first = {study.bold(image[None]).tobytes() for image in first}
    assert not bold_first & {image[None].tobytes() for image in second}


def test_bold_strokes_are_two_pixels_wider():
    image = np.full((1, 28, 28, 1), -1, np.float32)
    image[0, 10, 14] = 1
    assert (study.bold(image) > 0).sum() == 9
    assert (study.bold(image)[0, 9:12, 13:16] == 1).all()


def test_grey_paper_lies_under_the_strokes_of_the_first_set_only():
    _, second, held_out, partners = study.draw_sets(3, paper=0.0)
    shades = study.shade(held_out)
    assert -1 < shades.min() < -0.95 and -0.05 < shades.max() < 0
    assert held_out.max() == 1 and held_out.min(axis=(1, 2, 3)) == pytest.approx(shades)
    assert min(np.mean(study.shade(part) == -1) for part in (second, partners)) > 0.99


def test_a_share_of_dark_digits():
    first, *_ = study.draw_sets(0, dark=0.8)
    assert 0.77 < np.mean(study.polarity(first) == 1) < 0.83


def test_the_linear_map_gives_mean_and_covariance():
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(400, 2, 2, 1)) @ np.full((1, 1), s) / 20 for s in (1.0, 2.0))
    mapped = study.monge(x, y + 0.3, ridge=0.0)(x).reshape(400, 4)
    target = (y + 0.3).reshape(400, 4)
    np.testing.assert_allclose(mapped.mean(axis=0), target.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(np.cov(mapped.T), np.cov(target.T), atol=1e-5)


@pytest.mark.slow
def test_scores_tell_the_partner_from_its_negative(sets):
    _, second, held_out, partners = sets

    def score(there, back):
        return study.score(there, back, held_out, partners, second, seed=0)

    perfect = score(lambda _: partners, lambda _: held_out)
    swapped = score(lambda _: -partners, lambda _: held_out)
    copied = score(same, same)
    assert perfect["error"] == 0 and perfect["kept"] == 1 and perfect["back"] == 0
    assert swapped["inverted"] == 0 and swapped["kept"] == 0 and swapped["error"] > 1.5
    assert swapped["read"] == perfect["read"] > 0.9 and copied["read"] == 1
    assert perfect["fid"] < 10 < copied["fid"]
    assert abs(swapped["fid"] - perfect["fid"]) < 10
    assert score(negative, negative)["back"] == 0


@pytest.mark.slow
def test_scores_find_a_shade_and_what_noise_leaves_of_it():
    _, second, held_out, partners = study.draw_sets(1, paper=0.0)
    grey, black = study.shade(held_out), partners < -0.99
    hidden = np.where(black, partners + 0.1 * (grey[:, None, None, None] + 1), partners)
    given = []

    def mean_of_paper(images):
        given.append(images)
        return study.residue(images, partners)[:, None, None, None] * np.ones_like(images)

    def median(images):
        return study.shade(images)[:, None, None, None] * np.ones_like(images)

    def score(there, back):
        return study.score(lambda _: there, back, held_out, partners, second, 0, grey=True)

    found = score(hidden, mean_of_paper)
    assert found["shade_made"] == found["shade_back"] == pytest.approx(1, abs=1e-3)
    assert found["residue"] == pytest.approx(0.1 * grey.std(), rel=0.01)
    signal, noise = (0.1 * grey.std()) ** 2, np.mean(study.NOISE**2 / black.sum(axis=(1, 2, 3)))
    assert found["shade_noise"] == pytest.approx(np.sqrt(signal / (signal + noise)), abs=0.01)
    assert found["shade_noise"] < 0.98
    # The median of a noisy image lies the higher in the noise of the paper, the more ink there is.
    assert score(hidden, median)["shade_back"] > 0.98
    assert score(hidden, median)["shade_noise"] < 0.7
    ink = 1 - black.mean(axis=(1, 2, 3))
    assert np.corrcoef(study.shade(given[1]), ink)[0, 1] > 0.7
    clean = score(partners, median)
    assert clean["residue"] < 1e-3
    assert max(abs(clean[name]) for name in ("shade_made", "shade_back", "shade_noise")) < 0.2


def test_networks_map_images_to_images_and_to_a_logit_a_patch():
    images = torch.zeros(3, 1, 28, 28)
    assert study.build_generator()(images).shape == images.shape
    assert study.build_discriminator()(images).shape == (3, 49)


def test_the_weights_of_both_losses_change_what_is_learnt():
    first, second, *_ = study.draw_sets(0)

    def one_step(**weights):
        there, _ = study.train(first, second, 2, 0, **weights)
        return there(first[:2])

    plain = one_step()
    np.testing.assert_array_equal(plain, one_step())
    assert np.abs(plain - one_step(cycle=0.0)).max() > 1e-4
    assert np.abs(plain - one_step(identity=1.5)).max() > 1e-4


@pytest.mark.slow
def test_every_setting_runs_and_has_the_columns_of_the_table():
    for name, arguments in study.SETTINGS.items():
        found = study.run(0, **{**arguments, "steps": 1})
        assert {"seed", *found} == set(study.COLUMNS), name
