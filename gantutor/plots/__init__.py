"""Figures for the book's pages: samples, losses, densities, a film of training, and sounds.

The functions return Matplotlib figures that pyplot no longer knows, so that a notebook shows each
one once, where it stands as the last line of a cell. All of them use the book's style.
"""

from gantutor.plots.curves import loss_curves
from gantutor.plots.film import replay
from gantutor.plots.images import image_grid
from gantutor.plots.planes import density_2d
from gantutor.plots.sound import listen
from gantutor.plots.style import to_png, use_style

__all__ = ["density_2d", "image_grid", "listen", "loss_curves", "replay", "to_png", "use_style"]
