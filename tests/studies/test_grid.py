"""Grids of settings and seeds."""

import os

import pandas as pd
import pytest

from gantutor.experiments import run_grid

SETTINGS = {"small": {"size": 2}, "large": {"size": 5}}


def _area():
    # A function made by a function travels to other processes by value, as those of notebooks do.
    return lambda seed, size: {"area": size**2 + seed, "process": os.getpid()}


area = _area()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_grid_has_a_row_for_each_setting_and_seed_in_order(jobs):
    table = run_grid(area, SETTINGS, seeds=[3, 0], jobs=jobs)
    assert list(table.columns) == ["setting", "seed", "arguments", "area", "process"]
    assert table[["setting", "seed", "area"]].values.tolist() == [
        ["small", 3, 7],
        ["small", 0, 4],
        ["large", 3, 28],
        ["large", 0, 25],
    ]
    assert (os.getpid() in set(table["process"])) == (jobs == 1)


def test_an_interrupted_grid_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "new" / "grid.csv"
    called = []

    def stops_at_the_third(seed, size):
        called.append((size, seed))
        if len(called) == 3:
            raise KeyboardInterrupt
        return area(seed, size)

    with pytest.raises(KeyboardInterrupt):
        run_grid(stops_at_the_third, SETTINGS, [0, 1], path, jobs=1)
    assert len(pd.read_csv(path)) == 2
    table = run_grid(stops_at_the_third, SETTINGS, [0, 1], path, jobs=1)
    assert called == [(2, 0), (2, 1), (5, 0), (5, 0), (5, 1)]
    whole = run_grid(area, SETTINGS, [0, 1], jobs=1)
    assert table["area"].tolist() == whole["area"].tolist() == [4, 5, 25, 26]
    assert [file.name for file in path.parent.iterdir()] == ["grid.csv"]


def test_a_finished_grid_is_only_read(tmp_path):
    path = tmp_path / "grid.csv"
    table = run_grid(area, SETTINGS, [0], path, jobs=1)
    again = run_grid(lambda seed, size: pytest.fail("ran again"), SETTINGS, [0], path, jobs=1)
    pd.testing.assert_frame_equal(table, again)


def test_rows_of_other_arguments_are_not_taken_for_those_asked_for(tmp_path):
    path = tmp_path / "grid.csv"
    run_grid(area, SETTINGS, [0], path, jobs=1)
    before = path.read_text()
    with pytest.raises(ValueError, match=r"'small', seed 0, run with \{\"size\": 2\}"):
        run_grid(area, {"small": {"size": 4}}, [0], path, jobs=1)
    assert path.read_text() == before


@pytest.mark.parametrize(("settings", "seeds"), [({}, [0]), (SETTINGS, [])])
def test_an_empty_grid_is_refused(settings, seeds):
    with pytest.raises(ValueError, match="at least one setting and one seed"):
        run_grid(area, settings, seeds)
