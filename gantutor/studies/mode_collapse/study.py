"""Mode collapse and what may help against it, on eight narrow Gaussians in the plane."""

import numpy as np

from gantutor import metrics
from gantutor.studies.log import follow
from gantutor.studies.mode_collapse.training import SCORES, Setting, Training

_PENALTY = {"gradient_penalty": 1.0}
_BOTH = {"r1": 1.0, "r2": 1.0}

#: The ring of the chapters on losses and its networks, with five steps of the discriminator.
PLAIN = {
    "generator_width": 128,
    "discriminator_width": 128,
    "beta1": 0.5,
    "beta2": 0.9,
    "discriminator_steps": 5,
}

#: What is changed, by the names of the table.
CHANGES = {
    "plain": {},
    "1 step": {"discriminator_steps": 1},
    "1 step, rate of D ÷ 10": {"discriminator_steps": 1, "discriminator_rate": 1e-4},
    "rates ÷ 10": {"generator_rate": 1e-4, "discriminator_rate": 1e-4},
    "200 points of data": {"examples": 200},
    "D four times as wide": {"discriminator_width": 512},
    "D a quarter as wide": {"discriminator_width": 32},
    "G four times as wide": {"generator_width": 512},
    "minimax": {"loss": "minimax"},
    "least squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "relativistic": {"loss": "relativistic"},
    "R1": {"penalties": {"r1": 1.0}},
    "R1, 1 step": {"penalties": {"r1": 1.0}, "discriminator_steps": 1},
    "R1 + R2": {"penalties": _BOTH},
    "relativistic + R1 + R2": {"loss": "relativistic", "penalties": _BOTH},
    "penalty": {"penalties": _PENALTY},
    "Wasserstein + penalty": {"loss": "wasserstein", "penalties": _PENALTY},
    "Wasserstein + penalty, 1 step": {
        "loss": "wasserstein",
        "penalties": _PENALTY,
        "discriminator_steps": 1,
    },
    "spectral norm": {"spectral_norm": True},
    "1 step, unrolled by 5": {"discriminator_steps": 1, "unrolled": 5},
    "PacGAN-4": {"packing": 4},
    "mini-batch deviation": {"minibatch": "deviation"},
    "mini-batch discrimination": {"minibatch": "discrimination"},
    "feature matching": {"feature_matching": True},
    "noise on real points only": {"augmentation": "real"},
    "noise on both kinds": {"augmentation": "both"},
}

#: Updates of the generator after which it is scored. A fifth of a training with five steps of the
#: discriminator takes about as long as the whole of one with a single step.
MARKS = (400, 2000)

KEYS = ("setting",)
SETTINGS = {name: {**PLAIN, **change} for name, change in CHANGES.items()}
SEEDS = 10
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    **SCORES,
    "populated": (0, 8),
    "regions": (0, 8),
}


def run(seed: int, **setting) -> list[dict[str, float]]:
    """Train one GAN, and score it on the way.

    Parameters
    ----------
    seed : int
        Seed of weights, noise and data.
    **setting
        Of `Setting`.

    Returns
    -------
    list of dict
        As `gantutor.studies.log.follow` yields them, with the scores of `score`.
    """
    training = Training("wide ring", Setting(**setting), [seed], batch_size=128)
    return list(follow(training.fit, lambda: score(training), MARKS))


def score(training: Training) -> dict[str, float]:
    """Return the scores of the first seed of a training.

    Parameters
    ----------
    training : Training

    Returns
    -------
    dict of float
        Those of `Training.scores`; ``populated``: modes whose good points are at least one in a
        hundred of 2,500; ``regions``: modes that are the nearest ones to at least as many points,
        good or not.
    """
    points, mixture = training.sample(2500)[0], training.mixture
    coverage = metrics.mode_coverage(points, mixture)
    nearest = np.linalg.norm(points[:, None] - mixture.centres, axis=2).argmin(axis=1)
    shares = np.bincount(nearest, minlength=len(mixture.centres)) / len(points)
    return training.scores()[0] | {
        "populated": int((coverage.counts / len(points) >= 0.01).sum()),
        "regions": int((shares >= 0.01).sum()),
    }
