"""One task under all losses: the trainings behind the table of the chapter of that name.

Networks, steps, batch size and learning rates are equal for all settings of a task.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from gantutor import metrics, recipes
from gantutor.data import GaussianMixture, grid, load_digits, ring
from gantutor.torch import models
from gantutor.torch.games import GAN
from gantutor.torch.trainer import Trainer

_MIXTURES = {"ring": ring(), "grid": grid()}

#: What is learnt, by the names of the table, with the updates of the generator: two mixtures of
#: Gaussians, and handwritten digits.
STEPS = {"ring": 2000, "grid": 4000, "digits": 200}

_PARTS = ("loss", "penalties", "spectral_norm", "discriminator_steps")
_R1 = {"r1": 1.0}
_PENALTY = {"gradient_penalty": 1.0}
_CLIPPING = {"clip_weights": 0.1}

#: Loss, penalties, spectral normalisation and steps of D for one of G, by the table's names.
METHODS = {
    name: dict(zip(_PARTS, values, strict=True))
    for name, *values in [
        ("minimax", "minimax", {}, False, 1),
        ("non-saturating", "non_saturating", {}, False, 1),
        ("least squares", "least_squares", {}, False, 1),
        ("hinge", "hinge", {}, False, 1),
        ("Wasserstein", "wasserstein", {}, False, 1),
        ("relativistic", "relativistic", {}, False, 1),
        ("minimax + R1", "minimax", _R1, False, 1),
        ("non-saturating + R1", "non_saturating", _R1, False, 1),
        ("least squares + R1", "least_squares", _R1, False, 1),
        ("hinge + R1", "hinge", _R1, False, 1),
        ("Wasserstein + R1", "wasserstein", _R1, False, 1),
        ("relativistic + R1", "relativistic", _R1, False, 1),
        ("relativistic + R1 + R2", "relativistic", {"r1": 1.0, "r2": 1.0}, False, 1),
        ("non-saturating + spectral norm", "non_saturating", {}, True, 1),
        ("hinge + spectral norm", "hinge", {}, True, 1),
        ("Wasserstein + penalty, 1 step", "wasserstein", _PENALTY, False, 1),
        ("Wasserstein + penalty, 5 steps", "wasserstein", _PENALTY, False, 5),
        ("Wasserstein + clipping, 5 steps", "wasserstein", _CLIPPING, False, 5),
    ]
}

KEYS = ("task", "setting")
SETTINGS = {
    (task, name): {"task": task, **method} for task in STEPS for name, method in METHODS.items()
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "modes": (0, 25),
    "good": (0, 1),
    "precision": (0, 1),
    "recall": (0, 1),
    "distance": (0, np.inf),
}


def run(
    task: str,
    loss: str,
    penalties: dict[str, float],
    spectral_norm: bool,
    discriminator_steps: int,
    seed: int,
) -> dict[str, float]:
    """Train one GAN on one task, and score its samples against data it has not seen.

    Parameters
    ----------
    task : str
        A name in `STEPS`.
    loss, penalties, discriminator_steps
        As in `gantutor.torch.Trainer`.
    spectral_norm : bool
        Whether the discriminator's weights are normalised.
    seed : int
        Seed of weights, noise and data.

    Returns
    -------
    dict of float
        ``modes``: modes found (mixtures, `gantutor.metrics.mode_coverage` of 2,500 points) or
        digits with at least 1 % of the samples; ``good``: share of good points, or of samples that
        the digit classifier is at least 90 % sure of; ``precision``, ``recall`` with 5 neighbours
        among 1,000 samples; ``distance``: Wasserstein-1 distance of 1,000 points, by optimal
        assignment, or digit FID of 5,000 samples.
    """
    trainer, data = build(task, loss, penalties, spectral_norm, discriminator_steps, seed)
    trainer.fit(data, STEPS[task])
    if task == "digits":
        return score_digits(trainer.sample(5000))
    fake = trainer.sample(2500), trainer.sample(1000, seed=1)
    return score_points(*fake, _MIXTURES[task], seed + 10_000)


def build(
    task: str,
    loss: str,
    penalties: dict[str, float],
    spectral_norm: bool,
    discriminator_steps: int,
    seed: int,
) -> tuple[Trainer, np.ndarray]:
    """Return a trainer of a task, and its data; arguments as in `run`."""
    if task == "digits":
        recipe = recipes.get("minute").replace(
            game="gan",
            classes=0,
            spectral_norm=spectral_norm,
            loss=loss,
            penalties=penalties,
            discriminator_steps=discriminator_steps,
            learning_rate=1e-3,
        )
        return Trainer.from_recipe(recipe, seed, device="cpu"), load_digits()[0]
    generator = models.mlp_generator((2,), latent_dim=16, seed=seed)
    discriminator = models.mlp_discriminator((2,), spectral_norm=spectral_norm, seed=seed)
    adam = ("adam", {"learning_rate": 1e-3, "betas": (0.5, 0.9)})
    trainer = Trainer(
        GAN(generator, discriminator, 16, loss, penalties),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        batch_size=128,
        discriminator_steps=discriminator_steps,
        seed=seed,
        device="cpu",
    )
    return trainer, _MIXTURES[task].sample(20_000, seed)


def score_points(
    points: np.ndarray, fake: np.ndarray, mixture: GaussianMixture, seed: int
) -> dict[str, float]:
    """Return the scores of generated points, as `run` does.

    Parameters
    ----------
    points : numpy.ndarray, shape [N, 2]
        Whose modes and good points are counted.
    fake : numpy.ndarray, shape [M, 2]
        What is compared with as many real points.
    mixture : gantutor.data.GaussianMixture
    seed : int
        Seed of the real points.
    """
    real = mixture.sample(len(fake), seed)
    coverage = metrics.mode_coverage(points, mixture)
    costs = cdist(real, fake)
    distance = costs[linear_sum_assignment(costs)].mean()
    return _scores(coverage.found, coverage.good_share, real, fake, distance)


def score_digits(images: np.ndarray) -> dict[str, float]:
    """Return the scores of generated digits [N, 28, 28, 1], as `run` does."""
    features = metrics.digit_features(images)
    probabilities = metrics.digit_probabilities(images)
    shares = np.bincount(probabilities.argmax(axis=1), minlength=10) / len(images)
    sure = (probabilities.max(axis=1) >= 0.9).mean()
    real, _ = metrics.digit_test_features()
    distance = metrics.digit_fid(images)
    return _scores((shares >= 0.01).sum(), sure, real[:1000], features[:1000], distance)


def _scores(modes, good, real, fake, distance):
    neighbours = metrics.precision_recall(real, fake)
    return {
        "modes": int(modes),
        "good": float(good),
        "precision": neighbours.precision,
        "recall": neighbours.recall,
        "distance": float(distance),
    }
