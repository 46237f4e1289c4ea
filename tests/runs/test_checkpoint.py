"""Files that are all there or not at all, and errors that say which."""

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gantutor.runs.checkpoint import (
    CheckpointError,
    check_same_arrays,
    check_same_settings,
    checkpoint_path,
    latest_checkpoint,
    list_checkpoints,
    load_arrays,
    save_arrays,
)

ARRAYS = {"a": np.arange(6, dtype="float32").reshape(2, 3), "step": np.array(3, "int64")}


def test_arrays_and_metadata_return_as_they_were(tmp_path):
    path = tmp_path / "new" / "step-00000003.safetensors"
    save_arrays(path, ARRAYS | {"b": ARRAYS["a"].T}, {"text": "π", "list": [1, 2.5, None]})
    arrays, metadata = load_arrays(path)
    assert metadata == {"text": "π", "list": [1, 2.5, None]}
    assert np.array_equal(arrays["a"], ARRAYS["a"]) and arrays["a"].dtype == np.float32
    assert np.array_equal(arrays["b"], ARRAYS["a"].T)  # not contiguous in memory
    assert arrays["step"].shape == () and arrays["step"] == 3


def test_nothing_but_the_file_stays(tmp_path):
    save_arrays(tmp_path / "step-00000001.safetensors", ARRAYS, {})
    save_arrays(tmp_path / "step-00000001.safetensors", ARRAYS, {"second": True})
    assert os.listdir(tmp_path) == ["step-00000001.safetensors"]
    assert load_arrays(tmp_path / "step-00000001.safetensors")[1] == {"second": True}


@pytest.mark.parametrize("keep", [0, 5, 60, -1], ids=["empty", "5 bytes", "60 bytes", "all but 1"])
def test_a_truncated_file_is_named(tmp_path, keep):
    path = tmp_path / "step-00000001.safetensors"
    save_arrays(path, ARRAYS, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"step-00000001\.safetensors is missing, damaged"):
        load_arrays(path)


def test_a_foreign_file_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file(ARRAYS, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="not a file of gantutor's"):
        load_arrays(tmp_path / "foreign.safetensors")
    (tmp_path / "text.safetensors").write_text("not at all")
    with pytest.raises(CheckpointError, match="damaged"):
        load_arrays(tmp_path / "text.safetensors")


def test_the_newest_checkpoint_is_found_and_leftovers_are_not(tmp_path):
    with pytest.raises(CheckpointError, match="No checkpoint"):
        latest_checkpoint(tmp_path)
    for step in (200, 1000, 30):
        save_arrays(checkpoint_path(tmp_path, step), ARRAYS, {})
    (tmp_path / ".incomplete").write_bytes(b"half")
    (tmp_path / "step-2.safetensors").write_bytes(b"not one of ours")
    assert latest_checkpoint(tmp_path).name == "step-00001000.safetensors"
    assert len(list_checkpoints(tmp_path)) == 3


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"Could not write .*file.*Nothing that was there"):
        save_arrays(tmp_path / "file" / "step-00000001.safetensors", ARRAYS, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into read-only folders")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match="Could not write"):
        save_arrays(tmp_path / "step-00000001.safetensors", ARRAYS, {})


FULL = """
import resource, signal, sys
import numpy as np
from gantutor.runs.checkpoint import CheckpointError, save_arrays
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save_arrays(sys.argv[1], {"big": np.zeros(100_000, "float32")}, {})
except CheckpointError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_file(tmp_path):
    # A limit on the size of files stands for a full disk: the write fails half-way.
    path = tmp_path / "step-00000001.safetensors"
    save_arrays(path, ARRAYS, {"old": True})
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True)
    assert "Could not write" in done.stdout, done.stderr
    assert load_arrays(path)[1] == {"old": True}
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000


def test_metadata_is_json(tmp_path):
    path = tmp_path / "step-00000001.safetensors"
    save_arrays(path, ARRAYS, {"seed": 3})
    length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + length])
    assert json.loads(header["__metadata__"]["gantutor"]) == {"seed": 3}


def test_many_writers_in_one_folder_mix_nothing(tmp_path):
    # Two write files of their own, two more the very same names.
    def write(writer):
        for step in range(30):
            name = f"step-{step:08d}.safetensors" if writer < 2 else f"own-{writer}-{step}"
            array = np.full(5000, writer * 100 + step, "int64")
            save_arrays(tmp_path / name, {"a": array}, {"writer": writer, "step": step})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, writer) for writer in range(4)]:
            done.result()
    files = sorted(tmp_path.iterdir())
    assert len(files) == 30 + 2 * 30
    for path in files:
        arrays, metadata = load_arrays(path)
        assert set(arrays["a"].tolist()) == {metadata["writer"] * 100 + metadata["step"]}


def test_files_have_the_rights_of_others(tmp_path):
    (tmp_path / "plain").write_text("")
    save_arrays(tmp_path / "step-00000001.safetensors", ARRAYS, {})
    modes = [(tmp_path / name).stat().st_mode for name in ("plain", "step-00000001.safetensors")]
    assert modes[0] == modes[1]


def test_numpy_numbers_are_metadata_like_others(tmp_path):
    path = tmp_path / "a.safetensors"
    save_arrays(path, ARRAYS, {"a": np.int64(3), "b": np.float32(0.5), "c": np.arange(2)})
    assert load_arrays(path)[1] == {"a": 3, "b": 0.5, "c": [0, 1]}


def test_metadata_that_json_cannot_hold_leave_the_old_file(tmp_path):
    path = tmp_path / "a.safetensors"
    save_arrays(path, ARRAYS, {"old": True})
    with pytest.raises(CheckpointError, match="metadata must be what JSON can hold; got object"):
        save_arrays(path, ARRAYS, {"new": object()})
    assert load_arrays(path)[1] == {"old": True}
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_leftovers_of_killed_writers_go_after_an_hour(tmp_path):
    old, new = (tmp_path / f".a.{name}.incomplete" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    save_arrays(tmp_path / "a.safetensors", ARRAYS, {})
    assert sorted(os.listdir(tmp_path)) == [".a.new.incomplete", "a.safetensors"]


def test_a_damaged_file_names_the_good_one_before_it(tmp_path):
    for step in (5, 10, 15):
        save_arrays(checkpoint_path(tmp_path, step), ARRAYS, {})
    checkpoint_path(tmp_path, 10).write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"older one lies beside it: step-00000005\.saf"):
        load_arrays(checkpoint_path(tmp_path, 10))
    with pytest.raises(CheckpointError, match=r"missing, damaged, or not a file of gantutor's"):
        load_arrays(tmp_path / "nothing.safetensors")


def test_files_that_differ_are_compared_in_words():
    check_same_settings("x", {"a": 1, "b": [2]}, {"b": [2], "a": 1})
    with pytest.raises(CheckpointError, match="a is 1 there and 2 here; c is 3 there and None"):
        check_same_settings("x", {"a": 1, "b": 0, "c": 3}, {"a": 2, "b": 0})
    check_same_arrays("x", ARRAYS, dict(ARRAYS))
    with pytest.raises(
        CheckpointError, match=r"1 of its arrays differ, .* step, \[\] there and ab"
    ):
        check_same_arrays("x", ARRAYS, {"a": ARRAYS["a"]})
    with pytest.raises(CheckpointError, match=r"being a, \[2, 3\] there and \[3, 2\] here"):
        check_same_arrays("x", ARRAYS, ARRAYS | {"a": ARRAYS["a"].T})
