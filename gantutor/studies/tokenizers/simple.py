"""Codes of 80 bits without a network, a curve for contrast, and a simple model of codes."""

from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans

SIDE, PATCH = 4, 7  # 4 × 4 patches of 7 × 7 pixels
ENTRIES = 32
BITS = SIDE * SIDE * 5


def to_patches(images: np.ndarray) -> np.ndarray:
    """Return the patches [N, 4, 4, 49] of images [N, 28, 28, 1]."""
    rows = images.reshape(-1, SIDE, PATCH, SIDE, PATCH).transpose(0, 1, 3, 2, 4)
    return rows.reshape(-1, SIDE, SIDE, PATCH * PATCH)


def from_patches(patches: np.ndarray) -> np.ndarray:
    """Return the images of patches."""
    rows = patches.reshape(-1, SIDE, SIDE, PATCH, PATCH).transpose(0, 1, 3, 2, 4)
    return rows.reshape(-1, SIDE * PATCH, SIDE * PATCH, 1)


class Patches:
    """A codebook of 32 patches, the centres that k-means finds: 16 codes of 5 bits.

    With `regression` the decoder is a ridge regression of a patch's pixels on its own code and
    those of its eight neighbours.
    """

    def __init__(self, train: np.ndarray, seed: int, regression: bool = False):
        patches = to_patches(train)
        rows = patches.reshape(-1, PATCH * PATCH)
        self.means = MiniBatchKMeans(ENTRIES, n_init=3, random_state=seed).fit(rows)
        self.weights = None
        if regression:
            near = self._neighbours(self.encode(train)).reshape(len(rows), -1)
            square = near.T @ near + np.eye(near.shape[1])
            self.weights = np.linalg.solve(square, near.T @ rows)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the codes, int, shape [N, 4, 4]."""
        rows = to_patches(images).reshape(-1, PATCH * PATCH)
        return self.means.predict(rows).reshape(-1, SIDE, SIDE)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return images."""
        if self.weights is None:
            patches = self.means.cluster_centers_[codes]
        else:
            patches = self._neighbours(codes) @ self.weights
        return from_patches(patches).clip(-1, 1).astype(np.float32)

    @staticmethod
    def _neighbours(codes):
        """Return [N, 4, 4, 9 · 33]: which code stands in each of nine places, 0 for none."""
        padded = np.pad(codes + 1, ((0, 0), (1, 1), (1, 1)))
        near = [padded[:, i : i + SIDE, j : j + SIDE] for i in range(3) for j in range(3)]
        return np.concatenate([np.eye(ENTRIES + 1)[place] for place in near], axis=-1)


def principal_components(train: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return images coded by principal components in 80 bits, and the bits of each component.

    One bit after the other goes to the component whose error would be largest, counting that each
    bit divides the variance by four; k-means finds the levels of each.
    """
    rows = train.reshape(len(train), -1).astype(np.float64)
    mean = rows.mean(axis=0)
    _, scales, axes = np.linalg.svd(rows - mean, full_matrices=False)
    bits = np.zeros(len(scales), int)
    for _ in range(BITS):
        bits[np.argmax(scales**2 / 4.0**bits)] += 1
    count = np.count_nonzero(bits)
    known = (rows - mean) @ axes[:count].T
    found = (images.reshape(len(images), -1) - mean) @ axes[:count].T
    for i in range(count):
        levels = KMeans(2 ** bits[i], n_init=1, random_state=0).fit(known[:, i : i + 1])
        found[:, i] = levels.cluster_centers_[levels.predict(found[:, i : i + 1]), 0]
    made = (found @ axes[:count] + mean).clip(-1, 1).astype(np.float32)
    return made.reshape(images.shape), bits[:count]


def nearest(train: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Return the training digit that is nearest to each image."""
    known, rows = train.reshape(len(train), -1), images.reshape(len(images), -1)
    squares = (known**2).sum(axis=1) - 2 * rows @ known.T
    return train[squares.argmin(axis=1)]


def contrast(made: np.ndarray, real: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the rising curve that gives the pixels of `made` the distribution of those of `real`.

    Both are of training digits; the curve is then used on any image.
    """
    shares = np.linspace(0, 1, 513)
    given, wanted = np.quantile(made, shares), np.quantile(real, shares)
    given, first = np.unique(given, return_index=True)
    return lambda images: np.interp(images, given, wanted[first]).astype(np.float32)


def draw_codes(codes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw codes [count, 4, 4] one after the other, each given its left and its upper neighbour.

    With frequencies p of the training codes at each place, and half a code added to each count, a
    code has a probability in proportion to p(code | left) · p(code | above) / p(code).
    """
    drawn = np.zeros((count, SIDE, SIDE), int)
    eye = np.eye(ENTRIES)
    for row in range(SIDE):
        for column in range(SIDE):
            here = eye[codes[:, row, column]]
            alone = np.log(here.sum(axis=0) + 0.5)
            logs = np.tile(alone - np.log(np.exp(alone).sum()), (count, 1))
            total = logs.copy()
            for i, j in ((row, column - 1), (row - 1, column)):
                if min(i, j) >= 0:
                    pairs = eye[codes[:, i, j]].T @ here + 0.5
                    given = np.log(pairs / pairs.sum(axis=1, keepdims=True))
                    total += given[drawn[:, i, j]] - logs
            noise = rng.gumbel(size=total.shape)  # the largest sum is a draw from the probabilities
            drawn[:, row, column] = np.argmax(total + noise, axis=1)
    return drawn
