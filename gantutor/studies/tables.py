"""Tables of results: how they are written, read, checked, and which ones ship."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gantutor.files import whole_file
from gantutor.validation import check_choice

#: Where the studies and their tables lie.
FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all studies.

    Examples
    --------
    >>> names()[:4]
    ['ambiguity', 'anomalies', 'augmentation', 'captions']
    """
    return sorted(path.parent.name for path in FOLDER.glob("*/study.py"))


def load_table(name: str) -> pd.DataFrame:
    """Return the shipped table of a study.

    Parameters
    ----------
    name : str
        The study: one of `names`.

    Returns
    -------
    pandas.DataFrame
        A row for each training, or for each reading of its log: what was trained, ``seed``, and
        the scores that ``run`` in the study's module describes.

    Examples
    --------
    >>> load_table("losses").groupby("task")["setting"].nunique().to_dict()
    {'digits': 18, 'ring': 36}
    """
    check_choice(name, names(), "study")
    return pd.DataFrame(read_rows(FOLDER / name / "table.csv"))


def check_table(
    table: pd.DataFrame, columns: Mapping[str, tuple[float, float]], keys: Sequence[str]
) -> pd.DataFrame:
    """Return a table of results if it is sound.

    Parameters
    ----------
    table : pandas.DataFrame
    columns : dict[str, tuple[float, float]]
        Range of the numbers of each column that must be there; both ends are allowed, an infinite
        one excepted.
    keys : sequence of str
        Columns that together name a row. Those without a range hold text.

    Raises
    ------
    ValueError
        If a column is missing, a number is no number or out of its range, a name is no text or
        empty, or two rows have the same names.

    Examples
    --------
    >>> row = {"setting": "mine", "seed": 0, "modes": 1001}
    >>> check_table(pd.DataFrame([row]), {"seed": (0, 9), "modes": (1, 1000)}, ["setting", "seed"])
    Traceback (most recent call last):
        ...
    ValueError: Column 'modes' must hold numbers from 1 to 1000; row 0 has 1001.
    """
    missing = {*columns, *keys} - set(table.columns)
    if missing:
        raise ValueError(f"The table lacks the columns {sorted(missing)}.")
    for name in [key for key in keys if key not in columns]:
        named = table[name].map(lambda word: isinstance(word, str) and bool(word.strip()))
        if not named.all():
            raise ValueError(f"Every row needs a {name}; row {named.idxmin()} has none.")
    for name, (low, high) in columns.items():
        values = pd.to_numeric(table[name], errors="coerce")
        sound = values.between(low, high) & np.isfinite(values)
        if not sound.all():
            row = sound.idxmin()
            raise ValueError(
                f"Column {name!r} must hold numbers from {low} to {high}; row {row} has "
                f"{table[name][row]}."
            )
    twice = table.duplicated(list(keys))
    if twice.any():
        row = twice.idxmax()
        raise ValueError(f"Row {row} repeats {table.loc[row, list(keys)].to_dict()}.")
    return table


def write_rows(path: Path, rows: Sequence[Mapping[str, int | float | str]]) -> None:
    """Write a CSV file, whole or not at all: text in quotes, numbers without.

    A row that lacks a column gets NaN there.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, columns, restval=math.nan, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, int | float | str]]:
    """Return the rows that `write_rows` wrote: the same numbers, and text that stays text.

    Raises
    ------
    ValueError
        If the file was not written by it.
    """
    # Quotes tell text from numbers: "1", "None" and "True" can be names. One reader knows what was
    # in quotes, the other one how a number was written: 1 or 1.0.
    with (
        path.open(newline="", encoding="utf-8") as first,
        path.open(newline="", encoding="utf-8") as second,
    ):
        typed, written = csv.reader(first, quoting=csv.QUOTE_NONNUMERIC), csv.reader(second)
        try:
            columns, _ = next(typed), next(written)
            return [
                dict(zip(columns, map(_value, row, texts), strict=True))
                for row, texts in zip(typed, written, strict=True)
            ]
        except (ValueError, StopIteration) as error:
            raise ValueError(f"{path} is no table of a grid: {error or 'it is empty'}.") from error


def _value(value, text):
    whole = not isinstance(value, str) and re.fullmatch(r"-?\d+", text)
    return int(text) if whole else value
