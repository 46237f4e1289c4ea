"""Loggers: what they write is read back, and is the record."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from twin import QUICK, assert_same_bits, small_images

from gantutor.runs import loggers
from gantutor.runs.callbacks import Callback, Metrics, telling
from gantutor.runs.checkpoint import checkpoint_path
from gantutor.runs.history import History
from gantutor.runs.loggers import TensorBoard, WeightsAndBiases
from gantutor.runs.reading import read_tensorboard, read_wandb

pytest.importorskip("tensorboard")
pytest.importorskip("wandb")
IMAGES = small_images(80)


class Images:
    """What callbacks see of a trainer: a run of grey images, each brighter than the one before."""

    def __init__(self, name="a"):
        self.id, self.step, self.record = name, 0, History()

    def fit(self, steps, told):
        with telling(told, self, steps) as tell:
            for _ in range(steps):
                self.step += 1
                tell()
        return self

    def sample(self, latents, seed=0):
        return np.full((latents, 4, 6, 1), self.step / 100, np.float32)


class Adds(Callback):
    """Adds a number at every step, which no float32 holds."""

    def __init__(self, fails_at=None, value=lambda step: step / 3):
        self.fails_at, self.value = fails_at, value

    def on_step_end(self, run):
        run.record.add(run.step, loss=self.value(run.step))
        if run.step == self.fails_at:
            raise RuntimeError("in the midst")


def as_float32(history):
    return {name: np.float32(values).tolist() for name, values in history.items()}


def assert_tensorboard_has(folder, record):
    found = read_tensorboard(folder)
    assert found.steps == record.steps
    assert {k: np.float32(v).tolist() for k, v in found.history.items()} == as_float32(
        record.history
    )


def assert_wandb_has(folder, run, record):
    found = read_wandb(folder, run)
    images = found.steps.pop("samples", [])
    found.history.pop("samples", None)
    assert found.steps == record.steps and found.history == record.history
    return images


def test_both_have_the_record_of_a_training(twin, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board, weights = TensorBoard(tmp_path / "t", 10, 4), WeightsAndBiases(tmp_path / "w", 10, 4)
    mean = Metrics(5, {"mean": np.mean}, count=4)
    plain, watched = twin.build(QUICK), twin.build(QUICK)
    twin.fit(plain, IMAGES, 25, [mean])
    twin.fit(watched, IMAGES, 25, [board, mean, weights])
    assert_same_bits(twin.weights(plain), twin.weights(watched))
    assert_tensorboard_has(tmp_path / "t", watched.record)
    assert assert_wandb_has(tmp_path / "w", watched.id, watched.record) == [0, 10, 20, 25]
    # And by TensorBoard's own reader.
    events = EventAccumulator(str(tmp_path / "t"), {"images": 0}).Reload()
    assert set(events.Tags()["scalars"]) == set(watched.record.history)
    for name, values in watched.record.history.items():
        read = events.Scalars(name)
        assert [e.step for e in read] == watched.record.steps[name]
        assert np.array_equal(np.float32([e.value for e in read]), np.float32(values))
    shown = events.Images("samples")
    assert [one.step for one in shown] == [0, 10, 20, 25]
    assert (shown[0].height, shown[0].width) == (8, 4 * 9 - 1)


def test_the_grid_is_that_of_the_samples(tmp_path):
    import io

    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Images().fit(20, [TensorBoard(tmp_path, 20, 2), WeightsAndBiases(tmp_path, 20, 2)])
    shown = EventAccumulator(str(tmp_path), {"images": 0}).Reload().Images("samples")[-1]
    pixels = np.asarray(Image.open(io.BytesIO(shown.encoded_image_string)))
    assert pixels.shape == (4, 13) and pixels.dtype == np.uint8
    assert (pixels[:, :6] == round(1.2 * 127.5)).all() and (pixels[:, 6] == 255).all()
    (path,) = list(tmp_path.glob("wandb/offline-run*/files/media/images/samples_*.png"))[-1:]
    assert Image.open(path).size == (13, 4)


def test_points_have_no_grid(tmp_path):
    class Points(Images):
        def sample(self, latents, seed=0):
            return np.zeros((latents, 2), np.float32)

    run = Points().fit(4, [Adds(), TensorBoard(tmp_path, 2), WeightsAndBiases(tmp_path, 2)])
    assert assert_wandb_has(tmp_path, "a", run.record) == []
    assert_tensorboard_has(tmp_path, run.record)


def test_a_run_that_goes_on_is_continued(tmp_path):
    both = [TensorBoard(tmp_path / "t", 3, 1), WeightsAndBiases(tmp_path / "w", 3, 1)]
    run = Images().fit(7, [Adds(), *both])
    run.fit(4, [Adds(), *both])  # the same loggers
    fresh = [TensorBoard(tmp_path / "t", 3, 1), WeightsAndBiases(tmp_path / "w", 3, 1)]
    run.fit(5, [Adds(), *fresh])
    assert run.record.steps["loss"] == list(range(1, 17))
    assert_tensorboard_has(tmp_path / "t", run.record)
    assert assert_wandb_has(tmp_path / "w", "a", run.record) == [0, 3, 6, 7, 9, 11, 12, 15, 16]
    assert len(list((tmp_path / "t").iterdir())) == 3


def test_a_restored_run_is_continued_without_repetition(twin, tmp_path):
    path = checkpoint_path(tmp_path, 20)
    first = twin.build(QUICK)
    twin.fit(first, IMAGES, 20, [TensorBoard(tmp_path / "t", 5), WeightsAndBiases(tmp_path, 5)])
    first.save_checkpoint(path)
    twin.fit(first, IMAGES, 20, [TensorBoard(tmp_path / "t", 5), WeightsAndBiases(tmp_path, 5)])
    again = twin.build(QUICK)
    again.restore(path)  # what came after step 20 is written, and comes again
    twin.fit(again, IMAGES, 40, [TensorBoard(tmp_path / "t", 5), WeightsAndBiases(tmp_path, 5)])
    assert again.record.steps["d_loss"] == list(range(10, 61, 10))
    assert_tensorboard_has(tmp_path / "t", again.record)
    assert_wandb_has(tmp_path, again.id, again.record)


def test_an_error_in_the_midst_leaves_files_that_are_whole(tmp_path):
    run = Images()
    both = [TensorBoard(tmp_path / "t", 50, 1), WeightsAndBiases(tmp_path / "w", 50, 1)]
    with pytest.raises(RuntimeError, match="in the midst"):
        run.fit(20, [*both, Adds(fails_at=7)])
    assert run.record.steps["loss"] == list(range(1, 8))
    assert_tensorboard_has(tmp_path / "t", run.record)
    assert assert_wandb_has(tmp_path / "w", "a", run.record) == [0]
    assert both[0]._file.closed
    run.fit(2, [*both, Adds()])
    assert_tensorboard_has(tmp_path / "t", run.record)


def test_an_error_at_the_beginning_is_the_one_that_is_raised(tmp_path):
    Images("a").fit(2, [Adds(), TensorBoard(tmp_path, 1, 1)])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = Images("b")
    with pytest.raises(ValueError, match="of another run"):
        other.fit(2, [WeightsAndBiases(tmp_path / "w", 1, 1), TensorBoard(tmp_path, 1, 1)])
    assert other.step == 0
    assert all(path.read_bytes() == old for path, old in before.items())
    # Files of Weights & Biases lie in a folder for each run.
    Images("b").fit(2, [Adds(), WeightsAndBiases(tmp_path / "w", 1, 1)])
    Images("c").fit(2, [Adds(), WeightsAndBiases(tmp_path / "w", 1, 1)])
    assert read_wandb(tmp_path / "w", "c").steps["loss"] == [1, 2]


def test_foreign_event_files_are_refused(tmp_path):
    (tmp_path / "events.out.tfevents.1.of-something-else").write_bytes(b"")
    with pytest.raises(ValueError, match="of another run"):
        Images().fit(1, [TensorBoard(tmp_path, 1, 1)])


def test_what_is_no_number_is_written_as_such(tmp_path):
    values = {1: np.nan, 2: np.inf, 3: -np.inf, 4: 0.0}
    run = Images().fit(
        4, [Adds(value=values.get), TensorBoard(tmp_path, 2, 1), WeightsAndBiases(tmp_path, 2, 1)]
    )
    for found in (read_tensorboard(tmp_path), read_wandb(tmp_path, run.id)):
        assert np.array_equal(found.history["loss"], [*values.values()], equal_nan=True)


def test_a_file_cut_off_is_read_to_there(tmp_path):
    run = Images().fit(9, [Adds(), TensorBoard(tmp_path, 2, 1), WeightsAndBiases(tmp_path, 2, 1)])
    (event,) = tmp_path.glob("*tfevents*")
    (offline,) = tmp_path.glob("wandb/offline-run*/*.wandb")
    for path, read in (
        (event, lambda: read_tensorboard(tmp_path)),
        (offline, lambda: read_wandb(tmp_path, run.id)),
    ):
        whole, counts = path.read_bytes(), set()
        for size in range(0, len(whole), 17):
            path.write_bytes(whole[:size])
            steps = read().steps.get("loss", [])
            assert steps == list(range(1, len(steps) + 1))
            counts.add(len(steps))
        assert {0, 5, 8} <= counts


def test_long_records_span_blocks(tmp_path):
    class Many(Callback):
        def on_step_end(self, run):
            run.record.add(run.step, **{f"series {k}": k + run.step / 7 for k in range(1500)})

    run = Images().fit(3, [Many(), WeightsAndBiases(tmp_path, 1, 1)])
    (path,) = tmp_path.glob("wandb/offline-run*/*.wandb")
    assert path.stat().st_size > 3 * 32768
    assert_wandb_has(tmp_path, run.id, run.record)


def test_nothing_random_is_touched(tmp_path):
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    Images().fit(4, [Adds(), TensorBoard(tmp_path, 2, 1), WeightsAndBiases(tmp_path, 2, 1)])
    assert before == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


def test_nothing_is_left_elsewhere(tmp_path):
    # In a process of its own: the service of wandb starts once, with the places of that moment.
    code = """
import numpy as np
from gantutor.runs.callbacks import telling
from gantutor.runs.history import History
from gantutor.runs.loggers import TensorBoard, WeightsAndBiases
class Run:
    id, step, record = "a", 0, History()
    def sample(self, latents, seed=0):
        return np.zeros((4, 4, 6, 1), "f4")
with telling([TensorBoard("here", 1), WeightsAndBiases("here", 1)], Run(), 1):
    pass
"""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("WANDB")}
    variables |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    root = str(Path(loggers.__file__).parents[2])
    variables["PYTHONPATH"] = root
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=variables, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"here", "home", "tmp"}
    assert not [path for path in (tmp_path / "home").rglob("*") if "wandb" in path.name]
    assert list((tmp_path / "here").glob("*tfevents*")) and (tmp_path / "here" / "wandb").is_dir()


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_a_missing_package_is_named_with_its_extra(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    make = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}[package]
    with pytest.raises(ModuleNotFoundError, match=rf"{package}.*gantutor\[practice\]"):
        make(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_mode_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ValueError, match="mode must be 'offline' or 'online'; got 'disabled'"):
        WeightsAndBiases(tmp_path, mode="disabled")


def test_loading_the_loggers_loads_neither_package(tmp_path):
    code = "import sys, gantutor.runs.loggers; print({'tensorboard', 'wandb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()" and loggers
