"""The study of ambiguity: what its loss is smallest for, and what the judges see."""

import numpy as np
import pytest
import torch

from gantutor.studies.ambiguity import study


def test_the_ambiguity_loss_is_smallest_for_equal_probabilities():
    equal, sure = torch.zeros(1, 3), torch.tensor([[9.0, 0.0, 0.0]])
    assert study.ambiguity_loss(equal).item() == pytest.approx(np.log(3))
    assert study.ambiguity_loss(sure) > study.ambiguity_loss(equal) + 1
    by_hand = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    assert study.ambiguity_loss(by_hand).item() == pytest.approx(np.log(2 * 4 * 4) / 3)


@pytest.mark.slow
def test_letters_of_two_faces_are_pairs_and_parts_differ():
    images, styles, letters = study.draw(0)
    assert images.shape == (1440, 256) and np.bincount(styles).tolist() == [480, 480, 480]
    np.testing.assert_array_equal(letters[:480], letters[480:960])
    assert not np.array_equal(images, study.draw(0, part=1)[0])


def test_scores_of_made_up_judges():
    images = np.zeros((4, study.PIXELS), np.float32)

    def judge(*logits):
        return lambda rows: torch.tensor([logits]).repeat(len(rows), 1)

    asked = np.array([1, 0, 0, 0])
    unsure = study.score(images, asked, judge(0.0, 0.0, 0.0), judge(0.0, 1.0))
    assert unsure == {"ambiguity": 1, "read": 0.25}
    sure = study.score(images, asked, judge(99.0, 0.0, 0.0), judge(1.0, 0.0))
    assert sure == {"ambiguity": 0, "read": 0.75}


def test_the_discriminator_is_asked_about_one_letter_and_all_typefaces():
    out = torch.arange(22.0).reshape(2, 11)
    logit, faces = study.ask(lambda _: out, None, torch.tensor([3, 7]))
    assert logit.tolist() == [3, 18] and faces.tolist() == [[8, 9, 10], [19, 20, 21]]
    z = study.latents(torch.tensor([2]))
    assert z.shape == (1, 24) and z[0, 16:].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


def test_the_weight_changes_what_is_learnt_and_the_seed_repeats_it():
    drawn = study.draw(0)
    plain, again, other = (
        study.sample(study.train(*drawn, 0, weight, steps=2), 0) for weight in (0, 0, 5)
    )
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain - other).max() > 1e-5


@pytest.mark.slow
def test_every_simple_setting_has_the_columns_of_the_table(monkeypatch):
    images, styles, letters = study.draw(0)
    pair = (styles, letters)
    judges = [study.train_judge(images, of, 0, n, steps=30) for n, of in enumerate(pair)]
    monkeypatch.setattr(study, "judges", lambda _: judges)
    for method, count in (("noise", 0), ("mean", 2), ("mean", 3), ("real", 0)):
        assert {"seed", *study.run(0, method, count=count)} == set(study.COLUMNS)
