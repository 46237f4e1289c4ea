"""Several processes or replicas that train one model give what one gives, and files once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from twin import assert_same_bits, small_images

torch = pytest.importorskip("torch")
from gantutor.runs import launch  # noqa: E402
from gantutor.runs.checkpoint import list_checkpoints, load_arrays  # noqa: E402
from gantutor.torch import Trainer, alone, distributed  # noqa: E402
from gantutor.torch.batches import Arrays  # noqa: E402

TESTS = Path(__file__).parents[1]
SETUP = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
import numpy as np
from twin import QUICK, small_images
HARD = QUICK.replace(
    game=("gan", {{"loss": "relativistic", "penalties": {{"r1": 1.0}}}}),
    discriminator={{"width": 4, "normalization": "batch"}},
    discriminator_steps=2,
)
def keep(path, trainer):
    state = trainer._state().items()
    np.savez(path, **{{k: (v.detach() if hasattr(v, "detach") else v).numpy() for k, v in state}})
"""


class Several:
    """Processes with what a launcher says to each; those left are ended in the end."""

    def __init__(self, arguments, folder, count=2):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        said = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
        said |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo"}
        self.logs = [folder / f"log-{time.time_ns()}-{rank}" for rank in range(count)]
        self.processes = []
        for rank, log in enumerate(self.logs):
            environment = os.environ | said | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            with log.open("w") as file:
                command = [sys.executable, *arguments]
                self.processes.append(
                    subprocess.Popen(command, env=environment, stdout=file, stderr=file)
                )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.kill()
            process.wait()

    def codes(self):
        return [process.wait(timeout=240) for process in self.processes]

    def said(self, rank=0):
        return self.logs[rank].read_text()


def run(script, folder, count=2):
    """Run a script in several processes, to a good end; return what each said."""
    with Several(["-c", SETUP + script], folder, count) as ranks:
        assert ranks.codes() == [0] * count, ranks.said(0) + ranks.said(1)
        return [ranks.said(rank) for rank in range(count)]


def train(out, *more):
    arguments = ["-m", "gantutor.cli", "train", "--recipe", "mlp", "--batch-size", "8"]
    return Several([*arguments, "--out", str(out), *map(str, more)], out.parent)


def state(path):
    return dict(np.load(path))


def nearly(one, other, within):
    assert one.keys() == other.keys()
    apart = {name: np.abs(one[name] - other[name]).max(initial=0) for name in one}
    assert max(apart.values()) <= within, max(apart, key=apart.get)


class Ranks(distributed.Processes):
    """Two processes' slices in one process, without a launcher."""

    def __init__(self, rank, count=2):
        self.rank, self.count, self.is_main, self.device = rank, count, rank == 0, None


def test_the_slices_of_all_processes_are_the_whole_batch_each_row_once():
    order, device = np.arange(40).reshape(40, 1).astype("f4"), torch.device("cpu")
    whole = Arrays({"real": order}, 8, 2, 0, False, device)
    parts = [Arrays({"real": order}, 8, 2, 0, False, device, Ranks(rank)) for rank in range(2)]
    for step in range(3):
        joined = zip(*(part.batches(step) for part in parts), strict=True)
        for batch, slices in zip(whole.batches(step), joined, strict=True):
            assert [len(part["real"]) for part in slices] == [4, 4]
            assert torch.equal(torch.cat([part["real"] for part in slices]), batch["real"])


def test_the_noise_of_all_processes_is_that_of_one_and_no_two_rows_are_alike():
    from gantutor.torch.games import GAN

    game = GAN(torch.nn.Identity(), torch.nn.Identity(), 5, penalties={"finite_r1": 1.0})
    real = torch.arange(8.0)[:, None]
    alone = game.noise({"real": real}, torch.Generator().manual_seed(3))
    parts = [
        Ranks(rank).noise(game, {"real": half}, torch.Generator().manual_seed(3))
        for rank, half in enumerate(real.split(4))
    ]
    assert alone.keys() == parts[0].keys() == {"latents", "mix", "probe"}
    for name, values in alone.items():
        assert torch.equal(torch.cat([part[name] for part in parts]), values)
    assert len(np.unique(alone["latents"].numpy(), axis=0)) == 8


def test_a_batch_of_unequal_slices_is_refused():
    from twin import QUICK

    with pytest.raises(ValueError, match="equal slice; got 15 for 2 processes"):
        Trainer.from_recipe(QUICK.replace(batch_size=15), processes=Ranks(0))


def test_a_launcher_is_known_by_the_environment(monkeypatch):
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (launch.count(), launch.rank(), launch.is_main()) == (1, 0, True)
    assert type(alone.launched()) is alone.Alone
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert (launch.count(), launch.rank(), launch.is_main()) == (4, 3, False)
    monkeypatch.setenv("WORLD_SIZE", "0")
    with pytest.raises(ValueError, match=r"WORLD_SIZE.*'0'"):
        launch.count()


def test_without_accelerate_several_processes_name_the_extra(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ModuleNotFoundError, match=r"gantutor\[practice\]"):
        alone.launched()


def test_keras_under_a_launcher_is_refused_before_anything_is_made(monkeypatch, tmp_path, capsys):
    from gantutor import cli

    monkeypatch.setenv("WORLD_SIZE", "2")
    out = tmp_path / "run"
    assert cli.main(["train", "--framework", "keras", "--out", str(out)]) == 2
    assert "trains in one process" in capsys.readouterr().err and not out.exists()


def test_a_mean_over_one_process_normalises_as_pytorch_does(tmp_path):
    """Outputs, running statistics, first and second derivatives."""
    pytest.importorskip("accelerate")
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1
    )
    try:
        for shape, kind, momentum in (
            ((6, 3), torch.nn.BatchNorm1d, 0.1),
            ((6, 3), torch.nn.BatchNorm1d, None),
            ((4, 3, 5, 5), torch.nn.BatchNorm2d, 0.0),
        ):
            inputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
            found = []
            for apply in (lambda layer, x: layer(x), distributed.normalise):
                layer, x = kind(3, momentum=momentum), inputs.double().requires_grad_()
                layer.double()
                outputs = apply(layer, x)
                (first,) = torch.autograd.grad(outputs.sin().sum(), x, create_graph=True)
                first.square().sum().backward()
                running = layer.running_mean, layer.running_var, layer.num_batches_tracked
                found.append([outputs, first, x.grad, layer.weight.grad, *running])
            for one, other in zip(*found, strict=True):
                torch.testing.assert_close(one, other)
        with pytest.raises(ValueError, match="more than one value a channel"):
            distributed.normalise(torch.nn.BatchNorm1d(3), torch.ones(1, 3))
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_processes_end_where_one_ends_and_alike(tmp_path, count):
    """Batch normalisation on both sides, a penalty, pairs, two steps of D, and the losses."""
    pytest.importorskip("accelerate")
    script = """
import torch
from gantutor.torch import Trainer
from gantutor.torch.distributed import Processes
told = []
class Tell:
    def on_train_begin(self, run, steps): told.append(steps)
    def on_step_end(self, run): pass
    on_train_end = on_exception = on_step_end
processes = Processes()
trainer = Trainer.from_recipe(HARD.replace(batch_size=12), seed=1, device="cpu")
assert type(trainer.processes) is Processes  # a launcher started them
if processes.rank == 1:  # weights of its own: the first process's count
    with torch.no_grad():
        next(trainer.game.parameters()).add_(1)
trainer.fit(small_images(), 20, [Tell()])
assert told == ([20] if processes.is_main else [])
keep(f"FOLDER/{processes.rank}.npz", trainer)
import json
print(json.dumps(trainer.record.history))
""".replace("FOLDER", str(tmp_path))
    said = run(script, tmp_path, count)
    scope: dict = {}
    exec(SETUP, scope)
    hard = scope["HARD"].replace(batch_size=12)
    alone = Trainer.from_recipe(hard, seed=1, device="cpu")
    alone.fit(small_images(), 20)
    scope["keep"](tmp_path / "one.npz", alone)
    first, one = (state(tmp_path / f"{n}.npz") for n in ("0", "one"))
    assert any("running_var" in name for name in first)
    for rank in range(1, count):
        assert_same_bits(first, state(tmp_path / f"{rank}.npz"))
    nearly(first, one, 2e-6)
    moved = Trainer.from_recipe(hard, seed=1, device="cpu")._state()
    name = next(name for name in one if name.startswith("game.") and one[name].ndim > 1)
    assert np.abs(one[name] - moved[name].detach().numpy()).max() > 1e-3
    losses = [json.loads(text.splitlines()[-1]) for text in said]
    assert all(one == losses[0] for one in losses)
    for name, values in alone.record.history.items():
        np.testing.assert_allclose(losses[0][name], values, atol=1e-5)


@pytest.mark.slow
def test_processes_that_do_not_train_alike_are_refused(tmp_path):
    """Another step, other data, another length; loaders that give all the same, or unequally."""
    pytest.importorskip("accelerate")
    script = """
import torch
from gantutor.torch import Trainer
from gantutor.torch.distributed import Processes
processes = Processes()
def refused(data, steps=2, step=0):
    trainer = Trainer.from_recipe(QUICK, seed=1, device="cpu", processes=processes)
    trainer.step = step
    try:
        trainer.fit(data, steps)
    except ValueError as error:
        print(error)
images = small_images()
refused(images, step=processes.rank)
refused(images, steps=2 + processes.rank)
loaded = torch.from_numpy(images).permute(0, 3, 1, 2)
for size in (8, 8 + processes.rank):
    refused(torch.utils.data.DataLoader(loaded[:size], batch_size=size))
"""
    for text in run(script, tmp_path):
        steps, lengths, alike, unequal = text.splitlines()[-4:]
        assert "from the same step" in steps and "got steps [0, 1] to [2, 3]" in steps
        assert "got steps [0, 0] to [2, 3]" in lengths
        assert "gave the same first batch" in alike
        assert "of equal sizes; got [[8], [9]]" in unequal


@pytest.mark.slow
def test_what_the_first_process_refuses_ends_all(tmp_path):
    pytest.importorskip("accelerate")
    out = tmp_path / "run"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    with train(out, "--steps", 4) as two:
        assert two.codes() == [2, 2]
    for rank in range(2):
        assert "holds other files" in two.said(rank), two.said(rank)
    assert [path.name for path in out.iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_a_process_leaves_the_others_before_it_ends(tmp_path):
    """PyTorch sometimes aborts one that does not, after a good end or an error of its own."""
    pytest.importorskip("accelerate")
    script = """
import atexit
import torch
from gantutor.torch.distributed import Processes
atexit.register(lambda: print("member:", torch.distributed.is_initialized()))
Processes()
print("member:", torch.distributed.is_initialized())
"""
    for code in (0, 2):
        with Several(["-c", SETUP + f"{script}sys.exit({code})"], tmp_path) as two:
            assert two.codes() == [code, code]
        for rank in range(2):
            assert two.said(rank).splitlines()[-2:] == ["member: True", "member: False"]


@pytest.mark.slow
def test_loaders_of_two_processes_share_the_examples(tmp_path):
    """Each pass shows every example once, in one of the processes."""
    pytest.importorskip("accelerate")
    script = """
import torch
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset
from gantutor.torch import Trainer
from gantutor.torch.distributed import Processes
processes = Processes()
images = torch.from_numpy(small_images()).permute(0, 3, 1, 2)
numbers = torch.arange(80.0)
seen = []
class Seen(TensorDataset):
    def __getitem__(self, index):
        seen.append(int(index))
        return super().__getitem__(index)
sampler = DistributedSampler(images, processes.count, processes.rank, seed=0)
loader = DataLoader(Seen(images), batch_size=8, sampler=sampler)
trainer = Trainer.from_recipe(QUICK, seed=1, device="cpu", processes=processes)
trainer.fit(loader, 10)
print(seen)
keep(f"FOLDER/{processes.rank}.npz", trainer)
""".replace("FOLDER", str(tmp_path))
    seen = [json.loads(text.splitlines()[-1]) for text in run(script, tmp_path)]
    for epoch in range(2):
        part = [some[epoch * 40 : (epoch + 1) * 40] for some in seen]
        assert sorted(part[0] + part[1]) == list(range(80))
    assert seen[0][:40] != seen[0][40:], "each pass has an order of its own"
    assert_same_bits(state(tmp_path / "0.npz"), state(tmp_path / "1.npz"))


def wait_for(path, two):
    until = time.monotonic() + 240
    while not path.exists():
        assert time.monotonic() < until and two.processes[0].poll() is None, two.said()
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_process_ends_the_run_and_the_resumed_one_has_the_same_bits(tmp_path):
    pytest.importorskip("accelerate")
    out = tmp_path / "killed"
    with train(out, "--steps", 100_000, "--every", 20) as two:
        wait_for(out / "step-00000020.safetensors", two)
        two.processes[1].kill()
        codes = two.codes()
    assert codes == [1, -signal.SIGKILL]
    assert "Traceback" not in two.said() and "gantutor: " in two.said()
    last = int(list_checkpoints(out)[-1].stem.removeprefix("step-"))
    steps = last + 20
    with train(out, "--resume", "--steps", steps) as two:
        assert two.codes() == [0, 0], two.said(0) + two.said(1)
    with train(tmp_path / "whole", "--steps", steps, "--every", 20) as two:
        assert two.codes() == [0, 0], two.said(0) + two.said(1)
    ends = [list_checkpoints(folder)[-1] for folder in (out, tmp_path / "whole")]
    assert [end.name for end in ends] == [f"step-{steps:08d}.safetensors"] * 2
    assert_same_bits(*(load_arrays(end)[0] for end in ends))
    assert two.said(1) == "" and two.said(0).count("steps done") == 1
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    pictures_and_run = ["losses.png", "run.json", "samples.png"]
    assert [name for name in names if not name.startswith("step-")] == pictures_and_run


@pytest.mark.slow
def test_sigterm_to_one_process_ends_both_at_the_same_step_with_whole_files(tmp_path):
    pytest.importorskip("accelerate")
    out = tmp_path / "run"
    with train(out, "--steps", 100_000, "--every", 20) as two:
        wait_for(out / "step-00000020.safetensors", two)
        two.processes[1].terminate()
        assert two.codes() == [130, 130], two.said(0) + two.said(1)
    last = list_checkpoints(out)[-1]
    step = int(last.stem.removeprefix("step-"))
    assert load_arrays(last)[1]["step"] == step and step % 10 == 0
    assert f"{step} of 100000 steps done" in two.said(0) and two.said(1) == ""


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["accelerate", "torchrun"])
def test_the_launchers_start_one_run_of_two_processes(tmp_path, launcher):
    pytest.importorskip("accelerate")
    out, environment = tmp_path / "run", os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    environment |= {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    command = {
        "accelerate": ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
                       "--num_machines", "1", "--main_process_port", "0"],
        "torchrun": ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"],
    }[launcher]  # fmt: skip
    more = ["-m", "gantutor.cli", "train", "--recipe", "mlp", "--batch-size", "8", "--steps", "4"]
    done = subprocess.run(
        [sys.executable, "-m", *command, *more, "--out", str(out)],
        env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("4 of 4 steps done") == 1
    assert [path.name for path in list_checkpoints(out)] == ["step-00000004.safetensors"]


@pytest.mark.slow
def test_two_replicas_in_keras_end_where_one_ends(tmp_path):
    """Batch normalisation on both sides, a penalty, pairs, two steps of D, and the losses."""
    pytest.importorskip("tensorflow")
    script = """
import contextlib
import torch._dynamo
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
from gantutor.keras import Trainer
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
records = []
for name, scope in (("one", contextlib.nullcontext()), ("two", strategy.scope())):
    with scope:
        game = Trainer.from_recipe(HARD, seed=1)
    game.fit(small_images(), batch_size=16, steps_per_epoch=10, verbose=0)
    assert game.step == 10
    records.append(game.record.history)
    keep(f"FOLDER/{name}.npz", game)
for name, values in records[0].items():
    np.testing.assert_allclose(values, records[1][name], atol=1e-5)
for batch_size, penalties, words in ((15, {}, "equal slice"), (16, {"clip_weights": 1}, "clip")):
    with strategy.scope():
        recipe = QUICK.replace(game=("gan", {"loss": "hinge", "penalties": penalties}))
        game = Trainer.from_recipe(recipe)
    try:
        game.fit(small_images(), batch_size=batch_size, steps_per_epoch=1)
    except ValueError as error:
        assert words in str(error)
    else:
        raise AssertionError(words)
""".replace("FOLDER", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", SETUP + script], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (state(tmp_path / f"{name}.npz") for name in ("one", "two"))
    nearly(one, two, 2e-6)
    assert one["steps"] == 10


def test_rows_of_replicas_hold_a_slice_of_every_batch():
    pytest.importorskip("tensorflow")
    from gantutor.keras import distributed as keras_distributed

    order = np.arange(16)  # two batches of 8, for two steps of D
    found = keras_distributed.rows(order, 8, 2)
    assert found.reshape(2, 2, 4).tolist() == [
        [[0, 1, 2, 3], [8, 9, 10, 11]],
        [[4, 5, 6, 7], [12, 13, 14, 15]],
    ]
    assert keras_distributed.rows(order, 8, 1).tolist() == order.tolist()
