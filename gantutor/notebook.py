"""What the book's notebooks need besides their subject: profiles, glue, answers, versions."""

import os
import platform
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from numbers import Number
from typing import Any, TypeVar

import numpy as np

from gantutor.validation import check_choice

Setting = TypeVar("Setting")

GLUE_PREFIX = "application/papermill.record/"
PACKAGES = (
    "gantutor",
    "numpy",
    "scipy",
    "matplotlib",
    "scikit-learn",
    "scikit-image",
    "torch",
    "tensorflow",
    "keras",
)


def choose(quick: Setting, full: Setting) -> Setting:
    """Return `quick`, or `full` where the environment asks for the long run.

    Parameters
    ----------
    quick : object
        A setting with which the notebook ends within its budget on two CPU cores.
    full : object
        The same setting for a long run on a GPU, taken if `GANTUTOR_PROFILE` is `full`.

    Returns
    -------
    object
        One of the two.

    Raises
    ------
    ValueError
        If `GANTUTOR_PROFILE` is neither `quick` nor `full`.

    Examples
    --------
    >>> steps = choose(quick=300, full=20_000)
    >>> steps
    300
    """
    profile = os.environ.get("GANTUTOR_PROFILE", "quick")
    return {"quick": quick, "full": full}[
        check_choice(profile, ("quick", "full"), "GANTUTOR_PROFILE")
    ]


def glue(name: str, value: float | str | np.generic) -> None:
    """Keep a number or a text of this run for the prose, where ``{glue:text}`` shows it.

    Nothing is displayed. The cell's output carries the value in the form that MyST-NB reads, so
    that a notebook needs no part of the book's toolchain to run.

    Parameters
    ----------
    name : str
        Unique in the notebook; the prose says ``{glue:text}`name:.1f```.
    value : int, float, str, bool or NumPy scalar

    Raises
    ------
    TypeError
        If the value is neither a number nor a text.
    """
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, (Number, str)):
        raise TypeError(f"value must be a number or a text; got {type(value).__name__}.")
    # IPython is there in a notebook, and slow to import elsewhere.
    from IPython.display import display

    display(
        {GLUE_PREFIX + "text/plain": repr(value)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": GLUE_PREFIX}},
    )


def check_answer(answer: Any, is_right: Callable[[Any], bool], hint: str) -> None:
    """Print whether a reader's answer to an exercise is right.

    Parameters
    ----------
    answer : object
        What the reader put in place of the exercise's ``...``; while it is still `Ellipsis`, there
        is nothing to check.
    is_right : callable
        Takes the answer and says whether it is right.
    hint : str
        What to think of when it is not; it does not give the answer away.

    Examples
    --------
    >>> check_answer(..., lambda x: x == 4, "Add, then multiply.")
    No answer yet: replace the dots in the cell above, and run both cells.
    >>> check_answer(5, lambda x: x == 4, "Add, then multiply.")
    Not yet, 5 is not it. Add, then multiply.
    >>> check_answer(4, lambda x: x == 4, "Add, then multiply.")
    Right.
    """
    if answer is ...:
        print("No answer yet: replace the dots in the cell above, and run both cells.")
    elif is_right(answer):
        print("Right.")
    else:
        print(f"Not yet, {answer} is not it. {hint}")


def show_error(kind: type[Exception], words: str, action: Callable[[], Any]) -> None:
    """Run an action that must fail, and print the part of its message that matters.

    Parameters
    ----------
    kind : type
        The exception that the action must raise; any other is raised on.
    words : str
        What its message must contain; what is printed begins there and goes on for at most 60
        characters of the same line.
    action : callable
        Takes nothing.

    Raises
    ------
    AssertionError
        If the action does not fail, or with another message.

    Examples
    --------
    >>> show_error(ZeroDivisionError, "by zero", lambda: 1 // 0)
    ZeroDivisionError: by zero
    """
    try:
        action()
    except kind as error:
        message = re.sub(r"\x1b\[\d+m", "", str(error))  # Keras colours some
    else:
        raise AssertionError(f"there was no {kind.__name__}")
    if words not in message:
        raise AssertionError(f"expected “{words}” in the message; got {message!r}")
    line = message[message.index(words) :].splitlines()[0]
    print(f"{kind.__name__}: {line[: len(words) + 60]}")


def versions() -> dict[str, str]:
    """Return the versions in use, without importing what they belong to.

    Returns
    -------
    dict of str to str
        Python, then the packages that results depend on; those that are absent are left out.

    Examples
    --------
    >>> list(versions())[:2]
    ['Python', 'gantutor']
    """
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
