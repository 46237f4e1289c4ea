"""Lower bounds of ε from an attack."""

import numpy as np
import torch

from gantutor.studies.privacy.attacks import clopper_pearson
from gantutor.studies.privacy.digits import record
from gantutor.studies.privacy.training import Trained, per_example


def lower_bound(accused_in: np.ndarray, accused_out: np.ndarray, delta: float) -> float:
    """Return an ε that is very likely exceeded, from accusations with a record and without it.

    Examples
    --------
    >>> everybody, nobody = np.ones(500, bool), np.zeros(500, bool)
    >>> round(lower_bound(everybody, nobody, 1e-5), 1), lower_bound(nobody, nobody, 1e-5)
    (4.9, 0.0)
    """
    true = clopper_pearson(accused_in.sum(), len(accused_in))[0]
    false = clopper_pearson(accused_out.sum(), len(accused_out))[1]
    return float(max(0.0, np.log(max(true - delta, 1e-9) / false)))


def audit(inside: np.ndarray, outside: np.ndarray, delta: float) -> float:
    """Return a lower bound: half of the scores choose the threshold, the others are counted."""
    half = len(inside) // 2
    thresholds = inside[:half]
    bounds = [lower_bound(inside[:half] > t, outside[:half] > t, delta) for t in thresholds]
    best = thresholds[np.argmax(bounds)]
    return lower_bound(inside[half:] > best, outside[half:] > best, delta)


def gradients(networks: Trained, records: np.ndarray, seed: int) -> torch.Tensor:
    """Return the discriminator's gradient of each record, paired with a made one, as a row."""
    made = torch.tensor(record(*networks.sample(len(records), seed)))
    found = per_example(networks.discriminator, torch.tensor(records), made).values()
    return torch.cat([each.flatten(start_dim=1) for each in found], dim=1)
