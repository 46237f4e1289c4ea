"""From DCGAN to R3GAN step by step: what each step gives on digits, and what it costs."""

import functools
import time

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.modern_gan.training import Game, sample

HELD_OUT = 1000  # digits of each of the two sets that nothing is trained on
COUNT = 1000  # images that are scored
UPDATES = 400  # of each network, at which all games are compared; also at half of them
COMPONENTS, CLUSTERS = 40, 50  # of the principal components, and of the mixture
BLUR = 0.5  # standard deviation of the noise that is added to the codes of copied digits

BARE = {"normalized": False, "he": True}
PAIRS = {**BARE, "pairs": True}
GAME = {**PAIRS, "r1": 1.0, "r2": 1.0}  # the whole game on DCGAN's networks
RESIDUAL = {**GAME, "residual": True}

KEYS = ("setting",)
# `equal_time` is the number of updates in the time that `UPDATES` take for DCGAN, by the medians of
# 23 measurements that took turns; it is a constant, so that a table can be repeated.
SETTINGS = {
    "noise": {"method": "noise"},
    "Gaussian": {"method": "gaussian"},
    "50 Gaussians": {"method": "mixture"},
    "digits + noise": {"method": "blurred"},
    "DCGAN": {"equal_time": 400, "game": {}},
    "no norm, old start": {"equal_time": 440, "game": {"normalized": False}},
    "1 no normalisation": {"equal_time": 440, "game": BARE},
    "2 pairs": {"equal_time": 380, "game": PAIRS},
    "3 R1 and R2": {"equal_time": 260, "game": GAME},
    "3, normalised G": {
        "equal_time": 250,
        "game": {**GAME, "normalized": True, "normalized_d": False},
    },
    "4 residual": {"equal_time": 115, "game": RESIDUAL},
    "4 without Fixup": {"equal_time": 115, "game": {**RESIDUAL, "fixed_up": False}},
    "training digits": {"method": "copies"},
    "held-out digits": {"method": "real"},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "step": (0, np.inf),
    "seconds": (0, np.inf),
    "digit_fid": (0, np.inf),
    "averaged_fid": (0, np.inf),
    "found": (0, 10),
    "recall": (0, 1),
}


def run(
    seed: int, method: str = "game", game: dict | None = None, equal_time: int = 0
) -> list[dict[str, float]]:
    """Train one game, or make images in another way, and score the images.

    Parameters
    ----------
    seed : int
        Seed of the split of the digits, of weights, batches and noise.
    method : {"game", "noise", "gaussian", "mixture", "blurred", "copies", "real"}
        A GAN; uniform noise; one Gaussian, or a mixture of them, in the space of the principal
        components of the training digits; training digits with noise in that space, and as they
        are; the held-out digits.
    game : dict, optional
        Arguments of `training.Game`.
    equal_time : int
        Updates that are scored besides `UPDATES` and half of them.

    Returns
    -------
    list of dict of float
        Of each stage its ``step``; ``seconds``, this process's time on processors for one update;
        and the scores of `score`, with ``averaged_fid``, the digit FID of the averaged weights.
    """
    training, held_out, others = split(seed)
    if method != "game":
        begin = time.process_time()
        images = _other(method, training, others, seed)
        scores = score(images, held_out)
        seconds = round(time.process_time() - begin, 4)
        return [{"step": 0, "seconds": seconds, "averaged_fid": scores["digit_fid"], **scores}]
    settings = dict(game or {})
    settings["betas"] = tuple(settings.get("betas", (0.0, 0.9)))
    stages = sorted({UPDATES // 2, UPDATES, equal_time})
    pixels = torch.from_numpy(training).permute(0, 3, 1, 2).contiguous()
    kept, seconds = Game(seed, **settings).train(pixels, stages[-1], stages)
    rows = []
    for stage in stages:
        live, average = (sample(network, COUNT, seed) for network in kept[stage])
        averaged = round(metrics.digit_fid(average), 3)
        row = {"step": stage, "seconds": round(seconds, 4), "averaged_fid": averaged}
        rows.append({**row, **score(live, held_out)})
    return rows


@functools.lru_cache(maxsize=2)
def split(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 3,000 digits to train on, 1,000 for the recall, and 1,000 as the ceiling."""
    digits, _ = load_digits()
    digits = digits[seeds.rng(seed, "data").permutation(len(digits))]
    return digits[2 * HELD_OUT :], digits[:HELD_OUT], digits[HELD_OUT : 2 * HELD_OUT]


def score(images: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Score images [N, 28, 28, 1].

    Returns
    -------
    dict of float
        ``digit_fid``, against MNIST's test digits; ``found``, the digits that
        `gantutor.metrics.digits_found` counts; ``recall``, the share of held-out digits
        near an image, in the features of the digit classifier.
    """
    features = [metrics.digit_features(part) for part in (held_out, images)]
    near = metrics.precision_recall(*features)
    return {
        "digit_fid": round(metrics.digit_fid(images), 3),
        "found": metrics.digits_found(images),
        "recall": round(near.recall, 3),
    }


def _other(method, training, others, seed):
    random = seeds.rng(seed, "noise")
    if method == "real":
        return others
    if method == "copies":
        return training[:COUNT]
    if method == "noise":
        return random.uniform(-1, 1, (COUNT, 28, 28, 1)).astype(np.float32)
    clusters = 1 if method == "gaussian" else CLUSTERS
    state = seeds.number(seed, "noise")
    components = PCA(COMPONENTS, random_state=state)
    codes = components.fit_transform(training.reshape(len(training), -1))
    if method == "blurred":
        codes = codes[:COUNT] + BLUR * random.standard_normal((COUNT, COMPONENTS))
        return components.inverse_transform(codes).reshape(-1, 28, 28, 1).clip(-1, 1)
    mixture = GaussianMixture(clusters, reg_covar=1e-2, random_state=state).fit(codes)
    rows = components.inverse_transform(mixture.sample(COUNT)[0])
    return rows.reshape(-1, 28, 28, 1).clip(-1, 1).astype(np.float32)
