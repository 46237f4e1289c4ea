"""A plain GAN and PacGAN-4 on ring and grid, by the published protocol on a small scale.

Data, loss, batches, Adam's β₁ and scores are those of Lin et al. (2018), section 4.1; networks are
narrower, the learning rate is ten times theirs, and the updates are 10,000 in place of 400,000.
"""

import numpy as np

from gantutor.studies.log import follow
from gantutor.studies.mode_collapse.training import SCORES, Setting, Training

#: Updates of the generator after which it is scored.
MARKS = range(1000, 10_001, 1000)

KEYS = ("task", "setting")
SETTINGS = {
    (task, name): {"task": task, "packing": packing}
    for task in ("ring", "grid")
    for name, packing in {"plain": 1, "PacGAN-4": 4}.items()
}
SEEDS = 5
COLUMNS = {"seed": (0, np.inf), "step": (1, np.inf), "seconds": (0, np.inf), **SCORES}


def run(task: str, packing: int, seed: int) -> list[dict[str, float]]:
    """Train one GAN on one mixture, and score it on the way.

    Parameters
    ----------
    task : str
        A name in `TASKS`.
    packing : int
        Points that the discriminator judges together.
    seed : int
        Seed of weights, noise and data.

    Returns
    -------
    list of dict
        As `gantutor.studies.log.follow` yields them, with the scores of `Training.scores`.
    """
    training = Training(task, Setting(packing=packing), [seed])
    return list(follow(training.fit, lambda: training.scores()[0], MARKS))
