"""A photograph in the style of a picture: Gram matrices beside colours, a blend and the style."""

import time

import numpy as np
import skimage.data
from scipy.ndimage import gaussian_gradient_magnitude
from skimage.exposure import match_histograms
from skimage.transform import resize

from gantutor.runs import seeds
from gantutor.studies.style_transfer.features import trained
from gantutor.studies.textures.making import RandomFeatures, imitate, style_loss
from gantutor.studies.textures.study import pattern_distance

SIDE = 96
STYLES = {"tissue": "immunohistochemistry", "stars": "hubble_deep_field"}
WEIGHT = 0.03  # of the content

KEYS = ("style", "method")
METHODS = (
    "photograph",
    "one colour",
    "colours",
    "blend",
    "Gram, random",
    "Gram, trained",
    "style picture",
)
SETTINGS = {(s, m): {"style": s, "method": m} for s in STYLES for m in METHODS}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "pattern": (0, np.inf),
    "kept": (-1, 1),
    "taken": (-1, 1),
    "random": (0, np.inf),
    "trained": (0, np.inf),
    "accuracy": (0, 1),
}


def run(seed: int, style: str, method: str) -> dict[str, float]:
    """Give a photograph the style of a part of a picture, and score style and content.

    Parameters
    ----------
    seed : int
        Chooses the part of the picture, and seeds the filters and their training.
    style : {"tissue", "stars"}
    method : str
        One of `METHODS`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, without the training of filters;
        ``pattern``, the distance from another part of the picture
        (`gantutor.studies.textures.study.pattern_distance`); ``kept`` and ``taken``,
        `edges_shared` with the photograph and with the style picture; ``random`` and ``trained``,
        the loss of the Gram matrices of these filters, as a share of that of the photograph;
        ``accuracy`` of the classifier whose filters were trained.
    """
    photo, (example, another) = photograph(), parts(style, seed)
    filters, accuracy = networks(seed)
    begin = time.process_time()
    image = make(method, photo, example, filters)
    seconds = time.process_time() - begin
    scores = {
        "seconds": round(seconds, 2),
        "pattern": pattern_distance(another, image),
        "kept": edges_shared(photo, image),
        "taken": edges_shared(example, image),
        "accuracy": accuracy,
    }
    for name, network in filters.items():
        losses = [style_loss(picture, example, network) for picture in (image, photo)]
        scores[name] = losses[0] / losses[1]
    return {name: round(float(value), 4) for name, value in scores.items()}


def networks(seed: int) -> tuple[dict[str, RandomFeatures], float]:
    """Return random filters, what training makes of them, and how well they classify."""
    random = RandomFeatures(3, seeds.number(seed, "generator"))
    learnt, accuracy = trained(seed)
    return {"random": random, "trained": learnt}, accuracy


def photograph() -> np.ndarray:
    """Return the cat's face, [96, 96, 3] in [−1, 1]."""
    return _small(skimage.data.chelsea()[10:260, 100:350])


def parts(style: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two parts of a picture that do not overlap, each [96, 96, 3] in [−1, 1]."""
    picture = getattr(skimage.data, STYLES[style])()
    top = int(seeds.rng(seed, "data").integers(len(picture) - 255))
    halves = picture[top : top + 256, :256], picture[top : top + 256, 256:512]
    return tuple(_small(half) for half in halves)


def make(method, photo, style, filters) -> np.ndarray:
    """Return a picture [96, 96, 3] by one of `METHODS`, for pictures of that size."""
    colours = match_histograms(photo, style, channel_axis=-1).astype(np.float32)
    if method.startswith("Gram"):
        return imitate(style, filters[method.removeprefix("Gram, ")], colours, WEIGHT)
    return {
        "photograph": photo,
        "one colour": np.zeros_like(photo) + np.median(style, axis=(0, 1)),
        "colours": colours,
        "blend": (colours + style) / 2,
        "style picture": style,
    }[method]


def edges_shared(picture: np.ndarray, image: np.ndarray) -> float:
    """Return the correlation of the strengths of edges in two pictures [H, W, 3], seen in grey.

    It is 0 if one of them has no edges.
    """
    edges = [gaussian_gradient_magnitude(part.mean(axis=-1), 2) for part in (picture, image)]
    if min(part.std() for part in edges) < 1e-6:
        return 0.0
    return float(np.corrcoef(edges[0].ravel(), edges[1].ravel())[0, 1])


def _small(picture):
    return (resize(picture / 255, (SIDE, SIDE), anti_aliasing=True) * 2 - 1).astype(np.float32)
