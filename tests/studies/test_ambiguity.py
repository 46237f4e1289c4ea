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


def test_letters_of_two_faces_are_pairs_and_parts_differ():
    images, styles, letters = study.draw(0)
    assert images.shape == (1440, 256) and np.bincount(styles).tolist() == [480, 480, 480]
    np.testing.assert_array_equal(letters[:480], letters[480:960])
    assert not np.array_equal(images, study.draw(0, part=1)[0])


def test_scores_of_made_up_judges():
    images = np.zeros((4, study.PIXELS), np.float32)

    def judge(*logits):
        return lambda rows: torch.tensor([logits]).repeat(len(rows), 1)

    unsure = study.score(images, judge(0.0, 0.0, 0.0), judge(0.0, 0.0), images)
    assert unsure == {"ambiguity": 1, "read": 0, "away": 0}
    sure = study.score(images + 1, judge(99.0, 0.0, 0.0), judge(99.0, 0.0), images)
    assert sure == {"ambiguity": 0, "read": 1, "away": 1}


def test_the_weight_changes_what_is_learnt_and_the_seed_repeats_it():
    images, styles, _ = study.draw(0)
    plain, again, other = (
        study.sample(study.train(images, styles, 0, weight, steps=2), 0) for weight in (0, 0, 5)
    )
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain - other).max() > 1e-5


def test_every_simple_setting_has_the_columns_of_the_table():
    for method in ("noise", "mean", "real"):
        assert {"seed", *study.run(0, method)} == set(study.COLUMNS)
