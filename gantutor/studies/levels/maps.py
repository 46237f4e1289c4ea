"""Maps of a small platform game: a maker, the rule of movement, and a search for a way."""

from collections import deque

import numpy as np

HEIGHT, WIDTH = 12, 16
TILES = ".#SKD"  # air, brick, start, key, door
AIR, BRICK, START, KEY, DOOR = range(len(TILES))
RISE, GLIDE = 2, 4  # cells up, then cells to one side, of the longest jump


def landings(level: np.ndarray, place: tuple[int, int]) -> list[tuple[int, int]]:
    """Return where one move can end: up to `RISE` cells up, up to `GLIDE` sideways, then down.

    Parameters
    ----------
    level : numpy.ndarray of int, shape [HEIGHT, WIDTH]
    place : tuple of int
        (row, column) of the player.
    """
    solid, ends = level == BRICK, []
    for row in range(place[0], max(place[0] - RISE, 0) - 1, -1):
        if solid[row, place[1]]:
            break  # the head touches a brick
        for step in (-1, 1):
            for column in range(place[1] + step, place[1] + step * (GLIDE + 1), step):
                if not 0 <= column < level.shape[1] or solid[row, column]:
                    break
                below = np.flatnonzero(solid[row:, column])
                if len(below):  # otherwise there is nothing to land on
                    ends.append((row + int(below[0]) - 1, column))
    return ends


def way(level: np.ndarray, start: tuple[int, int], end: tuple[int, int]) -> list | None:
    """Return the places of a shortest way between two places, by breadth-first search, or None."""
    came_from, queue = {start: None}, deque([start])
    while queue:
        place = queue.popleft()
        if place == end:
            places = [place]
            while came_from[places[-1]] is not None:
                places.append(came_from[places[-1]])
            return places[::-1]
        for landing in landings(level, place):
            if landing not in came_from:
                came_from[landing] = place
                queue.append(landing)
    return None


def solve(level: np.ndarray) -> list | None:
    """Return a shortest way from the start to the key and on to the door, or None.

    None also if there is not exactly one of each.
    """
    places = [np.argwhere(level == tile).tolist() for tile in (START, KEY, DOOR)]
    if any(len(found) != 1 for found in places):
        return None
    start, key, door = (tuple(found[0]) for found in places)
    first = way(level, start, key)
    second = way(level, key, door) if first else None
    return first + second[1:] if second else None


def one_of_each(levels: np.ndarray) -> np.ndarray:
    """Return which maps have exactly one start, one key and one door."""
    counts = [(levels == tile).sum(axis=(1, 2)) == 1 for tile in (START, KEY, DOOR)]
    return np.all(counts, axis=0)


def draw(rng: np.random.Generator) -> np.ndarray:
    """Draw ground with gaps, platforms, start, key and door; a way may be missing."""
    level = np.full((HEIGHT, WIDTH), AIR)
    tall, column = int(rng.integers(1, 5)), 0
    while column < WIDTH:
        if 2 <= column < WIDTH - 6 and rng.random() < 0.5:
            column += int(rng.integers(1, 6))  # a gap
        length = int(rng.integers(2, 6))
        level[HEIGHT - tall :, column : column + length] = BRICK
        column += length
        tall = int(np.clip(tall + rng.integers(-4, 5), 1, 7))
    for _ in range(rng.integers(2, 7)):
        row, column, length = rng.integers(3, 10), rng.integers(1, 13), rng.integers(2, 5)
        if not (level[row - 1 : row + 2, column - 1 : column + length + 1] == BRICK).any():
            level[row, column : column + length] = BRICK  # a platform, with air around it
    stand = np.zeros(level.shape, bool)
    stand[1:-1] = (level[1:-1] == AIR) & (level[2:] == BRICK)
    stand[:-1] = (level[:-1] == AIR) & (level[1:] == BRICK)
    for tile, low, high in ((START, 0, 2), (KEY, 3, WIDTH - 3), (DOOR, WIDTH - 2, WIDTH)):
        choice = np.argwhere(stand[:, low:high])
        row, column = choice[rng.integers(len(choice))]
        level[row, low + column] = tile
    return level


def make(count: int, seed: int) -> np.ndarray:
    """Return maps that have a way, int8 [count, HEIGHT, WIDTH]: draws without one are left out."""
    rng, levels = np.random.default_rng(seed), []
    while len(levels) < count:
        level = draw(rng)
        if solve(level):
            levels.append(level)
    return np.array(levels, np.int8)


def text(level: np.ndarray) -> str:
    """Return a map as lines of the characters of `TILES`."""
    return "\n".join("".join(TILES[tile] for tile in row) for row in level)


def read(lines: str) -> np.ndarray:
    """Return the map that `text` wrote."""
    return np.array([[TILES.index(tile) for tile in row] for row in lines.split()], np.int8)
