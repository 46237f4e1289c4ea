"""A photograph in the style of a picture: Gram matrices beside colours, a blend and the style."""

import time

import numpy as np
import skimage.data
from scipy.ndimage import gaussian_gradient_magnitude
from skimage.exposure import match_histograms
from skimage.transform import resize

from gantutor.runs import seeds
from gantutor.studies.textures.making import RandomFeatures, imitate, style_loss
from gantutor.studies.textures.study import pattern_distance

SIDE = 96
STYLES = {"tissue": "immunohistochemistry", "stars": "hubble_deep_field"}
WEIGHTS = (0.01, 0.1)  # of the content

KEYS = ("style", "method")
METHODS = {
    "photograph": {},
    "colours": {},
    "blend": {},
    "Gram, little content": {"content": WEIGHTS[0]},
    "Gram, much content": {"content": WEIGHTS[1]},
    "style picture": {},
}
SETTINGS = {
    (s, m): {"style": s, "method": m.split(",")[0], **more}
    for s in STYLES
    for m, more in METHODS.items()
}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "pattern": (0, np.inf),
    "kept": (-1, 1),
    "own": (0, np.inf),
}


def run(seed: int, style: str, method: str, content: float = 0.0) -> dict[str, float]:
    """Give a photograph the style of a part of a picture, and score style and content.

    Parameters
    ----------
    seed : int
        Chooses the part of the picture, and seeds the random filters.
    style : {"tissue", "stars"}
    method : {"photograph", "colours", "blend", "Gram", "style picture"}
    content : float
        Weight of the content, for Gram matrices.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; ``pattern``, the distance from another part
        of the picture (`gantutor.studies.textures.study.pattern_distance`); ``kept``, `edges_kept`;
        ``own``, the loss of the Gram matrices as a share of that of the photograph.
    """
    photo, (example, another) = photograph(), parts(style, seed)
    begin = time.process_time()
    network = RandomFeatures(3, seeds.number(seed, "generator"))
    image = make(method, photo, example, network, content)
    seconds = time.process_time() - begin
    scores = {
        "pattern": pattern_distance(another, image),
        "kept": edges_kept(photo, image),
        "own": style_loss(image, example, network) / style_loss(photo, example, network),
    }
    return {"seconds": round(seconds, 2), **{k: round(float(v), 4) for k, v in scores.items()}}


def photograph() -> np.ndarray:
    """Return the cat's face, [96, 96, 3] in [−1, 1]."""
    return _small(skimage.data.chelsea()[10:260, 100:350])


def parts(style: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two parts of a picture that do not overlap, each [96, 96, 3] in [−1, 1]."""
    picture = getattr(skimage.data, STYLES[style])()
    top = int(seeds.rng(seed, "data").integers(len(picture) - 255))
    halves = picture[top : top + 256, :256], picture[top : top + 256, 256:512]
    return tuple(_small(half) for half in halves)


def make(method, photo, style, network, content=0.0) -> np.ndarray:
    """Return a picture [96, 96, 3] by one of the methods of `run`."""
    if method == "Gram":
        return imitate(style, network, photo, content)
    colours = match_histograms(photo, style, channel_axis=-1).astype(np.float32)
    return {
        "photograph": photo,
        "colours": colours,
        "blend": (colours + style) / 2,
        "style picture": style,
    }[method]


def edges_kept(photo: np.ndarray, image: np.ndarray) -> float:
    """Return the correlation of the strengths of edges in two pictures [H, W, 3], seen in grey."""
    edges = [gaussian_gradient_magnitude(part.mean(axis=-1), 2) for part in (photo, image)]
    return float(np.corrcoef(edges[0].ravel(), edges[1].ravel())[0, 1])


def _small(picture):
    return (resize(picture / 255, (SIDE, SIDE), anti_aliasing=True) * 2 - 1).astype(np.float32)
