"""The studies behind the tables of the book: a folder each, with `study.py` and its `table.csv`.

A study may change from one version of the package to the next. To read a table, `load_table` is
enough; to make one anew or with more seeds, there is ``python -m gantutor.studies NAME``.

The module ``gantutor.studies.NAME.study`` has

- ``SETTINGS``: the arguments of each setting, by its name or names;
- ``KEYS``: the columns that hold these names;
- ``SEEDS``: how many seeds the table has of each;
- ``run(seed, **arguments)``: one training, and its scores: a dictionary, or a list of them;
- ``COLUMNS``: the range that the numbers of each column lie in.

Only these modules import a framework. `run_grid` and `check_table` serve any study of your own.
"""

from gantutor.studies.grid import run_grid
from gantutor.studies.tables import check_table, load_table, names

__all__ = ["check_table", "load_table", "names", "run_grid"]
