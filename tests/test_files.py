"""Files appear whole or not at all, whoever else writes, and however a writer ends."""

import os
import signal
import subprocess
import sys

import pytest

from gantutor.files import whole_file


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(error), whole_file(path) as unfinished:
        unfinished.write_text("ne")
        assert path.read_text() == "old"
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


KILLED = """
import os, signal, sys
from gantutor.files import whole_file
with whole_file(sys.argv[1]) as unfinished:
    unfinished.write_text("ne")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED, path])
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    with whole_file(path) as unfinished:
        unfinished.write_text("new")
    assert path.read_text() == "new"


def test_two_writers_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "a.csv"
    with whole_file(path) as first:
        first.write_text("the first ")
        with whole_file(path) as second:
            second.write_text("the second")
        assert path.read_text() == "the second"
        with first.open("a") as file:
            file.write("ends last")
    assert path.read_text() == "the first ends last"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_nothing_written_is_an_error_and_no_empty_file(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(FileNotFoundError), whole_file(path):
        pass
    nowhere = whole_file(tmp_path / "b" / "a.csv")
    with pytest.raises(FileNotFoundError, match=r"There is no folder .*b for a\.csv"), nowhere:
        pytest.fail("the work has begun")
    assert os.listdir(tmp_path) == []
