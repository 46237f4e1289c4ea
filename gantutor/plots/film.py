"""A film of training that plays in a static page."""

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation
from numpy.typing import ArrayLike

from gantutor.data import GaussianMixture
from gantutor.plots.images import show_pixels, tiles, to_pixels
from gantutor.plots.planes import FAKE, Extent, draw_real, set_limits
from gantutor.plots.style import new_figure, styled
from gantutor.validation import check_choice, check_rows

if TYPE_CHECKING:
    from IPython.display import HTML

MAX_BYTES = 2_000_000  # of HTML; a page with more is slow to load

# The player's buttons: plain characters that every font has.
_FACES = {
    "Decrease speed": "−",
    "First frame": "|◄",
    "Previous frame": "‹",
    "Play backwards": "◄",
    "Pause": "▌▌",
    "Play": "►",
    "Next frame": "›",
    "Last frame": "►|",
    "Increase speed": "+",
}
_PLAYER_STYLE = """<style>
.animation, .animation img, input[type=range].anim-slider { max-width: 100%; }
.anim-buttons { display: flex; gap: 2px; justify-content: center; }
.anim-buttons button { min-height: 32px; min-width: 0; font: 12px sans-serif; }
</style>"""


@styled
def replay(
    frames: Sequence[ArrayLike],
    titles: Sequence[str],
    kind: Literal["images", "points"] = "images",
    real: ArrayLike | GaussianMixture | None = None,
    extent: Extent | None = None,
    alt: str | None = None,
) -> "HTML":
    """Show a run as a film that also plays in a static page, with no network and no kernel.

    Parameters
    ----------
    frames : sequence
        One array a frame: images [N, H, W, C] in [−1, 1], or points [N, 2].
    titles : sequence of str
        One a frame, such as “step 100”.
    kind : {"images", "points"}
    real : array_like, shape [M, 2], or gantutor.data.GaussianMixture, optional
        Drawn behind points, as in `density_2d`.
    extent : tuple of float, optional
        Left, right, bottom, top of a film of points. The default holds all points of all frames.
    alt : str, optional
        What a reader who cannot see the film should know. The default names the titles.

    Returns
    -------
    IPython.display.HTML
        Matplotlib's JavaScript player.

    Raises
    ------
    ValueError
        If there is no frame, the titles are fewer or more, a frame is not as above, or the film
        is too large for a page.

    See Also
    --------
    image_grid, density_2d : One frame.

    Examples
    --------
    >>> import numpy as np
    >>> film = replay([np.zeros((4, 8, 8, 1))] * 2, titles=["step 0", "step 10"])
    >>> "<script" in film.data
    True
    """
    from IPython.display import HTML

    check_choice(kind, ("images", "points"), "kind")
    if len(frames) == 0 or len(frames) != len(titles):
        raise ValueError(
            "frames must be at least one, with as many titles; "
            f"got {len(frames)} frames and {len(titles)} titles."
        )
    if kind == "images":
        figure, draw = _film_of_images(frames)
    else:
        figure, draw = _film_of_points(frames, real, extent)
    axes = figure.axes[0]

    def show(index):
        draw(index)
        axes.set_title(titles[index])

    show(0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what has found its place keeps it in every frame
    with plt.rc_context({"savefig.bbox": "standard"}):  # frames of equal size
        player = FuncAnimation(figure, show, frames=len(frames), interval=400, repeat=False)
        page = _offline(player.to_jshtml(), alt or f"A film from “{titles[0]}” to “{titles[-1]}”.")
    if len(page) > MAX_BYTES:
        fit = int(len(frames) * MAX_BYTES / len(page))
        raise ValueError(
            f"The film takes {len(page) / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:g} MB fit a "
            f"page. Pass fewer frames (about {fit} of these) or fewer images a frame."
        )
    return HTML(page)


def _film_of_images(frames):
    """Return a figure and the function that draws a frame of images."""
    canvases = [tiles(frame, name=f"frames[{i}]")[0] for i, frame in enumerate(frames)]
    shapes = {canvas.shape for canvas in canvases}
    if len(shapes) > 1:
        raise ValueError("frames must all hold as many images of one size; got different ones.")
    height, width, _ = shapes.pop()
    figure, axes = new_figure(figsize=(4, 4 * height / width + 0.4), dpi=100)
    artist = show_pixels(axes, canvases[0])
    return figure, lambda index: artist.set_data(to_pixels(canvases[index]))


def _film_of_points(frames, real, extent):
    """Return a figure and the function that draws a frame of points."""
    frames = [check_rows(frame, f"frames[{i}]", columns=2) for i, frame in enumerate(frames)]
    figure, axes = new_figure(figsize=(4, 4), dpi=100)
    set_limits(axes, frames, real, extent)
    if real is not None:
        draw_real(axes, real)
    artist = axes.scatter([], [], **FAKE)
    return figure, lambda index: artist.set_offsets(frames[index])


def _offline(page, alt):
    """Return the player's page without the icon font that it would fetch, and with words for all.

    Matplotlib's buttons are named for screen readers, but their faces come from the network.
    """
    for name, face in _FACES.items():
        page = re.sub(rf'(aria-label="{name}"[^>]*>)\s*<i [^>]*></i>', rf"\g<1>{face}", page)
    page = re.sub(r"<link[^>]*font-awesome[^>]*>", _PLAYER_STYLE, page)
    page = page.replace('<img id="', f'<img alt="{html.escape(alt)}" id="')
    return page.replace('type="range"', 'type="range" aria-label="Frame"')
