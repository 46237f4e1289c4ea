"""Checks of what users hand in: errors name the argument, what arrived and what is expected."""

import difflib
import math
import numbers
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

Choice = TypeVar("Choice", bound=str | None)


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


def check_labels(labels: ArrayLike, count: int, classes: int, name: str = "labels") -> np.ndarray:
    """Return `labels` as int64 of shape [count] with values in 0 … classes − 1.

    Parameters
    ----------
    labels : array_like of int, shape [count]
    count : int
        How many there must be.
    classes : int
        Number of classes.
    name : str
        What the caller calls this argument; used in the error.

    Returns
    -------
    numpy.ndarray, int64, shape [count]

    Raises
    ------
    ValueError
        If their number, type or range is wrong.

    Examples
    --------
    >>> check_labels([0, 9], count=2, classes=10)
    array([0, 9])
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


def check_positive(value: float, name: str) -> int:
    """Return a whole number of at least 1 as a Python int.

    Parameters
    ----------
    value : int or float
        Python or NumPy number; 16.0 is 16.
    name : str
        What the caller calls this argument; used in the error.

    Raises
    ------
    ValueError
        If it is not a whole number, or less than 1.

    Examples
    --------
    >>> check_positive(np.float32(16), "side")
    16
    """
    if not (_is_real(value) and value >= 1 and value % 1 == 0):
        raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}.")
    return int(value)


def check_number(value: float, name: str, above: float = -math.inf) -> float:
    """Return a finite number as a Python float.

    Parameters
    ----------
    value : int or float
        Python or NumPy number.
    name : str
        What the caller calls this argument; used in the error.
    above : float
        The number must be greater than this.

    Raises
    ------
    ValueError
        If it is not a number, not finite, or not above the bound.

    Examples
    --------
    >>> check_number(np.float32(0.5), "std", above=0)
    0.5
    """
    if not (_is_real(value) and above < value < math.inf):
        bound = f" above {above:g}" if above > -math.inf else ""
        raise ValueError(f"{name} must be a finite number{bound}; got {value!r}.")
    return float(value)


def check_size(size: float | Sequence[float], name: str = "size") -> tuple[int, int]:
    """Return height and width in pixels.

    Parameters
    ----------
    size : int or (int, int)
        Side of a square, or height and width.
    name : str
        What the caller calls this argument; used in the error.

    Raises
    ------
    ValueError
        If it is neither one nor two whole numbers of at least 1.

    Examples
    --------
    >>> check_size(28), check_size((32, 48))
    ((28, 28), (32, 48))
    """
    sides = size if isinstance(size, Sequence) and not isinstance(size, str) else (size, size)
    if len(sides) != 2:
        raise ValueError(f"{name} must be one side, or height and width; got {size!r}.")
    height, width = (check_positive(side, name) for side in sides)
    return height, width


def check_choice(value: Any, choices: Iterable[Choice], name: str) -> Choice:
    """Return the one of `choices` that `value` is; otherwise suggest the nearest name.

    Parameters
    ----------
    value : object
        What arrived.
    choices : iterable of str or None
        What is possible.
    name : str
        What the caller calls this argument; used in the error.

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> check_choice("hinge", ["hinge", "minimax"], "loss")
    'hinge'
    """
    choices = list(choices)
    # Arrays are neither hashable nor, compared with a text, true or false.
    if isinstance(value, Hashable) and value in choices:
        return choices[choices.index(value)]
    names = {str(choice).lower(): choice for choice in choices}
    near = difflib.get_close_matches(value.lower(), names, n=1) if isinstance(value, str) else ()
    hint = f" Did you mean {names[near[0]]!r}?" if near else ""
    raise ValueError(f"Unknown {name} {value!r}.{hint} Known: {', '.join(map(repr, choices))}.")


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
