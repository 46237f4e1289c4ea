"""Clips of a shape that moves and bounces: how they are drawn, and how a path is read from them."""

from typing import NamedTuple

import numpy as np

SIDE = 16  # pixels
FRAMES = 8
RADIUS = 2.5  # pixels, half a shape's width
KINDS = ("square", "disc", "cross")
BRIGHTNESS = (0.6, 1.0)  # lowest and highest, of a shape on a black background
SPEED = (1.0, 2.0)  # lowest and highest, in pixels a frame
LOW, HIGH = RADIUS, SIDE - RADIUS  # where a centre can be
TURN = 0.3  # radians: standard deviation of the turns of paths that break the law
_STEP = 0.125  # of the search for a path: pixels, and pixels a frame


class Scene(NamedTuple):
    """What clips show: a row for each clip.

    Attributes
    ----------
    kind : numpy.ndarray, int, shape [N]
        Indices into `KINDS`.
    brightness : numpy.ndarray, shape [N]
    start, velocity : numpy.ndarray, shape [N, 2]
        Place in the first frame, and pixels a frame: across, down.
    """

    kind: np.ndarray
    brightness: np.ndarray
    start: np.ndarray
    velocity: np.ndarray


def random_scenes(count: int, rng: np.random.Generator) -> Scene:
    """Draw scenes: kind, brightness, place, direction and speed are uniform."""
    angle, speed = rng.uniform(0, 2 * np.pi, count), rng.uniform(*SPEED, count)
    return Scene(
        rng.integers(len(KINDS), size=count),
        rng.uniform(*BRIGHTNESS, count),
        rng.uniform(LOW, HIGH, (count, 2)),
        speed[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
    )


def bounce(places: np.ndarray) -> np.ndarray:
    """Fold places on a line without walls into the space between two walls."""
    width = HIGH - LOW
    beyond = np.mod(np.asarray(places) - LOW, 2 * width)
    return LOW + np.minimum(beyond, 2 * width - beyond)


def paths(scenes: Scene, walls: bool = True) -> np.ndarray:
    """Return the centres [N, frames, 2] of scenes; without walls a shape may leave the picture."""
    time = np.arange(FRAMES)[:, None]
    straight = scenes.start[:, None] + time * scenes.velocity[:, None]
    return bounce(straight) if walls else straight


def draw(kind: np.ndarray, brightness: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Draw frames of shapes, with smooth edges.

    Parameters
    ----------
    kind, brightness : numpy.ndarray, shape [...]
    centres : numpy.ndarray, shape [..., 2]
        Across and down, in pixels from the corner.

    Returns
    -------
    numpy.ndarray, float32, shape [..., SIDE, SIDE, 1]
        In [−1, 1]; the background is −1.
    """
    pixels = np.arange(SIDE) + 0.5
    x = np.abs(pixels - centres[..., 0, None])[..., None, :]
    y = np.abs(pixels - centres[..., 1, None])[..., :, None]
    distances = np.stack(
        [
            np.maximum(x, y) - RADIUS,
            np.hypot(x, y) - RADIUS,
            np.minimum(np.maximum(x - RADIUS, y - 1), np.maximum(x - 1, y - RADIUS)),
        ]
    )
    which = np.asarray(kind)[None, ..., None, None]
    inside = np.clip(0.5 - np.take_along_axis(distances, which, axis=0)[0], 0, 1)
    frames = 2 * np.asarray(brightness)[..., None, None] * inside - 1
    return frames[..., None].astype(np.float32)


def film(scenes: Scene, along: np.ndarray | None = None) -> np.ndarray:
    """Draw clips, float32 [N, frames, SIDE, SIDE, 1], along the law's paths or along others."""
    along = paths(scenes) if along is None else along
    kind, brightness = (np.broadcast_to(row[:, None], along.shape[:2]) for row in scenes[:2])
    return draw(kind, brightness, along)


def turning_paths(scenes: Scene, rng: np.random.Generator) -> np.ndarray:
    """Return paths [N, frames, 2] that break the law: the direction changes from frame to frame."""
    turns = rng.normal(0, TURN, (len(scenes.kind), FRAMES - 1)).cumsum(axis=1)
    angle = np.arctan2(*scenes.velocity.T[::-1])[:, None] + turns
    speed = np.hypot(*scenes.velocity.T)[:, None]
    steps = np.stack([speed * np.cos(angle), speed * np.sin(angle)], axis=-1)
    first = scenes.start[:, None]
    return bounce(np.concatenate([first, first + steps.cumsum(axis=1)], axis=1))


def centres(frames: np.ndarray) -> np.ndarray:
    """Return the centre of brightness [..., 2] of frames, as weights the squares over a third.

    Where nothing is bright it is the middle of the picture.
    """
    light = np.clip((frames[..., 0].astype(float) + 1) / 2, 0, 1)
    weights = np.where(light > 0.2, light, 0)
    pixels = np.arange(SIDE) + 0.5
    total = weights.sum(axis=(-2, -1))
    x = (weights.sum(axis=-2) * pixels).sum(axis=-1)
    y = (weights.sum(axis=-1) * pixels).sum(axis=-1)
    dark = total == 0
    total = np.where(dark, 1, total)
    return np.where(dark[..., None], SIDE / 2, np.stack([x / total, y / total], axis=-1))


def read_shapes(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the drawn shape that is most like each frame.

    Each kind is drawn at the frame's centre of brightness, with the brightness that fits best.

    Returns
    -------
    kind, brightness : numpy.ndarray, shape [...]
    error : numpy.ndarray, shape [...]
        Root of the sum of squared differences, divided by that of the frame's own light: 0 for a
        drawn shape, near 1 for noise and for a dark frame.
    """
    light = (frames[..., 0].astype(float) + 1) / 2
    places, shape = centres(frames), frames.shape[:-3]
    energy = (light**2).sum(axis=(-2, -1))
    fits = []
    for kind in range(len(KINDS)):
        drawn = (draw(np.full(shape, kind), np.ones(shape), places)[..., 0] + 1) / 2
        brightness = (light * drawn).sum(axis=(-2, -1)) / (drawn**2).sum(axis=(-2, -1))
        gap = ((light - brightness[..., None, None] * drawn) ** 2).sum(axis=(-2, -1))
        fits.append((gap, brightness))
    gaps, levels = (np.stack(rows) for rows in zip(*fits, strict=True))
    best = gaps.argmin(axis=0)
    gap, brightness = (np.take_along_axis(some, best[None], axis=0)[0] for some in (gaps, levels))
    dark = energy < 1e-6
    return best, brightness, np.where(dark, 1, np.sqrt(gap / np.where(dark, 1, energy)))


def fit_paths(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the path at constant speed with bounces that is nearest to each of some paths.

    Parameters
    ----------
    places : numpy.ndarray, shape [N, frames, 2]

    Returns
    -------
    start, velocity : numpy.ndarray, shape [N, 2]
        The best of a grid, of steps of an eighth of a pixel (and a pixel a frame), each way alone.
    error : numpy.ndarray, shape [N]
        Root of the mean squared distance in pixels, over the frames.
    """
    starts = np.arange(LOW, HIGH + _STEP / 2, _STEP)
    speeds = np.arange(-SPEED[1], SPEED[1] + _STEP / 2, _STEP)
    first, slope = (grid.ravel() for grid in np.meshgrid(starts, speeds, indexing="ij"))
    known = bounce(first[:, None] + slope[:, None] * np.arange(FRAMES))
    best, squares = [], 0.0
    for axis in range(2):
        gaps = (known**2).sum(axis=1) - 2 * places[..., axis] @ known.T
        row = gaps.argmin(axis=1)
        squares = squares + ((places[..., axis] - known[row]) ** 2).mean(axis=1)
        best.append((first[row], slope[row]))
    start, velocity = (np.stack(pair, axis=1) for pair in zip(*best, strict=True))
    return start, velocity, np.sqrt(squares)
