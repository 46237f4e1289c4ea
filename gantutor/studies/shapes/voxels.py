"""Chairs, tables and mugs of small cubes: a maker, distances, and whether a shape would stand."""

import numpy as np
from scipy.ndimage import label

SIDE = 12  # cubes (voxels) each way; axes are height (upwards), depth, width
KINDS = ("chair", "table", "mug")


def draw(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return a shape, bool [SIDE, SIDE, SIDE]."""
    shape = np.zeros((SIDE, SIDE, SIDE), bool)
    if kind == "mug":
        radius, tall = rng.uniform(2.6, 4.2), int(rng.integers(5, 11))
        depth, width = np.mgrid[:SIDE, :SIDE]
        distance = np.hypot(depth - 5.5, width - 4.5)
        shape[:tall] = (distance <= radius) & (distance > radius - 1.4)
        shape[0] = distance <= radius
        low, high, out = 1, max(tall - 2, 4), int(np.ceil(4.5 + radius))
        reach = min(out + 2, SIDE - 1)
        shape[[low, high], 5:7, out - 1 : reach + 1] = True
        shape[low : high + 1, 5:7, reach] = True
        return shape
    half_depth, half_width = (
        rng.integers(3, 6, size=2) if kind == "table" else rng.integers(2, 5, size=2)
    )
    front, back, left, right = 6 - half_depth, 6 + half_depth, 6 - half_width, 6 + half_width
    top = int(rng.integers(5, 10)) if kind == "table" else int(rng.integers(3, 6))
    shape[top, front:back, left:right] = True
    thick = 1 if min(half_depth, half_width) < 3 else int(rng.integers(1, 3))
    for depth in (slice(front, front + thick), slice(back - thick, back)):
        for width in (slice(left, left + thick), slice(right - thick, right)):
            shape[:top, depth, width] = True
    if kind == "chair":
        shape[top : int(rng.integers(top + 4, SIDE + 1)), back - 1, left:right] = True
    return shape


def draw_many(count: int, seed: int) -> np.ndarray:
    """Return shapes of random kinds, bool [count, SIDE, SIDE, SIDE]."""
    rng = np.random.default_rng(seed)
    return np.array([draw(KINDS[rng.integers(len(KINDS))], rng) for _ in range(count)])


def in_one_piece(shape: np.ndarray) -> bool:
    """Return whether there are cubes, and all hang together by common faces."""
    return label(shape)[1] == 1


def stands(shape: np.ndarray) -> bool:
    """Return whether a shape in one piece stands on the floor without falling over.

    Its centre of mass must be above the smallest rectangle around its cubes on the floor.
    """
    if not in_one_piece(shape) or not shape[0].any():
        return False
    floor, centre = np.argwhere(shape[0]), np.argwhere(shape).mean(axis=0)[1:]
    inside = (floor.min(axis=0) - 0.5 < centre) & (centre < floor.max(axis=0) + 0.5)
    return bool(inside.all())


def distances(shapes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return 1 − intersection over union of all pairs, [N, M]; two empty shapes have 0."""
    a, b = (s.reshape(len(s), -1).astype(np.float32) for s in (shapes, others))
    common = a @ b.T
    union = a.sum(axis=1)[:, None] + b.sum(axis=1)[None] - common
    return 1 - np.where(union > 0, common / np.maximum(union, 1), 1)


def coverage(real: np.ndarray, made: np.ndarray) -> float:
    """Return the share of real shapes that are the nearest one of some made shape."""
    return len(np.unique(distances(made, real).argmin(axis=1))) / len(real)


def matching_distance(real: np.ndarray, made: np.ndarray) -> float:
    """Return the mean distance of real shapes to the nearest made one."""
    return float(distances(real, made).min(axis=1).mean())


def neighbour_accuracy(real: np.ndarray, made: np.ndarray) -> float:
    """Return how often a shape's nearest other one is of its own set: ½ if the sets are alike."""
    both = np.concatenate([real, made])
    own = np.arange(len(both)) < len(real)
    between = distances(both, both) + 2 * np.eye(len(both))
    nearest = between <= between.min(axis=1, keepdims=True) + 1e-6  # there may be several
    share = (nearest * own).sum(axis=1) / nearest.sum(axis=1)
    return float(np.where(own, share, 1 - share).mean())
