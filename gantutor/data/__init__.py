"""Data for every chapter: digits, folders of images, shapes, letters, toy mixtures, classes."""

from gantutor.data.clusters import pseudo_labels
from gantutor.data.digits import load_digits, mnist
from gantutor.data.folder import image_folder
from gantutor.data.letters import LETTERS, draw_letters, split_letters
from gantutor.data.mixtures import GaussianMixture, grid, line, ring
from gantutor.data.shapes import SHAPES, draw_shapes

__all__ = [
    "LETTERS",
    "SHAPES",
    "GaussianMixture",
    "draw_letters",
    "draw_shapes",
    "grid",
    "image_folder",
    "line",
    "load_digits",
    "mnist",
    "pseudo_labels",
    "ring",
    "split_letters",
]
