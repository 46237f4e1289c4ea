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
    HIGH,
    KINDS,
    LOW,
    SIDE,
    bounce,
    centres,
    film,
    fit_paths,
    paths,
    random_scenes,
    read_shapes,
    turning_paths,
)
from gantutor.studies.moving_shapes.features import TASKS, describe
from gantutor.studies.moving_shapes.training import sample, train

STEPS = 2000  # updates of each network
TRAIN, TEST = 2000, 500  # clips to train on; clips held out, and as many are made
BLURS = (0.4, 0.5, 0.6, 0.7)  # pixels: standard deviations of the blur of blurred clips
NEAR = 0.5  # pixels: a lawful clip is at most so far from a path of the law
MOVING = (0.75, 2.25)  # pixels a frame: speeds of a lawful clip

KEYS = ("method",)
_PLAIN = ("real", "noise", "still", "shuffled", "turning", "stopping")
_PLAIN += ("recombined", "rendered", "rendered, no walls")
GANS = {
    "frames only": {"judges": ["frames"]},
    "both": {"judges": ["frames", "clips"]},
    "both, timed": {"judges": ["frames", "clips"], "motion": "timed"},
    "clips only": {"judges": ["clips"]},
}
SETTINGS = {name: {"method": name} for name in _PLAIN}
SETTINGS |= {f"blurred {blur}": {"method": "blurred", "blur": blur} for blur in BLURS}
SETTINGS |= {name: {"method": "gan", **more} for name, more in GANS.items()}

SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "shape_error": (0, 10),
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


def make(seed: int, method: str, blur: float = BLURS[-1]) -> np.ndarray:
    """Make `TEST` clips without a network.

    `method` is ``"real"``, fresh clips; ``"noise"``, uniform in each pixel; ``"still"``, the first
    frame of fresh clips, repeated; ``"shuffled"``, their frames in random order; ``"blurred"``,
    their frames blurred. ``"turning"`` and ``"stopping"`` are drawn as real clips are, but break
    the law: the direction changes all the time, or the shape stays at the first wall in its way.
    Three methods move the first frame of a clip trained on: ``"recombined"`` along the path that
    was read from another, ``"rendered"`` along a straight path that bounces, whose start and
    velocity come from a normal distribution, ``"rendered, no walls"`` without the bounce.
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
    if method == "blurred":
        return ndimage.gaussian_filter(real, (0, 0, blur, blur, 0))
    if method in ("turning", "stopping"):
        scenes = random_scenes(TEST, rng)
        turning = turning_paths(scenes, rng)
        stopping = paths(scenes, walls=False).clip(LOW, HIGH)
        return film(scenes, turning if method == "turning" else stopping)
    looks, moves = known[rng.integers(TRAIN, size=TEST), 0], known[rng.integers(TRAIN, size=TEST)]
    if method == "recombined":
        return _moved(looks, centres(moves))
    straight = _straight_paths(known, rng)
    return _moved(looks, bounce(straight) if method == "rendered" else straight)


def _straight_paths(known, rng):
    places = centres(known)
    numbers = np.concatenate([places[:, 0], places[:, 1] - places[:, 0]], axis=1)
    drawn = rng.multivariate_normal(numbers.mean(axis=0), np.cov(numbers.T), TEST)
    return drawn[:, None, :2] + np.arange(FRAMES)[:, None] * drawn[:, None, 2:]


def _moved(looks, along):
    by = along - centres(looks)[:, None]
    made = [
        [ndimage.shift(frame, (down, across, 0), order=1, cval=-1) for across, down in path]
        for frame, path in zip(looks, by, strict=True)
    ]
    return np.array(made, np.float32)


def run(seed: int, method: str, **more) -> dict[str, float]:
    """Make clips, and score them against clips held out.

    Parameters
    ----------
    seed : int
        Of the clips, and of all else.
    method : str
        ``"gan"``, or one of those that `make` knows.
    **more
        Of a GAN: arguments of `gantutor.studies.moving_shapes.training.train`; else of `make`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, and what `score` returns.
    """
    known, begin = clips(seed).train, time.process_time()
    if method == "gan":
        made = sample(train(known, STEPS, seed, **more), TEST, seeds.rng(seed, "noise"))
    else:
        made = make(seed, method, **more)
    seconds = time.process_time() - begin
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in score(made, seed).items()},
    }


def score(made: np.ndarray, seed: int) -> dict[str, float]:
    """Score clips by their frames, by their motion, and by Fréchet distances.

    Returns
    -------
    dict of float
        Of frames: ``shape_error``, the mean distance from the most similar drawn shape;
        ``rarest``, the share of the frames that is of the rarest kind. Of motion: ``path_error``,
        the mean distance in pixels from the nearest path of the law; ``speed``, the mean in
        pixels a frame of these paths; ``lawful``, the share of clips that move and stay within
        `NEAR` of such a path; ``path_mmd``, the squared maximum mean discrepancy of the centres'
        paths from those of clips held out. Of both: Fréchet distances of features trained to tell
        kinds (``kind_distance``), and to tell shuffled clips (``order_distance``).
    """
    test = clips(seed).test
    kinds, _, errors = read_shapes(made)
    places = centres(made)
    _, velocity, away = fit_paths(places)
    speed = np.hypot(*velocity.T)
    moving = (speed > MOVING[0]) & (speed < MOVING[1])
    rows = [(some.reshape(len(some), -1) - SIDE / 2) / 4 for some in (centres(test), places)]
    distances = {
        f"{task}_distance": metrics.frechet_distance(
            describe(test, task, seed), describe(made, task, seed)
        )
        for task in TASKS
    }
    return {
        "shape_error": errors.mean(),
        "rarest": np.bincount(kinds.ravel(), minlength=len(KINDS)).min() / kinds.size,
        "path_error": away.mean(),
        "speed": speed.mean(),
        "lawful": (moving & (away < NEAR)).mean(),
        "path_mmd": metrics.squared_mmd(*rows),
        **distances,
    }
