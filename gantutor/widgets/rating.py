"""A small study with people, who say of two images which one is real."""

import csv
import os
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
from numpy.typing import ArrayLike

from gantutor.files import whole_file
from gantutor.plots.images import image_grid
from gantutor.plots.style import to_png
from gantutor.runs.seeds import check_seed
from gantutor.validation import check_images, check_positive
from gantutor.widgets.panel import Panel

#: What the file holds of each answer. The first five say what was shown.
COLUMNS = ("pair", "real", "fake", "images", "real_on_left", "said_left", "right", "seconds")

Answer = dict[str, float]


class Questionnaire(Panel):
    """What `which_is_real` returns: the control, and the answers given so far.

    Attributes
    ----------
    answers : list of dict
        One for each answered pair, in the order of `gantutor.widgets.rating.COLUMNS`: the pair's
        number, the rows of its images, a checksum of their pixels, where the real one stood, what
        was said, whether that was right (0 or 1), and how many seconds it took.
    """

    def __init__(self, answers: list[Answer], **parts: Any) -> None:
        super().__init__(**parts)
        self.answers = answers


def which_is_real(
    real: ArrayLike,
    fake: ArrayLike,
    path: str | os.PathLike[str],
    pairs: int = 20,
    seed: int = 0,
) -> Questionnaire:
    """Show pairs of a real and a generated image, ask which one is real, and store the answers.

    Each answer is stored at once: the file is written anew as a whole, so that it always holds all
    answers up to some moment. An answer that cannot be stored is not counted, and the control says
    so. If the file holds answers already, the study goes on after them. Nobody is told whether an
    answer was right before the last one.

    Parameters
    ----------
    real, fake : array_like, float, shape [N, H, W, C]
        Images in [−1, 1], at least `pairs` of each.
    path : path-like
        CSV file for the answers, one for each rater; its folder is made if there is none.
    pairs : int
        How many pairs are shown; no image is shown twice.
    seed : int
        Decides the pairs, their order, and which side is real. Give each rater another one.

    Returns
    -------
    Questionnaire
        Leave it as the last line of a cell. Without a kernel it shows the first pair.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above, or the file is damaged or holds something else than answers
        to these very pairs. It is left as it is.
    OSError
        If the file cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> images = np.full((3, 8, 8, 1), -1.0)
    >>> folder = tempfile.mkdtemp()
    >>> study = which_is_real(images, images, f"{folder}/answers.csv", pairs=3)
    >>> study.controls[1].click()
    >>> len(study.answers)
    1
    """
    real, fake = check_images(real, "real"), check_images(fake, "fake")
    pairs, path = check_positive(pairs, "pairs"), Path(path).resolve()
    if real.shape[1:] != fake.shape[1:] or min(len(real), len(fake)) < pairs:
        raise ValueError(
            f"real and fake must hold at least {pairs} images each, of one shape; got "
            f"{list(real.shape)} and {list(fake.shape)}."
        )
    rng = np.random.default_rng(check_seed(seed))
    rows = [rng.permutation(len(images))[:pairs] for images in (real, fake)]
    on_left = rng.integers(2, size=pairs)
    shown = [np.stack([real[i], fake[j]]) for i, j in zip(*rows, strict=True)]
    marks = [zlib.crc32(np.rint(127.5 * pair).astype(np.int8).tobytes()) for pair in shown]
    facts = [tuple(map(int, row)) for row in zip(range(pairs), *rows, marks, on_left, strict=True)]
    answers = _read(path)
    if [tuple(answer[name] for name in COLUMNS[:5]) for answer in answers] != facts[: len(answers)]:
        raise ValueError(
            f"{path} holds the answers of another study. Choose another file, or the same images, "
            "pairs and seed."
        )
    if len(answers) < pairs:
        _write(path, answers)  # now, not at the first answer, is the time to learn that one cannot

    def draw(number: int) -> bytes:
        pair = shown[number]
        return to_png(image_grid(pair if on_left[number] else pair[::-1], columns=2))

    def progress() -> str:
        if len(answers) < pairs:
            return f"Pair {len(answers) + 1} of {pairs}: which one is real?"
        return f"Thank you. {sum(a['right'] for a in answers)} of {pairs} were right."

    since = time.monotonic()

    def answer(said_left: int) -> None:
        nonlocal since
        if len(answers) == pairs:
            return
        fact, seconds = facts[len(answers)], round(time.monotonic() - since, 2)
        values = (*fact, said_left, int(fact[-1] == said_left), seconds)
        given = dict(zip(COLUMNS, values, strict=True))
        try:
            if _read(path) not in ([], answers):
                raise ValueError(f"another study has written into {path}; run the cell again")
            _write(path, [*answers, given])
        except (OSError, ValueError) as error:
            label.value = f"This answer was not stored and does not count: {error}"
            return
        answers.append(given)
        label.value = progress()
        if len(answers) < pairs:
            questionnaire.picture.value = draw(len(answers))
            since = time.monotonic()

    label = ipywidgets.Label(value=progress())
    left, right = (ipywidgets.Button(description=f"{side} is real") for side in ("Left", "Right"))
    left.on_click(lambda _: answer(1))
    right.on_click(lambda _: answer(0))
    first = draw(min(len(answers), pairs - 1))
    questionnaire = Questionnaire(
        answers,
        controls=[label, left, right],
        picture=first,
        still=first,
        description="Which one is real? Run the notebook to answer.",
    )
    return questionnaire


def _read(path: Path) -> list[Answer]:
    """Return the answers that a file holds; none if it is empty or does not exist."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header, *lines = [line for line in csv.reader(file) if line] or [list(COLUMNS)]
    except FileNotFoundError:
        return []
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV file ({error}). Choose another file.") from error
    if tuple(header) != COLUMNS:
        raise ValueError(
            f"{path} holds no answers: its first line is {','.join(header)!r} and not "
            f"{','.join(COLUMNS)!r}. Choose another file."
        )
    return [_parse(line, f"answer {number} in {path}") for number, line in enumerate(lines, 1)]


def _parse(line: Sequence[str], place: str) -> Answer:
    """Return one line of the file as an answer."""
    try:
        *whole, seconds = line
        answer = dict(zip(COLUMNS, [*map(int, whole), float(seconds)], strict=True))
        sides = answer["real_on_left"], answer["said_left"]
        if not {*sides} <= {0, 1} or answer["right"] != (sides[0] == sides[1]):
            raise ValueError("the columns contradict each other")
        if not 0 <= answer["seconds"] < float("inf"):
            raise ValueError("seconds must be finite")
    except ValueError as error:
        raise ValueError(
            f"The {place} is damaged ({error}): {','.join(line)!r}. "
            "Mend it, or choose another file."
        ) from error
    return answer


def _write(path: Path, answers: Sequence[Answer]) -> None:
    """Write a file with these answers, all of them or, if that fails, none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            whole_file(path) as unfinished,
            open(unfinished, "x", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(answers)
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error}).") from error
