"""Mode collapse and what may help against it, on points in the plane."""

import numpy as np

from gantutor.studies.log import follow
from gantutor.studies.mode_collapse.training import SCORES, TASKS, Setting, Training

#: What may help against mode collapse, as settings, by the names of the table.
CURES = {
    "plain": {},
    "few data: 200 points": {"examples": 200},
    "learning rates ÷ 10": {"generator_rate": 1e-4, "discriminator_rate": 1e-4},
    "learning rate of D × 4": {"generator_rate": 2.5e-4},
    "learning rate of G × 4": {"discriminator_rate": 2.5e-4},
    "β₁ = 0": {"beta1": 0.0},
    "β₁ = 0.5": {"beta1": 0.5},
    "D four times as wide": {"discriminator_width": 128},
    "D a quarter as wide": {"discriminator_width": 8},
    "G four times as wide": {"generator_width": 256},
    "noise on real points only": {"augmentation": "real"},
    "noise on both kinds": {"augmentation": "both"},
    "minimax": {"loss": "minimax"},
    "least squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "Wasserstein + penalty, 5 steps": {
        "loss": "wasserstein",
        "penalties": {"gradient_penalty": 1.0},
        "discriminator_steps": 5,
    },
    "gradient penalty": {"penalties": {"gradient_penalty": 1.0}},
    "R1": {"penalties": {"r1": 1.0}},
    "spectral norm": {"spectral_norm": True},
    "relativistic": {"loss": "relativistic"},
    "relativistic + R1 + R2": {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
    "unrolled, 3 steps": {"unrolled": 3},
    "PacGAN-2": {"packing": 2},
    "PacGAN-4": {"packing": 4},
    "mini-batch discrimination": {"minibatch": "discrimination"},
    "mini-batch deviation": {"minibatch": "deviation"},
    "feature matching": {"feature_matching": True},
}

#: Updates of the generator.
STEPS = 2000

KEYS = ("task", "setting")
SETTINGS = {(task, name): {"task": task, **cure} for task in TASKS for name, cure in CURES.items()}
SEEDS = 5
COLUMNS = {"seed": (0, np.inf), "step": (1, np.inf), "seconds": (0, np.inf), **SCORES}


def run(task: str, seed: int, **setting) -> list[dict[str, float]]:
    """Train one GAN on one mixture, and score it.

    Parameters
    ----------
    task : str
        A name in `TASKS`.
    seed : int
        Seed of weights, noise and data.
    **setting
        Of `Setting`.

    Returns
    -------
    list of dict
        One row, as `gantutor.studies.log.follow` yields it, with the scores of `Training.scores`.
    """
    training = Training(task, Setting(**setting), [seed])
    return list(follow(training.fit, lambda: training.scores()[0], [STEPS]))
