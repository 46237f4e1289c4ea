"""Runs that are kept: checkpoints, resumed and killed runs, models of Keras on disk."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from twin import CLASSES, QUICK, Twin, assert_same_bits, small_images

from gantutor.runs import callbacks
from gantutor.runs.checkpoint import CheckpointError, checkpoint_path, list_checkpoints

IMAGES = small_images(80)
LABELS = np.arange(80) % 3


def test_two_fits_are_one(twin):
    recipe = QUICK.replace(decay_start=0.25, steps=4)
    once, twice = (twin.build(recipe) for _ in range(2))
    grids = [callbacks.SampleGrid(every=2, latents=1) for _ in range(2)]
    metrics = [callbacks.Metrics(every=2, functions={"mean": np.mean}, count=2) for _ in range(2)]
    twin.fit(once, IMAGES, 4, [grids[0], metrics[0]])
    for _ in range(2):
        twin.fit(twice, IMAGES, 2, [grids[1], metrics[1]])
    assert_same_bits(twin.weights(once), twin.weights(twice))
    assert grids[0].steps == grids[1].steps == [0, 2, 4]
    assert once.record.steps["mean"] == twice.record.steps["mean"] == [0, 2, 4]
    assert once.record.history["mean"] == twice.record.history["mean"]


def test_a_restored_run_refuses_other_data(twin, tmp_path):
    path = checkpoint_path(tmp_path, 2)
    trainer = twin.build(QUICK)
    twin.fit(trainer, IMAGES, 2)
    trainer.save_checkpoint(path)
    again = twin.build(QUICK)
    again.restore(path)
    with pytest.raises(ValueError, match="was trained on other data"):
        twin.fit(again, IMAGES[::-1], 1)
    with pytest.raises(ValueError, match="was trained on other data"):
        twin.fit(again, IMAGES[:50], 1)
    # What was refused has left no trace in the next file.
    second = checkpoint_path(tmp_path, 3)
    again.save_checkpoint(second)
    third = twin.build(QUICK)
    third.restore(second)
    with pytest.raises(ValueError, match="was trained on other data"):
        twin.fit(third, IMAGES[:50], 1)
    twin.fit(third, IMAGES, 1)
    assert third.step == 3
    twin.fit(trainer, IMAGES[:50], 1)  # a run in hand may be given others


def test_keras_resumes_with_the_batch_size_of_its_run(tmp_path):
    twin = Twin("keras")

    def made(**more):
        models = twin.models
        game = twin.games.GAN(
            models.mlp_generator((8, 8, 1), 8, 4), models.mlp_discriminator((8, 8, 1), 4), 8
        )
        game.compile(**more)
        return game

    game = made()
    twin.fit(game, IMAGES, 2, batch_size=8)
    path = checkpoint_path(tmp_path, 2)
    game.save_checkpoint(path)
    twin.fit(game, IMAGES, 2)
    again = made()
    again.restore(path)
    with pytest.raises(ValueError, match="trained with batch_size 8, and goes on with it; got 16"):
        twin.fit(again, IMAGES, 2, batch_size=16)
    twin.fit(again, IMAGES, 2)
    assert_same_bits(twin.weights(game), twin.weights(again))
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match="batch_size must be a whole number of at least 1"):
            made().fit(IMAGES, batch_size=wrong)
    # Compiled again, a model keeps its networks, its record and its place.
    weights = twin.weights(game)
    game.compile(generator_optimizer=("sgd", {}))
    assert game.step == 4
    twin.fit(game, IMAGES, 1)
    assert game.step == 5 and game.record.steps["d_loss"] == [2, 4, 5]
    assert not np.array_equal(
        weights["game.generator.000"], twin.weights(game)["game.generator.000"]
    )


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "NAdam", "Adagrad", "AdamW", "Rprop"])
def test_every_optimiser_of_pytorch_resumes_to_the_same_bits(name, tmp_path):
    torch = pytest.importorskip("torch")
    twin = Twin("torch")
    settings = {
        "SGD": {"momentum": 0.9, "lr": 1e-2},
        "RMSprop": {"momentum": 0.5, "centered": True},
    }

    def made():
        game = twin.games.GAN(
            twin.models.mlp_generator((8, 8, 1), 8, 4),
            twin.models.mlp_discriminator((8, 8, 1), 4),
            latent_dim=8,
        )

        def optimizer(parameters):
            kind = getattr(torch.optim, name)
            first, *others = parameters
            groups = [{"params": [first], "lr": 1e-3}, {"params": others}]
            return kind(groups, **settings.get(name, {"lr": 1e-3}))

        chosen = {f"{side}_optimizer": optimizer for side in ("generator", "discriminator")}
        return twin.play(game, batch_size=16, **chosen)

    trainer, path = made(), checkpoint_path(tmp_path, 3)
    trainer.fit(IMAGES, 3)
    trainer.save_checkpoint(path)
    trainer.fit(IMAGES, 3)
    again = made()
    again.restore(path)
    again.fit(IMAGES, 3)
    assert_same_bits(twin.weights(trainer), twin.weights(again))
    assert any(key.startswith("optimizer.") for key in twin.weights(again))
    other = twin.play(made().game, batch_size=16)
    with pytest.raises(CheckpointError, match=f"generator_optimizer is .*{name}.* there"):
        other.restore(path)


@pytest.mark.parametrize("fused", [True, False])
def test_optimiser_state_is_restored_as_pytorch_would(fused, tmp_path):
    torch = pytest.importorskip("torch")
    from torch import nn

    class Scaled(nn.Linear):
        def __init__(self, inputs, outputs):
            super().__init__(inputs, outputs)
            self.gain = nn.Parameter(torch.ones((), dtype=torch.float64))

        def forward(self, x):
            return super().forward(x) * self.gain.float()

    twin = Twin("torch")

    def made():
        judge = nn.Sequential(Scaled(2, 1), nn.Flatten(0))
        game = twin.games.GAN(nn.Linear(3, 2), judge, latent_dim=3)
        adam = lambda parameters: torch.optim.Adam(parameters, fused=fused)  # noqa: E731
        return twin.play(game, batch_size=4, discriminator_optimizer=adam)

    trainer, path = made(), checkpoint_path(tmp_path, 2)
    trainer.fit(np.random.default_rng(0).normal(size=(8, 2)).astype("f4"), 2)
    trainer.save_checkpoint(path)
    ours, theirs = made(), made()
    ours.restore(path)
    for side, optimizer in trainer.optimizers.items():
        theirs.optimizers[side].load_state_dict(optimizer.state_dict())
        found, wanted = (t.optimizers[side].state_dict()["state"] for t in (ours, theirs))
        assert found.keys() == wanted.keys() and len(found) > 1
        for index, state in wanted.items():
            assert found[index].keys() == state.keys() == {"step", "exp_avg", "exp_avg_sq"}
            for key, value in state.items():
                here = found[index][key]
                assert (here.dtype, here.device, here.stride()) == (
                    value.dtype, value.device, value.stride()
                ), key  # fmt: skip
                assert torch.equal(here, value)
            assert found[index]["step"].dtype == torch.float32 and found[index]["step"] == 2


def test_rates_of_every_group_must_agree(tmp_path):
    torch = pytest.importorskip("torch")
    twin = Twin("torch")

    def made(rate):
        game = twin.building.build(QUICK)

        def optimizer(parameters):
            groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": rate}]
            return torch.optim.Adam(groups, lr=1e-3)

        return twin.play(game, generator_optimizer=optimizer)

    path = checkpoint_path(tmp_path, 0)
    made(1e-3).save_checkpoint(path)
    with pytest.raises(CheckpointError, match="generator_optimizer is"):
        made(2e-3).restore(path)


LAZY = QUICK.replace(penalties={"r1": 1.0}).replace(game={"penalty_every": 3})


@pytest.mark.slow
def test_a_lazy_penalty_is_recorded_where_it_was_due(twin):
    # It is due at steps 1, 4, 7, …; an entry holds the newest value since the entry before.
    records = {}
    for every in (1, 2, 9):
        trainer = twin.build(LAZY)
        trainer.log_every = every
        twin.fit(trainer, IMAGES, 9)
        records[every] = trainer.record
    steps = {every: record.steps["d_r1"] for every, record in records.items()}
    assert steps == {1: [1, 4, 7], 2: [2, 4, 8], 9: [9]}
    assert records[2].steps["d_adversarial"] == [2, 4, 6, 8, 9]
    values = records[1].history["d_r1"]
    assert min(values) > 0
    assert records[2].history["d_r1"] == values
    assert records[9].history["d_r1"] == values[-1:]


def test_a_record_with_lazy_terms_is_the_same_after_a_resume(twin, tmp_path):
    # The record of step 9 has the penalty of step 7, which the checkpoint of step 8 must hand on.
    def fit(trainer, steps, told=()):
        trainer.log_every = 9
        twin.fit(trainer, IMAGES, steps, told)

    whole = twin.build(LAZY)
    fit(whole, 9, [callbacks.Checkpoint(tmp_path, every=4)])
    resumed = twin.build(LAZY)
    resumed.restore(checkpoint_path(tmp_path, 8))
    fit(resumed, 1)
    assert resumed.record.to_dict() == whole.record.to_dict()
    assert whole.record.steps["d_r1"] == [9]


def test_steps_per_execution_skip_no_action_in_keras(tmp_path):
    twin = Twin("keras")
    game = twin.build(QUICK)
    settings = game.get_compile_config()
    game.compile_from_config({**settings, "steps_per_execution": 7})
    told = [
        callbacks.SampleGrid(every=6, latents=2),
        callbacks.Checkpoint(tmp_path, every=6),
        callbacks.Metrics(every=10, functions={"mean": np.mean}, count=2),
        callbacks.ProgressBar(),
    ]
    twin.fit(game, IMAGES, 28, told)
    assert game.step == 28
    # The first news after 6, 12, 18 and 24, and after 10 and 20.
    assert told[0].steps == [0, 7, 14, 21, 28]
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step-00000021.safetensors",
        "step-00000028.safetensors",
    ]
    assert game.record.steps["mean"] == [0, 14, 21]
    assert game.record.steps["d_loss"] == [14, 21, 28]
    plain = twin.build(QUICK)
    twin.fit(plain, IMAGES, 28)
    for key, value in twin.weights(plain).items():
        np.testing.assert_allclose(value, twin.weights(game)[key], rtol=1e-4, atol=1e-6)


def keras_game(name):
    """A game with data and labels to train it on, and what its generator takes."""
    twin = Twin("keras")
    models, games = twin.models, twin.games

    def unet(seed):
        return models.unet_generator((8, 8, 1), 1, 4, seed=seed)

    def patch(sources, seed):
        return models.patch_discriminator((8, 8, 1), sources, 4, layers=1, seed=seed)

    z = np.random.default_rng(0).normal(size=(3, 8)).astype("f4")
    told = np.concatenate([z, np.eye(3, dtype="f4")], 1)
    if name == "gan":
        return twin.building.build(QUICK.replace(spectral_norm=True)), IMAGES, None, z
    if name == "conditional":
        told_often = CLASSES.replace(game={"frequencies": (1, 0, 3)})
        return twin.building.build(told_often), IMAGES, LABELS, told
    if name == "paired":
        return games.Paired(unet(1), patch(1, 2), l1=5), (IMAGES, -IMAGES), None, IMAGES[:3]
    game = games.Cycle(unet(1), unet(2), patch(0, 3), patch(0, 4), cycle=2)
    return game, (IMAGES, -IMAGES[:40]), None, IMAGES[:3]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gan", "conditional", "paired", "cycle"])
def test_keras_saves_and_loads_every_game(name, tmp_path):
    keras = pytest.importorskip("keras")
    twin = Twin("keras")
    game, data, labels, inputs = keras_game(name)
    game.compile(
        generator_optimizer=("adam", {"learning_rate": 1e-3}),
        discriminator_optimizer=("rmsprop", {"learning_rate": 1e-3}),
        decay=(1, 9),
        ema_decay=[0.5, 0.9],
        seed=3,
    )
    twin.fit(game, data, 3, labels=labels, batch_size=16)
    game.save(tmp_path / "game.keras")
    loaded = keras.saving.load_model(tmp_path / "game.keras")
    assert type(loaded) is type(game) and loaded.step == 3
    drawn = np.asarray(game(inputs))
    assert np.array_equal(loaded(inputs), drawn)
    assert np.array_equal(game.ema.network(inputs, training=False), drawn)
    np.testing.assert_allclose(loaded.predict(inputs, verbose=0), drawn, atol=1e-6)
    ours, theirs = game.settings(), loaded.settings()
    assert {**theirs, "batch_size": 16} == ours
    for one in (game, loaded):
        twin.fit(one, data, 2, labels=labels, batch_size=16)
    assert loaded.step == 5
    assert_same_bits(twin.weights(game), twin.weights(loaded))


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from twin import QUICK, Twin, small_images
from gantutor.runs import callbacks
from gantutor.runs.checkpoint import list_checkpoints
twin, folder = Twin({name!r}), {folder!r}
kept = list_checkpoints(folder)
twin.train(QUICK.replace(steps=60), small_images(80), resume=kept[-1] if kept else None,
           callbacks=[callbacks.Checkpoint(folder, every=1)])
"""


def kill_until_done(command, folder, kills, last, seed):
    """Kill a run again and again, at random moments while it writes; then let it end."""
    moments = random.Random(seed)
    for _ in range(kills):
        before = len(list_checkpoints(folder))
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while len(list_checkpoints(folder)) <= before and process.poll() is None:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        assert process.wait() in (-signal.SIGKILL, 0), process.stderr.read().decode()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return checkpoint_path(folder, last)


@pytest.mark.slow
def test_a_run_killed_many_times_ends_in_the_same_bits(twin, tmp_path):
    tests = os.path.dirname(os.path.dirname(__file__))
    code = KILLED.format(tests=tests, name=twin.name, folder=str(tmp_path))
    last = kill_until_done([sys.executable, "-c", code], tmp_path, 7, 60, seed=1)
    whole = twin.train(QUICK.replace(steps=60), IMAGES)
    again = twin.build(QUICK.replace(steps=60))
    again.restore(last)
    assert_same_bits(twin.weights(whole), twin.weights(again))


@pytest.mark.slow
def test_a_command_killed_many_times_ends_in_the_same_bits(tmp_path):
    pytest.importorskip("torch")

    def command(out, *more):
        told = ["--recipe", "mlp", "--steps", "40", "--every", "1", "--batch-size", "8"]
        options = more or ("--framework", "torch", *told)
        return [sys.executable, "-m", "gantutor.cli", "train", "--out", str(out), *options]

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(whole), check=True, capture_output=True)
    process = subprocess.Popen(command(killed), stdout=subprocess.DEVNULL)
    while not (killed / "run.json").exists() and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    last = kill_until_done(command(killed, "--resume"), killed, 7, 40, seed=2)
    assert last.read_bytes()[-1000:] == checkpoint_path(whole, 40).read_bytes()[-1000:]
    arrays = [load(path) for path in (last, checkpoint_path(whole, 40))]
    assert_same_bits(*arrays)


def load(path):
    from gantutor.runs.checkpoint import load_arrays

    return load_arrays(path)[0]
