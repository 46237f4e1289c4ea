"""Writers of maps that count what stands beside what in training maps; no network."""

from collections import defaultdict

import numpy as np

from gantutor.studies.levels.maps import AIR, BRICK, DOOR, HEIGHT, KEY, START, WIDTH

WINDOW = 3  # cells, each way, of the patterns of wave function collapse
ATTEMPTS = 20  # of a map of wave function collapse, before it counts as failed


def tiles_at_random(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each cell by itself, with the share that its tile has in all cells of all maps."""
    return rng.choice(train.reshape(-1), (count, HEIGHT, WIDTH))


def cells_alone(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each cell by itself, from the same cell of the training maps."""
    rows = rng.integers(len(train), size=(count, HEIGHT, WIDTH))
    return train[rows, np.arange(HEIGHT)[:, None], np.arange(WIDTH)]


def windows(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each cell given its row and the cells below it, to its left, and below that one.

    Columns come from left to right, cells from the bottom up; a context that was never seen gives
    way to that without the row, and then to no context.
    """
    padded = np.pad(train, ((0, 0), (0, 1), (1, 0)), constant_values=-1)
    seen = defaultdict(list)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            left, below = padded[:, row, column], padded[:, row + 1, column + 1]
            corner, tiles = padded[:, row + 1, column], padded[:, row, column + 1]
            for *context, tile in zip(left, below, corner, tiles, strict=True):
                for words in ((row, *context), tuple(context), ()):
                    seen[words].append(tile)
    made = np.full((count, HEIGHT + 1, WIDTH + 1), -1, np.int8)
    for level in made:
        for column in range(1, WIDTH + 1):
            for row in range(HEIGHT - 1, -1, -1):
                left, corner = level[row, column - 1], level[row + 1, column - 1]
                context = (left, level[row + 1, column], corner)
                tiles = seen.get((row, *context)) or seen.get(context) or seen[()]
                level[row, column] = tiles[rng.integers(len(tiles))]
    return made[:, :-1, 1:]


def columns(
    train: np.ndarray,
    count: int,
    rng: np.random.Generator,
    memory: int = 1,
    counts: bool = False,
) -> np.ndarray:
    """Draw whole columns, each given its place and the `memory` columns before it.

    With `counts` also given which of start, key and door the map has already. Where a context
    was never seen, it is shortened by one column; where no column is left, by the objects.
    """

    def contexts(words, had):
        x = len(words)
        for length in range(min(memory, x), -1, -1):
            yield x, had, *words[x - length :]
        yield (x,)

    def objects(word):
        return frozenset(word) - {AIR, BRICK} if counts else frozenset()

    seen = defaultdict(list)
    for level in train:
        words, had = [], frozenset()
        for column in level.T:
            word = column.tobytes()
            for context in contexts(words, had):
                seen[context].append(word)
            words, had = [*words, word], had | objects(word)
    made = []
    for _ in range(count):
        words, had = [], frozenset()
        while len(words) < WIDTH:
            choice = next(seen[context] for context in contexts(words, had) if context in seen)
            word = choice[rng.integers(len(choice))]
            words, had = [*words, word], had | objects(word)
        made.append([np.frombuffer(word, np.int8) for word in words])
    return np.array(made).transpose(0, 2, 1)


def halves(train: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Join the left half of a training map to the right half of another, with one key in all."""
    middle = WIDTH // 2
    has_key = (train[:, :, :middle] == KEY).any(axis=(1, 2))  # in the left half
    both = rng.random(count) < has_key.mean()  # whether both maps have it there, or neither
    rows = np.where(
        both,
        rng.choice(np.flatnonzero(has_key), (2, count)),
        rng.choice(np.flatnonzero(~has_key), (2, count)),
    )
    left, right = train[rows[0], :, :middle], train[rows[1], :, middle:]
    return np.concatenate([left, right], axis=2)


class Collapse:
    """Wave function collapse: maps all of whose windows of 3 × 3 cells occur in training maps.

    The cells start with all windows that were seen; a window is drawn at the place with the least
    entropy, windows that fit none of their neighbours are crossed out, and so on. A place without
    any window left is a contradiction: the map is begun anew.

    Parameters
    ----------
    train : numpy.ndarray of int8, shape [N, HEIGHT, WIDTH]
    """

    def __init__(self, train: np.ndarray):
        views = np.lib.stride_tricks.sliding_window_view(train, (WINDOW, WINDOW), axis=(1, 2))
        flat = views.reshape(*views.shape[:3], -1)
        found, number, counts = np.unique(
            flat.reshape(-1, WINDOW**2), axis=0, return_inverse=True, return_counts=True
        )
        self.patterns, self.weights = found.reshape(-1, WINDOW, WINDOW), counts.astype(float)
        number = number.reshape(flat.shape[:3])
        self.shape = flat.shape[1:3]
        self.allowed = np.zeros((*self.shape, len(found)), bool)  # at the border, what was there
        for row in range(self.shape[0]):
            rows = number[:, row] if row in (0, self.shape[0] - 1) else number
            for column in range(self.shape[1]):
                here = rows[..., column] if column in (0, self.shape[1] - 1) else rows
                self.allowed[row, column, np.unique(here)] = True
        p, fits = self.patterns, {}
        for axis, step in ((0, (1, 0)), (1, (0, 1))):
            first = np.take(p, range(1, WINDOW), axis + 1).reshape(len(p), -1)
            second = np.take(p, range(WINDOW - 1), axis + 1).reshape(len(p), -1)
            fit = (first[:, None] == second[None]).all(axis=2)
            fits[step] = fit.astype(np.float32)
            fits[tuple(-s for s in step)] = fit.T.astype(np.float32)
        self.fits = fits

    def __call__(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return maps; one that fails `ATTEMPTS` times is all air."""
        return np.array([self._map(rng) for _ in range(count)], np.int8)

    def _map(self, rng):
        for _ in range(ATTEMPTS):
            wave = self._attempt(rng)
            if wave is not None:
                chosen = self.patterns[wave.argmax(axis=2)]
                level = np.zeros((HEIGHT, WIDTH), np.int8)
                for row, column in np.ndindex(self.shape):
                    level[row : row + WINDOW, column : column + WINDOW] = chosen[row, column]
                return level
        return np.zeros((HEIGHT, WIDTH), np.int8)

    def _attempt(self, rng):
        wave = self.allowed.copy()
        if not self._propagate(wave, list(np.ndindex(self.shape))):
            return None
        noise = 1e-3 * rng.random(self.shape)
        logs = self.weights * np.log(self.weights)
        while True:
            total = wave @ self.weights
            entropy = np.log(total) - wave @ logs / total + noise
            entropy[wave.sum(axis=2) == 1] = np.inf
            if np.isinf(entropy).all():
                return wave
            place = np.unravel_index(entropy.argmin(), self.shape)
            weights = wave[place] * self.weights
            wave[place] = np.arange(len(weights)) == rng.choice(
                len(weights), p=weights / weights.sum()
            )
            if not self._propagate(wave, [tuple(map(int, place))]):
                return None

    def _propagate(self, wave, changed):
        waiting = set(changed)
        while waiting:
            row, column = waiting.pop()
            here = np.flatnonzero(wave[row, column])
            for step, fit in self.fits.items():
                other = row + step[0], column + step[1]
                if not (0 <= other[0] < self.shape[0] and 0 <= other[1] < self.shape[1]):
                    continue
                left = wave[other] & (fit[here].any(axis=0))
                if left.sum() < wave[other].sum():
                    if not left.any():
                        return False
                    wave[other] = left
                    waiting.add(other)
        return True


def furnish(terrain: np.ndarray, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put start, key and door into maps without them, each on a random brick with air above it.

    Each comes into a column in which training maps have it, if there is such a brick.
    """
    levels = terrain.copy()
    for tile in (START, KEY, DOOR):
        usual = (train == tile).any(axis=(0, 1))
        for level in levels:
            stand = (level[:-1] == AIR) & (level[1:] == BRICK) & usual
            places = np.argwhere(stand)
            if len(places):
                level[tuple(places[rng.integers(len(places))])] = tile
    return levels
