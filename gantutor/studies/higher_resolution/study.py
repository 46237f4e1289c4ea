"""GANs of 32 × 32 pixels at equal seconds: plain, grown, style-based, and with paired logits."""

import time

import numpy as np

from gantutor import metrics
from gantutor.runs import seeds
from gantutor.studies.higher_resolution.scores import features, score
from gantutor.studies.higher_resolution.tiles import load, make, rescale
from gantutor.studies.higher_resolution.training import sample, train

TILES = 1500  # of each kind, and as many are made
DATA = ("terrain", "photographs")

# Updates that take about as many seconds of one core as 400 of the plain networks.
PLAIN = {"steps": 400}
GROWN = {"steps": 550, "grown": (180, 90, 90, 60)}
STYLE = {"steps": 340, "generator": "style"}
PAIRED = {"steps": 370, "paired": True}
TRAINED = {
    "plain": PLAIN,
    "grown": GROWN,
    "style-based": STYLE,
    "plain, paired loss": PAIRED,
}
UNTRAINED = ("blank", "noise", "Gaussian", "random phases", "copies", "ceiling")

KEYS = ("data", "method")
SETTINGS = {
    (data, method): {"data": data, "method": method, **TRAINED.get(method, {})}
    for data in DATA
    for method in (*UNTRAINED[:-2], *TRAINED, *UNTRAINED[-2:])
}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "distance": (0, np.inf),
    "fit": (0, np.inf),
    "distance_rescaled": (0, np.inf),
    "fit_rescaled": (0, np.inf),
    "spectrum": (0, np.inf),
    "kurtosis": (0, np.inf),
    "recall": (0, 1),
    "nearer": (0, 1),
}


def run(seed: int, data: str, method: str, **training) -> dict[str, float]:
    """Make tiles, and score them against tiles of regions held out.

    Parameters
    ----------
    seed : int
        Seed of the division into regions, of the weights and of the batches.
    data : {"terrain", "photographs"}
    method : str
        One of `UNTRAINED` or of `TRAINED`.
    **training
        Arguments of `gantutor.studies.higher_resolution.training.train`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; what `score` returns; ``fit``, 100 times
        the Fréchet distance from other tiles of the regions trained on; and ``fit_rescaled`` and
        ``distance_rescaled``, the two distances after `rescale`.
    """
    tiles = load(data, seed, TILES)
    begin = time.process_time()
    if training:
        made = sample(train(tiles["train"], seed=seed, **training), TILES, seed)
    elif method in tiles:
        made = tiles[method]
    else:
        made = make(method, tiles["train"], TILES, seeds.rng(seed, "noise"))
    seconds = time.process_time() - begin
    # Copies are tiles of the training regions: their fit is taken to the tiles trained on.
    own = features(tiles["train" if method == "copies" else "copies"])
    held_out = features(tiles["held_out"])
    scores = score(made, tiles["held_out"], tiles["train"])
    scores["fit"] = 100 * metrics.frechet_distance(own, features(made))
    known = features(rescale(made, tiles["train"], seeds.rng(seed, "noise", 1)))
    scores["fit_rescaled"] = 100 * metrics.frechet_distance(own, known)
    scores["distance_rescaled"] = 100 * metrics.frechet_distance(held_out, known)
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in scores.items()},
    }
