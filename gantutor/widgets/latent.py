"""Sliders through the latent space of a generator."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from gantutor.plots.images import show_pixels, tiles
from gantutor.plots.style import WIDTH, new_figure, styled, to_png
from gantutor.runs.seeds import check_seed
from gantutor.validation import check_images, check_positive
from gantutor.widgets.panel import Panel

SPAN = 3.0  # how far a slider goes to either side, in standard deviations of z
STEPS = 7  # images along one slider
SLIDERS = 4


def latent_explorer(
    sample: Callable[[np.ndarray], np.ndarray], latent_dim: int, seed: int = 0
) -> Panel:
    """Walk through the latent space with sliders.

    A slider is the coordinate of z along one direction; the large image is G(z), and each row
    shows the whole way of one slider, with a mark where it stands. The directions are those along
    which the images change most: the leading singular vectors of a linear fit from z to images
    (an idea of Härkönen, Hertzmann, Lehtinen and Paris, 2020, GANSpace, who fit inner activations).
    The button “New z” draws all other coordinates anew.

    Parameters
    ----------
    sample : callable
        Maps float32 latents [N, latent_dim] to images [N, H, W, C] in [−1, 1].
    latent_dim : int
        The number of coordinates of z, each standard normal. There are four sliders, or
        `latent_dim` of them and no button if that is not more.
    seed : int
        Decides the directions and the other coordinates.

    Returns
    -------
    Panel
        Leave it as the last line of a cell.

    Raises
    ------
    TypeError, ValueError
        If `latent_dim` is not a positive whole number, `seed` is no seed, or `sample` does not
        return images.

    Examples
    --------
    >>> explorer = latent_explorer(lambda z: np.tanh(z).reshape(-1, 2, 2, 1), latent_dim=4)
    >>> [control.description for control in explorer.controls]
    ['Direction 1', 'Direction 2', 'Direction 3', 'Direction 4']
    """
    latent_dim = check_positive(latent_dim, "latent_dim")
    rng = np.random.default_rng(check_seed(seed))
    directions = _strong_directions(sample, latent_dim, rng)
    sliders = [
        ipywidgets.FloatSlider(
            description=f"Direction {number}",
            min=-SPAN,
            max=SPAN,
            step=0.1,
            continuous_update=False,
        )
        for number in range(1, len(directions) + 1)
    ]
    button = ipywidgets.Button(description="New z")
    rest = np.empty(latent_dim)

    def renew() -> None:
        rest[:] = rng.standard_normal(latent_dim)
        rest[:] -= rest @ directions.T @ directions

    def draw() -> bytes:
        return to_png(_walks(sample, rest, directions, [slider.value for slider in sliders]))

    def redraw(change: Any) -> None:
        if change is button:
            renew()
        explorer.picture.value = draw()

    renew()
    first = draw()
    explorer = Panel(
        controls=[*sliders, button] if len(directions) < latent_dim else sliders,
        picture=first,
        still=first,
        description="Sliders over z: run the notebook to move them.",
    )
    for slider in sliders:
        slider.observe(redraw, "value")
    button.on_click(redraw)
    return explorer


def _strong_directions(
    sample: Callable[[np.ndarray], np.ndarray], latent_dim: int, rng: np.random.Generator
) -> np.ndarray:
    """Return orthonormal directions of z that change the images most, [sliders, latent_dim]."""
    latents = rng.standard_normal((max(256, 4 * latent_dim), latent_dim), dtype=np.float32)
    images = check_images(sample(latents), "sample(latents)")
    changes = images.reshape(len(images), -1) - images.mean(axis=0).ravel()
    slopes = np.linalg.lstsq(latents, changes, rcond=None)[0]
    return np.linalg.svd(slopes, full_matrices=False)[0].T[:SLIDERS]


@styled
def _walks(
    sample: Callable[[np.ndarray], np.ndarray],
    rest: np.ndarray,
    directions: np.ndarray,
    values: Sequence[float],
) -> Figure:
    """Return a figure: G(z) at the left, and at the right a row for the way of each slider.

    `rest` is the part of z outside the directions, `values` are the coordinates along them.
    """
    ways = np.repeat(np.array([values]), len(directions) * STEPS, axis=0)
    for number in range(len(directions)):
        ways[number * STEPS : (number + 1) * STEPS, number] = np.linspace(-SPAN, SPAN, STEPS)
    coordinates = np.vstack([[values], ways])
    images = np.asarray(sample((rest + coordinates @ directions).astype(np.float32)))
    height, width = images.shape[1:3]

    ratio = {"width_ratios": [1, 2], "wspace": 0.1}
    figure, (left, right) = new_figure(1, 2, figsize=(WIDTH, 2.2), gridspec_kw=ratio)
    show_pixels(left, tiles(images[:1])[0])
    left.set_title("$G(z)$")
    canvas, _ = tiles(images[1:], columns=STEPS)
    show_pixels(right, canvas)
    across = (canvas.shape[1] - width) / (STEPS - 1)  # from one image to the next, gap included
    down = height + across - width
    middle = width / 2 - 0.5  # of an image's columns
    rows = np.arange(len(directions)) * down
    right.plot(
        (np.array(values) + SPAN) / (2 * SPAN) * (STEPS - 1) * across + middle,
        rows - 0.5,
        linestyle="none",
        marker="v",
        color="#DDAA33",
        clip_on=False,
    )
    right.set_axis_on()
    right.grid(visible=False)
    right.spines[:].set_visible(False)
    right.tick_params(length=0)
    right.set_yticks(rows + height / 2 - 0.5, [str(number + 1) for number in range(len(rows))])
    ticks = np.array([0, (STEPS - 1) / 2, STEPS - 1]) * across + middle
    right.set_xticks(ticks, [f"−{SPAN:g}", "0", f"{SPAN:g}"])
    return figure
