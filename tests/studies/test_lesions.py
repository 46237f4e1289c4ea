"""Facts of the study of lesions in translations that one can check by hand."""

import numpy as np
import pytest
import torch

from gantutor.studies.lesions import study, tissue, training


@pytest.fixture
def sets():
    return study.draw_sets(0, 0.9)


def test_halves_of_the_retina_share_no_pixel():
    seen = []
    for half in (1, -1):
        mask = np.zeros((352, 352), bool)
        for y, x in tissue.places(0.7, half):
            mask[y : y + tissue.SIDE, x : x + tissue.SIDE] = True
        seen.append(mask)
    assert seen[0].any() and seen[1].any()
    assert not (seen[0] & seen[1]).any()


def test_shares_are_exact(sets):
    assert sets.source.ill.mean() == 0.5
    assert sets.paired.ill.mean() == 0.9
    assert not sets.healthy.ill.any() and sets.ill.ill.all()


def test_a_lesion_is_added_where_it_is_said_to_be():
    flat = np.zeros((1, tissue.SIDE, tissue.SIDE), np.float32)
    image = tissue.add(flat, np.array([[5.0, 9.0]]), np.array([0.8]))
    assert image[0, 5, 9] == pytest.approx(0.8)
    assert np.unravel_index(image[0].argmax(), image[0].shape) == (5, 9)
    assert np.array_equal(tissue.add(flat, np.array([[5.0, 9.0]]), np.array([0.0])), flat)


def test_the_detector_finds_a_spot_and_no_plane():
    rows = np.indices((tissue.SIDE, tissue.SIDE))[0][None] / 16
    assert np.abs(tissue.contrast(rows)).max() < 1e-6, "a slope has no spot"
    spot = tissue.add(np.float32(rows * 0), np.array([[8.0, 8.0]]), np.array([0.9]))
    assert tissue.has_lesion(spot).all()
    assert tissue.lesion_is_there(spot, np.array([[8, 8]])).all()
    assert not tissue.lesion_is_there(spot, np.array([[4, 12]])).any()


def test_scores_of_perfect_erasing_and_inventing_translators(sets):
    perfect = study.score(tissue.second_device, sets)
    assert perfect["error_healthy"] == perfect["error_ill"] == 0
    assert perfect["added"] < 0.1 and perfect["kept"] > 0.95
    nothing = study.score(lambda images: 0 * images, sets)
    assert nothing["added"] == nothing["kept"] == 0

    def spot_everywhere(images):
        centres = np.full((len(images), 2), 8.0)
        return tissue.add(0 * images, centres, np.ones(len(images)))

    assert study.score(spot_everywhere, sets)["added"] == 1


def test_the_grey_curve_gives_the_histogram_and_only_rises():
    random = np.random.default_rng(0)
    source, target = random.normal(size=(9, 16, 16)), 2 + 3 * random.normal(size=(9, 16, 16))
    curve = study.grey_curve(source, target)
    assert curve(source).mean() == pytest.approx(target.mean(), abs=0.05)
    assert (np.diff(curve(np.linspace(-2, 2, 50))) >= 0).all()


@pytest.mark.parametrize(("share", "least"), [(0.9, (0.8, 1.0)), (0.1, (0.0, 0.2)), (0.5, (0, 1))])
def test_least_changed(share, least):
    assert study.least_changed(share) == pytest.approx(least)


def test_the_losses_by_hand():
    judge = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        judge.weight[:] = torch.tensor([[3.0, 4.0]])
    real, fake = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    # The logits are 3 and 4; the squared slope is 25 on each of the two sides.
    expected = np.log1p(np.exp(1)) + 0.5 * (25 + 25)
    assert training.judge_loss(judge, real, fake).item() == pytest.approx(expected, rel=1e-5)
    assert training.maker_loss(judge, real, fake).item() == pytest.approx(np.log1p(np.exp(-1)))


def test_a_translator_begins_as_a_copy(sets):
    translator = training.Translator(tissue.SIDE**2)
    assert np.array_equal(translator.images(sets.healthy.images), sets.healthy.images)


def test_a_run_depends_on_its_seed_alone():
    first, again = (study.run(3, "one-way", 0.9, steps=2) for _ in range(2))
    for scores in (first, again):
        del scores["seconds"]
    assert first == again
