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
        middle_depth, middle_width = rng.uniform(5, 6), rng.uniform(4, 5)
        depth, width = np.mgrid[:SIDE, :SIDE]
        distance = np.hypot(depth - middle_depth, width - middle_width)
        shape[:tall] = (distance <= radius) & (distance > radius - 1.4)
        shape[0] = distance <= radius
        low, high = int(rng.integers(1, 3)), tall - int(rng.integers(1, 3))
        out = int(np.flatnonzero(shape[1, 5]).max())
        reach = min(out + int(rng.integers(2, 4)), SIDE - 1)
        shape[[low, high], 5:7, out : reach + 1] = True
        shape[low : high + 1, 5:7, reach] = True
        return shape
    near, far = ((0, 4), (8, 13)) if kind == "table" else ((1, 5), (7, 12))
    front, left = rng.integers(*near, size=2)
    back, right = rng.integers(*far, size=2)
    top = int(rng.integers(5, 10)) if kind == "table" else int(rng.integers(3, 6))
    shape[top, front:back, left:right] = True
    for depth, width in np.ndindex(2, 2):  # four legs, each one or two cubes wide and deep
        thick, broad = 1 if back - front < 4 else rng.integers(1, 3), rng.integers(1, 3)
        deep = slice(front, front + thick) if depth == 0 else slice(back - thick, back)
        wide = slice(left, left + broad) if width == 0 else slice(right - broad, right)
        shape[:top, deep, wide] = True
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


def largest_piece(shape: np.ndarray) -> np.ndarray:
    """Return a shape without all cubes but those of its largest piece."""
    pieces, count = label(shape)
    if count == 0:
        return shape
    return pieces == np.bincount(pieces.reshape(-1))[1:].argmax() + 1


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


def neighbour_accuracies(real: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    """Return how often a shape's nearest other one is of its own set: of real and of made ones.

    Where several are equally near, each counts in part. ½ if the sets are alike.
    """
    both = np.concatenate([real, made])
    own = np.arange(len(both)) < len(real)
    between = distances(both, both) + 2 * np.eye(len(both))
    nearest = between <= between.min(axis=1, keepdims=True) + 1e-6
    share = (nearest * own).sum(axis=1) / nearest.sum(axis=1)
    return float(share[own].mean()), float(1 - share[~own].mean())
