"""Grids of settings and seeds."""

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from joblib.parallel import register_parallel_backend
from twin import hear_interrupts

from gantutor.studies import run_grid
from gantutor.studies.tables import read_rows, write_rows

SETTINGS = {"small": {"size": 2}, "large": {"size": 5}}
HARD_NAMES = [
    "None",
    "NA",
    "nan",
    "1",
    "1e-3",
    "True",
    "0.10",
    "0.1",
    "-7",
    " a ",
    'a "b", c',
    "ä\n",
]


def _area():
    # A function made by a function travels to other processes by value, as those of notebooks do.
    return lambda seed, size: {"area": size**2 + seed, "process": os.getpid()}


area = _area()


def not_again(seed, **arguments):
    pytest.fail(f"ran again: {arguments}")


@pytest.mark.slow
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
    assert {file.name for file in path.parent.iterdir()} == {"grid.csv", ".grid.csv.lock"}


def test_a_finished_grid_is_only_read(tmp_path):
    path = tmp_path / "grid.csv"
    table = run_grid(area, SETTINGS, [0], path, jobs=1)
    again = run_grid(not_again, SETTINGS, [0], path, jobs=1)
    pd.testing.assert_frame_equal(table, again)


def test_names_that_look_like_numbers_or_nothing_are_found_again(tmp_path):
    path = tmp_path / "grid.csv"
    settings = {name: {"place": place} for place, name in enumerate(HARD_NAMES)}
    table = run_grid(lambda seed, place: {"found": place}, settings, [0], path, jobs=1)
    assert table["setting"].tolist() == HARD_NAMES
    again = run_grid(not_again, settings, [0], path, jobs=1)
    pd.testing.assert_frame_equal(table, again)
    assert again["found"].tolist() == list(range(len(HARD_NAMES)))


def test_results_keep_their_types(tmp_path):
    path = tmp_path / "grid.csv"
    results = {
        "word": "None",
        "digits": "007",
        "empty": "",
        "whole": 3,
        "large": 2**70,
        "real": 3.0,
        "small": 1e-300,
        "third": 1 / 3,
        "lost": math.nan,
        "endless": -math.inf,
    }
    run_grid(lambda seed: results, {"all": {}}, [0], path, jobs=1)
    (row,) = read_rows(path)
    for name, value in results.items():
        assert type(row[name]) is type(value), name
        assert row[name] == value or name == "lost"
    assert math.isnan(row["lost"])


def test_numpys_numbers_and_truth_values_become_pythons(tmp_path):
    path = tmp_path / "grid.csv"
    got = []

    def function(seed, rate, widths):
        got.append((seed, rate, widths))
        return {
            "rate": np.float32(0.5),
            "count": np.int64(3),
            "good": np.True_,
            "word": np.str_("a"),
        }

    settings = {"a": {"rate": np.float64(0.25), "widths": (np.int32(3), 4)}}
    run_grid(function, settings, np.arange(2), path, jobs=1)
    assert got == [(0, 0.25, [3, 4]), (1, 0.25, [3, 4])]
    assert [type(part) for part in got[0]] == [int, float, list]
    run_grid(not_again, settings, [0.0, np.float32(1)], path, jobs=1)
    row = read_rows(path)[0]
    assert {name: row[name] for name in ("rate", "count", "good", "word")} == {
        "rate": 0.5,
        "count": 3,
        "good": 1,
        "word": "a",
    }


def test_whole_floats_are_the_same_arguments(tmp_path):
    path = tmp_path / "grid.csv"
    run_grid(area, {"a": {"size": 2}}, [0], path, jobs=1)
    run_grid(not_again, {"a": {"size": 2.0}}, [0], path, jobs=1)


def test_a_run_may_have_several_rows(tmp_path):
    path = tmp_path / "grid.csv"

    def log(seed, size):
        return [{"step": step, "value": size * step + seed} for step in (1, 2)]

    table = run_grid(log, SETTINGS, [0, 1], path, jobs=1)
    assert table["value"].tolist() == [2, 4, 3, 5, 5, 10, 6, 11]
    pd.testing.assert_frame_equal(table, run_grid(not_again, SETTINGS, [0, 1], path, jobs=1))


def test_a_setting_may_have_several_names(tmp_path):
    path = tmp_path / "grid.csv"
    settings = {("ring", "a, b"): {"size": 2}, ("ring, a", "b"): {"size": 3}}
    table = run_grid(area, settings, [0], path, jobs=1, keys=("task", "setting"))
    assert table[["task", "setting", "area"]].values.tolist() == [
        ["ring", "a, b", 4],
        ["ring, a", "b", 9],
    ]
    again = run_grid(not_again, settings, [0], path, jobs=1, keys=("task", "setting"))
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


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0", None, math.nan])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(ValueError, match=re.escape(f"at least 0; got {seed!r}")):
        run_grid(area, SETTINGS, [seed])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({0.1: {"size": 2}}, "name must be text, one for each of setting; got 0.1"),
        ({("a", "b"): {"size": 2}}, r"got \('a', 'b'\)"),
        ({"a": {"size": object()}}, "arguments of setting 'a' must be what JSON can hold"),
    ],
)
def test_settings_that_cannot_be_written_are_refused_before_any_run(settings, words):
    with pytest.raises(TypeError, match=words):
        run_grid(not_again, settings, [0], jobs=1)


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        ({"seed": 1}, ValueError, "cannot be called 'seed'"),
        ({"value": None}, TypeError, "Result 'value' must be a number or text; got None"),
        ({"value": np.zeros(2)}, TypeError, "'value' must be a number or text"),
    ],
)
def test_results_that_cannot_be_kept_are_refused(result, error, words):
    with pytest.raises(error, match=words):
        run_grid(lambda seed: result, {"a": {}}, [0], jobs=1)


@pytest.mark.parametrize("text", ["", "a,b\n1,two\n", '"a","b"\n1\n'])
def test_a_file_of_something_else_is_left_alone(tmp_path, text):
    path = tmp_path / "grid.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"grid\.csv is no table of a grid"):
        run_grid(area, SETTINGS, [0], path, jobs=1)
    assert path.read_text() == text


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "grid.csv"
    write_rows(path, [{"a": 1}])

    def full(number):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_rows(path, [{"a": 2}])
    assert read_rows(path) == [{"a": 1}]


def test_two_grids_do_not_write_to_one_file(tmp_path):
    path = tmp_path / "grid.csv"
    begun, go_on = threading.Event(), threading.Event()

    def waits(seed, size):
        begun.set()
        assert go_on.wait(60)
        return {"area": size**2}

    first = threading.Thread(target=run_grid, args=(waits, SETTINGS, [0], path, 1))
    first.start()
    assert begun.wait(60)
    with pytest.raises(RuntimeError, match=r"Another grid is writing to .*grid\.csv"):
        run_grid(area, SETTINGS, [1], path, jobs=1)
    run_grid(area, SETTINGS, [1], tmp_path / "other.csv", jobs=1)
    go_on.set()
    first.join()
    assert [row["seed"] for row in read_rows(path)] == [0, 0]
    assert len(run_grid(area, SETTINGS, [0, 1], path, jobs=1)) == 4


def test_the_runs_go_where_joblibs_active_backend_sends_them():
    sent = []

    class Elsewhere(joblib.parallel.ThreadingBackend):
        def submit(self, *arguments, **more):
            sent.append(1)
            return super().submit(*arguments, **more)

    register_parallel_backend("elsewhere", Elsewhere)
    here = lambda seed, size: {"process": os.getpid()}  # noqa: E731
    with joblib.parallel_config("elsewhere", n_jobs=2):
        table = run_grid(here, SETTINGS, range(3))
    assert len(sent) == len(table) == 6
    assert set(table["process"]) == {os.getpid()}, "threads, not processes"
    with joblib.parallel_config("loky", n_jobs=2):
        table = run_grid(here, SETTINGS, range(3))
    assert os.getpid() not in set(table["process"])
    assert len(sent) == 6


def test_runs_on_dask_workers_are_collected(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        table = run_grid(area, SETTINGS, range(3), tmp_path / "grid.csv")
    assert table["area"].tolist() == [4, 5, 6, 25, 26, 27]
    assert os.getpid() not in set(table["process"])


# Ctrl-C as people press it: a signal to a process, while a real grid trains.

FAKE = """
import time
class Trainer:
    step = 0
    def fit(self, steps):
        for _ in range(steps):
            time.sleep(0.01)
            self.step += 1
def trainer(seed):
    return Trainer()
def fit(trainer, steps):
    trainer.fit(steps)
"""

REAL = """
from gantutor.data import ring
from gantutor.torch import GAN, Trainer, models
POINTS = ring().sample(500, 0)
def trainer(seed):
    generator = models.mlp_generator((2,), latent_dim=2, width=4, seed=seed)
    discriminator = models.mlp_discriminator((2,), width=4, seed=seed)
    return Trainer(GAN(generator, discriminator, 2), batch_size=16, seed=seed)
def fit(trainer, steps):
    trainer.fit(POINTS, steps)
"""

GRID = """
import sys
from pathlib import Path
from gantutor.studies import run_grid
def run(seed, steps, begun):
    gan = trainer(seed)
    if seed:
        Path(begun).touch()
    fit(gan, steps if seed else 3)
    return {"step": gan.step}
folder, jobs = Path(sys.argv[1]), int(sys.argv[2])
settings = {"a": {"steps": 1_000_000, "begun": str(folder / "begun")}}
try:
    run_grid(run, settings, [0, 1], folder / "grid.csv", jobs)
except KeyboardInterrupt:
    print("stopped")
else:
    print("returned")
"""


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", ["fake", pytest.param("real", marks=pytest.mark.slow)])
def test_ctrl_c_ends_a_grid_and_records_no_unfinished_run(tmp_path, kind, jobs):
    if kind == "real":
        pytest.importorskip("torch")
    program = tmp_path / "program.py"
    program.write_text({"fake": FAKE, "real": REAL}[kind] + GRID)
    process = subprocess.Popen(
        [sys.executable, program, tmp_path, str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to all processes of the group
        preexec_fn=hear_interrupts,
    )
    try:
        path, end = tmp_path / "grid.csv", time.monotonic() + 90
        while not (path.exists() and (tmp_path / "begun").exists()):
            assert process.poll() is None and time.monotonic() < end, process.communicate()
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert said.split() == ["stopped"], errors
    assert [(row["seed"], row["step"]) for row in read_rows(path)] == [(0, 3)]
