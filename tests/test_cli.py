"""The command line: a run from the first step to its score, and what it says when it cannot."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from unittest import mock

import numpy as np
import pytest
from PIL import Image
from twin import hear_interrupts

from gantutor import cli
from gantutor.runs import folder
from gantutor.runs.checkpoint import latest_checkpoint, list_checkpoints, load_arrays


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(70):
        pixels = rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    return tmp_path / "photos"


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def train(framework, out, *more):
    return run("train", "--framework", framework, "--out", out, "--every", 2, *more)


def quick(out, *more):
    """Four steps of the smallest recipe in PyTorch."""
    pytest.importorskip("torch")
    return train("torch", out, "--recipe", "mlp", "--steps", 4, *more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, with a seed that is not the default."""
    out = tmp_path_factory.mktemp("finished") / "run"
    assert quick(out, "--seed", 3) == 0
    return out


@pytest.fixture
def done(finished, tmp_path):
    """A copy of a finished run, to be changed."""
    return shutil.copytree(finished, tmp_path / "run")


def contents(out):
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def refused(capsys, code, message, *arguments):
    """The command ends with a code and one line, without a traceback."""
    capsys.readouterr()
    assert run(*arguments) == code
    printed = capsys.readouterr()
    assert message in printed.err, printed.err
    assert "Traceback" not in printed.err and printed.out == ""


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_train_resume_and_sample(framework, tmp_path, capsys):
    pytest.importorskip({"torch": "torch", "keras": "tensorflow"}[framework])
    out = tmp_path / "run"
    assert train(framework, out, "--recipe", "mlp", "--steps", 4, "--seed", 3) == 0
    assert "4 of 4 steps done; checkpoints and pictures are in" in capsys.readouterr().out
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        "losses.png",
        "run.json",
        "samples.png",
        "step-00000002.safetensors",
        "step-00000004.safetensors",
    ]
    refused(capsys, 2, "holds a run already", "train", "--out", out)
    last = (out / "step-00000004.safetensors").read_bytes()
    (out / "step-00000004.safetensors").unlink()
    assert run("train", "--out", out, "--resume") == 0  # the run knows all its options
    assert (out / "step-00000004.safetensors").read_bytes() == last
    assert run("sample", out, "--count", 9, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        assert file["images"].shape == (9, 28, 28, 1)


@pytest.mark.slow
def test_sample_and_score(done, tmp_path, capsys):
    assert run("sample", done, "--count", 9, "--out", tmp_path / "s.png") == 0
    assert capsys.readouterr().out == f"9 samples are in {tmp_path / 's.png'}.\n"
    assert Image.open(tmp_path / "s.png").size[0] > 80
    assert run("sample", done, "--count", 9, "--out", tmp_path / "s.npz") == 0
    capsys.readouterr()
    assert run("score", done, "--count", 200) == 0
    printed = capsys.readouterr().out
    of_run = json.loads(printed)
    assert len(printed.splitlines()) == len(of_run) + 2  # a line for each, between two brackets
    assert of_run["samples"] == 200
    assert of_run["digit_fid"] > 100
    assert 1 <= of_run["inception_score"] <= 10
    assert run("score", tmp_path / "s.npz") == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 9
    assert "classification_accuracy_score" not in of_run  # the networks were told no classes


def test_a_shipped_generator_is_scored_by_every_metric(tmp_path, capsys):
    pytest.importorskip("torch")
    assert run("score", "digits", "--count", 1000) == 0
    scores = json.loads(capsys.readouterr().out)
    assert 0 < scores["frechet_infinity"] < scores["digit_fid"] < 10
    assert 0 < scores["kernel_distance_standard_error"] < 1 and scores["kernel_distance"] < 3
    assert 0.7 < scores["precision"] < 1 and 0.5 < scores["recall"] < 1
    assert scores["density"] > 0.6 and 0.2 < scores["coverage"] < 1
    assert 0.45 < scores["memorization_test"] < 0.6
    assert 0.5 < scores["two_sample_test"] < 0.9
    assert 0 < scores["diversity"] < 0.3
    assert scores["classification_accuracy_score"] > 0.9
    assert run("sample", "digits", "--count", 12, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        assert file["labels"].tolist() == [*range(10), 0, 1]


def test_classes_that_are_not_equally_frequent_are_drawn_so(tmp_path, monkeypatch):
    gt = pytest.importorskip("gantutor.torch")
    sampler = gt.load_generator("digits")
    rare = gt.Sampler(sampler.network, sampler.latent_dim, 10, [0, 1, 0, 0, 0, 0, 0, 3, 0, 0])
    monkeypatch.setattr(gt, "load_generator", lambda name: rare)
    assert run("sample", "digits", "--count", 100, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        counts = np.bincount(file["labels"], minlength=10)
        assert counts[1] + counts[7] == 100 and 8 < counts[1] < 45  # 25 ± 4 standard deviations
        assert np.array_equal(file["images"], rare.sample(100, labels=file["labels"]))


@pytest.mark.parametrize(("size", "shape"), [("8", (8, 8)), ("8x16", (8, 16))])
def test_a_folder_of_colour_images(photos, tmp_path, size, shape):
    pytest.importorskip("torch")
    out = tmp_path / "rgb"
    (photos / "broken.png").write_bytes(b"half")
    options = ("--data", photos, "--size", size, "--steps", 2)
    assert train("torch", out, *options) == 2  # a picture that cannot be read is named
    assert not out.exists()
    with pytest.warns(UserWarning, match="broken.png"):
        assert train("torch", out, *options, "--skip") == 0
    with pytest.warns(UserWarning, match="broken.png"):
        assert run("train", "--out", out, "--resume") == 0  # which knows of --skip
    assert run("sample", out, "--count", 4, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        assert file["images"].shape == (4, *shape, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "dcgam"], "Unknown recipe 'dcgam'. Did you mean 'dcgan'"),
        (["--steps", "0"], "steps must be a whole number of at least 1; got 0"),
        (["--batch-size", "0"], "batch_size must be a whole number of at least 1; got 0"),
        (["--every", "-1"], "every must be a whole number of at least 1; got -1"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--data", "nowhere", "--size", "8"], "No folder nowhere"),
        (["--data", "nowhere"], "needs --size"),
        (["--data", "nowhere", "--size", "x8"], "--size must be SIDE or HEIGHTxWIDTH"),
        (["--data", "nowhere", "--size", "30"], "power of two"),
        (["--data", "nowhere", "--size", "28", "--recipe", "minute"], "needs labels"),
        (["--size", "8"], "--size is for a folder of images; digits are 28×28"),
        (["--channels", "3"], "--channels is for a folder of images"),
        (["--skip"], "--skip is for a folder of images"),
        (["--resume"], "holds no run: there is no run.json in it"),
        (["--batch-size", "100000000"], "A step needs 100000000 examples"),
    ],
)
def test_bad_input_ends_with_2_and_a_reason(arguments, message, tmp_path, capsys):
    arguments = ["train", "--out", tmp_path / "run", *arguments]
    if message == "No folder nowhere":
        message = "nowhere"
    refused(capsys, 2, message, *arguments)
    if "100000000" not in arguments:
        assert not (tmp_path / "run").exists()  # the next try finds the folder free


def test_too_few_images_name_a_way_out(photos, tmp_path, capsys):
    for path in sorted(photos.iterdir())[20:]:
        path.unlink()
    options = ("train", "--data", photos, "--size", 8, "--steps", 1, "--out", tmp_path / "run")
    refused(capsys, 2, "Choose a smaller --batch-size, at most 20.", *options)
    assert run(*options, "--batch-size", 20) == 0


def test_the_users_own_files_stay(photos, tmp_path, capsys, monkeypatch):
    (photos / "samples.png").write_bytes((photos / "0.png").read_bytes())
    before = contents(photos)
    for out in (photos, photos / "run"):
        options = ("train", "--data", photos, "--size", 8, "--out", out)
        refused(capsys, 2, "--out must lie outside of the images", *options)
    refused(capsys, 2, "holds other files", "train", "--out", photos, "--steps", 1)
    assert contents(photos) == before
    # A folder of the user's own with the name of built-in data is not passed over in silence.
    photos.rename(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    for more in ((), ("--size", "8")):
        options = ("train", "--data", "digits", "--out", "run", "--steps", "1", *more)
        refused(capsys, 2, "Write ./digits for the folder", *options)
    assert run("train", "--data", "./digits", "--size", 8, "--out", "run", "--steps", 1) == 0
    assert folder.read("run")["data"] == str(tmp_path / "digits")
    assert run("train", "--resume", "--data", "digits/", "--out", "run", "--steps", 2) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seed", "0"], "--seed is 3 in"),
        (["--recipe", "dcgan"], "--recipe is mlp in"),
        (["--framework", "keras"], "--framework is torch in"),
        (["--batch-size", "8"], "--batch-size is 64 in"),
        (["--data", "mnist"], "--data is digits in"),
        (["--data", "photos"], "--data is digits in"),
        (["--size", "32"], "--size is (28, 28) in"),
        (["--channels", "3"], "--channels is 1 in"),
        (["--skip"], "--skip is False in"),
        (["--every", "3"], "--every is 2 in"),
    ],
)
def test_a_resume_that_contradicts_its_run_changes_nothing(done, options, message, capsys):
    before = contents(done)
    refused(capsys, 2, message, "train", "--out", done, "--resume", *options)
    assert contents(done) == before
    assert run("sample", done, "--count", 1, "--out", done.parent / "s.png") == 0


def test_a_run_goes_on_for_longer_where_its_rates_do_not_fall(done, tmp_path, capsys):
    same = ("--seed", 3, "--framework", "torch", "--recipe", "mlp", "--size", 28)
    assert run("train", "--out", done, "--resume", "--steps", 6, *same) == 0
    assert latest_checkpoint(done).name == "step-00000006.safetensors"
    assert "6 of 6 steps" in capsys.readouterr().out
    assert run("train", "--out", done, "--resume") == 0  # there is nothing left to do
    assert "6 of 6 steps" in capsys.readouterr().out
    assert run("sample", done, "--count", 1, "--out", tmp_path / "s.png") == 0
    falls = tmp_path / "falls"
    assert train("torch", falls, "--recipe", "minute", "--steps", 4) == 0
    before = contents(falls)
    refused(capsys, 2, "fall to 0 at step 4", "train", "--out", falls, "--resume", "--steps", 6)
    assert contents(falls) == before
    assert run("sample", falls, "--count", 1, "--out", tmp_path / "s.png") == 0


def test_a_damaged_checkpoint_names_the_one_before(done, tmp_path, capsys):
    last = latest_checkpoint(done)
    last.write_bytes(last.read_bytes()[:1000])
    said = "An older one lies beside it: step-00000002.safetensors"
    refused(capsys, 1, said, "train", "--out", done, "--resume")
    refused(capsys, 1, said, "sample", done, "--out", tmp_path / "s.png")
    last.unlink()
    assert run("train", "--out", done, "--resume") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "run.json is damaged"),
        ("{}", "does not say data, every, framework, recipe, seed, skip"),
        ('{"framework": "jax"}', "does not say"),
    ],
)
def test_a_damaged_run_is_named(done, tmp_path, text, message, capsys):
    (done / "run.json").write_text(text)
    for arguments in (
        ("train", "--out", done, "--resume"),
        ("sample", done, "--out", tmp_path / "s.png"),
    ):
        refused(capsys, 2, message, *arguments)


def test_a_run_of_another_version_is_named(done, tmp_path, capsys):
    run_file = json.loads((done / "run.json").read_text())
    for change, message in (
        ({"recipe": {"name": "mlp", "side": 28}}, "written by another version"),
        ({"framework": "jax"}, "Unknown framework 'jax'"),
    ):
        (done / "run.json").write_text(json.dumps(run_file | change))
        refused(capsys, 2, message, "sample", done, "--out", tmp_path / "s.png")


def test_a_second_command_into_one_folder_is_refused(tmp_path, capsys):
    pytest.importorskip("torch")
    out = tmp_path / "run"
    with folder.locked(out):
        refused(capsys, 2, "Another process is training", "train", "--out", out, "--steps", 1)
        assert not (out / "run.json").exists()  # nor is the other's run written over


def test_where_nothing_can_be_written_the_command_ends_with_1(tmp_path, capsys):
    pytest.importorskip("torch")
    (tmp_path / "file").write_text("mine")
    refused(capsys, 1, "Could not write into", "train", "--out", tmp_path / "file", "--steps", 1)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_diverging_run_ends_with_1_and_can_be_sampled_no_more(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch")
    from gantutor import recipes

    wild = recipes.get("mlp").replace(learning_rate=1e30)
    monkeypatch.setitem(recipes._RECIPES, "mlp", wild)
    assert quick(tmp_path / "run") == 1
    assert "Training stopped" in capsys.readouterr().err
    for path in list_checkpoints(tmp_path / "run"):
        assert all(np.isfinite(array).all() for array in load_arrays(path)[0].values())


def test_samples_need_a_known_format_and_source(tmp_path, capsys):
    out = tmp_path / "s.png"
    said = "neither a run's folder nor a shipped generator"
    refused(capsys, 2, said, "sample", "nothing-like-that", "--out", out)
    refused(capsys, 2, "must end in .png or .npz", "sample", "digits", "--out", tmp_path / "s.jpg")
    refused(capsys, 2, "holds no run", "sample", tmp_path, "--out", out)
    pytest.importorskip("torch")
    refused(capsys, 2, "count must be", "sample", "digits", "--count", 0, "--out", out)
    refused(capsys, 2, "seed must be", "sample", "digits", "--seed", -1, "--out", out)
    refused(capsys, 2, "more memory than there is", "sample", "digits", "--count", 10**13,
            "--out", out)  # fmt: skip
    refused(capsys, 2, "nowhere", "sample", "digits", "--out", tmp_path / "nowhere" / "s.png")


def npz(path, **arrays):
    np.savez(path, **arrays)
    return path.read_bytes()


IMAGES = np.zeros((9, 28, 28, 1), "float32")
BAD_FILES = {
    "empty": (lambda p: b"", "missing, damaged, or no NPZ file"),
    "cut off": (lambda p: npz(p, images=IMAGES)[:3000], "missing, damaged, or no NPZ file"),
    "text": (lambda p: b"images", "missing, damaged, or no NPZ file"),
    "no images": (
        lambda p: npz(p, arr_0=IMAGES),
        "must hold an array `images`; it holds ['arr_0']",
    ),
    "objects": (lambda p: npz(p, images=np.array([None])), "missing, damaged, or no NPZ file"),
    "bytes": (lambda p: npz(p, images=(IMAGES + 9).astype("uint8")), "floating-point in [−1, 1]"),
    "labels of others": (
        lambda p: npz(p, images=IMAGES, labels=np.zeros(2, int)),
        "labels must have shape [9]; got [2]",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_cannot_be_scored_are_named(case, tmp_path, capsys):
    make, message = BAD_FILES[case]
    (tmp_path / "s.npz").write_bytes(make(tmp_path / "t.npz"))
    refused(capsys, 2, message, "score", tmp_path / "s.npz")
    refused(capsys, 2, "missing, damaged", "score", tmp_path / "nothing.npz")


def test_a_folder_of_pictures_is_not_scored_as_digits(photos, tmp_path, capsys):
    refused(capsys, 2, "--real FOLDER says what to compare them with", "score", photos)
    refused(capsys, 2, "There is no file", "score", photos, "--real", photos, "--weights",
            tmp_path / "none.pth")  # fmt: skip


def test_weights_that_are_none_are_named(photos, tmp_path, capsys):
    pytest.importorskip("torch")
    try:
        from torch_fidelity import feature_extractor_inceptionv3  # noqa: F401
    except (ImportError, RuntimeError):
        pytest.skip("torch-fidelity cannot be loaded here")
    (tmp_path / "w.pth").write_text("not weights at all")
    said = "holds no weights of torch-fidelity's Inception network"
    real = ("--real", photos, "--size", "8", "--weights", tmp_path / "w.pth")
    refused(capsys, 2, said, "score", photos, *real)


def test_only_weights_that_were_given_are_blamed(photos, tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    from gantutor.torch import inception

    monkeypatch.setattr(inception, "inception_report", mock.Mock(side_effect=RuntimeError("other")))
    (tmp_path / "w.pth").touch()
    real = ("--real", photos, "--size", "8")
    said = "holds no weights of torch-fidelity's Inception network"
    refused(capsys, 2, said, "score", photos, *real, "--weights", tmp_path / "w.pth")
    refused(capsys, 1, "gantutor: other", "score", photos, *real)


def start(out, *more):
    options = ("--recipe", "mlp", "--steps", "100000", "--every", "50000", "--batch-size", "8")
    return subprocess.Popen(
        [sys.executable, "-m", "gantutor.cli", "train", "--out", str(out), *options, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_training_and_keeps_all_of_it(number, tmp_path):
    pytest.importorskip("torch")
    process = start(tmp_path / "run", "--every", "10")
    while not list_checkpoints(tmp_path / "run") and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    printed, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    step = load_arrays(latest_checkpoint(tmp_path / "run"))[1]["step"]
    assert f"{step} of 100000 steps done" in printed and "Traceback" not in error
    assert (tmp_path / "run" / "samples.png").exists()
    assert not (tmp_path / "run" / ".lock").exists()


@pytest.mark.slow
def test_ctrl_c_before_the_first_step_is_no_traceback(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # a line for each module that is loaded
    process = start(tmp_path / "run")
    for line in process.stderr:
        if "torch" in line:  # a part of PyTorch is there, and most of it is not
            break
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in error, error


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_of_every_script_are_taken(encoding, tmp_path, monkeypatch):
    out = tmp_path / "日本語 ß"
    console = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", console)
    assert quick(out, "--steps", 1) == 0
    console.flush()
    known = "?" if encoding == "ascii" else "ß"
    assert f"??? {known}".encode(encoding) in console.buffer.getvalue()
    assert folder.is_run(out)


def test_help_has_examples():
    for encoding in ("utf-8", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "gantutor.cli", "--help"],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr
        assert "examples:" in done.stdout and "exit codes:" in done.stdout
