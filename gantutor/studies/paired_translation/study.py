"""Translation between pairs: letters to another typeface, edges to photographs."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np
import skimage.data
from scipy.stats import wasserstein_distance
from skimage.color import rgb2gray
from skimage.feature import canny
from skimage.transform import resize

from gantutor import metrics
from gantutor.data import LETTERS, draw_letters, split_letters
from gantutor.studies.paired_translation.training import train

STEPS = 500  # updates of each network
DRAWINGS = 20  # of each letter to train on
HELD_OUT = 24  # letters, or one more
FACES = ("DejaVu Sans", "STIX Italic")
WINDOW = 11  # pixels that the linear regression looks at, each way
PATCH = 8  # pixels

PHOTOS = ("astronaut", "camera", "coins", "rocket", "stereo_motorcycle")
UNSEEN_PHOTOS = ("chelsea", "coffee")

KEYS = ("task", "setting")
_NETWORKS = {
    "L1": {"method": "network", "adversarial": 0.0},
    "L1 + adversarial": {"method": "network"},
    "adversarial": {"method": "network", "l1": 0.0},
}
SETTINGS = {
    ("letters", "target"): {"task": "letters", "method": "target"},
    ("letters", "blank"): {"task": "letters", "method": "constant"},
    ("letters", "copy"): {"task": "letters", "method": "copy"},
    ("letters", "linear"): {"task": "letters", "method": "linear"},
    **{("letters", name): {"task": "letters", **more} for name, more in _NETWORKS.items()},
    ("letters", "L1 + adversarial, λ = 100"): {"task": "letters", "method": "network", "l1": 100.0},
    ("photographs", "target"): {"task": "photographs", "method": "target"},
    ("photographs", "grey"): {"task": "photographs", "method": "constant"},
    ("photographs", "linear"): {"task": "photographs", "method": "linear"},
    ("photographs", "L1"): {"task": "photographs", **_NETWORKS["L1"]},
    ("photographs", "L1 + adversarial"): {"task": "photographs", "method": "network"},
}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "l1": (0, 2),
    "ssim": (-1, 1),
    "patches": (0, np.inf),
    "gradients": (0, np.inf),
    "ink": (0, np.inf),
    "found": (0, 1),
}


class Pairs(NamedTuple):
    """Pairs of images, float32 in [−1, 1].

    Attributes
    ----------
    source, target : numpy.ndarray, shape [N, 32, 32, 1]
        To train on.
    test_source, test_target : numpy.ndarray, shape [M, 32, 32, 1]
        To test on.
    reference : numpy.ndarray, shape [R, 32, 32, 1]
        Other targets of the test's kind, to compare statistics with.
    candidates : numpy.ndarray, shape [K, M or 1, 32, 32, 1]
        What a translation of each test image might show.
    answers : numpy.ndarray of int, shape [M]
        Which candidate it should show.
    """

    source: np.ndarray
    target: np.ndarray
    test_source: np.ndarray
    test_target: np.ndarray
    reference: np.ndarray
    candidates: np.ndarray
    answers: np.ndarray


@cache
def letters(seed: int) -> Pairs:
    """Draw letters in a sans serif, and in an italic; letters of the test are not trained on.

    Each is tested at three places, and the candidates are all letters at these places.
    """
    known, unseen = split_letters(HELD_OUT, seed)
    (source, target), _ = draw_letters(DRAWINGS * len(known), known, FACES, seed=seed)
    count, place = 3 * len(unseen), 1000 + seed
    (test_source, test_target), labels = draw_letters(count, unseen, FACES, seed=place)
    (reference,), _ = draw_letters(20 * len(unseen), unseen, FACES[1:], seed=2000 + seed)
    candidates = [draw_letters(count, letter, FACES[1:], seed=place)[0][0] for letter in LETTERS]
    answers = np.array([LETTERS.index(letter) for letter in unseen])[labels]
    pairs = (source, target, test_source, test_target, reference)
    return Pairs(*pairs, np.stack(candidates), answers)


@cache
def photograph(name: str) -> np.ndarray:
    """Return edges and grey values of a photograph of scikit-image, shorter side 160 pixels.

    Shape [H, W, 2], float32 in [−1, 1]; edges are 1, found by Canny's method with σ = 1.
    """
    image = getattr(skimage.data, name)()
    image = image[0] if isinstance(image, tuple) else image
    grey = rgb2gray(image[..., :3]) if image.ndim == 3 else image / 255
    scale = 160 / min(grey.shape)
    grey = resize(grey, [round(side * scale) for side in grey.shape], anti_aliasing=True)
    return np.stack([2 * canny(grey, sigma=1.0) - 1, 2 * grey - 1], axis=-1).astype(np.float32)


@cache
def photographs(seed: int) -> Pairs:
    """Cut edges and grey values out of photographs; the test's are two whole other ones."""

    def cut(names, count, seed):
        rng, parts = np.random.default_rng(seed), []
        for k in range(count):
            image = photograph(names[k % len(names)])
            y, x = (rng.integers(side - 31) for side in image.shape[:2])
            parts.append(image[y : y + 32, x : x + 32, :][:, :: rng.choice([-1, 1])])
        parts = np.stack(parts)
        return parts[..., :1], parts[..., 1:]

    source, target = cut(PHOTOS, 2000, seed)
    test_source, test_target = cut(UNSEEN_PHOTOS, 72, 1000 + seed)
    _, reference = cut(UNSEEN_PHOTOS, 480, 2000 + seed)
    pairs = (source, target, test_source, test_target, reference)
    return Pairs(*pairs, test_target[:, None], np.arange(72))


TASKS = {"letters": letters, "photographs": photographs}


def linear(pairs: Pairs) -> np.ndarray:
    """Translate the test's sources by a linear regression on the pixels around each pixel."""

    def around(images):
        edge = WINDOW // 2
        padded = np.pad(images[..., 0], ((0, 0), (edge, edge), (edge, edge)), constant_values=-1)
        views = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW), axis=(1, 2))
        rows = views.reshape(-1, WINDOW**2)
        return np.hstack([rows, np.ones((len(rows), 1), np.float32)])

    known = around(pairs.source[::4])
    wanted = pairs.target[::4].reshape(-1)
    ridge = known.T @ known + 1e-3 * len(known) * np.eye(known.shape[1], dtype=np.float32)
    made = around(pairs.test_source) @ np.linalg.solve(ridge, known.T @ wanted)
    return made.reshape(pairs.test_target.shape).clip(-1, 1).astype(np.float32)


def run(seed: int, task: str, method: str, **training) -> dict[str, float]:
    """Translate the test's images, and score them.

    Parameters
    ----------
    seed : int
        Seed of the pairs, of the letters held out, and of training.
    task : {"letters", "photographs"}
    method : {"target", "constant", "copy", "linear", "network"}
        The true partners; the median of the training pixels, which on letters is black; the
        source; `linear`; or what `gantutor.studies.paired_translation.training.train` makes.
    **training
        More arguments of that function.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    pairs = TASKS[task](seed)
    begin = time.process_time()
    if method == "target":
        made = pairs.test_target
    elif method == "constant":
        made = np.full_like(pairs.test_target, np.median(pairs.target))
    elif method == "copy":
        made = pairs.test_source
    elif method == "linear":
        made = linear(pairs)
    else:
        network = train(pairs.source, pairs.target, STEPS, seed, **training)
        made = network.sample(pairs.test_source)
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(made, pairs)}


def score(made: np.ndarray, pairs: Pairs) -> dict[str, float]:
    """Score translations of the test's images.

    Parameters
    ----------
    made : numpy.ndarray, float32, shape [M, 32, 32, 1]
        In [−1, 1].
    pairs : Pairs

    Returns
    -------
    dict of float
        ``l1`` and ``ssim``, means over the pairs with their true partners; ``patches``, the
        Fréchet distance of all patches of 8 × 8 pixels that are not black to those of the
        reference; ``gradients``, the distance (Wasserstein) of the differences of neighbouring
        pixels to those of the reference; ``ink``, the sum of brightness over that of the true
        partners; ``found``, the share that is nearer in L1 to the right candidate than to any
        other.
    """
    errors = [np.abs(candidate - made).mean(axis=(1, 2, 3)) for candidate in pairs.candidates]
    scores = {
        "l1": np.abs(made - pairs.test_target).mean(),
        "ssim": metrics.ssim(made, pairs.test_target).mean(),
        "patches": metrics.frechet_distance(patches(made), patches(pairs.reference)),
        "gradients": wasserstein_distance(gradients(made), gradients(pairs.reference)),
        "ink": (made + 1).sum() / (pairs.test_target + 1).sum(),
        "found": np.mean(np.argmin(errors, axis=0) == pairs.answers),
    }
    return {name: round(float(value), 6) for name, value in scores.items()}


def patches(images: np.ndarray) -> np.ndarray:
    """Return the patches of images that are not black, every second one each way, [P, 64]."""
    views = np.lib.stride_tricks.sliding_window_view(images[..., 0], (PATCH, PATCH), axis=(1, 2))
    rows = views[:, ::2, ::2].reshape(-1, PATCH**2)
    some = rows[rows.max(axis=1) > -0.9]
    return some if len(some) > PATCH**2 else rows


def gradients(images: np.ndarray) -> np.ndarray:
    """Return the sizes of the differences to the next pixel right and below, of all pixels."""
    image = images[..., 0]
    right, below = image[:, :-1, 1:] - image[:, :-1, :-1], image[:, 1:, :-1] - image[:, :-1, :-1]
    return np.hypot(right, below).reshape(-1)
