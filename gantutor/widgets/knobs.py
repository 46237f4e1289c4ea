"""Choices that redraw a figure."""

import functools
import io
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from gantutor.plots.style import to_png
from gantutor.widgets.panel import Panel


def knob_explorer(make_figure: Callable[..., Figure], **knobs: Iterable[Hashable]) -> Panel:
    """Change a knob, see the samples.

    Parameters
    ----------
    make_figure : callable
        Maps one value of each knob, by name, to a Matplotlib figure. It is called once for each
        value of the first knob at once, for other combinations when they are chosen, and never
        twice for the same one.
    **knobs : iterable
        The values of each knob, hashable. The first of each is shown first; in a static page all
        values of the first knob stand below each other.

    Returns
    -------
    Panel
        Leave it as the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If there is no knob, a knob has no values, or `make_figure` returns no figure.

    Examples
    --------
    >>> import numpy as np
    >>> from gantutor.plots import image_grid
    >>> explorer = knob_explorer(
    ...     lambda grey: image_grid(np.full((4, 8, 8, 1), grey)), grey=[-0.5, 0.0, 0.5]
    ... )
    >>> explorer.controls[0].options
    (('-0.5', -0.5), ('0.0', 0.0), ('0.5', 0.5))
    """
    for name, values in knobs.items():
        if not isinstance(values, Iterable):
            raise TypeError(f"{name} must be the values of a knob, such as [1, 2]; got {values!r}.")
    choices = {name: list(values) for name, values in knobs.items()}
    if not choices or not all(choices.values()):
        raise ValueError(f"knob_explorer needs knobs with at least one value each; got {choices}.")
    controls = [
        ipywidgets.Dropdown(options=[(str(value), value) for value in values], description=name)
        for name, values in choices.items()
    ]

    @functools.cache
    def draw(*values: Hashable) -> bytes:
        chosen = dict(zip(choices, values, strict=True))
        figure = make_figure(**chosen)
        if not isinstance(figure, Figure):
            raise TypeError(f"make_figure must return a Matplotlib figure; got {figure!r}.")
        figure.set_figheight(figure.get_figheight() + 0.4)  # room for the line of choices
        figure.suptitle(", ".join(f"{name} = {value}" for name, value in chosen.items()))
        plt.close(figure)
        return to_png(figure)

    def chosen_values() -> list[Hashable]:
        return [control.value for control in controls]

    others = chosen_values()[1:]
    still = _stack([draw(value, *others) for value in next(iter(choices.values()))])
    explorer = Panel(
        controls,
        picture=draw(*chosen_values()),
        still=still,
        description=f"Choices of {', '.join(choices)}: run the notebook to change them.",
    )

    def redraw(change: Any) -> None:
        explorer.picture.value = draw(*chosen_values())

    for control in controls:
        control.observe(redraw, "value")
    return explorer


def _stack(pictures: Sequence[bytes]) -> bytes:
    """Return PNG files one below the other on white, as one PNG file."""
    parts = [Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures]
    size = (max(part.width for part in parts), sum(part.height for part in parts))
    sheet = Image.new("RGB", size, "white")
    top = 0
    for part in parts:
        sheet.paste(part, (0, top))
        top += part.height
    buffer = io.BytesIO()
    sheet.save(buffer, format="png")
    return buffer.getvalue()
