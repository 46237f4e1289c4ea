"""One training shared by several processes, rightly and wrongly, and with larger batches.

The processes are played in one: each slice of a batch has a backward pass of its own, and the
gradients are averaged. Running statistics are those of the first process, which is the one that
samples. `tests/training/test_distributed.py` compares real processes with one.
"""

import copy
import time
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from gantutor import metrics
from gantutor.studies.reproducible_runs.training import TRAINED, network, numbers, small_digits

LATENT_DIM, RATE, BETAS, DECAY = 32, 1e-3, (0.5, 0.99), 0.99
STEPS, SAMPLES = 1000, 1000
MARKS = (1, 10, 100, STEPS)  # steps after which a run is compared with that of one process
# A quarter of the updates; an average over as many images forgets four times as fast.
SHORT = {"steps": STEPS // 4, "decay": DECAY**4}
# For Adam and four times the batch: twice the rate, and four times as much of 1 - beta. The first
# beta, 0.5, can follow to 0 only.
SCALED = {"rate": 2 * RATE, "betas": (0.0, 1 - 4 * (1 - BETAS[1]))}

KEYS = ("setting",)
SETTINGS = {
    "real digits": {"real": True},
    "untrained": {"steps": 0},
    "one process, 64": {},
    "rows reversed": {"order": "reversed"},
    "two, halves of 64": {"processes": 2},
    "two, each draws 32": {"processes": 2, "whole": False},
    "one process, 32": {"batch": 32},
    "another seed": {"other": 1000},
    "batch norm, one process": {"norm": True},
    "batch norm, two slices": {"norm": True, "processes": 2},
    "batch norm, eight slices": {"norm": True, "processes": 8},
    "256, 1,000 updates": {"batch": 256},
    "64, 250 updates": SHORT,
    "64, 250 updates, scaled": SHORT | SCALED,
    "256, 250 updates": {"batch": 256} | SHORT,
    "64, rate x4": {"rate": 4 * RATE},
    "64, first beta 0": {"betas": (0.0, BETAS[1])},
    "256, 250 updates, rate x4": {"batch": 256, "rate": 4 * RATE} | SHORT,
    "256, 250 updates, scaled": {"batch": 256} | SHORT | SCALED,
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"distance_{mark}": (0, np.inf) for mark in MARKS},
    "fid": (0, np.inf),
}


def build(seed, norm=False):
    """Return G, D, the streams of the order and of the latents, from a seed."""
    stream = {name: torch.Generator().manual_seed(n) for name, n in numbers(seed).items()}
    G = network((LATENT_DIM, 128, 128, 196), stream["G"])
    if norm:
        G.insert(1, nn.BatchNorm1d(128))
        G.insert(4, nn.BatchNorm1d(128))
    return G, network((196, 128, 128, 1), stream["D"]), stream


def draw(stream, batch, processes=1, whole=True):
    """Return the slices of one step: pairs of real images and latent vectors.

    Parameters
    ----------
    stream : dict of torch.Generator
        In the same state in every process.
    batch : int
        Rows of all slices together.
    processes : int
    whole : bool
        Whether each process draws the whole batch and takes its slice; otherwise each draws only
        as much as it takes, and all take the same.
    """
    share = batch // processes
    drawn = batch if whole else share
    real = small_digits()[0][torch.randint(TRAINED, (drawn,), generator=stream["order"])]
    z = torch.randn(drawn, LATENT_DIM, generator=stream["latents"])
    slices = list(zip(real.split(share), z.split(share), strict=True))
    return slices if whole else slices * processes


def descend(network, adam, loss, slices, buffers=()):
    """One update by the mean of the slices' gradients; buffers end as the first slice left them."""
    adam.zero_grad()
    kept = []
    for one in slices:
        (loss(*one) / len(slices)).backward(inputs=list(network.parameters()))
        kept = kept or [buffer.clone() for buffer in buffers]
    for buffer, value in zip(buffers, kept, strict=True):
        buffer.copy_(value)
    adam.step()


class Run:
    """A training; `advance` goes on with it.

    Parameters
    ----------
    seed : int
    norm : bool
        Whether G has batch normalisation, by slice.
    rate, betas : float, pair of float
        Of both optimisers.
    decay : float
        Of the averaged generator.
    how
        Of `draw`, and ``order="reversed"``: the rows of each batch backwards.
    """

    def __init__(
        self, seed, norm=False, rate=RATE, betas=BETAS, decay=DECAY, order="forward", **how
    ):
        self.G, self.D, self.stream = build(seed, norm)
        self.average, self.order, self.how = copy.deepcopy(self.G), order, {"batch": 64} | how
        self.adams = {
            net: torch.optim.Adam(net.parameters(), rate, betas) for net in (self.G, self.D)
        }
        self.step, self.decay = 0, decay

    def advance(self, steps):
        """Train for more steps."""
        G, D = self.G, self.D

        def d_loss(real, z):
            with torch.no_grad():
                fake = torch.tanh(G(z))
            return softplus(-D(real)).mean() + softplus(D(fake)).mean()

        def g_loss(real, z):
            return softplus(-D(torch.tanh(G(z)))).mean()

        for _ in range(steps):
            slices = draw(self.stream, **self.how)
            if self.order == "reversed":
                slices = [(real.flip(0), z.flip(0)) for real, z in slices]
            buffers = list(G.buffers())
            descend(D, self.adams[D], d_loss, slices, buffers)
            descend(G, self.adams[G], g_loss, slices, buffers)
            with torch.no_grad():
                pairs = zip(
                    self.average.state_dict().values(), G.state_dict().values(), strict=True
                )
                for mean, value in pairs:
                    if mean.is_floating_point():
                        mean.lerp_(value, 1 - self.decay)
            self.step += 1
        return self

    def sample(self, latents, averaged=False):
        """Return images [N, 196]: of G as it stands, or of its average."""
        net = (self.average if averaged else self.G).eval()
        with torch.no_grad():
            images = torch.tanh(net(latents)).numpy()
        net.train()
        return images


@cache
def latents():
    """Return the latent vectors that all runs are compared by."""
    return torch.randn(SAMPLES, LATENT_DIM, generator=torch.Generator().manual_seed(10**6))


def trained(seed, steps=STEPS, **more):
    """Return images at each of `MARKS` that comes before the end, and averaged ones."""
    run, images = Run(seed, **more), []
    for mark in MARKS:
        run.advance(min(mark, steps) - run.step)
        images += [run.sample(latents())] if mark <= steps else []
    return images, run.sample(latents(), averaged=True)


@cache
def of_one_process(seed, norm):
    """Return what `trained` does for one process with the whole batch."""
    return trained(seed, norm=norm)[0]


def fid(images):
    """Return the digit FID of images [N, 196] to held-out digits, both enlarged to 28×28."""
    held_out = small_digits()[0][TRAINED:].numpy()
    return float(metrics.frechet_distance(features(held_out), features(images)))


def features(images):
    """Return features of the digit classifier of images [N, 196], each pixel as 2×2."""
    large = images.reshape(-1, 14, 14, 1).repeat(2, axis=1).repeat(2, axis=2)
    return metrics.digit_features(np.clip(large, -1, 1))


def run(seed, real=False, other=0, norm=False, **how):
    """Train once, and compare with one process of the same seed.

    Parameters
    ----------
    seed : int
        Of weights, images and noise.
    real : bool
        Score real digits of the training set instead.
    other : int
        Added to the seed of what is compared.
    norm : bool
        Whether G has batch normalisation; what is compared has it, too.
    how
        Of `Run`, and `steps`.

    Returns
    -------
    dict
        ``distance_…``: root-mean-square difference of the pixels of 1,000 images, of the same
        latent vectors, after so many steps; 0 where a run has fewer, and for real digits, which
        are not compared. ``fid``:
        digit FID of 1,000 images of the averaged generator. ``seconds`` of the training.
    """
    start = time.perf_counter()
    if real:
        rows = np.random.default_rng(seed).choice(TRAINED, SAMPLES, replace=False)
        images, apart = small_digits()[0].numpy()[rows], []
    else:
        found, images = trained(seed + other, norm=norm, **how)
        seconds = time.perf_counter() - start
        pairs = zip(found, of_one_process(seed, norm), strict=False)
        apart = [float(np.sqrt(np.mean((a - b) ** 2))) for a, b in pairs]
    seconds = 0.0 if real else seconds
    apart += [0.0] * (len(MARKS) - len(apart))
    distances = {f"distance_{mark}": one for mark, one in zip(MARKS, apart, strict=True)}
    return {"seconds": seconds, **distances, "fid": fid(images)}
