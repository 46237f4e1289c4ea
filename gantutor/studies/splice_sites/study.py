"""The dependence between places of 5′ splice sites: in a matrix, chains, a tree and a GAN."""

import time

import numpy as np

from gantutor.runs import seeds
from gantutor.studies.splice_sites.models import (
    chain,
    matrix,
    mixture,
    nearest_tree,
    sample,
    smoothed,
    train,
)
from gantutor.studies.splice_sites.sites import (
    LENGTH,
    PLACES,
    distribution,
    frequencies,
    mutual_information,
    split,
    total_variation,
)

TRAIN = 20_000  # occurrences of sites to learn from
STEPS = 1500  # updates of each network
SAMPLES = 200_000  # from which a generator's distribution is counted
FAR = ("−1", "+6")  # the places whose dependence the table shows

KEYS = ("method",)
SETTINGS = {
    name: {"method": name}
    for name in (
        "all sites alike",
        "matrix",
        "chain, order 1",
        "chain, order 2",
        "tree",
        "4 matrices",
        "16 matrices",
        "GAN",
        "training sites",
        "training sites, smoothed",
        "other sites",
    )
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("letters", "distance"), (0, 1)),
    **dict.fromkeys(("far", "information", "worst"), (0, np.inf)),
    "new": (0, 1),
}


def run(seed: int, method: str, steps: int = STEPS) -> dict[str, float]:
    """Learn the distribution of sites, and compare it with that of the sites left out.

    Parameters
    ----------
    seed : int
        Seed of the choice of training sites, and of the GAN.
    method : str
        As in `SETTINGS`.
    steps : int
        Updates of the GAN.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    known, held_out = split(TRAIN, seeds.rng(seed, "data"))
    begin = time.process_time()
    if method == "GAN":
        generator = train(known, steps, seed)
        learnt = distribution(sample(generator, SAMPLES))
    elif method == "all sites alike":
        learnt = np.full(4**LENGTH, 4.0**-LENGTH)
    elif method == "other sites":
        learnt = distribution(held_out[:TRAIN])
        held_out = held_out[TRAIN:]
    else:
        counted = {
            "matrix": matrix,
            "chain, order 1": lambda some: chain(some, 1),
            "chain, order 2": lambda some: chain(some, 2),
            "tree": nearest_tree,
            "4 matrices": lambda some: mixture(some, 4, seed),
            "16 matrices": lambda some: mixture(some, 16, seed),
            "training sites": distribution,
            "training sites, smoothed": smoothed,
        }
        learnt = counted[method](known)
    seconds = time.process_time() - begin
    found = score(learnt, distribution(held_out), distribution(known))
    return {"seconds": round(seconds, 2), **found}


def score(learnt: np.ndarray, real: np.ndarray, train: np.ndarray) -> dict[str, float]:
    """Compare a learnt distribution of sites [4⁹] with the real one.

    Parameters
    ----------
    learnt, real, train : numpy.ndarray, shape [4⁹]
        The last one is that of the sites learnt from.

    Returns
    -------
    dict of float
        ``letters``: the largest error of a letter's share at a place; ``distance``: total
        variation; ``far`` and ``information``: mutual information of the places `FAR`, and its sum
        over all pairs of places, in bits; ``worst``: the largest error of a pair's; ``new``: share
        of the learnt sites that are none of those learnt from.
    """
    information, true = mutual_information(learnt), mutual_information(real)
    places = tuple(PLACES.index(place) for place in FAR)
    scores = {
        "letters": np.abs(frequencies(learnt) - frequencies(real)).max(),
        "distance": total_variation(learnt, real),
        "far": max(information[places], 0),
        "information": max(np.triu(information).sum(), 0),
        "worst": np.abs(information - true).max(),
        "new": min(learnt[train == 0].sum(), 1),
    }
    return {name: round(float(value), 5) for name, value in scores.items()}
