"""Training in both frameworks: what is learned, what is kept, what is refused."""

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from twin import CLASSES, QUICK, Twin, assert_same_bits, small_images

from gantutor.runs import callbacks
from gantutor.runs.checkpoint import CheckpointError, list_checkpoints, load_arrays


@pytest.mark.slow
def test_training_moves_samples_towards_the_data(twin):
    # All images are one bright square: a GAN that learns anything learns where it is.
    images = np.full((64, 8, 8, 1), -1, "float32")
    images[:, 2:6, 2:6] = 1
    recipe = QUICK.replace(steps=150, learning_rate=5e-3)
    before = np.abs(twin.build(recipe).sample(32) - images[0]).mean()
    after = np.abs(twin.train(recipe, images).sample(32) - images[0]).mean()
    assert before > 0.9
    assert after < 0.5


def test_steps_beside_the_recipe_count_for_the_rates_as_well(twin):
    recipe, images = QUICK.replace(steps=9, decay_start=0.3), small_images()
    beside = twin.train(recipe, images, steps=3)
    assert beside.step == 3
    within = twin.train(recipe.replace(steps=3), images)
    assert_same_bits(twin.weights(beside), twin.weights(within))


@pytest.fixture(scope="module", params=["torch", "keras"])
def followed(request, tmp_path_factory):
    """A run of 30 steps that callbacks of all kinds followed; see each of its users."""
    twin, folder = Twin(request.param), tmp_path_factory.mktemp("followed")
    told = [
        callbacks.SampleGrid(every=5, latents=6),
        callbacks.Metrics(every=10, functions={"mean": np.mean}, count=20),
        callbacks.ProgressBar(),
        callbacks.Checkpoint(folder, every=10),
    ]
    before = random_states(twin)
    trained = twin.train(QUICK, small_images(), callbacks=told)
    return SimpleNamespace(
        twin=twin,
        trained=trained,
        grid=told[0],
        folder=folder,
        random_states=(before, random_states(twin)),
    )


def random_states(twin):
    """The states that no run may touch: NumPy's legacy one, and PyTorch's."""
    states = [np.random.get_state()[1].copy()]  # noqa: NPY002
    if twin.name == "torch":
        import torch

        states.append(torch.get_rng_state().numpy())
    return states


def test_training_leaves_the_global_random_state_alone(followed):
    for before, after in zip(*followed.random_states, strict=True):
        assert np.array_equal(before, after)


def test_spectral_norm_leaves_the_global_random_state_alone():
    twin = Twin("torch")
    before = random_states(twin)
    twin.train(QUICK.replace(steps=3, spectral_norm=True), small_images())
    for old, new in zip(before, random_states(twin), strict=True):
        assert np.array_equal(old, new)


def test_callbacks_see_every_step(followed):
    grid, trained = followed.grid, followed.trained
    assert grid.steps == [0, 5, 10, 15, 20, 25, 30]
    assert grid.frames[0].shape == (6, 8, 8, 1)
    assert np.array_equal(grid.frames[-1], trained.sample(6))
    assert trained.record.steps["mean"] == [0, 10, 20, 30]
    assert trained.record.history["mean"][-1] == pytest.approx(trained.sample(20).mean())
    assert trained.record.steps["d_loss"] == [10, 20, 30]
    assert len(trained.record.history["g_loss"]) == 3


def test_only_the_newest_two_checkpoints_stay(followed):
    assert [p.name for p in list_checkpoints(followed.folder)] == [
        "step-00000020.safetensors",
        "step-00000030.safetensors",
    ]


def test_same_seed_same_bits_and_other_seed_other_bits(followed):
    twin, first = followed.twin, followed.trained
    second, other = (twin.build(QUICK, seed) for seed in (0, 1))
    assert not np.array_equal(second.sample(4), other.sample(4))
    twin.fit(second, small_images(), 30)
    assert_same_bits(twin.weights(first), twin.weights(second))  # nor do callbacks change any


@pytest.mark.parametrize(
    "changes",
    [
        {  # all that has a state of its own
            "spectral_norm": True,
            "loss": "hinge",
            "decay_start": 0.3,
            "ema_decay": 0.5,
            "discriminator_steps": 2,
        },
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"classes": 3}, marks=pytest.mark.slow),
        pytest.param(
            {"loss": "wasserstein", "penalties": {"gradient_penalty": 10.0}},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}}, marks=pytest.mark.slow
        ),
        pytest.param(
            {"loss": "wasserstein", "penalties": {"clip_weights": 0.01}}, marks=pytest.mark.slow
        ),
    ],
    ids=["spectral", "plain", "classes", "gradient-penalty", "relativistic", "clipping"],
)
def test_a_resumed_run_ends_in_the_same_bits(twin, tmp_path, changes):
    changes = dict(changes)
    start = CLASSES if changes.pop("classes", 0) else QUICK
    images, recipe = small_images(), start.replace(steps=14, **changes)
    labels = np.arange(len(images)) % 3 if recipe.classes else None
    checkpoint = callbacks.Checkpoint(tmp_path, every=9)
    whole = twin.train(recipe, images, callbacks=[checkpoint], labels=labels)
    assert [path.name for path in list_checkpoints(tmp_path)] == [
        "step-00000009.safetensors",
        "step-00000014.safetensors",
    ]
    resumed = twin.train(recipe, images, resume=list_checkpoints(tmp_path)[0], labels=labels)
    assert resumed.id == whole.id
    assert resumed.step == whole.step == 14
    assert_same_bits(twin.weights(whole), twin.weights(resumed))
    assert resumed.record.to_dict() == whole.record.to_dict()


def test_clipped_weights_stay_in_their_box(twin):
    trained = twin.build(QUICK.replace(loss="wasserstein", penalties={"clip_weights": 0.01}))
    twin.fit(trained, small_images(), 3)
    weights = [
        value
        for key, value in twin.weights(trained).items()
        if key.startswith("game.discriminator.")
    ]
    assert max(np.abs(w).max() for w in weights) <= np.float32(0.01)


def rates(twin, trained):
    return [
        optimizer.param_groups[0]["lr"] if twin.name == "torch" else float(optimizer.learning_rate)
        for optimizer in trained.optimizers.values()
    ]


def test_both_learning_rates_fall_to_zero(twin):
    recipe = QUICK.replace(
        steps=20, decay_start=0.5, discriminator_optimizer={"learning_rate": 4e-4}
    )
    trained = twin.build(recipe)
    for step, share in ((10, 1.0), (15, 0.6), (20, 0.1)):
        # The rate of the last step, t − 1: constant up to step 10, then down to 0 at step 20.
        twin.fit(trained, small_images(), step - trained.step)
        assert rates(twin, trained) == pytest.approx([2e-4 * share, 4e-4 * share], rel=1e-5)


class Told(callbacks.Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, run, steps):
        self.calls.append(("begin", steps))

    def on_train_end(self, run):
        self.calls.append("end")

    def on_exception(self, run):
        self.calls.append("exception")


def test_a_loss_that_is_not_finite_stops_the_run(twin, tmp_path):
    # Weights of 1e30 overflow in the second step; what was saved before that stays readable.
    images, told = small_images(), Told()
    trained = twin.build(QUICK.replace(learning_rate=1e30))
    path = tmp_path / "step-00000000.safetensors"
    trained.save_checkpoint(path)
    before = path.read_bytes()
    metrics = callbacks.Metrics(every=1, functions={"mean": np.mean}, count=4)
    kept = callbacks.Checkpoint(tmp_path, every=1)
    with pytest.raises(FloatingPointError, match=r"Step \d+: .*(nan|inf|not finite)"):
        twin.fit(trained, images, 30, [metrics, kept, told])
    assert np.isfinite(trained.record.history["mean"]).all()
    assert path.read_bytes() == before
    assert list_checkpoints(tmp_path)[0] == path
    for kept in list_checkpoints(tmp_path):
        assert all(np.isfinite(array).all() for array in load_arrays(kept)[0].values())
    assert told.calls == [("begin", 30), "exception"]


class PressesCtrlC(callbacks.Callback):
    def __init__(self, step):
        self.step, self.run = step, None

    def on_step_end(self, run):
        self.run = run
        if run.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_what_was_trained_and_is_not_taken_for_the_end(followed, tmp_path):
    twin, pressed = followed.twin, PressesCtrlC(5)
    told = [callbacks.Checkpoint(tmp_path, every=50_000), pressed]
    with pytest.raises(KeyboardInterrupt, match="after step 5; all of it is kept"):
        twin.train(QUICK, small_images(), callbacks=told)
    trained = pressed.run
    assert trained.step == 5 and trained.interrupted
    assert trained.record.steps["d_loss"] == [5]
    (path,) = list_checkpoints(tmp_path)
    again = twin.build(QUICK)
    again.restore(path)
    assert again.step == 5
    assert_same_bits(twin.weights(again), twin.weights(trained))
    twin.fit(again, small_images(), 25)
    assert not again.interrupted
    assert_same_bits(twin.weights(again), twin.weights(followed.trained))


def test_ctrl_c_can_be_told_to_stop_quietly(twin):
    trained = twin.train(QUICK, small_images(), callbacks=[PressesCtrlC(3)], on_interrupt="stop")
    assert trained.step == 3 and trained.interrupted
    with pytest.raises(ValueError, match="Unknown on_interrupt 'quit'"):
        twin.train(QUICK, small_images(), on_interrupt="quit")


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from twin import QUICK, Twin, small_images
from gantutor.runs import callbacks
twin = Twin({name!r})
checkpoint = callbacks.Checkpoint({folder!r}, every=1)
twin.train(QUICK.replace(steps=40), small_images(), callbacks=[checkpoint])
"""


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bits(twin, tmp_path):
    tests = os.path.dirname(os.path.dirname(__file__))
    code = KILLED.format(tests=tests, name=twin.name, folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code])
    while len(list_checkpoints(tmp_path)) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)  # the run writes at each step: mostly while writing
    process.wait()
    images, recipe = small_images(), QUICK.replace(steps=40)
    kept = list_checkpoints(tmp_path)
    assert kept
    for path in kept:
        load_arrays(path)
    resumed = twin.train(recipe, images, resume=kept[-1])
    assert_same_bits(twin.weights(resumed), twin.weights(twin.train(recipe, images)))


def test_checkpoints_of_other_settings_are_refused(twin, tmp_path):
    path = tmp_path / "step-00000001.safetensors"
    twin.build(QUICK).save_checkpoint(path)
    other = twin.build(QUICK.replace(loss="hinge"))
    before = twin.weights(other)
    with pytest.raises(CheckpointError, match="loss is 'non_saturating' there and 'hinge' here"):
        other.restore(path)
    wider = twin.build(QUICK.replace(generator={"width": 8}))
    with pytest.raises(CheckpointError, match="another training"):
        wider.restore(path)
    with pytest.raises(CheckpointError, match="seed is 0 there and 4 here"):
        twin.build(QUICK, seed=4).restore(path)
    assert_same_bits(before, twin.weights(other))


BAD_DATA = {
    "integers": (lambda x: (x * 100).astype("uint8"), TypeError, "uint8.*Scale with"),
    "0 to 255": (lambda x: (x + 1) * 127.5, ValueError, r"\[−1, 1\]; got .*Scale with"),
    "0 to 1": (lambda x: np.maximum(x, 0), ValueError, r"looks like \[0, 1\]"),
    "NaN": (lambda x: np.where(x > 0.9, np.nan, x), ValueError, "NaN"),
    "no channel axis": (lambda x: x[..., 0], ValueError, r"images\[..., None\]"),
    "RGB for grey": (lambda x: x.repeat(3, -1), ValueError, "grey .1 channel.; got .*RGB"),
    "other side": (lambda x: x[:, :4, :4], ValueError, "8 × 8 pixels, .*; got 4 × 4"),
    "empty": (lambda x: x[:0], ValueError, "empty"),
    "too few": (lambda x: x[:10], ValueError, "A step needs 16 examples .*; got 10"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_are_refused_before_training(twin, case):
    spoil, error, message = BAD_DATA[case]
    with pytest.raises(error, match=message):
        twin.train(QUICK, spoil(small_images()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "hinged"}, "Unknown loss 'hinged'. Did you mean 'hinge'"),
        ({"penalties": {"R1": 1.0}}, "Unknown penalty 'R1'. Did you mean 'r1'"),
        ({"penalties": {"r1": -1.0}}, "must be positive and finite; got -1.0"),
        ({"steps": 0}, "steps must be a whole number of at least 1; got 0"),
        ({"steps": -3}, "steps must be a whole number of at least 1; got -3"),
        ({"shape": (30, 30, 1)}, "power of two, in pixels, .*; got 30×30"),
        ({"generator": {"normalization": "batchnorm"}}, "Unknown normalization 'batchnorm'"),
        ({"generator": "dcgann"}, "Unknown generator 'dcgann'. Did you mean 'dcgan'"),
        ({"generator": {"widht": 8}}, "generator 'dcgan' 'widht'. Did you mean 'width'"),
        ({"generator": ("mlp", {"normalization": "batch"})}, "setting of the generator 'mlp'"),
        ({"generator": "patch"}, "The family 'patch' has no generator"),
        ({"game": "gann"}, "Unknown game 'gann'. Did you mean 'gan'"),
        ({"game": {"l1": 3.0}}, "Unknown setting of the game 'gan' 'l1'"),
        ({"classes": 3}, "The game 'gan' takes no classes; the recipe says 3"),
        ({"generator_optimizer": "adamw"}, "Unknown optimizer 'adamw'. Did you mean 'adam'"),
        ({"learning_rate": 0.0, "colour": 3}, "Unknown recipe setting 'colour'"),
        ({"ema_decay": 1.0}, r"ema_decay must lie in \[0, 1\); got 1.0"),
    ],
)
def test_bad_settings_are_refused(twin, changes, message):
    with pytest.raises(ValueError, match=message):
        twin.build(QUICK.replace(**changes))


def test_latents_of_a_wrong_length_are_refused(twin):
    trained = twin.build(QUICK)
    with pytest.raises(ValueError, match="latents must have 8 columns; got 5"):
        trained.sample(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="latents must be a whole number of at least 1; got 0"):
        trained.sample(0)


def test_a_class_is_drawn_when_asked_for(twin):
    # Class 0 is black, class 1 white: told the class, the generator learns the difference.
    labels = np.arange(64) % 2
    images = np.where(labels == 1, 1, -1)[:, None, None, None] * np.ones((1, 8, 8, 1))
    recipe = CLASSES.replace(classes=2, steps=150, learning_rate=5e-3, betas=(0.0, 0.9))
    trained = twin.train(recipe, images, labels=labels)
    black, white = (trained.sample(20, labels=np.full(20, k)).mean() for k in (0, 1))
    assert black < -0.5
    assert white > 0.5


def test_labels_that_do_not_fit_are_refused(twin):
    images, recipe = small_images(), CLASSES
    with pytest.raises(
        ValueError, match="labels are needed exactly if there are classes; got some"
    ):
        twin.train(QUICK, images, labels=np.zeros(80, int))
    trainer = twin.build(recipe)
    for labels, message in (
        (None, "labels are needed exactly if there are classes; got none"),
        (np.arange(80) % 4, "labels must lie in 0 … 2; got 0 … 3"),
        (np.zeros(79, int), r"labels must have shape \[80\]; got \[79\]"),
        (np.zeros(80), "labels must be integers; got float64"),
    ):
        with pytest.raises(ValueError, match=message):
            twin.fit(trainer, images, 1, labels=labels)
    with pytest.raises(ValueError, match="labels must lie in 0 … 2; got 5 … 5"):
        trainer.sample(2, labels=[5, 5])
