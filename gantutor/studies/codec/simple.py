"""Codecs of 1,500 bits a second without a network: k-means of bands, of pieces, and components."""

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans

ENTRIES = 64  # of each stage: 6 bits
PIECE, PIECE_STAGES = 32, 2  # samples and stages: 12 bits for 8 ms
BAND_STAGES = 4  # 24 bits for a frame of 64 samples, 16 ms
BLOCK, BLOCK_BITS = 128, 48  # samples and bits of the components: 48 bits for 32 ms


class Stages:
    """k-means of rows, then k-means of what is left over, and so on."""

    def __init__(self, rows: np.ndarray, stages: int, seed: int):
        self.books, left = [], rows
        for _ in range(stages):
            self.books.append(MiniBatchKMeans(ENTRIES, n_init=3, random_state=seed).fit(left))
            left = left - self.books[-1].cluster_centers_[self.books[-1].labels_]

    def encode(self, rows: np.ndarray) -> np.ndarray:
        """Return numbers, int, shape [N, stages], of rows [N, d]."""
        numbers, left = [], rows
        for book in self.books:
            numbers.append(book.predict(left))
            left = left - book.cluster_centers_[numbers[-1]]
        return np.stack(numbers, axis=1)

    def decode(self, numbers: np.ndarray) -> np.ndarray:
        """Return the sums of the centres."""
        return sum(
            book.cluster_centers_[column]
            for book, column in zip(self.books, numbers.T, strict=True)
        )


def code_bands(train: np.ndarray, bands: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return coded bands [N, 24, T + 1], and their numbers [N, stages, T]; the last is repeated."""
    frames = train.transpose(0, 2, 1).reshape(-1, train.shape[1])
    stages = Stages(frames, BAND_STAGES, seed)
    rows = bands[:, :, :-1].transpose(0, 2, 1)
    numbers = stages.encode(rows.reshape(-1, bands.shape[1]))
    coded = stages.decode(numbers).reshape(rows.shape).transpose(0, 2, 1)
    coded = np.concatenate([coded, coded[:, :, -1:]], axis=2)
    return coded, numbers.reshape(len(bands), -1, BAND_STAGES).transpose(0, 2, 1)


def code_pieces(train: np.ndarray, waves: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return waves made of coded pieces of 32 samples, and their numbers [N, stages, T]."""
    stages = Stages(train.reshape(-1, PIECE), PIECE_STAGES, seed)
    numbers = stages.encode(waves.reshape(-1, PIECE))
    coded = stages.decode(numbers).reshape(waves.shape)
    return coded, numbers.reshape(len(waves), -1, PIECE_STAGES).transpose(0, 2, 1)


def code_components(train: np.ndarray, waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return waves made of the coded components of blocks, and the bits of each component.

    One bit after the other goes to the principal component whose error would be largest, counting
    that each bit divides the variance by four; k-means finds the levels of each.
    """
    rows, found = train.reshape(-1, BLOCK).astype(float), waves.reshape(-1, BLOCK)
    mean = rows.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(rows.T))
    variances, axes = variances[::-1], axes[:, ::-1]
    bits = np.zeros(BLOCK, int)
    for _ in range(BLOCK_BITS):
        bits[np.argmax(variances / 4.0**bits)] += 1
    count = np.count_nonzero(bits)
    known, found = (rows - mean) @ axes[:, :count], (found - mean) @ axes[:, :count]
    for i in range(count):
        levels = KMeans(2 ** bits[i], n_init=1, random_state=0).fit(known[:, i : i + 1])
        found[:, i] = levels.cluster_centers_[levels.predict(found[:, i : i + 1]), 0]
    return (found @ axes[:, :count].T + mean).reshape(waves.shape), bits[:count]
