"""Faces enlarged from 6 × 6 pixels: how much of what is added is true."""

import time

import numpy as np
from skimage.data import lfw_subset

from gantutor.runs import seeds
from gantutor.studies.super_resolution.images import as_tensor, bicubic, repeat, sharpen, shrink
from gantutor.studies.super_resolution.training import Pairs, apply, train

STEPS = 300  # updates of each network
HELD_OUT = 25  # faces
SIDE = 24  # pixels of a face

KEYS = ("setting",)
SETTINGS = {
    "bicubic": {"method": "bicubic"},
    "bicubic, sharpened": {"method": "sharpened"},
    "back-projection": {"method": "projection"},
    "average face": {"method": "average"},
    "nearest face": {"method": "nearest"},
    "linear": {"method": "linear"},
    "L1": {"method": "network"},
    "adversarial 0.1": {"method": "network", "adversarial": 0.1},
    "truth": {"method": "truth"},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "psnr": (0, 100),
    "consistency": (0, 100),
    "strength": (0, np.inf),
    "agreement": (-1, 1.001),
    "own": (-1, 1.001),
    "right_small": (0, 1),
}


def run(seed: int, method: str, adversarial: float = 0.0, steps: int = STEPS) -> dict[str, float]:
    """Enlarge 25 faces four times by a method that has learnt from 75 others.

    Parameters
    ----------
    seed : int
        Seed of the choice of faces, and of all weights and batches.
    method : str
        Of `SETTINGS`. Bicubic interpolation; after an unsharp mask of amount 1; with each block's
        mean set to what the small image says; with the mean details of the training faces, or
        those of the training face whose small image is nearest; linear regression of all pixels on
        all small ones; the upscaler of the study `super_resolution`; the face itself.
    adversarial : float
        Weight of the discriminator's judgement.
    steps : int
        Updates of the network.

    Returns
    -------
    dict of float
        ``seconds`` of training, this process's time on processors; and what `score` returns.
    """
    known, faces = split(seed)
    begin = time.process_time()
    upscale = fit(known, method, seed, adversarial, steps)
    seconds = time.process_time() - begin
    made = faces if method == "truth" else upscale(shrink(faces))
    return {"seconds": round(seconds, 2), **score(made, faces)}


def load_faces() -> np.ndarray:
    """Return the 100 faces of scikit-image, float32 [100, 24, 24, 1] in [−1, 1]."""
    return (2 * lfw_subset()[:100, :SIDE, :SIDE, None] - 1).astype(np.float32)


def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 75 faces to learn from, and 25 others."""
    faces = load_faces()
    order = seeds.rng(seed, "data").permutation(len(faces))
    return faces[order[HELD_OUT:]], faces[order[:HELD_OUT]]


def bicubics(smalls: np.ndarray) -> np.ndarray:
    """Return small images [N, h, w, 1] enlarged by bicubic interpolation."""
    return np.stack([bicubic(small) for small in smalls])


def details(faces: np.ndarray) -> np.ndarray:
    """Return faces minus the bicubic interpolation of their small images."""
    return faces - bicubics(shrink(faces))


def fit(known, method, seed=0, adversarial=0.0, steps=STEPS):
    """Return a function from small faces [N, 6, 6, 1] to large ones [N, 24, 24, 1]."""
    known_small = shrink(known)
    if method == "network":
        pairs = Pairs([[small] for small in known_small], list(known), seed, side=6)
        pairs.draw = _upright(known_small, known, pairs.random)
        network = train(pairs, steps, seed, adversarial)
        return lambda smalls: np.stack([apply(network, small) for small in smalls])
    if method == "linear":
        return _fit_rows(known_small, known)
    return {
        "bicubic": bicubics,
        "sharpened": lambda smalls: np.stack([sharpen(i, 1.0) for i in bicubics(smalls)]),
        "projection": lambda smalls: bicubics(smalls) - _known(bicubics(smalls)) + _spread(smalls),
        "average": lambda smalls: bicubics(smalls) + details(known).mean(axis=0),
        "nearest": lambda smalls: bicubics(smalls) + details(known)[_nearest(smalls, known_small)],
        "truth": None,
    }[method]


def hidden(images: np.ndarray) -> np.ndarray:
    """Return images without the means of their blocks: what their small versions do not say."""
    return images - _known(images)


def score(made: np.ndarray, faces: np.ndarray) -> dict[str, float]:
    """Return how near faces are to the true ones, and how much of what is added is true.

    What a method adds is its face minus the bicubic interpolation of the small image, and what is
    missing is the true face minus it. Of both only the `hidden` part is compared.

    Parameters
    ----------
    made, faces : numpy.ndarray, float32, shape [N, 24, 24, 1]

    Returns
    -------
    dict of float
        ``psnr``; ``consistency``, the PSNR of the shrunk faces to the small images, both cut off
        at 100; ``strength``, the deviation of what is added as a share of that of what is missing;
        ``agreement``, the mean correlation of the two; ``own``, the same after the mean over the
        faces is taken away from either, so that only what differs between faces counts;
        ``right_small``, the share of shrunk faces that are nearest to the right small image.
    """
    smalls = shrink(faces)
    added, missing = hidden(made - bicubics(smalls)), hidden(details(faces))
    parted = [part - part.mean(axis=0) for part in (added, missing)]
    found = {
        "psnr": _psnr(made, faces),
        "consistency": _psnr(shrink(made), smalls),
        "strength": added.std() / missing.std(),
        "agreement": np.diag(correlations(added, missing)).mean(),
        "own": np.diag(correlations(*parted)).mean(),
        "right_small": np.mean(_nearest(shrink(made), smalls) == np.arange(len(faces))),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def correlations(drawn: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the correlation of each image of one set with each of another, shape [N, M]."""
    rows = [part.reshape(len(part), -1) for part in (drawn, true)]
    rows = [part - part.mean(axis=1, keepdims=True) for part in rows]
    first, second = (part / (np.linalg.norm(part, axis=1, keepdims=True) + 1e-4) for part in rows)
    return first @ second.T


def _spread(smalls):
    return np.stack([repeat(small) for small in smalls])


def _known(images):
    return _spread(shrink(images))


def _nearest(smalls, known_small):
    rows = [part.reshape(len(part), 1, -1) for part in (smalls, known_small)]
    return np.abs(rows[0] - rows[1].swapaxes(0, 1)).mean(axis=2).argmin(axis=1)


def _psnr(first, second):
    error = np.mean((first - second).astype(float) ** 2, axis=(1, 2, 3))
    return np.mean(10 * np.log10(4 / error.clip(4e-10)))


def _fit_rows(smalls, larges, ridge=0.02):
    x, y = (part.reshape(len(part), -1).astype(np.float64) for part in (smalls, details(larges)))
    centre, mean = x.mean(axis=0), y.mean(axis=0)
    squares = (x - centre).T @ (x - centre) + ridge * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(squares, (x - centre).T @ (y - mean))

    def upscale(smalls):
        drawn = (smalls.reshape(len(smalls), -1) - centre) @ weights + mean
        return (bicubics(smalls) + drawn.reshape(-1, SIDE, SIDE, 1)).astype(np.float32)

    return upscale


def _upright(smalls, larges, random):
    """Return a way to draw pairs that are mirrored at random, but not turned."""

    def draw(count=16):
        rows, flip = random.integers(len(smalls), size=count), random.integers(2)
        pair = [part[rows][:, :, :: -1 if flip else 1] for part in (smalls, larges)]
        return tuple(as_tensor(part) for part in pair)

    return draw
