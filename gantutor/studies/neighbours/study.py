"""A GAN and its neighbours on a ring of Gaussians: ways to learn the same 10,000 points.

Networks, optimiser, learning rate and its schedule, batch size and the updates of each player are
equal for all families. What differs is how many networks a family has, and how many it runs for a
sample. Further settings change one thing each: the activation, the learning rate, or a part of one
family.
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
    LEARNING_RATE,
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
#: The families as they are compared, each once with ReLU and once with SiLU.
NETWORKS = {name: {"family": name} for name in FAMILIES} | {
    "GAN + R1": {"family": "GAN", "r1": 1.0}
}
#: One part of a family is another: what belongs to the family, and what to that part?
_PARTS = {
    "VAE, means": {"family": "VAE", "noisy": False},
    "GAN, output noise 0.11": {"family": "GAN", "output_noise": 0.11},  # as a trained VAE has
    "GAN, 16 latent numbers": {"family": "GAN", "latent_dim": 16},
    "flow, 12 layers": {"family": "flow", "layers": 12},
    "flow, bound 4": {"family": "flow", "bound": 4.0},
    "autoregressive, 4 components": {"family": "autoregressive", "components": 4},
    **{
        f"flow matching, steps {steps}": {"family": "flow matching", "steps": steps}
        for steps in (1, 2, 3, 5, 10)
    },
}
#: Whether the common learning rate is fair.
_RATES = {
    f"{name}, rate {rate}": {"family": name, "learning_rate": rate}
    for name in ("GAN", "VAE", "diffusion")
    for rate in (0.002, 0.001)
}
SETTINGS = {
    "mixture": {"family": "mixture"},
    **NETWORKS,
    **{f"{name}, SiLU": {**given, "activation": "SiLU"} for name, given in NETWORKS.items()},
    **_PARTS,
    **_RATES,
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "parameters": (1, np.inf),
    "evaluations": (0, np.inf),
    "modes": (0, 8),
    "fullest": (0, 1),
    "emptiest": (0, 1),
    "good": (0, 1),
    "precision": (0, 1),
    "recall": (0, 1),
    "distance": (0, np.inf),
}


def run(
    family: str,
    seed: int,
    activation: str = "ReLU",
    learning_rate: float = LEARNING_RATE,
    **parts: float,
) -> dict[str, float]:
    """Train one model on points of its own, and score its samples against points it has not seen.

    Parameters
    ----------
    family : str
        A name in `FAMILIES`, or ``"mixture"``: eight round Gaussians, by EM from eight starts.
    seed : int
        Seed of data, weights and noise.
    activation : str
        Of all networks; a name in `gantutor.studies.neighbours.families.ACTIVATIONS`.
    learning_rate : float
        At the start.
    **parts
        Further arguments of the family.

    Returns
    -------
    dict
        ``seconds``: processor time of the training; ``parameters`` and ``evaluations``: of the
        networks that sample, and how many of them run one after the other; ``fullest`` and
        ``emptiest``: the shares of the fullest and the emptiest mode in the good points; and the
        scores of `gantutor.studies.losses.study.score_points`.
    """
    points, start = RING.sample(POINTS, seed), time.process_time()
    if family == "mixture":
        model = GaussianMixture(8, covariance_type="spherical", n_init=8, random_state=seed)
        model.fit(points)
        seconds, sizes = time.process_time() - start, {"parameters": 31, "evaluations": 0}
        drawn = np.random.default_rng(seed).permutation(model.sample(3500)[0]).astype(np.float32)
    else:
        model = build(family, seed, activation, **parts)
        fit(model, torch.from_numpy(points), STEPS, seed, learning_rate)
        seconds = time.process_time() - start
        weights = sum(parameter.numel() for parameter in model.sampler.parameters())
        sizes = {"parameters": weights, "evaluations": model.evaluations}
        with torch.no_grad():
            drawn = model.sample(3500, torch.Generator().manual_seed(seed + 10_000)).numpy()
    counts = metrics.mode_coverage(drawn[:2500], RING).counts
    shares = counts / max(counts.sum(), 1)
    return {
        "seconds": seconds,
        **sizes,
        "fullest": float(shares.max()),
        "emptiest": float(shares.min()),
        **score_points(drawn[:2500], drawn[2500:], RING, seed + 10_000),
    }


def build(family: str, seed: int, activation: str = "ReLU", **parts: float) -> torch.nn.Module:
    """Return the untrained model of a setting; arguments as in `run`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FAMILIES[family](activation, **parts)
