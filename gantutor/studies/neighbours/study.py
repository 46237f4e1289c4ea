"""A GAN and its neighbours on a ring of Gaussians: eight ways to learn the same 10,000 points.

Networks, optimiser, learning rate and its schedule, batch size and the updates of each player are
equal for all. What differs is how many networks a family has, and how many it runs for a sample.
"""

import time

import numpy as np
import torch
from sklearn.mixture import GaussianMixture

from gantutor import metrics
from gantutor.data import ring
from gantutor.studies.losses.study import score_points
from gantutor.studies.neighbours.families import (
    GAN,
    VAE,
    Autoencoder,
    Autoregressive,
    Diffusion,
    Flow,
    FlowMatching,
    fit,
)

RING = ring(std=0.1)
POINTS = 10_000
STEPS = 2000

FAMILIES = {
    "autoencoder": Autoencoder,
    "VAE": VAE,
    "autoregressive": Autoregressive,
    "flow": Flow,
    "diffusion": Diffusion,
    "flow matching": FlowMatching,
    "GAN": GAN,
}

KEYS = ("setting",)
_NETWORKS = {name: {"family": name} for name in FAMILIES} | {
    "GAN + R1": {"family": "GAN", "r1": 1.0}
}
SETTINGS = {
    "mixture": {"family": "mixture"},
    **_NETWORKS,
    # Whether a finding belongs to the family or to its activation.
    **{f"{name}, SiLU": {**_NETWORKS[name], "activation": "SiLU"} for name in ("VAE", "GAN")},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "parameters": (1, np.inf),
    "evaluations": (0, np.inf),
    "modes": (0, 8),
    "fullest": (0, 1),
    "good": (0, 1),
    "precision": (0, 1),
    "recall": (0, 1),
    "distance": (0, np.inf),
}


def run(family: str, seed: int, activation: str = "ReLU", r1: float = 0.0) -> dict[str, float]:
    """Train one model on points of its own, and score its samples against points it has not seen.

    Parameters
    ----------
    family : str
        A name in `FAMILIES`, or ``"mixture"``: eight round Gaussians, by EM from eight starts.
    seed : int
        Seed of data, weights and noise.
    activation : str
        Of all networks; a name in `gantutor.studies.neighbours.families.ACTIVATIONS`.
    r1 : float
        Weight of the penalty R1, for a GAN.

    Returns
    -------
    dict
        ``seconds``: processor time of the training; ``parameters`` and ``evaluations``: of the
        networks that sample, and how many of them run one after the other; ``fullest``: the share
        of the fullest mode in the good points, an eighth if all are equal; and the scores of
        `gantutor.studies.losses.study.score_points`.
    """
    points, start = RING.sample(POINTS, seed), time.process_time()
    if family == "mixture":
        model = GaussianMixture(8, covariance_type="spherical", n_init=8, random_state=seed)
        model.fit(points)
        seconds, sizes = time.process_time() - start, {"parameters": 31, "evaluations": 0}
        drawn = np.random.default_rng(seed).permutation(model.sample(3500)[0]).astype(np.float32)
    else:
        model = build(family, seed, activation, r1)
        fit(model, torch.from_numpy(points), STEPS, seed)
        seconds = time.process_time() - start
        weights = sum(parameter.numel() for parameter in model.sampler.parameters())
        sizes = {"parameters": weights, "evaluations": model.evaluations}
        with torch.no_grad():
            drawn = model.sample(3500, torch.Generator().manual_seed(seed + 10_000)).numpy()
    counts = metrics.mode_coverage(drawn[:2500], RING).counts
    return {
        "seconds": seconds,
        **sizes,
        "fullest": float(counts.max() / max(counts.sum(), 1)),
        **score_points(drawn[:2500], drawn[2500:], RING, seed + 10_000),
    }


def build(family: str, seed: int, activation: str = "ReLU", r1: float = 0.0) -> torch.nn.Module:
    """Return the untrained model of a setting; arguments as in `run`."""
    penalties = {"r1": r1} if family == "GAN" else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FAMILIES[family](activation, **penalties)
