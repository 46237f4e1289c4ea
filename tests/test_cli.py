"""The command line: a run from the first step to its score, and what it says when it cannot."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gantutor import cli


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


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_train_resume_sample_and_score(framework, tmp_path, capsys):
    pytest.importorskip({"torch": "torch", "keras": "tensorflow"}[framework])
    out = tmp_path / "run"
    assert train(framework, out, "--recipe", "mlp", "--steps", 4, "--seed", 3) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == [
        "losses.png",
        "run.json",
        "samples.png",
        "step-00000002.safetensors",
        "step-00000004.safetensors",
    ]
    assert train(framework, out, "--recipe", "mlp", "--steps", 4, "--seed", 3) == 2
    assert "holds a run already" in capsys.readouterr().err
    last = (out / "step-00000004.safetensors").read_bytes()
    (out / "step-00000004.safetensors").unlink()
    resumed = train(framework, out, "--recipe", "mlp", "--steps", 4, "--seed", 3, "--resume")
    assert resumed == 0
    assert (out / "step-00000004.safetensors").read_bytes() == last
    assert run("sample", out, "--count", 9, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        assert file["images"].shape == (9, 28, 28, 1)
    assert run("sample", out, "--count", 9, "--out", tmp_path / "s.png") == 0
    assert Image.open(tmp_path / "s.png").size[0] > 80
    capsys.readouterr()
    assert run("score", out, "--count", 200) == 0
    of_run = json.loads(capsys.readouterr().out)
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
    assert 0 < scores["kernel_distance_standard_error"] < 1 and scores["kernel_distance"] < 1
    assert 0.7 < scores["precision"] < 1 and 0.5 < scores["recall"] < 1
    assert scores["density"] > 0.6 and 0.2 < scores["coverage"] < 1
    assert 0.45 < scores["memorization_test"] < 0.6
    assert 0.5 < scores["two_sample_test"] < 0.9
    assert 0 < scores["diversity"] < 0.3
    assert scores["classification_accuracy_score"] > 0.9
    assert run("sample", "digits", "--count", 12, "--out", tmp_path / "s.npz") == 0
    with np.load(tmp_path / "s.npz") as file:
        assert file["labels"].tolist() == [*range(10), 0, 1]


def test_a_folder_of_colour_images(photos, tmp_path):
    pytest.importorskip("torch")
    out = tmp_path / "rgb"
    assert train("torch", out, "--data", photos, "--side", 8, "--steps", 2) == 0
    run("sample", out, "--count", 4, "--out", tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as file:
        assert file["images"].shape == (4, 8, 8, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "dcgam"], "Unknown recipe 'dcgam'. Did you mean 'dcgan'"),
        (["--steps", "0"], "steps must be a whole number of at least 1; got 0"),
        (["--data", "nowhere", "--side", "8"], "No folder nowhere"),
        (["--data", "nowhere"], "needs --side"),
        (["--resume"], "No checkpoint"),
        (["--data", "nowhere", "--side", "28", "--recipe", "minute"], "needs labels"),
    ],
)
def test_bad_input_ends_with_2_and_a_reason(arguments, message, tmp_path, capsys):
    code = train("torch", tmp_path / "run", *arguments)
    error = capsys.readouterr().err
    assert message in error
    assert code == (1 if message == "No checkpoint" else 2)


def test_samples_need_a_known_format_and_source(tmp_path, capsys):
    assert run("sample", "nothing-like-that", "--out", tmp_path / "s.png") == 2
    assert "neither a run's folder nor a shipped generator" in capsys.readouterr().err


def test_help_has_examples():
    done = subprocess.run(
        [sys.executable, "-m", "gantutor.cli", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "examples:" in done.stdout and "exit codes:" in done.stdout
