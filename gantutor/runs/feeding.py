"""What a game is fed with: named arrays, checked before anything is lost, and their fingerprint."""

import zlib
from collections.abc import Mapping

import numpy as np

from gantutor.validation import check_images, check_labels, check_rows

_CHECKED = 1000  # examples of a memory map that are looked at before training


def is_mapped(array) -> bool:
    """Return whether an array lies in a file, so that batches must be read from there."""
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False


def named_arrays(data, labels, inputs, classes, unpaired=False) -> dict[str, np.ndarray]:
    """Return the arrays that a game is fed with, by the names of its inputs.

    Parameters
    ----------
    data : array_like, tuple of array_like or mapping
        Images [N, H, W, C] in [−1, 1], or points [N, d]; several of them as a tuple in the order
        of `inputs`, or by name.
    labels : array_like of int, shape [N], optional
        Needed exactly if ``labels`` is among the inputs.
    inputs : sequence of str
    classes : int
    unpaired : bool
        Whether the arrays may have different lengths.

    Returns
    -------
    dict of numpy.ndarray
        Float32 examples, int64 labels. Memory maps stay where they are: of those the first 1,000
        examples are checked.

    Raises
    ------
    TypeError, ValueError
        If something is missing, of another length, type or range.
    """
    if not isinstance(data, Mapping):
        values = data if isinstance(data, tuple) else (data,)
        names = [name for name in inputs if name != "labels" or len(values) == len(inputs)]
        if len(values) != len(names):
            raise ValueError(
                f"data must be {len(names)} arrays, {', '.join(names)}; got {len(values)}."
            )
        data = dict(zip(names, values, strict=True))
    data = dict(data)
    if labels is not None:
        data["labels"] = labels
    wanted, given = set(inputs), set(data)
    if ("labels" in wanted) != ("labels" in given):
        said = "some" if "labels" in given else "none"
        raise ValueError(
            f"labels are needed exactly if there are classes; got {said} for {classes}."
        )
    if wanted != given:
        raise ValueError(f"data must hold {sorted(wanted)}; got {sorted(given)}.")
    arrays = {}
    for name in inputs:
        shown = "data" if name == "real" else name
        arrays[name] = _examples(data[name], shown) if name != "labels" else data[name]
    counts = {name: len(array) for name, array in arrays.items()}
    if "labels" in arrays:
        arrays["labels"] = check_labels(arrays["labels"], counts[inputs[0]], classes)
    if len(set(counts.values())) > 1 and not unpaired:
        raise ValueError(f"data must hold equally many of each; got {counts}.")
    return arrays


def _examples(array, name):
    array = np.asanyarray(array)
    check = check_rows if array.ndim == 2 else check_images
    if is_mapped(array):
        check(np.asarray(array[:_CHECKED]), name)
        return array
    return check(array, name)


def fingerprint(arrays) -> dict:
    """Return what tells one set of data from another: sizes, and a sum over up to 64 examples."""
    marks = {}
    for name, array in arrays.items():
        rows = np.linspace(0, len(array) - 1, min(64, len(array))).astype(int)
        marks[name] = {
            "shape": list(array.shape),
            "crc32": zlib.crc32(np.ascontiguousarray(array[rows]).tobytes()),
        }
    return marks


def check_same_data(found, restored) -> None:
    """Raise ValueError if a run that was restored would go on with other data."""
    if restored is not None and found != restored:
        raise ValueError(
            f"The run was trained on other data: {restored} there, {found} here. A run goes on "
            "with its own data; to train on others, start one from its networks."
        )
