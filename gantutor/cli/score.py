"""`gantutor score`: what metrics say of samples."""

import importlib
import json
import pickle
import urllib.error
import zipfile
import zlib
from pathlib import Path

import numpy as np

from gantutor import data, metrics
from gantutor.cli.shared import generated, parse_size
from gantutor.runs import folder
from gantutor.validation import check_images


def run(options):
    """Score as the options say; return the exit code."""
    source, labels = Path(options.source), None
    if options.weights and not options.weights.is_file():
        raise ValueError(f"There is no file {options.weights} of Inception weights.")
    if source.suffix == ".npz":
        images, labels = _read_npz(source)
    elif source.is_dir() and not folder.is_run(source):
        if options.real is None:
            raise ValueError(
                f"{source} is a folder of images: --real FOLDER says what to compare them with. "
                "Digits are scored from an NPZ file, a run or a shipped generator."
            )
        images = data.image_folder(source, parse_size(options.size))
    else:
        images, labels = generated(options.source, options.count, options.seed)
    if options.real is None:
        report = metrics.digit_report(images, labels)
    else:
        inception = importlib.import_module("gantutor.torch.inception")
        real = data.image_folder(options.real, images.shape[1:3])
        try:
            report = inception.inception_report(real, images, options.weights)
        except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError) as error:
            if options.weights is None:
                raise
            raise ValueError(
                f"{options.weights} holds no weights of torch-fidelity's Inception network."
            ) from error
        except urllib.error.URLError as error:
            raise OSError(
                f"The weights of the Inception network could not be downloaded ({error}). Name a "
                "file of them with --weights."
            ) from error
    print(json.dumps(report, indent=2))
    return 0


def _read_npz(path):
    """The images of an NPZ file, checked, and its labels or None."""
    try:
        with zipfile.ZipFile(path), np.load(path) as file:
            arrays = {name: file[name] for name in file.files if name in ("images", "labels")}
            names = list(file.files)
    except (EOFError, zipfile.BadZipFile, zlib.error, OSError, ValueError) as error:
        raise ValueError(f"{path} is missing, damaged, or no NPZ file ({error}).") from error
    if "images" not in arrays:
        raise ValueError(f"{path} must hold an array `images`; it holds {names}.")
    return check_images(arrays["images"]), arrays.get("labels")
