"""Checkpoints: one safetensors file a step, with JSON metadata, written atomically.

Both frameworks hand in and get back NumPy arrays by name, so that nothing here knows of either.
"""

import contextlib
import json
import re
import time
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from gantutor.files import INCOMPLETE, whole_file

_PATTERN = re.compile(r"step-(\d{8})\.safetensors")


class CheckpointError(ValueError):
    """A checkpoint that cannot be written, read, or used here."""


def save_arrays(path, arrays, metadata):
    """Write arrays and metadata to one safetensors file, all or nothing.

    A process killed at any moment leaves the old file or the new one, never half of one.

    Parameters
    ----------
    path : path-like
        File to write; an existing one is replaced.
    arrays : dict[str, numpy.ndarray]
        Arrays by name.
    metadata : dict
        Anything that JSON can hold.

    Raises
    ------
    CheckpointError
        If the file cannot be written (full disk, read-only or missing folder).
    """
    path = Path(path)
    try:
        # safetensors writes memory as it lies: channels-last arrays must be put in order first.
        arrays = {name: np.array(array, copy=None, order="C") for name, array in arrays.items()}
        text = json.dumps(metadata, default=_plain)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as unfinished:
            save_file(arrays, unfinished, metadata={"gantutor": text})
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"Could not write {path}: {error}. Nothing that was there before has changed."
        ) from error
    for left in path.parent.glob(f".*{INCOMPLETE}"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > 3600:  # by a writer that was killed
                left.unlink()


def _plain(value):
    """NumPy's numbers and arrays as JSON has them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"metadata must be what JSON can hold; got {type(value).__name__} {value!r}")


def load_arrays(path):
    """Read what `save_arrays` wrote.

    Returns
    -------
    tuple[dict[str, numpy.ndarray], dict]
        Arrays by name, and the metadata.

    Raises
    ------
    CheckpointError
        If the file is missing, truncated, corrupted, or not one of gantutor's; an older
        checkpoint beside it is named.
    """
    with _opened(path) as file:
        metadata = _metadata(file)
        return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118


def read_metadata(path):
    """Read the metadata of what `save_arrays` wrote; errors as of `load_arrays`."""
    with _opened(path) as file:
        return _metadata(file)


@contextlib.contextmanager
def _opened(path):
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        path = Path(path)
        older = [other.name for other in list_checkpoints(path.parent) if other.name < path.name]
        hint = f" An older one lies beside it: {older[-1]}." if older else ""
        raise CheckpointError(
            f"{path} is missing, damaged, or not a file of gantutor's ({error}).{hint}"
        ) from error


def _metadata(file):
    return json.loads((file.metadata() or {})["gantutor"])


def checkpoint_path(directory, step):
    """Return the path of the checkpoint after `step` updates."""
    return Path(directory) / f"step-{step:08d}.safetensors"


def checkpoint_step(path):
    """Return the step in a checkpoint's name."""
    return int(_PATTERN.fullmatch(Path(path).name)[1])


def list_checkpoints(directory):
    """Return the paths of all checkpoints in a directory, oldest first."""
    directory = Path(directory)
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if _PATTERN.fullmatch(path.name))


def latest_checkpoint(directory):
    """Return the path of the newest checkpoint in a directory.

    Raises
    ------
    CheckpointError
        If there is none.
    """
    paths = list_checkpoints(directory)
    if not paths:
        raise CheckpointError(f"No checkpoint step-….safetensors in {directory}.")
    return paths[-1]


def check_same_settings(path, found, expected):
    """Raise CheckpointError, naming each setting that differs, unless two dictionaries agree."""
    differing = [
        f"{name} is {found.get(name)!r} there and {expected.get(name)!r} here"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]
    if differing:
        raise CheckpointError(f"{path} belongs to another training: {'; '.join(differing)}.")


def check_same_arrays(path, found, expected):
    """Raise CheckpointError unless two dictionaries of arrays have the same names and shapes."""
    shapes = [
        {name: list(array.shape) for name, array in arrays.items()} for arrays in (found, expected)
    ]
    names = [name for name in shapes[0] | shapes[1] if shapes[0].get(name) != shapes[1].get(name)]
    if names:
        first = names[0]
        raise CheckpointError(
            f"{path} belongs to another training: {len(names)} of its arrays differ, the first "
            f"being {first}, {shapes[0].get(first, 'absent')} there and "
            f"{shapes[1].get(first, 'absent')} here."
        )
