"""Trainings with a log, behind the tables of the chapter on benchmarks.

Two tasks. *Stacked digits*: images whose three channels each show a random digit, so that there
are 1,000 kinds, scored by the protocol of Lin et al. (2018), PacGAN, section 4.2. *Digits*: one
digit in grey, scored by digit FID. Both train on the 5,000 digits of `gantutor.data.load_digits`.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import rel_entr

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.torch.trainer import Trainer
from gantutor.validation import check_choice, check_labels, check_positive

_RESULTS = Path(__file__).parents[1] / "results"

#: The table of each task, made by `benchmarks/stacked_digits.py` and `benchmarks/digit_fid.py`.
TABLES = {"stacked": _RESULTS / "stacked_digits.csv", "digits": _RESULTS / "digit_fid.csv"}

#: Images that are scored: 26,000 stacked digits as published; 10,000 digits as in all the book.
SAMPLES = {"stacked": 26_000, "digits": 10_000}

_STACKED = {"channels": 3, "classes": 0}
_MINUTE = recipes.get("minute")

#: The recipes that are compared, by task and by the name in the table.
SETTINGS = {
    "stacked": {
        "DCGAN": recipes.get("dcgan").replace(
            discriminator_normalization="batch", steps=2000, **_STACKED
        ),
        "minute": _MINUTE.replace(steps=5000, **_STACKED),
        "relativistic + R1 + R2": _MINUTE.replace(
            spectral_norm=False,
            loss="relativistic",
            penalties={"r1": 1.0, "r2": 1.0},
            generator_rate=2e-3,
            discriminator_rate=2e-3,
            steps=2500,
            **_STACKED,
        ),
    },
    "digits": {
        "mlp": recipes.get("mlp").replace(steps=5000),
        "dcgan": recipes.get("dcgan").replace(steps=600),
        "minute without labels": _MINUTE.replace(classes=0, steps=1000),
        "minute": _MINUTE.replace(steps=1000),
    },
}

#: Each column of a table with the range that its numbers lie in.
COLUMNS = {
    "stacked": {
        "seed": (0, np.inf),
        "step": (1, np.inf),
        "seconds": (0, np.inf),
        "modes": (1, 1000),
        "divergence": (0, np.log(1000)),
        "marginals": (0, np.log(1000)),
    },
    "digits": {
        "seed": (0, np.inf),
        "step": (1, np.inf),
        "seconds": (0, np.inf),
        "digit_fid": (0, np.inf),
    },
}


def load_table(task):
    """Return the shipped log of a task, checked by `check_table`.

    Parameters
    ----------
    task : {"stacked", "digits"}

    Returns
    -------
    pandas.DataFrame
        A row for each setting, seed and step at which a generator was scored.

    Examples
    --------
    >>> load_table("digits").columns.tolist()
    ['setting', 'seed', 'step', 'seconds', 'digit_fid']
    """
    check_choice(task, TABLES, "task")
    return check_table(pd.read_csv(TABLES[task]), COLUMNS[task], ("setting", "seed", "step"))


def check_table(table, columns, key):
    """Return a table of results if it is sound.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : dict[str, tuple[float, float]]
        Range of each column that must be there besides ``setting``; both ends are allowed, an
        infinite one excepted.
    key : sequence of str
        Columns that together name a row.

    Raises
    ------
    ValueError
        If a column is missing, a number is no number or out of its range, a setting has no name,
        or two rows have the same key.

    Examples
    --------
    >>> row = {"setting": "mine", "seed": 0, "modes": 1001}
    >>> check_table(pd.DataFrame([row]), {"seed": (0, 9), "modes": (1, 1000)}, ["setting", "seed"])
    Traceback (most recent call last):
        ...
    ValueError: Column 'modes' must hold numbers from 1 to 1000; row 0 has 1001.
    """
    missing = {"setting", *columns, *key} - set(table.columns)
    if missing:
        raise ValueError(f"The table lacks the columns {sorted(missing)}.")
    named = table["setting"].map(lambda name: isinstance(name, str) and bool(name.strip()))
    if not named.all():
        raise ValueError(f"Every row needs a setting; row {named.idxmin()} has none.")
    for name, (low, high) in columns.items():
        values = pd.to_numeric(table[name], errors="coerce")
        sound = values.between(low, high) & np.isfinite(values)
        if not sound.all():
            row = sound.idxmin()
            raise ValueError(
                f"Column {name!r} must hold numbers from {low} to {high}; row {row} has "
                f"{table[name][row]}."
            )
    twice = table.duplicated(list(key))
    if twice.any():
        row = twice.idxmax()
        raise ValueError(f"Row {row} repeats {table.loc[row, list(key)].to_dict()}.")
    return table


def stack_digits(images, count, seed=0):
    """Return images whose three channels each show one of `images`, drawn with replacement.

    Parameters
    ----------
    images : array_like, float32, shape [N, H, W, 1]
    count : int
    seed : int

    Returns
    -------
    numpy.ndarray, float32, shape [count, H, W, 3]

    Examples
    --------
    >>> stack_digits(load_digits()[0], 5).shape
    (5, 28, 28, 3)
    """
    images = np.asarray(images)
    rows = np.random.default_rng(seed).integers(0, len(images), (check_positive(count, "count"), 3))
    return np.stack([images[rows[:, channel], :, :, 0] for channel in range(3)], axis=-1)


def score(task, images):
    """Return the scores of generated images, under the names of the table's columns.

    Parameters
    ----------
    task : {"stacked", "digits"}
    images : array_like, float32, shape [N, 28, 28, 3] or [N, 28, 28, 1]
        In [−1, 1]. Compare scores of the same N only.

    Returns
    -------
    dict of float
        Digits: ``digit_fid``. Stacked digits: ``modes`` and ``divergence`` as of
        `gantutor.metrics.stacked_digit_modes`, and ``marginals``, the part of the divergence that
        the three channels have by themselves.
    """
    check_choice(task, TABLES, "task")
    if task == "digits":
        return {"digit_fid": metrics.digit_fid(images)}
    stacked = metrics.stacked_digit_modes(images)
    joint = stacked.counts.reshape(10, 10, 10)  # red, green, blue
    channels = [joint.sum(axis=others) / len(images) for others in ((1, 2), (0, 2), (0, 1))]
    return {
        "modes": stacked.found,
        "divergence": stacked.divergence,
        "marginals": float(sum(rel_entr(shares, 1 / 10).sum() for shares in channels)),
    }


def follow(task, recipe, seed, marks, samples=None):
    """Train a recipe, and score its generator on the way.

    Parameters
    ----------
    task : {"stacked", "digits"}
    recipe : gantutor.recipes.Recipe
    seed : int
        Seed of weights, noise and data.
    marks : iterable of int
        Updates of the generator after which it is scored, in rising order.
    samples : int, optional
        Images to score; `SAMPLES` of the task if not given.

    Yields
    ------
    dict of float
        ``step``, ``seconds`` (of processor time so far, for training alone), and `score`.
    """
    check_choice(task, TABLES, "task")
    images, labels = load_digits()
    if task == "stacked":
        images, labels = stack_digits(images, 20_000, seed), None
    labels = check_labels(labels, len(images), 10) if recipe.classes else None
    trainer, seconds = Trainer.from_recipe(recipe, seed, device="cpu"), 0.0
    for mark in marks:
        begin = time.process_time()
        trainer.fit(images, mark - trainer.step, labels=labels)
        seconds += time.process_time() - begin
        drawn = trainer.sample(samples or SAMPLES[task])
        scores = {name: round(value, 6) for name, value in score(task, drawn).items()}
        yield {"step": mark, "seconds": round(seconds, 2), **scores}


def fill_table(task, seeds, marks=(0.05, 0.1, 0.2, 0.4, 0.7, 1.0), path=None):
    """Train what a table lacks, and write each training's rows to it once it is done.

    Parameters
    ----------
    task : {"stacked", "digits"}
    seeds : dict[str, int]
        How many seeds each setting of `SETTINGS` gets.
    marks : sequence of float
        Where to score, in parts of the recipe's steps.
    path : path-like, optional
        The CSV file; that of `TABLES` if not given.

    Returns
    -------
    pandas.DataFrame
    """
    path = Path(path or TABLES[task])
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["setting", "seed"])
    for name, count in seeds.items():
        recipe = SETTINGS[task][check_choice(name, SETTINGS[task], "setting")]
        for seed in range(count):
            if ((table["setting"] == name) & (table["seed"] == seed)).any():
                continue
            rows = follow(task, recipe, seed, [round(part * recipe.steps) for part in marks])
            new = pd.DataFrame([{"setting": name, "seed": seed, **row} for row in rows])
            table = new if table.empty else pd.concat([table, new], ignore_index=True)
            table.to_csv(path, index=False)
            print(new.to_string(index=False), flush=True)
    return table
