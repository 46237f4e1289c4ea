"""Tiles of terrain and of photographs, divided into regions, and what makes tiles without a GAN."""

from functools import cache

import numpy as np
from matplotlib.cbook import get_sample_data

from gantutor.runs import seeds
from gantutor.studies.super_resolution.images import PHOTOGRAPHS, load_photograph

SIDE = 32  # of a tile, in pixels
BLOCKS = 4  # the terrain is cut into so many blocks down and across
HELD_OUT = 4  # of the 16 blocks of terrain, or of the 12 photographs
LARGEST = 3.0  # standard deviations of the training tiles' pixels that are drawn as ±1


@cache
def regions(kind: str) -> list[np.ndarray]:
    """Return what is divided between training and reference, arrays [H, W] that share no pixel.

    Parameters
    ----------
    kind : {"terrain", "photographs"}
        Heights in metres of a mountain region that comes with Matplotlib, in 16 blocks; or 12 grey
        photographs of half their size.
    """
    if kind == "terrain":
        with np.load(get_sample_data("jacksboro_fault_dem.npz", asfileobj=False)) as file:
            heights = file["elevation"].astype(np.float32)
        rows = np.array_split(heights, BLOCKS, axis=0)
        return [block for row in rows for block in np.array_split(row, BLOCKS, axis=1)]
    photographs = []
    for name in PHOTOGRAPHS:
        grey = load_photograph(name)[..., 0]
        height, width = grey.shape
        photographs.append(grey.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)))
    return photographs


def split(kind: str, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the regions to train on and those held out, chosen anew by each seed."""
    order = seeds.rng(seed, "data").permutation(len(regions(kind)))
    chosen = [regions(kind)[number] for number in order]
    return chosen[HELD_OUT:], chosen[:HELD_OUT]


def draw(areas: list[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """Return tiles [count, 32, 32] from anywhere in some regions, turned, without their mean."""
    tiles = np.empty((count, SIDE, SIDE), np.float32)
    for tile, which in zip(tiles, random.integers(len(areas), size=count), strict=True):
        top, left = (random.integers(side - SIDE + 1) for side in areas[which].shape)
        part = np.rot90(areas[which][top : top + SIDE, left : left + SIDE], random.integers(4))
        tile[:] = part[:, ::-1] if random.integers(2) else part
    return tiles - tiles.mean(axis=(1, 2), keepdims=True)


def load(kind: str, seed: int, count: int) -> dict[str, np.ndarray]:
    """Return tiles in [−1, 1], float32 [count, 32, 32, 1].

    Returns
    -------
    dict of numpy.ndarray
        ``train``; ``copies``, others of the same regions; ``held_out`` and ``ceiling``, both from
        the regions held out. All are divided by three standard deviations of ``train``.
    """
    train, held_out = split(kind, seed)
    areas = {"train": train, "copies": train, "held_out": held_out, "ceiling": held_out}
    drawn = {
        name: draw(areas[name], count, seeds.rng(seed, "data", place))
        for place, name in enumerate(areas, 1)
    }
    largest = LARGEST * drawn["train"].std()
    return {name: (tiles / largest).clip(-1, 1)[..., None] for name, tiles in drawn.items()}


def make(method: str, train: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Make tiles [count, 32, 32, 1] without a network.

    Parameters
    ----------
    method : {"blank", "noise", "random phases", "Gaussian"}
        Zeros; independent pixels with the deviation of the training tiles; random training tiles,
        of which each wave keeps its strength and is moved to a random place; a normal distribution
        with the covariance of all pixels of the training tiles.
    train : numpy.ndarray, float32, shape [N, 32, 32, 1]
    count : int
    random : numpy.random.Generator
    """
    shape = (count, SIDE, SIDE, 1)
    if method == "blank":
        return np.zeros(shape, np.float32)
    if method == "noise":
        return random.normal(0, train.std(), shape).astype(np.float32).clip(-1, 1)
    if method == "random phases":
        # Beside their mirror images the tiles' borders fit together, and make no waves.
        pad = ((0, 0), (0, SIDE), (0, SIDE))
        mirrored = np.pad(random.choice(train[..., 0], count), pad, mode="symmetric")
        noise = np.fft.fft2(random.normal(size=mirrored.shape))
        made = np.fft.ifft2(np.abs(np.fft.fft2(mirrored)) * noise / np.abs(noise)).real
        return made[:, :SIDE, :SIDE, None].clip(-1, 1).astype(np.float32)
    rows = train.reshape(len(train), -1).astype(np.float64)
    values, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    weights = random.normal(size=(count, SIDE**2)) * np.sqrt(values.clip(0))
    made = weights @ axes.T
    return made.reshape(shape).clip(-1, 1).astype(np.float32)


def rescale(made: np.ndarray, train: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Give each tile [32, 32, 1] the mean 0 and the standard deviation of a random training tile.

    A tile of one grey stays so.
    """
    made = made - made.mean(axis=(1, 2), keepdims=True)
    wanted = random.choice(train.std(axis=(1, 2), keepdims=True), len(made))
    found = made.std(axis=(1, 2), keepdims=True)
    return (made * (wanted / np.maximum(found, 1e-6))).clip(-1, 1).astype(np.float32)
