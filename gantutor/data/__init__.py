"""Data for every chapter: digits, image folders, drawn shapes, toy mixtures; classes for them."""

from gantutor.data.clusters import pseudo_labels
from gantutor.data.digits import load_digits, mnist
from gantutor.data.folder import image_folder
from gantutor.data.mixtures import GaussianMixture, grid, line, ring
from gantutor.data.shapes import SHAPES, draw_shapes

__all__ = [
    "SHAPES",
    "GaussianMixture",
    "draw_shapes",
    "grid",
    "image_folder",
    "line",
    "load_digits",
    "mnist",
    "pseudo_labels",
    "ring",
]
