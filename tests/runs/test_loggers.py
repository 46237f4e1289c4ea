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
    both = [TensorBoard(tmp_path / "t", 5), WeightsAndBiases(tmp_path, 5)]
    with pytest.warns(UserWarning, match="after step 20, which stay there"):
        twin.fit(again, IMAGES, 40, both)
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
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0, 3)
    with pytest.raises(ValueError, match="of another run"):
        Images().fit(1, [TensorBoard(tmp_path, 1, 1)])


def test_a_file_of_a_killed_run_that_holds_nothing_is_no_obstacle(tmp_path):
    (tmp_path / "events.out.tfevents.1").write_bytes(b"")
    run = Images().fit(4, [Adds(), TensorBoard(tmp_path, 2, 1)])
    assert_tensorboard_has(tmp_path, run.record)


def in_another_process(code, folder):
    """Run code that has `Run`, a run of points; `wandb` uses this process's service for it."""
    begin = """
import os, sys
import numpy as np
from gantutor.runs.callbacks import telling
from gantutor.runs.history import History
from gantutor.runs.loggers import TensorBoard, WeightsAndBiases
class Run:
    id, step, record = "a", 0, History()
    def sample(self, latents, seed=0):
        return np.zeros((4, 2), "f4")
"""
    variables = os.environ | {"PYTHONPATH": str(Path(loggers.__file__).parents[2])}
    command = [sys.executable, "-W", "error::UserWarning", "-c", begin + code]
    subprocess.run(command, cwd=folder, env=variables, check=True)


def restored(step):
    """A run from a checkpoint of that step."""
    run = Images()
    run.step = step
    for k in range(1, step + 1):
        run.record.add(k, loss=k / 3)
    return run


def test_what_was_written_before_a_run_was_killed_is_there(tmp_path):
    code = """
run = Run()
with telling([TensorBoard("t", 5)], run, 99) as tell:
    for run.step in range(1, 13):
        run.record.add(run.step, loss=run.step / 3)
        tell()
    os._exit(0)
"""
    in_another_process(code, tmp_path)
    assert read_tensorboard(tmp_path / "t").steps == {"loss": list(range(1, 11))}
    run = restored(7).fit(5, [Adds(value=lambda step: -step), TensorBoard(tmp_path / "t", 5)])
    assert_tensorboard_has(tmp_path / "t", run.record)


def test_a_checkpoint_takes_back_what_came_after_it(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Images().fit(10, [Adds(), TensorBoard(tmp_path, 5, 1)])
    run = restored(6).fit(6, [Adds(value=lambda step: -step), TensorBoard(tmp_path, 5, 1)])
    assert_tensorboard_has(tmp_path, run.record)
    read = EventAccumulator(str(tmp_path), {"images": 0}).Reload()
    assert [e.value for e in read.Scalars("loss")] == as_float32(run.record.history)["loss"]
    assert [e.step for e in read.Images("samples")] == [0, 5, 6, 10, 12]


@pytest.mark.parametrize("kind", [TensorBoard, WeightsAndBiases])
def test_two_loggers_of_one_place_are_refused(kind, tmp_path):
    run = Images()
    with pytest.raises(ValueError, match="at the same time"):
        run.fit(2, [kind(tmp_path, 1, 1), kind(tmp_path, 2, 1)])
    assert run.step == 0
    run.fit(2, [Adds(), kind(tmp_path, 1, 1)])  # the place is free again


@pytest.mark.parametrize("name", ["step", "run", "samples", "_loss"])
def test_names_that_the_writers_use_are_refused(name, tmp_path):
    run = Images()
    run.record = History({name: [1.0]}, {name: [0]})
    with pytest.raises(ValueError, match="may not be called"):
        run.fit(1, [TensorBoard(tmp_path, 1, 1)])


def test_an_id_may_hold_what_glob_reads_as_a_pattern(tmp_path):
    log = tmp_path / "wandb" / "offline-run-1-a[b]"
    Images("ab").fit(2, [Adds(), WeightsAndBiases(tmp_path, 1, 1)])
    (path,) = tmp_path.glob("wandb/offline-run*/*.wandb")
    log.mkdir()
    (log / "run-a[b].wandb").write_bytes(path.read_bytes())
    assert read_wandb(tmp_path, "a[b]").steps["loss"] == [1, 2]


def both_files(folder):
    """Write nine steps with both loggers; return each one's file, and what reads it."""
    run = Images().fit(9, [Adds(), TensorBoard(folder, 2, 1), WeightsAndBiases(folder, 2, 1)])
    (event,) = folder.glob("*tfevents*")
    (offline,) = folder.glob("wandb/offline-run*/*.wandb")
    return (event, lambda: read_tensorboard(folder)), (offline, lambda: read_wandb(folder, run.id))


def test_a_damaged_file_is_read_to_the_damage(tmp_path):
    for path, read in both_files(tmp_path):
        whole, counts = path.read_bytes(), set()
        for at in range(0, len(whole), 97):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            steps = read().steps.get("loss", [])
            assert steps == list(range(1, len(steps) + 1))
            counts.add(len(steps))
        assert len(counts) > 2 and max(counts) <= 9


def test_neither_logger_loads_tensorflow_beside_pytorch(tmp_path):
    code = """
for _ in range(2):
    with telling([TensorBoard("here", 1), WeightsAndBiases("here", 1)], Run(), 1):
        pass
assert "tensorflow" not in sys.modules
"""
    in_another_process(code, tmp_path)


def test_the_name_of_the_computer_is_not_written(tmp_path):
    from gantutor.runs import reading

    Images().fit(1, [WeightsAndBiases(tmp_path, 1, 1)])
    (path,) = tmp_path.glob("wandb/offline-run*/*.wandb")
    records = [reading._parsed(body) for body in reading._log_records(path.read_bytes())]
    (run,) = [each.run for each in records if each.WhichOneof("record_type") == "run"]
    assert run.run_id == "a" and run.host == ""


def test_what_is_no_number_is_written_as_such(tmp_path):
    values = {1: np.nan, 2: np.inf, 3: -np.inf, 4: 0.0}
    run = Images().fit(
        4, [Adds(value=values.get), TensorBoard(tmp_path, 2, 1), WeightsAndBiases(tmp_path, 2, 1)]
    )
    for found in (read_tensorboard(tmp_path), read_wandb(tmp_path, run.id)):
        assert np.array_equal(found.history["loss"], [*values.values()], equal_nan=True)


def test_a_file_cut_off_is_read_to_there(tmp_path):
    for path, read in both_files(tmp_path):
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


def test_offline_nothing_is_asked_of_a_server(tmp_path, monkeypatch):
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    asked = []

    class Server(BaseHTTPRequestHandler):
        def handle(self):
            asked.append(self.client_address)

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        code = """
with telling([WeightsAndBiases("here", 1)], Run(), 1) as tell:
    tell()
try:
    with telling([WeightsAndBiases("there", 1)], Run(), 1):
        raise RuntimeError
except RuntimeError:
    pass
"""
        in_another_process(code, tmp_path)
        server.shutdown()
    assert asked == [] and list(tmp_path.glob("there/wandb/offline-run*"))


@pytest.mark.parametrize(("channels", "colorspace"), [(1, 1), (3, 3)])
def test_the_colour_space_is_that_of_the_pixels(tmp_path, channels, colorspace):
    from gantutor.runs.reading import events

    class Coloured(Images):
        def sample(self, latents, seed=0):
            return np.zeros((latents, 4, 6, channels), "f4")

    Coloured().fit(1, [TensorBoard(tmp_path, 1, 2)])
    images = [value.image for event in events(tmp_path) for value in event.summary.value]
    assert {image.colorspace for image in images if image.height} == {colorspace}
