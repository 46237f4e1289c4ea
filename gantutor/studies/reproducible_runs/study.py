"""How far two trainings part that differ in a rounding error, an order, or a part of a file."""

import time
from functools import cache

import numpy as np
import torch
from torch.nn.functional import cross_entropy, mse_loss, softplus

from gantutor import metrics
from gantutor.studies.reproducible_runs.training import (
    BATCH,
    LATENT_DIM,
    NOISE,
    STREAMS,
    TRAINED,
    Run,
    network,
    numbers,
    restore,
    small_digits,
    state_of,
)

# Steps after which two runs are compared.
MARKS = (1, 3, 10, 30, 100, 200, 300, 400, 600, 800, 1600)
SAVED, RESUMED_TO = 300, 800  # the step of the file from which a run is resumed, and its last
SCORED = (800, 1600)  # steps at which a GAN has a FID
QUIET = ("frozen D", "recorded D")  # discriminators that do not answer the generator
MARKS_OF = dict.fromkeys(QUIET, tuple(mark for mark in MARKS if mark <= RESUMED_TO))
SIZES = {"classifier": (196, 128, 128, 10), "regression": (LATENT_DIM, 128, 128, 196)}
REVERSED = torch.arange(BATCH - 1, -1, -1)
#: What a file lacks, as beginnings of names in `state_of`.
LACKS = {
    "nothing": (),
    "the latents' stream": ("stream_latents",),
    "the order's stream": ("stream_order",),
    "all streams": ("stream_",),
    "G's moments": ("adam_G",),
    "D's moments": ("adam_D",),
    "the average": ("average",),
    "all but G and D": ("stream_", "adam_", "average"),
}
CHANGES = ("nothing", "rows reversed", "last bit", "other order", "other seed")

KEYS = ("task", "change")
SETTINGS = {
    (task, change): {"task": task, "change": change}
    for task in ("GAN", *SIZES)
    for change in CHANGES
} | {("resumed", lacks): {"task": "resumed", "change": lacks} for lacks in LACKS}
SETTINGS |= {("GAN", end): {"task": end, "change": "nothing"} for end in ("untrained", "real")}
SETTINGS["GAN", "other latents"] = {"task": "GAN", "change": "other latents"}
SETTINGS |= {
    (task, change): {"task": task, "change": change}
    for task in QUIET
    for change in ("rows reversed", "last bit")
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "step": (0, np.inf),
    "seconds": (0, np.inf),
    "distance": (0, np.inf),
    "distance_average": (0, np.inf),
    "fid": (0, np.inf),
}


class Alone:
    """One network in training with the streams and the optimiser of `Run`, and no opponent.

    Parameters
    ----------
    task : str
        ``"classifier"`` of digits, of D's size but for its ten outputs; or ``"regression"``: a
        network of G's size draws a digit from 32 random projections of it.
    seeds : dict of int
        Of `numbers`.
    """

    def __init__(self, task, seeds):
        self.task, self.step = task, 0
        self.streams = {name: torch.Generator().manual_seed(seeds[name]) for name in STREAMS}
        self.net = network(SIZES[task], self.streams["D" if task == "classifier" else "G"])
        self.nets = {"G": self.net}
        self.adam = torch.optim.Adam(self.net.parameters(), 1e-3, betas=(0.5, 0.99))

    def advance(self, steps, rows=slice(None)):
        """Train, with the rows of each batch in a given order."""
        images, labels = small_digits()
        for _ in range(steps):
            drawn = torch.randint(TRAINED, (BATCH,), generator=self.streams["order"])
            noise = NOISE * torch.randn(BATCH, 196, generator=self.streams["noise"])
            x, y, noise = images[drawn][rows], labels[drawn][rows], noise[rows]
            if self.task == "classifier":
                loss = cross_entropy(self.net(x + noise), y)
            else:
                loss = mse_loss(torch.tanh(self.net((x + noise) @ projection())), x)
            self.adam.zero_grad()
            loss.backward()
            self.adam.step()
            self.step += 1
        return self

    def sample(self, latents, name="G"):
        """Return what the network answers to held-out digits: probabilities, or images."""
        held_out = small_digits()[0][TRAINED:]
        with torch.no_grad():
            if self.task == "classifier":
                return torch.softmax(self.net(held_out), dim=1).numpy()
            return torch.tanh(self.net(held_out @ projection())).numpy()


class Unanswered:
    """A generator in training, against a discriminator that does not answer it.

    Parameters
    ----------
    kind : str
        ``"frozen D"``: that of an unchanged GAN after `SAVED` steps; ``"recorded D"``: at each
        step that of an unchanged GAN at the same step.
    seeds : dict of int
        Of `numbers`, for both.
    """

    def __init__(self, kind, seeds):
        self.kind, self.step = kind, 0
        self.run, self.leader = Run(seeds), Run(seeds)
        self.nets = self.run.nets
        if kind == "frozen D":
            self.leader.advance(SAVED)

    def advance(self, steps, rows=slice(None)):
        """Train the generator; the rows of its batches are in a given order."""
        for _ in range(steps):
            if self.kind == "recorded D":
                self.leader.advance(1)
            _, z, noise = self.run.draw()
            fake = torch.tanh(self.nets["G"](z[rows]))
            loss = softplus(-self.leader.nets["D"](fake + noise[1, rows])).mean()
            self.run.descend("G", loss)
            self.step += 1
        return self

    def sample(self, latents, name="G"):
        """Return what the generator draws; it has no average."""
        return self.run.sample(latents)


@cache
def projection():
    """Return the fixed matrix from 196 pixels to 32 numbers."""
    return torch.randn(196, LATENT_DIM, generator=torch.Generator().manual_seed(7)) / 14


@cache
def latents():
    """Return the latent vectors, float32 [1000, 32], at which two generators are compared."""
    return torch.randn(1000, LATENT_DIM, generator=torch.Generator().manual_seed(8))


def begin(task, seeds):
    """Return a new run of a task."""
    if task in QUIET:
        return Unanswered(task, seeds)
    return Run(seeds) if task == "GAN" else Alone(task, seeds)


def answers(run, marks, rows=slice(None)):
    """Train to each mark in turn; return the outputs of the network and of its average there."""
    found = {}
    for mark in marks:
        run.advance(mark - run.step, rows)
        found[mark] = [run.sample(latents(), name) for name in ("G", "average")]
    return found


@cache
def untouched(task, seed):
    """Return the answers of the run of a seed, which all others are compared with."""
    return answers(begin(task, numbers(seed)), MARKS_OF.get(task, MARKS))


@cache
def elsewhere(task, seed):
    """Return the answers of a run with another seed in all streams."""
    return answers(begin(task, numbers(1000 + seed)), MARKS_OF.get(task, MARKS))


def distance(first, second) -> float:
    """Return the root of the mean square of a difference."""
    return float(np.sqrt(np.mean((first - second) ** 2, dtype=np.float64)))


def one_bit_more(run):
    """Change the last bit of one first weight."""
    with torch.no_grad():
        weight = run.nets["G"][0].weight
        weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(9.0))
    return run


def changed(task, change, seed):
    """Return the answers of a run that was changed, or resumed from a file that lacks a part."""
    seeds = numbers(seed)
    if task == "resumed":
        state = state_of(Run(seeds).advance(SAVED))
        kept = {
            name: x for name, x in state.items() if not name.startswith(LACKS[change] or ("-",))
        }
        run = restore(Run(seeds), kept, SAVED)
        return answers(run, [mark for mark in (SAVED + 1, *MARKS) if SAVED < mark <= RESUMED_TO])
    if change == "other seed":
        return elsewhere(task, seed)
    if change == "other order":
        seeds = {**seeds, "order": numbers(1000 + seed)["order"]}
    run = begin(task, seeds)
    if change == "last bit":
        run = one_bit_more(run)
    order = REVERSED if change == "rows reversed" else slice(None)
    return answers(run, MARKS_OF.get(task, MARKS), order)


def enlarged(images):
    """Return digits [N, 196] as float32 [N, 28, 28, 1], each pixel four times."""
    return images.reshape(-1, 14, 14, 1).repeat(2, axis=1).repeat(2, axis=2)


def fid(images) -> float:
    """Return the digit FID of 1,000 small digits to those held out, both enlarged."""
    held_out = enlarged(small_digits()[0][TRAINED:].numpy())
    return metrics.frechet_distance(
        metrics.digit_features(held_out), metrics.digit_features(enlarged(images))
    )


def run(seed: int, task: str, change: str) -> list[dict[str, float]]:
    """Train a changed run, and measure how far it is from the unchanged one of that seed.

    Parameters
    ----------
    seed : int
    task : str
        ``"GAN"``, a name in `SIZES` or `QUIET`, or ``"resumed"``: a GAN from a file of
        step `SAVED`. Also ``"untrained"`` and ``"real"``, the worst and the best FID: the latter
        of 1,000 digits that were trained on.
    change : str
        A name in `CHANGES`, or what the file lacks, in `LACKS`; or ``"other latents"``: the same
        generator, scored with other latent vectors.

    Returns
    -------
    list of dict
        For each mark: ``step``; ``seconds``, this process's time on processors; ``distance`` of
        the outputs of the network, as a share of the distance of a run with another seed at that
        step; ``distance_average``, the same of the averaged generator; and for a GAN
        at `SCORED` ``fid``, the digit FID of the averaged generator, elsewhere 0.
    """
    if task in ("untrained", "real"):
        images = small_digits()[0][np.random.default_rng(seed).permutation(TRAINED)[:1000]].numpy()
        if task == "untrained":
            images = Run(numbers(seed)).sample(latents())
        row = {"step": 0, "seconds": 0, "distance": 0, "distance_average": 0}
        return [{**row, "fid": round(fid(images), 3)}]
    if change == "other latents":
        z = torch.randn(1000, LATENT_DIM, generator=torch.Generator().manual_seed(100 + seed))
        images = Run(numbers(seed)).advance(MARKS[-1]).sample(z, "average")
        row = {"step": MARKS[-1], "seconds": 0, "distance": 0, "distance_average": 0}
        return [{**row, "fid": round(fid(images), 3)}]
    base = "GAN" if task == "resumed" else task
    begun = time.process_time()
    found = changed(task, change, seed)
    seconds, rows = time.process_time() - begun, []
    unchanged, other = untouched(base, seed), elsewhere(base, seed)
    for mark, pair in found.items():
        row = {"step": mark, "seconds": round(seconds, 2)}
        if mark == SAVED + 1:  # one step after the file: the scale is that of the file's own step
            unchanged[mark] = one_step_later(seed)
            other[mark] = other[SAVED]
        for name, mine, his, theirs in zip(
            ("distance", "distance_average"), pair, unchanged[mark], other[mark], strict=True
        ):
            row[name] = float(f"{distance(mine, his) / distance(theirs, his):.4g}")
        scored = base == "GAN" and mark in SCORED
        rows.append({**row, "fid": round(fid(pair[1]), 3) if scored else 0.0})
    return rows


@cache
def one_step_later(seed):
    """Return the answers of the unchanged run one step after the file."""
    return answers(Run(numbers(seed)), [SAVED + 1])[SAVED + 1]
