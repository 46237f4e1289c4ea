"""Clips of a moving shape: GANs that judge frames, clips or both, beside plain methods."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from gantutor import metrics
from gantutor.runs import seeds
from gantutor.studies.moving_shapes.clips import (
    FRAMES,
    KINDS,
    SIDE,
    centres,
    film,
    fit_paths,
    random_scenes,
    read_shapes,
)
from gantutor.studies.moving_shapes.features import describe
from gantutor.studies.moving_shapes.training import sample, train

STEPS = 2000  # updates of each network
TRAIN, TEST = 2000, 500  # clips to train on; clips held out, and as many are made
COMPONENTS = 60  # of the normal distribution of whole clips
SOFT = 0.7  # pixels: standard deviation of the blur of softened clips
NEAR = 0.5  # pixels: a lawful clip is at most so far from a path of the law
MOVING = (0.75, 2.25)  # pixels a frame: speeds of a lawful clip

KEYS = ("method",)
_PLAIN = ("real", "noise", "still", "shuffled", "softened", "components", "recombined")
_GANS = {
    "frames only": {"judges": ["frames"]},
    "clips only": {"judges": ["clips"]},
    "both": {"judges": ["frames", "clips"]},
    "both, fresh": {"judges": ["frames", "clips"], "motion": "fresh"},
}
SETTINGS = {name: {"method": name} for name in _PLAIN} | {
    name: {"method": "gan", **more} for name, more in _GANS.items()
}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "shape_error": (0, 10),
    "same_kind": (0, 1),
    "rarest": (0, 1 / 3),
    "path_error": (0, 16),
    "speed": (0, 3),
    "lawful": (0, 1),
    "path_mmd": (-1, np.inf),
    "kind_distance": (0, np.inf),
    "order_distance": (0, np.inf),
}


class Clips(NamedTuple):
    """Clips of one seed, float32 [N, frames, 16, 16, 1] in [−1, 1].

    Attributes
    ----------
    train, test : numpy.ndarray
        What methods may use, and what they are scored with.
    fresh : numpy.ndarray
        As many real clips again, seen by nobody.
    """

    train: np.ndarray
    test: np.ndarray
    fresh: np.ndarray


@cache
def clips(seed: int) -> Clips:
    """Draw the clips of a seed."""
    rng = seeds.rng(seed, "data")
    return Clips(*(film(random_scenes(n, rng)) for n in (TRAIN, TEST, TEST)))


def make(seed: int, method: str) -> np.ndarray:
    """Make `TEST` clips without a network.

    `method` is ``"real"``, fresh clips; ``"noise"``, uniform in each pixel; ``"still"``, the first
    frame of fresh clips, repeated; ``"shuffled"``, their frames in random order; ``"softened"``,
    fresh clips, blurred a little; ``"components"``, a normal distribution of whole clips, fitted
    to the principal components of those trained on; or ``"recombined"``, the first frame of one
    clip trained on, moved along the path that was read from another.
    """
    rng = seeds.rng(seed, "noise")
    known, _, real = clips(seed)
    if method == "real":
        return real
    if method == "noise":
        return rng.uniform(-1, 1, real.shape).astype(np.float32)
    if method == "still":
        return np.repeat(real[:, :1], FRAMES, axis=1)
    if method == "shuffled":
        order = rng.permuted(np.tile(np.arange(FRAMES), (TEST, 1)), axis=1)
        return real[np.arange(TEST)[:, None], order]
    if method == "softened":
        return ndimage.gaussian_filter(real, (0, 0, SOFT, SOFT, 0))
    if method == "components":
        return _components(known, rng)
    looks, moves = known[rng.integers(TRAIN, size=TEST), 0], known[rng.integers(TRAIN, size=TEST)]
    by = centres(moves) - centres(looks)[:, None]
    made = [
        [ndimage.shift(frame, (down, across, 0), order=1, cval=-1) for across, down in path]
        for frame, path in zip(looks, by, strict=True)
    ]
    return np.array(made, np.float32)


def _components(known, rng):
    rows = known.reshape(len(known), -1)
    mean = rows.mean(axis=0)
    _, spread, directions = np.linalg.svd(rows - mean, full_matrices=False)
    scales = spread[:COMPONENTS] / np.sqrt(len(rows) - 1)
    numbers = rng.standard_normal((TEST, COMPONENTS)) * scales
    made = mean + numbers @ directions[:COMPONENTS]
    return made.reshape(TEST, *known.shape[1:]).clip(-1, 1).astype(np.float32)


def run(seed: int, method: str, **training) -> dict[str, float]:
    """Make clips, and score them against clips held out.

    Parameters
    ----------
    seed : int
        Of the clips, and of all else.
    method : str
        ``"gan"``, or one of those that `make` knows.
    **training
        Of a GAN: arguments of `gantutor.studies.moving_shapes.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, and what `score` returns.
    """
    known, begin = clips(seed).train, time.process_time()
    if method == "gan":
        made = sample(train(known, STEPS, seed, **training), TEST, seeds.rng(seed, "noise"))
    else:
        made = make(seed, method)
    seconds = time.process_time() - begin
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in score(made, seed).items()},
    }


def score(made: np.ndarray, seed: int) -> dict[str, float]:
    """Score clips by their frames, by their motion, and by two Fréchet distances.

    Returns
    -------
    dict of float
        Of frames: ``shape_error``, the mean distance from the most similar drawn shape;
        ``same_kind``, the share of clips whose frames are all read as one kind; ``rarest``, the
        share of the frames that is of the rarest kind. Of motion: ``path_error``, the mean
        distance in pixels from the nearest path of the law; ``speed``, the mean in pixels a frame
        of these paths; ``lawful``, the share of clips that move and stay near such a path;
        ``path_mmd``, the squared maximum mean discrepancy of the centres' paths. Of both:
        ``kind_distance`` and ``order_distance``, Fréchet distances of features that were trained
        to tell kinds, and to tell shuffled clips.
    """
    test = clips(seed).test
    kinds, _, errors = read_shapes(made)
    places = centres(made)
    _, velocity, away = fit_paths(places)
    speed = np.hypot(*velocity.T)
    lawful = (away < NEAR) & (speed > MOVING[0]) & (speed < MOVING[1])
    paths = [(some.reshape(len(some), -1) - SIDE / 2) / 4 for some in (centres(test), places)]
    distances = {
        f"{task}_distance": metrics.frechet_distance(
            describe(test, task, seed), describe(made, task, seed)
        )
        for task in ("kind", "order")
    }
    return {
        "shape_error": errors.mean(),
        "same_kind": (kinds == kinds[:, :1]).all(axis=1).mean(),
        "rarest": np.bincount(kinds.ravel(), minlength=len(KINDS)).min() / kinds.size,
        "path_error": away.mean(),
        "speed": speed.mean(),
        "lawful": lawful.mean(),
        "path_mmd": metrics.squared_mmd(*paths),
        **distances,
    }
