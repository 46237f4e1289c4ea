"""The folder of one run: what it was told, its checkpoints, and one writer at a time."""

import contextlib
import json
import os
import re
import sys
from pathlib import Path

from gantutor.files import INCOMPLETE, whole_file
from gantutor.runs.checkpoint import CheckpointError

_RUN, _LOCK = "run.json", ".lock"


def is_run(folder) -> bool:
    """Return whether a folder holds a run."""
    return (Path(folder) / _RUN).is_file()


def create(folder, run: dict) -> None:
    """Make the folder of a new run and write down what the run was told.

    Parameters
    ----------
    folder : path-like
        A folder that is not there yet, or empty.
    run : dict
        Anything that JSON can hold.

    Raises
    ------
    ValueError
        If the folder holds anything, so that no file of anybody's is written over.
    CheckpointError
        If it cannot be written.
    """
    folder = Path(folder)
    if is_run(folder):
        raise ValueError(f"{folder} holds a run already. Resume it, or choose another folder.")
    # A killed process may have left an unfinished file.
    own = re.compile(rf"{re.escape(_LOCK)}|\.{re.escape(_RUN)}\..*{re.escape(INCOMPLETE)}")
    if folder.is_dir() and not all(own.fullmatch(path.name) for path in folder.iterdir()):
        raise ValueError(f"{folder} holds other files. A run needs a folder of its own.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / _RUN) as unfinished:
            unfinished.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"Could not write into {folder}: {error}.") from error


def read(folder) -> dict:
    """Return what the run in a folder was told.

    Raises
    ------
    ValueError
        If there is no run, or its file is damaged or of another version.
    """
    path = Path(folder) / _RUN
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{folder} holds no run: there is no {_RUN} in it.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    said = run if isinstance(run, dict) else ()
    missing = {"framework", "recipe", "seed", "data", "skip", "every"} - set(said)
    if missing:
        raise ValueError(
            f"{path} does not say {', '.join(sorted(missing))}: it is damaged, or of another "
            "version."
        )
    return run


@contextlib.contextmanager
def locked(folder):
    """Hold a run's folder, so that a second writer is refused; a killed one leaves no lock.

    Raises
    ------
    ValueError
        If another process holds it.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / _LOCK, "a+")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise CheckpointError(f"Could not write into {folder}: {error}.") from error
    with file:
        try:
            _lock(file)
            # The one before may have removed this very file as it ended.
            held = os.path.samestat(os.fstat(file.fileno()), os.stat(folder / _LOCK))
        except OSError:
            held = False
        if not held:
            raise ValueError(f"Another process is training into {folder}.")
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(folder / _LOCK)


if sys.platform == "win32":
    import msvcrt

    def _lock(file):
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
