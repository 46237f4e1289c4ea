"""What is learnt, Gaussians on a grid or digits, and how samples of it are scored."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from gantutor import data, metrics
from gantutor.runs import seeds

GRID = data.grid(spacing=1.0, std=0.1)
RING = data.ring(std=0.1)
POINTS = 5000  # of the ring or grid, to train on
HELD_OUT = 1000  # digits that are only scored with
COMPONENTS = 40  # principal components of a digit
SURE = 0.9  # probability from which on the classifier is sure


@dataclass(frozen=True)
class Task:
    """Training points, unseen real ones, and a function that scores samples.

    Parameters
    ----------
    train, fresh, ceiling : numpy.ndarray, float32, shape [N, d]
        What is trained on; what samples are scored against; real points in place of samples.
    modes : int
        Modes or classes that exist.
    score : callable
        Takes samples [N, d] and returns a dictionary.
    decode : callable, optional
        Takes samples and returns images.
    """

    train: np.ndarray
    fresh: np.ndarray
    ceiling: np.ndarray
    modes: int
    score: object
    decode: object = None


def load(name: str, seed: int) -> Task:
    """Return the task ``"ring"``, ``"grid"`` or ``"digits"``; the seed draws or splits the data."""
    if name == "digits":
        return load_digits(seed)
    return load_mixture(seed, {"ring": RING, "grid": GRID}[name])


def load_mixture(seed: int, mixture=GRID, points: int = POINTS) -> Task:
    """Return the task of a mixture of Gaussians."""
    train = mixture.sample(points, seeds.rng(seed, "data"))
    fresh = mixture.sample(5000, seeds.rng(seed, "data", 1))
    ceiling = mixture.sample(5000, seeds.rng(seed, "data", 2))

    def score(samples):
        distances = np.linalg.norm(samples[:, None] - mixture.centres, axis=2)
        nearest, off = distances.argmin(1), distances.min(1)
        good = off <= 3 * mixture.std
        shares = np.bincount(nearest, minlength=len(mixture.centres)) / len(samples)
        spread = np.sqrt((off[good] ** 2).mean() / 2) / mixture.std if good.any() else 0.0
        return {
            "modes": metrics.mode_coverage(samples, mixture).found,
            "good": good.mean(),
            "imbalance": np.abs(shares - 1 / len(shares)).sum() / 2,
            "spread": spread,
            "fid": 0.0,
            **_common(train, fresh, ceiling, samples),
        }

    return Task(train, fresh, ceiling, len(mixture.centres), score)


def load_digits(seed: int) -> Task:
    """Return the task of digits: 3,000 to train on, twice 1,000 to score with.

    A row is a digit's first 40 principal components, all divided by one number, so that their mean
    variance is 1. Real digits are scored after the same way there and back.
    """
    images, _ = data.load_digits()
    rows = images.reshape(len(images), -1)[seeds.rng(seed, "data").permutation(len(images))]
    parts = np.split(rows, [-2 * HELD_OUT, -HELD_OUT])
    pca = PCA(COMPONENTS, random_state=seed).fit(parts[0])
    scale = np.sqrt(pca.explained_variance_.mean())
    train, fresh, ceiling = ((pca.transform(x) / scale).astype(np.float32) for x in parts)

    def decode(samples):
        flat = pca.inverse_transform(samples * scale).clip(-1, 1)
        return flat.reshape(-1, 28, 28, 1).astype(np.float32)

    fresh_features = metrics.digit_features(decode(fresh))
    fresh_shares = _classes(decode(fresh))[0]

    def score(samples):
        made = decode(samples)
        shares, sure = _classes(made)
        return {
            "modes": int((shares >= 0.01).sum()),
            "good": sure,
            "imbalance": np.abs(shares - fresh_shares).sum() / 2,
            "spread": np.sqrt(samples.var(0).sum() / fresh.var(0).sum()),
            "fid": metrics.frechet_distance(fresh_features, metrics.digit_features(made)),
            **_common(train, fresh, ceiling, samples),
        }

    return Task(train, fresh, ceiling, 10, score, decode)


def _classes(images):
    """The share of each class, and the share of images of which the classifier is sure."""
    probabilities = metrics.digit_probabilities(images)
    shares = np.bincount(probabilities.argmax(1), minlength=10) / len(images)
    return shares, (probabilities.max(1) >= SURE).mean()


def _common(train, fresh, ceiling, samples):
    near = [np.median(metrics.nearest_distances(x[:1000], train)) for x in (samples, ceiling)]
    return {
        "distance": metrics.sliced_wasserstein_distance(fresh, samples),
        "nearest": near[0] / near[1],
    }


def gaussian(task: Task, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw from one Gaussian with the mean and the covariance of the training points."""
    mean, covariance = task.train.mean(0), np.cov(task.train.T)
    return random.multivariate_normal(mean, covariance, count, method="eigh")


def copies(task: Task, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw training points again."""
    return task.train[random.integers(len(task.train), size=count)]


def kernel_density(task: Task, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw training points and add noise, as wide as makes left-out points likeliest."""
    kept, left = task.train[:-500], task.train[-500:]
    squares = cdist(left, kept, "sqeuclidean")
    widths = np.geomspace(0.01, 1, 25)
    dimension = kept.shape[1]
    likely = [
        logsumexp(-squares / (2 * w**2), axis=1).mean() - dimension * np.log(w) for w in widths
    ]
    noise = widths[int(np.argmax(likely))] * random.standard_normal((count, dimension))
    return copies(task, count, random) + noise


def mixture(task: Task, count: int, random: np.random.Generator) -> np.ndarray:
    """Draw from Gaussians fitted by EM: as many as there are modes, or fifty for digits."""
    seed, modes = int(random.integers(2**31)), task.modes
    if task.train.shape[1] == 2:
        model = GaussianMixture(modes, covariance_type="spherical", n_init=5, random_state=seed)
    else:
        model = GaussianMixture(50, reg_covar=1e-2, random_state=seed)
    return model.fit(task.train).sample(count)[0]
