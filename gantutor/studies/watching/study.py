"""Sound runs and runs with a planted fault: what a watcher sees of them while they train."""

import time
from typing import NamedTuple

import numpy as np
import torch

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.runs.callbacks import Metrics
from gantutor.torch.probes import Probe
from gantutor.torch.trainer import Trainer

STEPS, EVERY = 1500, 100  # updates of each network, and steps between two readings
SAMPLES = 500  # images that are scored on the way, and digits that the discriminator is shown
RATE = 2e-3  # learning rate of both networks in a sound run
FEW = 200

FAULTS = (
    "200 digits",
    "five kinds of digit",
    "sorted by kind",
    "half the contrast",
    "slow discriminator",
    "fast networks",
)
KEYS = ("setting",)
SETTINGS = {
    "calibration": {"fault": "none", "first": 100},
    "sound": {"fault": "none"},
    **{fault: {"fault": fault} for fault in FAULTS},
}
SEEDS = 6
COLUMNS = {
    "seed": (0, np.inf),
    "step": (1, np.inf),
    "seconds": (0, np.inf),
    "number_drawn": (-np.inf, np.inf),
    "d_loss": (-np.inf, np.inf),
    "g_loss": (-np.inf, np.inf),
    "real_positive": (0, 1),
    "held_out_positive": (0, 1),
    "fake_positive": (0, 1),
    "d_gradient": (0, np.inf),
    "g_gradient": (0, np.inf),
    "spread": (0, np.inf),
    "fid": (0, np.inf),
    "final": (0, np.inf),
}


class Digits(NamedTuple):
    """Digits of one seed, float32 [N, 28, 28, 1] in [−1, 1], and the kinds of the last.

    Attributes
    ----------
    test, held_out : numpy.ndarray
        1,000 each: for the score at the end, and for what is watched.
    pool : numpy.ndarray
        The other 3,000: a sound run is trained on them.
    kinds : numpy.ndarray
        Which digit each of `pool` shows.
    """

    test: np.ndarray
    held_out: np.ndarray
    pool: np.ndarray
    kinds: np.ndarray


def digits(seed: int) -> Digits:
    """Divide the 5,000 digits at random."""
    images, labels = load_digits()
    order = seeds.rng(seed, "data").permutation(len(images))
    images, labels = images[order], labels[order]
    return Digits(images[:1000], images[1000:2000], images[2000:], labels[2000:])


def training_set(fault: str, seed: int) -> np.ndarray:
    """Return what a run with a fault is trained on; of most faults, the whole pool."""
    _, _, pool, kinds = digits(seed)
    if fault == "200 digits":
        return pool[:FEW]
    if fault == "five kinds of digit":
        return pool[kinds < 5]
    if fault == "half the contrast":
        return pool / 2  # pixel / 255 − 0.5: the factor 2 is forgotten
    return pool


def trainer(fault: str, seed: int) -> Trainer:
    """Return a trainer of the book's small networks, with the fault if it lies in the rates."""
    recipe = recipes.get("mlp").replace(learning_rate=RATE, steps=STEPS)
    if fault == "slow discriminator":
        recipe = recipe.replace(discriminator_optimizer={"learning_rate": RATE / 10})
    if fault == "fast networks":
        recipe = recipe.replace(learning_rate=5 * RATE)
    return Trainer.from_recipe(recipe, seed, device="cpu")


def sorted_batches(pool: np.ndarray, kinds: np.ndarray, size: int):
    """Return batches in the order of the digits' kinds, as of a file that nobody shuffled."""
    ordered = torch.from_numpy(pool[np.argsort(kinds, kind="stable")]).permute(0, 3, 1, 2)
    data = torch.utils.data.TensorDataset(ordered)
    return torch.utils.data.DataLoader(data, batch_size=size, shuffle=False, drop_last=True)


def watchers(seed: int, seen: np.ndarray, held_out: np.ndarray) -> list:
    """Return callbacks that add to the record all that is watched beside the losses."""
    known = metrics.digit_features(held_out)
    random = seeds.rng(seed, "noise")
    functions = {
        "spread": spread,
        "fid": lambda made: metrics.frechet_distance(known, metrics.digit_features(made)),
        "number_drawn": lambda made: random.normal(),
    }
    return [Probe(EVERY, seen, held_out, seed=1), Metrics(EVERY, functions, SAMPLES, seed=1)]


def spread(images: np.ndarray) -> float:
    """Return the standard deviation of each pixel over the images, averaged over the pixels."""
    return float(images.std(axis=0).mean())


def run(seed: int, fault: str, first: int = 0) -> list[dict[str, float]]:
    """Train, and read what is watched.

    Parameters
    ----------
    seed : int
        Seed of the division of the digits, and of all else; `first` is added.
    fault : str
        A name in `FAULTS`, or ``"none"``.
    first : int

    Returns
    -------
    list of dict
        A row every `EVERY` steps: ``seconds``, this process's time on processors until the end;
        ``number_drawn``, from 𝒩(0, 1), which knows nothing of the run; the mean of ten losses
        since the last reading; the numbers of the probe; ``spread`` and ``fid`` of samples, the
        latter to digits held out; and ``final``, the digit FID of 1,000 other samples to the test
        digits at the end.
    """
    seed = seed + first
    test, held_out, pool, kinds = digits(seed)
    data = training_set(fault, seed)
    seen = data[:SAMPLES]
    made = trainer(fault, seed)
    if fault == "sorted by kind":
        data = sorted_batches(pool, kinds, made.batch_size)
    begin = time.process_time()
    record = made.fit(data, STEPS, watchers(seed, seen, held_out))
    seconds = round(time.process_time() - begin, 2)
    final = metrics.digit_fid(made.sample(1000, seed=2), real=test)
    rows = []
    for k, step in enumerate(range(EVERY, STEPS + 1, EVERY)):
        row = {"step": step, "seconds": seconds, "final": round(final, 2)}
        for name in COLUMNS.keys() - row.keys() - {"seed"}:
            values = record.history[name]
            value = np.mean(values[10 * k : 10 * k + 10]) if "loss" in name else values[k + 1]
            row[name] = float(f"{value:.4g}")
        rows.append({name: row[name] for name in COLUMNS if name in row})
    return rows
