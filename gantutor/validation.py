"""Checks of what users hand in: errors name the argument, what arrived and what is expected."""

import difflib
import numbers
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike


def check_images(
    images: ArrayLike,
    name: str = "images",
    channels: int | Sequence[int] | None = None,
    size: int | tuple[int, int] | None = None,
) -> np.ndarray:
    """Return `images` as float32 NHWC in [−1, 1], or say what is wrong with them.

    That images use [−1, 1] cannot be proved; that they do not can be seen. Refused as probably
    in [0, 1] are, where no pixel is negative: images that reach from exactly 0 to exactly 1, and
    four images or more whose darkest pixel has at most 1/20 of the value of the brightest. One, two
    or three light images pass, and so does any number of images without anything dark, such as
    those of a collapsed generator.

    Parameters
    ----------
    images : array_like, shape [N, H, W, C]
        Floating-point pixels in [−1, 1].
    name : str
        What the caller calls this argument; used in the error.
    channels : int or sequence of int, optional
        The numbers of channels that the caller can use. The default is any.
    size : int or tuple[int, int], optional
        Required height and width, in pixels; one number if they are equal. The default is any.

    Returns
    -------
    numpy.ndarray, float32, shape [N, H, W, C]
        Contiguous; the same array if it was so already. Read-only if that is what came.

    Raises
    ------
    TypeError
        If the pixels are not floating-point numbers.
    ValueError
        If the shape, the number of images, channels or pixels, or the range is not as above.

    Examples
    --------
    >>> check_images(np.zeros((2, 28, 36, 1), "float32")).shape
    (2, 28, 36, 1)
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(
            f"{name} must have shape [N, height, width, channels]; got {list(images.shape)}."
            + (" Add a channel axis with images[..., None]." if images.ndim == 3 else "")
        )
    if images.size == 0:
        raise ValueError(f"{name} is empty: shape {list(images.shape)}; at least one is needed.")
    _check_layout(images.shape, name, channels, size)
    if not np.issubdtype(images.dtype, np.floating):
        raise TypeError(
            f"{name} must be floating-point in [−1, 1]; got {images.dtype}."
            + (" Scale with images / 127.5 - 1." if images.dtype == np.uint8 else "")
        )
    images = np.ascontiguousarray(images, dtype=np.float32)
    low, high = float(images.min()), float(images.max())
    if not np.isfinite(low + high):
        raise ValueError(f"{name} must be finite; got NaN or infinity.")
    if low < -1.001 or high > 1.001:
        hint = " Scale with images / 127.5 - 1." if low >= 0 and high <= 255 else ""
        raise ValueError(f"{name} must lie in [−1, 1]; got [{low:g}, {high:g}].{hint}")
    whole = low == 0 and high == 1
    if whole or (len(images) >= 4 and 0 <= low <= high / 20 and high > 0):
        raise ValueError(
            f"{name} must use the range [−1, 1]; got [{low:g}, {high:g}], which looks like "
            "[0, 1]. Scale with images * 2 - 1."
        )
    return images


def _check_layout(shape, name, channels, size):
    """Refuse channels in the wrong place, and others or another size than the caller can use."""
    _, height, width, found = shape
    if height <= 4 < found:  # no picture is so flat: these are channels
        raise ValueError(
            f"{name} must have shape [N, height, width, channels]; got {list(shape)}, which looks "
            "like [N, channels, height, width]. Move them with np.moveaxis(images, 1, -1)."
        )
    wanted = (channels,) if isinstance(channels, numbers.Integral) else channels
    if wanted is not None and found not in wanted:
        words = {1: "grey (1 channel)", 3: "RGB (3 channels)"}
        raise ValueError(
            f"{name} must be {' or '.join(words.get(n, f'of {n} channels') for n in wanted)}; "
            f"got {words.get(found, f'{found} channels')}."
        )
    if size is not None:
        size = (size, size) if isinstance(size, numbers.Integral) else tuple(size)
        if size != (height, width):
            raise ValueError(f"{name} must be {size[0]}×{size[1]} pixels; got {height}×{width}.")


def check_rows(rows: ArrayLike, name: str = "rows", columns: int | None = None) -> np.ndarray:
    """Return `rows` as a finite float32 array of shape [N, d], or say what is wrong.

    Parameters
    ----------
    rows : array_like of real numbers, shape [N, d]
    name : str
        What the caller calls this argument; used in the error.
    columns : int, optional
        The required d. The default is any.

    Returns
    -------
    numpy.ndarray, float32, shape [N, d]
        Contiguous; the same array if it was so already.

    Raises
    ------
    TypeError
        If the values are not real numbers.
    ValueError
        If there is no row, a wrong number of columns, or a value that is not finite.
    """
    rows = _check_matrix(rows, name, np.float32)
    if columns is not None and rows.shape[1] != columns:
        raise ValueError(f"{name} must have {columns} columns; got {rows.shape[1]}.")
    return np.ascontiguousarray(rows)


def check_features(features: ArrayLike, name: str = "features", rows: int = 1) -> np.ndarray:
    """Return `features` as a finite array of shape [N, d], or say what is wrong.

    Parameters
    ----------
    features : array_like of real numbers, shape [N, d]
    name : str
        What the caller calls this argument; used in the error.
    rows : int
        The least N that the caller can use.

    Returns
    -------
    numpy.ndarray, shape [N, d]
        float32 if that is what came, so that large sets are not copied; otherwise float64.

    Raises
    ------
    TypeError
        If the values are not real numbers.
    ValueError
        If there are too few rows, no columns, or a value that is not finite.
    """
    features = np.asarray(features)
    dtype = np.float32 if features.dtype == np.float32 else np.float64
    features = _check_matrix(features, name, dtype)
    if features.shape[1] == 0:
        raise ValueError(f"{name} must have at least one column; got shape {list(features.shape)}.")
    if len(features) < rows:
        raise ValueError(f"{name} must have at least {rows} rows; got {len(features)}.")
    return features


def check_same_columns(**sets: np.ndarray) -> None:
    """Raise ValueError unless all sets of features [N, d] have the same dimension d.

    Examples
    --------
    >>> check_same_columns(real=np.zeros((5, 3)), fake=np.zeros((2, 3)))
    """
    columns = [each.shape[-1] for each in sets.values()]
    if len(set(columns)) > 1:
        raise ValueError(
            f"{' and '.join(sets)} must have the same dimension; "
            f"got {' and '.join(map(str, columns))}."
        )


def _check_matrix(rows, name, dtype) -> np.ndarray:
    """Return `rows` as a finite matrix of that type."""
    rows = np.asarray(rows)
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers; got {rows.dtype}.")
    rows = rows.astype(dtype, copy=False)
    if rows.ndim != 2:
        raise ValueError(f"{name} must have shape [N, d]; got {list(rows.shape)}.")
    if len(rows) == 0:
        raise ValueError(f"{name} is empty: shape {list(rows.shape)}; at least one row is needed.")
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must be finite; got NaN or infinity.")
    return rows


def check_labels(labels, count, classes, name="labels"):
    """Return `labels` as int64 of shape [count] with values in 0 … classes − 1.

    Raises
    ------
    ValueError
        If their number, type or range is wrong.
    """
    labels = np.asarray(labels)
    if labels.shape != (count,):
        raise ValueError(f"{name} must have shape [{count}]; got {list(labels.shape)}.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"{name} must be integers; got {labels.dtype}.")
    if count and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(
            f"{name} must lie in 0 … {classes - 1}; got {labels.min()} … {labels.max()}."
        )
    return labels.astype(np.int64)


def check_data(data, labels=None, classes=0):
    """Return what a trainer learns from: images or points, and labels if there are classes.

    Parameters
    ----------
    data : array_like
        Images [N, H, W, C] in [−1, 1], or points [N, d].
    labels : array_like of int, shape [N], optional
        Classes of the examples; needed if `classes` is not 0, and refused if it is.
    classes : int
        Number of classes.

    Returns
    -------
    tuple[numpy.ndarray, numpy.ndarray or None]
        The data as float32, the labels as int64.

    Raises
    ------
    TypeError, ValueError
        If one of them is not as above.
    """
    data = np.asarray(data)
    data = check_rows(data, "data") if data.ndim == 2 else check_images(data, "data")
    if (labels is None) != (classes == 0):
        given = "none" if labels is None else "some"
        raise ValueError(
            f"labels are needed exactly if there are classes; got {given} for {classes}."
        )
    return data, None if labels is None else check_labels(labels, len(data), classes)


def check_positive(value, name):
    """Return `value` as an int that is at least 1.

    Raises
    ------
    ValueError
        If it is not a whole number, or less than 1.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (is_number and value >= 1 and value % 1 == 0):
        raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}.")
    return int(value)


def check_batch_size(batch_size, count):
    """Return `batch_size` if `count` examples make at least one batch.

    Raises
    ------
    ValueError
        If it is not a positive whole number or larger than `count`.
    """
    batch_size = check_positive(batch_size, "batch_size")
    if batch_size > count:
        raise ValueError(
            f"batch_size must be at most the {count} examples given; got {batch_size}."
        )
    return batch_size


def check_choice(value, choices: Iterable[str], name):
    """Return `value` if it is one of `choices`; otherwise suggest the nearest name.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_choice("hinge", ["hinge", "minimax"], "loss")
    'hinge'
    """
    choices = list(choices)
    if value in choices:
        return value
    names = {str(choice).lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(value).lower(), names, n=1)
    hint = f" Did you mean {names[near[0]]!r}?" if near else ""
    raise ValueError(f"Unknown {name} {value!r}.{hint} Known: {', '.join(map(repr, choices))}.")
