"""The folder of a run: one run, one writer, nobody else's files."""

import json
import os
import signal
import subprocess
import sys

import pytest

from gantutor.runs import folder
from gantutor.runs.checkpoint import CheckpointError

RUN = {"framework": "torch", "recipe": {}, "seed": 0, "data": "digits", "skip": False, "every": 5}


def test_a_run_is_read_as_it_was_written(tmp_path):
    place = tmp_path / "new" / "run"
    assert not folder.is_run(place)
    folder.create(place, RUN | {"data": "日本語 ß"})
    assert folder.is_run(place)
    assert folder.read(place) == RUN | {"data": "日本語 ß"}
    assert os.listdir(place) == ["run.json"]


def test_a_folder_in_use_is_refused(tmp_path):
    folder.create(tmp_path / "run", RUN)
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(ValueError, match="holds a run already"):
        folder.create(tmp_path / "run", RUN | {"seed": 1})
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "samples.png").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        folder.create(tmp_path / "mine", RUN)
    assert os.listdir(tmp_path / "mine") == ["samples.png"]


def test_what_a_killed_process_leaves_is_in_nobodys_way(tmp_path):
    for name in (".lock", ".run.json.1f2e.incomplete"):
        (tmp_path / name).write_text("{")
    with folder.locked(tmp_path):
        folder.create(tmp_path, RUN)
    assert sorted(os.listdir(tmp_path)) == [".run.json.1f2e.incomplete", "run.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "run.json is damaged"),
        ("{", "run.json is damaged"),
        ("[1]", "does not say data, every, framework, recipe, seed, skip"),
        (json.dumps({k: v for k, v in RUN.items() if k != "recipe"}), "does not say recipe:"),
        ("\udcff", "run.json is damaged"),
    ],
    ids=["empty", "cut off", "a list", "no recipe", "not UTF-8"],
)
def test_a_damaged_run_is_named(tmp_path, text, message):
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        folder.read(tmp_path)


def test_no_run_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere holds no run: there is no run\.json in it"):
        folder.read(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for make in (
        lambda path: folder.create(path, RUN),
        lambda path: folder.locked(path).__enter__(),
    ):
        for path in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(CheckpointError, match=r"Could not write into .*file"):
                make(path)


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path):
    with folder.locked(tmp_path):
        with (
            pytest.raises(ValueError, match="Another process is training into"),
            folder.locked(tmp_path),
        ):
            pass
        # The one who was refused has not opened the door for a third.
        with pytest.raises(ValueError, match="Another process"), folder.locked(tmp_path):
            pass
    assert os.listdir(tmp_path) == []
    with pytest.raises(KeyError), folder.locked(tmp_path):
        raise KeyError
    with folder.locked(tmp_path):
        pass


def test_a_lock_whose_file_is_gone_is_none(tmp_path, monkeypatch):
    # Another process opened the file, and only then did the first one end and remove it.
    real = folder._lock

    def late(file):
        os.unlink(tmp_path / ".lock")
        real(file)

    monkeypatch.setattr(folder, "_lock", late)
    with pytest.raises(ValueError, match="Another process"), folder.locked(tmp_path):
        pass


HOLDS = """
import sys, time
from gantutor.runs import folder
with folder.locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_writer_leaves_no_lock(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match="Another process"), folder.locked(tmp_path):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with folder.locked(tmp_path):
        pass
