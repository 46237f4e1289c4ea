"""The small trained weights that come with the package, checked before they are used."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from gantutor import recipes

DIRECTORY = Path(__file__).parent / "weights"


def manifest() -> dict[str, dict[str, Any]]:
    """Return what is known of every shipped file: data, seed, steps, scores, SHA-256, command.

    Returns
    -------
    dict of dict
        From a file's name to its facts; your own copy, read anew at each call.

    Raises
    ------
    FileNotFoundError
        If the manifest is missing.
    ValueError
        If it is damaged.
    """
    path = DIRECTORY / "manifest.json"
    content = _content(path)
    try:
        return json.loads(content)
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). Install gantutor again.") from error


def load_shipped(name: str, directory: str | os.PathLike[str] = DIRECTORY) -> dict[str, np.ndarray]:
    """Read a shipped safetensors file after comparing its SHA-256 with the manifest's.

    Parameters
    ----------
    name : str
        The file's name, as in the manifest.
    directory : path-like
        Where the file lies.

    Returns
    -------
    dict of numpy.ndarray
        From a tensor's name to its values; your own copy.

    Raises
    ------
    FileNotFoundError
        If the manifest names no such file, or the file is missing.
    ValueError
        If the file is damaged: truncated, or changed since it was made.

    Examples
    --------
    >>> sorted(load_shipped("digit_statistics.safetensors"))
    ['count', 'covariance', 'mean']
    """
    known = manifest()
    if name not in known:
        raise FileNotFoundError(f"No shipped file {name!r}; there are: {', '.join(known)}.")
    path = Path(directory) / name
    content = _content(path)
    found, expected = hashlib.sha256(content).hexdigest(), known[name]["sha256"]
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its {len(content)} bytes have SHA-256 {found[:12]}…, the manifest "
            f"says {expected[:12]}…. Install gantutor again."
        )
    return safetensors.numpy.load(content)


def load_generator_weights(name: str) -> tuple[recipes.Recipe, list[np.ndarray]]:
    """Return a shipped generator's recipe and its weights.

    Parameters
    ----------
    name : str
        Name of the generator: that of its file without the suffix.

    Returns
    -------
    tuple[gantutor.recipes.Recipe, list[numpy.ndarray]]
        The weights are in Keras's order and layout.

    Raises
    ------
    FileNotFoundError
        If no such generator ships.
    """
    known = {
        Path(file).stem: facts["recipe"] for file, facts in manifest().items() if "recipe" in facts
    }
    if name not in known:
        raise FileNotFoundError(f"No shipped generator {name!r}; there are: {', '.join(known)}.")
    arrays = load_shipped(f"{name}.safetensors")
    return recipes.Recipe.from_dict(known[name]), [arrays[key] for key in sorted(arrays)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} is missing. Install gantutor again.") from error
