"""The study with people: what is shown, what is stored, and how it goes on."""

import base64
import csv
import io

import numpy as np
import pytest
from PIL import Image

from gantutor import rating

REAL = np.linspace(-0.9, -0.5, 12, dtype="f4")[:, None, None, None] + np.zeros((12, 8, 8, 1), "f4")
FAKE = -REAL  # real images are dark, fakes bright


def halves(study):
    """Mean brightness of the left and of the right image that is seen."""
    seen = np.asarray(Image.open(io.BytesIO(study.picture.value)).convert("L")).astype(float)
    middle = seen[seen.shape[0] // 2]
    return middle[len(middle) // 4], middle[3 * len(middle) // 4]


def click(study, left):
    study.controls[1 if left else 2].click()


def test_whoever_sees_the_difference_is_always_right_and_the_file_says_so(tmp_path):
    path = tmp_path / "answers.csv"
    study = rating.which_is_real(REAL, FAKE, path, pairs=10, seed=3)
    for number in range(10):
        assert study.controls[0].value == f"Pair {number + 1} of 10: which one is real?"
        left, right = halves(study)
        click(study, left < right)
    assert study.controls[0].value == "Thank you. 10 of 10 were right."
    with open(path, newline="") as file:
        stored = list(csv.DictReader(file))
    assert tuple(stored[0]) == rating.COLUMNS
    assert [row["right"] for row in stored] == ["1"] * 10
    assert {row["real_on_left"] for row in stored} == {"0", "1"}
    assert len({row["real"] for row in stored}) == len({row["fake"] for row in stored}) == 10
    assert all(float(row["seconds"]) >= 0 for row in stored)
    click(study, True)
    assert len(study.answers) == 10, "there is nothing left to answer"


def test_a_wrong_answer_is_stored_as_wrong(tmp_path):
    study = rating.which_is_real(REAL, FAKE, tmp_path / "a.csv", pairs=2)
    left, right = halves(study)
    click(study, left > right)
    assert study.answers[0]["right"] == 0
    assert study.answers[0]["said_left"] != study.answers[0]["real_on_left"]


def test_an_interrupted_study_goes_on_and_answers_stay(tmp_path):
    path = tmp_path / "a.csv"
    first = rating.which_is_real(REAL, FAKE, path, pairs=5)
    for _ in range(3):
        click(first, True)
    again = rating.which_is_real(REAL, FAKE, path, pairs=5)
    assert again.answers == first.answers
    assert again.controls[0].value.startswith("Pair 4 of 5")
    assert again.picture.value == first.picture.value
    click(again, False)
    assert len(rating.which_is_real(REAL, FAKE, path, pairs=5).answers) == 4


def test_another_study_does_not_write_into_the_file(tmp_path):
    path = tmp_path / "a.csv"
    click(rating.which_is_real(REAL, FAKE, path, pairs=5, seed=0), True)
    before = path.read_text()
    with pytest.raises(ValueError, match="holds the answers of another study"):
        rating.which_is_real(REAL, FAKE, path, pairs=5, seed=1)
    assert path.read_text() == before


def test_a_page_without_a_kernel_shows_the_first_pair(tmp_path):
    study = rating.which_is_real(REAL, FAKE, tmp_path / "a.csv", pairs=3)
    bundle = study._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == study.picture.value
    assert "Which one is real?" in bundle["text/plain"]


@pytest.mark.parametrize(
    ("real", "fake", "pairs", "message"),
    [
        (REAL, FAKE[:3], 4, "at least 4 images each, of one shape"),
        (REAL, FAKE[:, :4, :4], 4, "of one shape"),
        (REAL, FAKE, 0, "pairs must be a whole number"),
        (REAL * 3, FAKE, 2, "real must lie in"),
    ],
)
def test_what_cannot_be_shown_is_refused(real, fake, pairs, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        rating.which_is_real(real, fake, tmp_path / "a.csv", pairs)
    assert not (tmp_path / "a.csv").exists()
