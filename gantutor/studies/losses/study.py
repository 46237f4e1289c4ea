"""One task under all losses: the trainings behind the table of the chapter of that name.

Networks, updates of the generator, batch size and learning rates are equal for all settings of a
task.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from gantutor import metrics, recipes
from gantutor.data import GaussianMixture, load_digits, ring
from gantutor.studies.log import follow
from gantutor.torch import models
from gantutor.torch.games import GAN
from gantutor.torch.trainer import Trainer

RING = ring()

#: What is learnt, by the names of the table, with the updates of the generator.
STEPS = {"ring": 2000, "digits": 200}

#: Shares of a training after which it is scored, by the steps of D. A third of a training with five
#: steps makes as many updates of networks as the whole of one with a single step.
MARKS = {1: (1.0,), 5: (1 / 3, 1.0)}

_R1 = {"r1": 1.0}
_LOSSES = {
    "minimax": "minimax",
    "non-saturating": "non_saturating",
    "least squares": "least_squares",
    "hinge": "hinge",
    "Wasserstein": "wasserstein",
    "relativistic": "relativistic",
}
_CONSTRAINED = {
    "relativistic + R1 + R2": ("relativistic", {"r1": 1.0, "r2": 1.0}, False),
    "non-saturating + penalty": ("non_saturating", {"gradient_penalty": 1.0}, False),
    "Wasserstein + penalty": ("wasserstein", {"gradient_penalty": 1.0}, False),
    "Wasserstein + clipping": ("wasserstein", {"clip_weights": 0.1}, False),
    "non-saturating + spectral norm": ("non_saturating", {}, True),
    "hinge + spectral norm": ("hinge", {}, True),
}
_PLAYED = (
    {name: (loss, {}, False) for name, loss in _LOSSES.items()}
    | {f"{name} + R1": (loss, _R1, False) for name, loss in _LOSSES.items()}
    | _CONSTRAINED
)

#: Loss, penalties, spectral normalisation and steps of D for one of G, by the table's names: each
#: way to play with one step, and with five.
METHODS = {
    name + end: {
        "loss": loss,
        "penalties": penalties,
        "spectral_norm": spectral_norm,
        "discriminator_steps": steps,
    }
    for steps, end in {1: "", 5: ", 5 steps"}.items()
    for name, (loss, penalties, spectral_norm) in _PLAYED.items()
}

KEYS = ("task", "setting")
# On the digits five steps would take as long as all the rest.
SETTINGS = {
    (task, name): {"task": task, **method}
    for task in STEPS
    for name, method in METHODS.items()
    if task == "ring" or method["discriminator_steps"] == 1
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "modes": (0, 10),
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
) -> list[dict[str, float]]:
    """Train one GAN on one task, and score its samples on the way against data it has not seen.

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
    list of dict
        As `gantutor.studies.log.follow` yields them, with ``modes``: clusters found (ring,
        `gantutor.metrics.mode_coverage` of 2,500 points) or digits with at least 1 % of the
        samples; ``good``: share of good points, or of samples that the digit classifier is at
        least 90 % sure of; ``precision``, ``recall`` with 5 neighbours among 1,000 samples;
        ``distance``: Wasserstein-1 distance of 1,000 points, by optimal assignment, or digit FID
        of 5,000 samples.
    """
    trainer, data = build(task, loss, penalties, spectral_norm, discriminator_steps, seed)
    marks = [round(part * STEPS[task]) for part in MARKS[discriminator_steps]]
    return list(follow(lambda steps: trainer.fit(data, steps), lambda: score(trainer, task), marks))


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
    return trainer, RING.sample(20_000, seed)


def score(trainer: Trainer, task: str) -> dict[str, float]:
    """Return the scores of what a trainer of a task has learnt, as `run` does."""
    if task == "digits":
        return score_digits(trainer.sample(5000))
    fake = trainer.sample(2500), trainer.sample(1000, seed=1)
    return score_points(*fake, RING, trainer.seed + 10_000)


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
