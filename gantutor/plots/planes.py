"""Points in the plane, real and generated, over what a discriminator thinks of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from gantutor.data import GaussianMixture
from gantutor.plots.style import WIDTH, new_figure, styled
from gantutor.validation import check_rows

Extent = tuple[float, float, float, float]  # left, right, bottom, top

REAL: dict[str, Any] = {"color": "#004488", "marker": "o", "s": 14, "alpha": 0.5, "linewidths": 0}
FAKE: dict[str, Any] = {"color": "#BB5566", "marker": "x", "s": 26, "linewidths": 1.4}
# Light, so that points stay visible on it, and darker the surer, so that it survives grey print.
_SURFACE = LinearSegmentedColormap.from_list("surface", ["#FFFFFF", "#F3E3B8", "#DDAA33"])


@styled
def density_2d(
    points: ArrayLike,
    real: ArrayLike | GaussianMixture | None = None,
    discriminator: Callable[[np.ndarray], ArrayLike] | None = None,
    extent: Extent | None = None,
) -> Figure:
    """Draw generated points over real ones and over what the discriminator thinks of the plane.

    Parameters
    ----------
    points : array_like, shape [N, 2]
        Generated points: crosses.
    real : array_like, shape [M, 2], or gantutor.data.GaussianMixture, optional
        Real points: dots. A mixture is drawn as contours one, two and three standard deviations
        from each centre.
    discriminator : callable, optional
        Maps float32 [K, 2] to logits [K]; its probability of “real” colours the plane, with a
        line at ½.
    extent : tuple of float, optional
        Left, right, bottom, top. The default holds all points.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are no points, they do not have two columns, or a value is not finite.

    See Also
    --------
    replay : A film of points.

    Examples
    --------
    >>> from gantutor.data import ring
    >>> figure = density_2d(np.zeros((5, 2)), real=ring())
    """
    figure, axes = new_figure(figsize=(WIDTH, 4.6))
    points = check_rows(points, "points", columns=2)
    extent = set_limits(axes, [points], real, extent)
    if discriminator is not None:
        _draw_surface(figure, axes, discriminator, extent)
    if real is not None:
        draw_real(axes, real)
    axes.scatter(*points.T, **FAKE, label="generated")
    axes.legend(loc="upper right", frameon=True, framealpha=0.9)
    return figure


def set_limits(
    axes: Axes,
    clouds: Sequence[np.ndarray],
    real: ArrayLike | GaussianMixture | None,
    extent: Extent | None,
) -> Extent:
    """Set the limits of the plane so that all clouds and the real points fit; return them."""
    if extent is None:
        spread = 0.0
        if isinstance(real, GaussianMixture):
            clouds, spread = [*clouds, real.centres], 3 * real.std
        elif real is not None:
            clouds = [*clouds, check_rows(real, "real", columns=2)]
        low, high = np.min(np.vstack(clouds), axis=0), np.max(np.vstack(clouds), axis=0)
        margin = spread + 0.08 * max(high - low) + 0.1
        extent = (low[0] - margin, high[0] + margin, low[1] - margin, high[1] + margin)
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    return extent


def draw_real(axes: Axes, real: ArrayLike | GaussianMixture) -> None:
    """Draw real points as dots, or a mixture as discs of one, two and three deviations."""
    if not isinstance(real, GaussianMixture):
        axes.scatter(*check_rows(real, "real", columns=2).T, **REAL, label="real")
        return
    discs = [Circle(centre, n * real.std) for centre in real.centres for n in (1, 2, 3)]
    style: dict[str, Any] = {"facecolor": REAL["color"], "alpha": 0.35, "linewidth": 0}
    axes.add_collection(PatchCollection(discs, **style))
    axes.scatter([], [], **REAL, label="real")


def _draw_surface(figure, axes, discriminator, extent):
    """Colour the plane by the discriminator's probability of “real”."""
    x, y = np.linspace(*extent[:2], 120), np.linspace(*extent[2:], 120)
    plane = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    logits = np.asarray(discriminator(plane))
    if logits.shape != (len(plane),):
        raise ValueError(
            f"discriminator must map [{len(plane)}, 2] to logits [{len(plane)}]; "
            f"got shape {list(logits.shape)}."
        )
    probability = scipy.special.expit(logits).reshape(len(y), len(x))
    surface = axes.contourf(x, y, probability, levels=np.linspace(0, 1, 11), cmap=_SURFACE)
    if probability.min() < 0.5 < probability.max():
        axes.contour(x, y, probability, levels=[0.5], colors="black", linewidths=1)
    figure.colorbar(surface, ticks=[0, 0.5, 1], label="discriminator: probability of “real”")
