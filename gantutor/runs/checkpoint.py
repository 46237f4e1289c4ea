"""Checkpoints: one safetensors file a step, with JSON metadata, written atomically.

Both frameworks hand in and get back NumPy arrays by name, so that nothing here knows of either.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

_PATTERN = re.compile(r"step-(\d{8})\.safetensors")


class CheckpointError(ValueError):
    """A checkpoint that cannot be written, read, or used here."""


def save_arrays(path, arrays, metadata):
    """Write arrays and metadata to one safetensors file, all or nothing.

    The file appears under its name only when every byte is on the disk: a process killed at any
    moment leaves the old file or the new one, never half of one.

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
    temporary = path.with_name(".incomplete")  # one name, so that a kill leaves at most one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # safetensors writes memory as it lies: channels-last arrays must be put in order first.
        arrays = {name: np.array(array, copy=None, order="C") for name, array in arrays.items()}
        save_file(arrays, temporary, metadata={"gantutor": json.dumps(metadata)})
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"Could not write {path}: {error}. Nothing that was there before has changed."
        ) from error


def load_arrays(path):
    """Read what `save_arrays` wrote.

    Returns
    -------
    tuple[dict[str, numpy.ndarray], dict]
        Arrays by name, and the metadata.

    Raises
    ------
    CheckpointError
        If the file is missing, truncated, corrupted, or not one of gantutor's.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {})["gantutor"])
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is missing, damaged, or not a file of gantutor's ({error})."
        ) from error


def checkpoint_path(directory, step):
    """Return the path of the checkpoint after `step` updates."""
    return Path(directory) / f"step-{step:08d}.safetensors"


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
    check_same_settings(path, *shapes)


def _sync_folder(folder):
    # Without this the new name may be lost in a power cut. Windows cannot open folders.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
