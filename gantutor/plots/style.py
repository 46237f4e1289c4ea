"""The look that all figures share, and how figures are made and saved."""

import functools
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

STYLE = str(Path(__file__).parent.with_name("gantutor.mplstyle"))
WIDTH = 5.5  # inches: at the 350 pixels of a phone's page, 12-point letters are 11 pixels high

P = ParamSpec("P")
T = TypeVar("T")


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that it draws in the book's style."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        if "IPython" in sys.modules:
            _load_backend()
        with plt.style.context(STYLE):
            return draw(*args, **kwargs)

    return wrapper


@functools.cache
def _load_backend():
    """Load a notebook's backend, which is what shows figures there.

    Loaded inside a style's context, it would lose its interactive mode at the context's end, and
    figures that a cell draws itself would not appear. Elsewhere nothing is loaded: a figure that is
    only saved needs no window, and no screen.
    """
    from IPython import get_ipython

    if get_ipython() is not None:
        plt.switch_backend(plt.get_backend())


def use_style() -> None:
    """Give the book's style to all figures that you draw with Matplotlib yourself."""
    plt.style.use(STYLE)


def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    figsize: tuple[float, float] | None = None,
    dpi: float | None = None,
    **grid: Any,
) -> tuple[Figure, Any]:
    """Return a figure that pyplot does not know, and what its ``subplots(rows, columns, …)`` gives.

    pyplot shows the figures it knows when a cell ends; the figure that the cell returns would
    appear twice.
    """
    figure = Figure(figsize=figsize, dpi=dpi)
    return figure, figure.subplots(rows, columns, **grid)


def to_png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file.

    See Also
    --------
    image_grid, density_2d, loss_curves : What makes figures.

    Examples
    --------
    >>> to_png(Figure())[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()
