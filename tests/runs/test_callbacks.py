"""Callbacks without a framework: a run of numbers stands for training."""

import numpy as np
import pytest

from gantutor.runs import callbacks
from gantutor.runs.checkpoint import (
    CheckpointError,
    list_checkpoints,
    load_arrays,
    save_arrays,
)
from gantutor.runs.history import History


class Run:
    """What callbacks see of a trainer."""

    def __init__(self, name="a", step=0):
        self.id, self.step, self.record = name, step, History()

    def sample(self, latents, seed=0):
        return np.full((latents, 1), self.step + seed / 10)

    def save_checkpoint(self, path):
        save_arrays(path, {"step": np.array(self.step)}, {"run": self.id})

    def fit(self, steps, told, jump=1):
        with callbacks.telling(told, self, steps) as tell:
            for _ in range(0, steps, jump):
                self.step += jump
                tell()
        return self


def names(folder):
    return [int(path.name[5:13]) for path in list_checkpoints(folder)]


class Acts(callbacks.Every):
    def on_train_begin(self, run, steps):
        super().on_train_begin(run, steps)
        self.at = []

    def act(self, run):
        self.at.append(run.step)


@pytest.mark.parametrize(
    ("start", "steps", "jump", "at"),
    [
        (0, 20, 1, [6, 12, 18]),
        (7, 14, 1, [12, 18]),
        (0, 28, 7, [7, 14, 21, 28]),
        (0, 32, 4, [8, 12, 20, 24, 32]),
        (0, 40, 20, [20, 40]),
        (6, 5, 1, []),
    ],
)
def test_every_acts_on_the_first_news_of_a_multiple(start, steps, jump, at):
    acts = Acts(6)
    Run(step=start).fit(steps, [acts], jump)
    assert acts.at == at


@pytest.mark.parametrize("every", [0, -1, 1.5, True, None])
def test_every_needs_a_number_of_steps(every):
    with pytest.raises(ValueError, match="every must be a whole number of at least 1"):
        callbacks.Checkpoint("folder", every)


class Told(callbacks.Callback):
    def __init__(self, fails=()):
        self.calls, self.fails = [], fails

    def _note(self, name):
        self.calls.append(name)
        if name in self.fails:
            raise RuntimeError(name)

    def on_train_begin(self, run, steps):
        self._note("begin")

    def on_step_end(self, run):
        self._note("step")

    def on_train_end(self, run):
        self._note("end")

    def on_exception(self, run):
        self._note("exception")


@pytest.mark.parametrize(
    ("fails", "first", "second", "third"),
    [
        ((), "begin step end", "begin step end", "begin step end"),
        (("begin",), "begin exception", "begin exception", ""),
        (("step",), "begin step exception", "begin step exception", "begin exception"),
        (("end",), "begin step end", "begin step end", "begin step exception"),
    ],
)
def test_whatever_happens_everyone_who_began_is_told_of_the_end(fails, first, second, third):
    told = [Told(), Told(fails), Told()]
    if fails:
        with pytest.raises(RuntimeError, match=fails[0]):
            Run().fit(1, told)
    else:
        Run().fit(1, told)
    assert [" ".join(one.calls) for one in told] == [first, second, third]


def test_two_runs_in_one_folder_lose_nothing(tmp_path):
    first, second = Run("a"), Run("b")
    first.fit(20, [callbacks.Checkpoint(tmp_path, 5)])
    assert names(tmp_path) == [15, 20]
    with pytest.raises(CheckpointError, match=r"step-00000015\.safetensors of another run"):
        second.fit(10, [callbacks.Checkpoint(tmp_path, 5)])
    assert second.step == 0  # said before any work is lost
    assert names(tmp_path) == [15, 20]
    assert all(load_arrays(path)[1] == {"run": "a"} for path in list_checkpoints(tmp_path))


def test_two_runs_at_once_lose_nothing(tmp_path):
    # Both find the folder empty; the later one to write is refused.
    first, second = callbacks.Checkpoint(tmp_path, 5), callbacks.Checkpoint(tmp_path, 5)
    a, b = Run("a"), Run("b")
    first.on_train_begin(a, 20)
    second.on_train_begin(b, 20)
    for run, checkpoint in ((a, first), (a, first), (a, first)):
        run.step += 5
        checkpoint.on_step_end(run)
    b.step = 5
    with pytest.raises(CheckpointError, match="of another run"):
        second.on_step_end(b)
    assert names(tmp_path) == [10, 15]


def test_a_run_refuses_its_own_later_steps_and_goes_on_from_the_last(tmp_path):
    Run().fit(20, [callbacks.Checkpoint(tmp_path, 5)])
    with pytest.raises(CheckpointError, match="which is later than step 15 of this run"):
        Run(step=15).fit(3, [callbacks.Checkpoint(tmp_path, 5)])
    Run(step=20).fit(11, [callbacks.Checkpoint(tmp_path, 5)])
    assert names(tmp_path) == [15, 20, 30, 31]  # only files of its own are removed


def test_the_last_step_is_saved_once(tmp_path):
    class Counts(Run):
        saved = 0

        def save_checkpoint(self, path):
            self.saved += 1
            super().save_checkpoint(path)

    run = Counts().fit(10, [callbacks.Checkpoint(tmp_path, 5)])
    assert run.saved == 2 and names(tmp_path) == [5, 10]
    assert Counts().fit(3, [callbacks.Checkpoint(tmp_path / "b", 5)]).saved == 1
    assert names(tmp_path / "b") == [3]


def test_foreign_files_stay(tmp_path):
    kept = ["notes.txt", "step-1.safetensors", "step-00000003.pt"]
    for name in kept:
        (tmp_path / name).write_text("mine")
    Run().fit(20, [callbacks.Checkpoint(tmp_path, 2)])
    assert all((tmp_path / name).read_text() == "mine" for name in kept)
    (tmp_path / "step-00000001.safetensors").write_text("no checkpoint at all")
    with pytest.raises(CheckpointError, match=r"step-00000001\.safetensors is missing, damaged"):
        Run(step=20).fit(2, [callbacks.Checkpoint(tmp_path, 2)])


def test_grids_and_metrics_look_once_at_each_step(tmp_path):
    grid = callbacks.SampleGrid(5, latents=2, seed=3)
    metrics = callbacks.Metrics(5, {"mean": np.mean}, count=4, seed=1)
    run = Run()
    for _ in range(2):
        run.fit(10, [grid, metrics])
    assert grid.steps == [0, 5, 10, 15, 20]
    assert [frame[0, 0] for frame in grid.frames] == [0.3, 5.3, 10.3, 15.3, 20.3]
    assert run.record.steps["mean"] == [0, 5, 10, 15, 20]
    assert run.record.history["mean"] == pytest.approx([0.1, 5.1, 10.1, 15.1, 20.1])


def test_the_bar_moves_as_far_as_the_run(monkeypatch):
    class Bar:
        at, text, closed = 0, {}, 0

        def update(self, steps):
            self.at += steps

        def set_postfix(self, text, refresh):
            self.text = text

        def close(self):
            self.closed += 1

    bars = []
    monkeypatch.setattr(callbacks, "progress_bar", lambda steps: bars.append(Bar()) or bars[-1])
    run = Run(step=3)
    run.record.add(3, d_loss=0.5, other=1)
    run.fit(8, [callbacks.ProgressBar()], jump=4)
    assert bars[0].at == 8 and bars[0].closed == 1
    assert bars[0].text == {"d_loss": "0.500"}
    with pytest.raises(RuntimeError):
        run.fit(8, [callbacks.ProgressBar(), Told(("step",))])
    assert bars[1].closed == 1
