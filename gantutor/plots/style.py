"""The look that all figures share, and how figures are made and saved."""

import io
from pathlib import Path

import matplotlib.pyplot as plt

# Load the backend now. Loaded inside a style's context, a notebook's backend would lose its
# interactive mode at the context's end, and figures that a cell draws itself would not appear.
plt.switch_backend(plt.get_backend())

STYLE = str(Path(__file__).parent.with_name("gantutor.mplstyle"))
WIDTH = 5.5  # inches: at the 350 pixels of a phone's page, 12-point letters are 11 pixels high

styled = plt.style.context(STYLE)  # a decorator: the function draws in the book's style


def use_style():
    """Give the book's style to all figures that you draw with Matplotlib yourself."""
    plt.style.use(STYLE)


def new_figure(*arguments, **settings):
    """Return what `pyplot.subplots` returns, and make pyplot forget it.

    pyplot shows the figures it knows when a cell ends; the figure that the cell returns would
    appear twice.
    """
    figure, axes = plt.subplots(*arguments, **settings)
    plt.close(figure)
    return figure, axes


def to_png(figure):
    """Return a figure as the bytes of a PNG file.

    Examples
    --------
    >>> to_png(plt.Figure())[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()
