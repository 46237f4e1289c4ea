"""A small study with people, who say of two images which one is real."""

import csv
import time
from pathlib import Path

import ipywidgets
import numpy as np

from gantutor.plots.images import image_grid
from gantutor.plots.style import to_png
from gantutor.validation import check_images, check_positive
from gantutor.widgets import Explorer

COLUMNS = ("pair", "real", "fake", "real_on_left", "said_left", "right", "seconds")


class Study(Explorer):
    """What `which_is_real` returns: the control, and the answers given so far.

    Attributes
    ----------
    answers : list of dict
        One for each answered pair, in the order of `gantutor.rating.COLUMNS`: the pair's number,
        the rows of its images, where the real one stood, what was said, whether that was right
        (0 or 1), and how many seconds it took.
    """

    def __init__(self, answers, **parts):
        super().__init__(**parts)
        self.answers = answers


def which_is_real(real, fake, path, pairs=20, seed=0):
    """Show pairs of a real and a generated image, ask which one is real, and store the answers.

    Each answer is appended to the file at once. If the file holds answers already, the study goes
    on after them. Nobody is told whether an answer was right before the last one.

    Parameters
    ----------
    real, fake : array_like, float, shape [N, H, W, C]
        Images in [−1, 1], at least `pairs` of each.
    path : path-like
        CSV file for the answers.
    pairs : int
        How many pairs are shown; no image is shown twice.
    seed : int
        Decides the pairs, their order, and which side is real. Give each rater another one.

    Returns
    -------
    Study
        Leave it as the last line of a cell. Without a kernel it shows the first pair.

    Raises
    ------
    TypeError, ValueError
        If the images are not as above, or the file holds answers of another study.

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
    check_positive(pairs, "pairs")
    if real.shape[1:] != fake.shape[1:] or min(len(real), len(fake)) < pairs:
        raise ValueError(
            f"real and fake must hold at least {pairs} images each, of one shape; got "
            f"{list(real.shape)} and {list(fake.shape)}."
        )
    generator = np.random.default_rng(seed)
    rows = [generator.permutation(len(images))[:pairs] for images in (real, fake)]
    on_left = generator.integers(2, size=pairs)
    answers = _read(path, rows, on_left)

    def draw(number):
        pair = np.stack([real[rows[0][number]], fake[rows[1][number]]])
        return to_png(image_grid(pair if on_left[number] else pair[::-1], columns=2))

    def progress():
        if len(answers) < pairs:
            return f"Pair {len(answers) + 1} of {pairs}: which one is real?"
        return f"Thank you. {sum(a['right'] for a in answers)} of {pairs} were right."

    def answer(said_left):
        if len(answers) == pairs:
            return
        number = len(answers)
        whole = (number, rows[0][number], rows[1][number], on_left[number], said_left)
        is_right = on_left[number] == said_left
        values = (*map(int, (*whole, is_right)), round(time.monotonic() - shown[0], 2))
        answers.append(dict(zip(COLUMNS, values, strict=True)))
        _append(path, answers[-1])
        label.value = progress()
        if len(answers) < pairs:
            study.picture.value = draw(len(answers))
            shown[0] = time.monotonic()

    shown = [time.monotonic()]
    label = ipywidgets.Label(value=progress())
    left, right = (ipywidgets.Button(description=f"{side} is real") for side in ("Left", "Right"))
    left.on_click(lambda _: answer(1))
    right.on_click(lambda _: answer(0))
    first = draw(min(len(answers), pairs - 1))
    study = Study(
        answers,
        controls=[label, left, right],
        picture=first,
        still=first,
        description="Which one is real? Run the notebook to answer.",
    )
    return study


def _read(path, rows, on_left):
    """Answers that the file holds, if they belong to these pairs."""
    if not Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        answers = [
            {k: float(v) if k == "seconds" else int(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]
    for number, answer in enumerate(answers):
        known = number < len(on_left)
        expected = known and [number, rows[0][number], rows[1][number], on_left[number]]
        if [answer[name] for name in COLUMNS[:4]] != expected:
            raise ValueError(
                f"{path} holds the answers of another study. Choose another file, or the same "
                "images, pairs and seed."
            )
    return answers


def _append(path, answer):
    new = not Path(path).exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(answer)
