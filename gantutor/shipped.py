"""The small trained weights that come with the package, checked before they are used."""

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import safetensors.numpy

from gantutor import recipes

DIRECTORY = Path(__file__).parent / "weights"


def manifest() -> dict[str, dict]:
    """Return what is known of every shipped file: data, seed, steps, scores, SHA-256, command.

    Returns
    -------
    dict of dict
        From a file's name to its facts; a new one at each call.
    """
    return json.loads(_manifest_text())


@functools.cache
def _manifest_text():
    return (DIRECTORY / "manifest.json").read_text(encoding="utf-8")


def load_shipped(name, directory=DIRECTORY) -> dict[str, np.ndarray]:
    """Read a shipped safetensors file after comparing its SHA-256 with the manifest's.

    Parameters
    ----------
    name : str
        The file's name, as in the manifest.
    directory : path
        Where the file lies.

    Returns
    -------
    dict of numpy.ndarray
        From a tensor's name to its values.

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
    if name not in manifest():
        raise FileNotFoundError(f"No shipped file {name!r}; there are: {', '.join(manifest())}.")
    path = Path(directory) / name
    content = path.read_bytes()
    found, expected = hashlib.sha256(content).hexdigest(), manifest()[name]["sha256"]
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its {len(content)} bytes have SHA-256 {found[:12]}…, the manifest "
            f"says {expected[:12]}…. Install gantutor again."
        )
    return safetensors.numpy.load(content)


def load_generator_weights(name):
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
    arrays = load_shipped(f"{name}.safetensors")
    recipe = recipes.Recipe.from_dict(manifest()[f"{name}.safetensors"]["recipe"])
    return recipe, [arrays[key] for key in sorted(arrays)]
