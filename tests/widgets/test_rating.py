"""The study with people: what is shown, what is stored, and how it goes on."""

import base64
import csv
import errno
import io
import os

import numpy as np
import pytest
from PIL import Image

from gantutor.widgets import rating

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
        (REAL, FAKE, "5", "pairs must be a whole number of at least 1; got '5'"),
        (REAL, FAKE, 0, "pairs must be a whole number"),
        (REAL * 3, FAKE, 2, "real must lie in"),
    ],
)
def test_what_cannot_be_shown_is_refused(real, fake, pairs, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        rating.which_is_real(real, fake, tmp_path / "a.csv", pairs)
    assert not (tmp_path / "a.csv").exists()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.csv"


def start(path, pairs=5, fake=FAKE):
    return rating.which_is_real(REAL, fake, path, pairs=pairs)


def test_numbers_of_any_type_mean_the_same(tmp_path):
    first = rating.which_is_real(REAL, FAKE, tmp_path / "a.csv", np.float64(5), np.int64(3))
    click(first, True)
    again = rating.which_is_real(REAL, FAKE, tmp_path / "a.csv", 5, 3)
    assert again.answers == first.answers


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (None, TypeError), (1.5, TypeError), ("0", TypeError)]
)
def test_what_is_no_seed(path, seed, error):
    with pytest.raises(error, match="seed must be a whole number of at least 0; got"):
        rating.which_is_real(REAL, FAKE, path, pairs=5, seed=seed)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_a_study_that_has_not_begun(path, content):
    path.write_bytes(content)
    study = start(path)
    click(study, True)
    click(study, False)
    assert start(path).answers == study.answers and len(study.answers) == 2


def test_a_file_that_is_emptied_meanwhile_gets_all_answers_back(path):
    study = start(path)
    click(study, True)
    path.write_bytes(b"")
    click(study, True)
    path.unlink()
    click(study, True)
    assert len(start(path).answers) == 3


def test_a_file_saved_by_a_spreadsheet_goes_on(path):
    study = start(path)
    click(study, True)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n")  # its mark, and a blank line
    assert start(path).answers == study.answers


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-8], "The answer 3 in .* is damaged"),  # cut off
        (lambda text: text.replace("\n2,", "\nx,"), "The answer 3 in .* is damaged"),
        (lambda text: text + "3,1\n", "The answer 4 in .* is damaged"),
        (lambda text: text.rstrip() + ",7\n", "The answer 3 in .* is damaged"),
        (lambda text: text.rsplit(",", 1)[0] + ",inf\n", "The answer 3 in .* is damaged"),
        (lambda text: text.replace("pair,", "Pair,"), "holds no answers: its first line is 'Pair,"),
        (lambda text: "name,age\nAda,36\n", "holds no answers: its first line is 'name,age'"),
        (lambda text: text.split("\n", 1)[1], "holds no answers: its first line is '0,"),
        (lambda text: text.replace(",", ";"), "holds no answers"),
        (lambda text: text + "\udcff", "is no CSV file"),
    ],
)
def test_a_damaged_file_is_named_and_left_as_it_is(path, damage, message):
    study = start(path)
    for _ in range(3):
        click(study, True)
    before = damage(path.read_text()).encode(errors="surrogateescape")
    path.write_bytes(before)
    with pytest.raises(ValueError, match=message):
        start(path)
    assert path.read_bytes() == before
    click(study, True)
    assert "was not stored and does not count" in study.controls[0].value
    assert path.read_bytes() == before and len(study.answers) == 3


def test_an_answer_that_contradicts_itself_is_damage(path):
    study = start(path)
    click(study, True)
    *fields, right, seconds = path.read_text().splitlines()[1].split(",")
    line = ",".join([*fields, str(1 - int(right)), seconds])
    path.write_text(",".join(rating.COLUMNS) + "\n" + line + "\n")
    with pytest.raises(ValueError, match="the columns contradict each other"):
        start(path)


def test_other_images_are_another_study(path):
    click(start(path), True)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds the answers of another study"):
        start(path, fake=0.9 * FAKE)
    assert path.read_bytes() == before


def test_a_shorter_study_does_not_cut_a_longer_one(path):
    study = start(path, pairs=5)
    for _ in range(5):
        click(study, True)
    with pytest.raises(ValueError, match="holds the answers of another study"):
        start(path, pairs=4)
    assert start(path, pairs=5).answers == study.answers


def test_two_studies_on_one_file_do_not_mix(path):
    first, second = start(path), start(path)
    click(first, True)
    click(second, False)
    assert "another study has written into" in second.controls[0].value
    assert second.answers == [] and start(path).answers == first.answers
    click(first, True)
    assert len(start(path).answers) == 2


def test_the_folder_is_made(tmp_path):
    study = start(tmp_path / "new" / "folder" / "a.csv")
    click(study, True)
    assert len(start(tmp_path / "new" / "folder" / "a.csv").answers) == 1


def test_what_cannot_be_written_is_said_before_anybody_answers(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/a\.csv cannot be (read|written)|Not a directory"):
        start(tmp_path / "file" / "a.csv")
    with pytest.raises(OSError, match="directory"):
        start(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_loses_no_answer(path, monkeypatch):
    study = start(path)
    click(study, True)
    picture, before = study.picture.value, path.read_bytes()

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    click(study, False)
    assert "was not stored and does not count" in study.controls[0].value
    assert "No space left on device" in study.controls[0].value
    assert path.read_bytes() == before and len(study.answers) == 1
    assert study.picture.value == picture, "the same pair is asked again"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.csv"]
    monkeypatch.undo()
    click(study, False)
    assert study.controls[0].value.startswith("Pair 3 of 5")
    assert start(path).answers == study.answers and len(study.answers) == 2


def test_a_finished_study_can_be_looked_at_where_nothing_can_be_written(path, monkeypatch):
    study = start(path)
    for _ in range(5):
        click(study, True)

    def refused(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    assert start(path).answers == study.answers


def test_a_linked_file_stays_a_link(tmp_path, path):
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    click(start(link), True)
    assert link.is_symlink() and len(start(path).answers) == 1
