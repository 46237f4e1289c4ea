"""Fewer bits: what bfloat16 does to the digits of a small DCGAN."""

import time

import numpy as np
import torch
from torch.nn.functional import softplus

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.torch.models.dcgan import dcgan_discriminator, dcgan_generator

STEPS, BATCH, WIDTH, LATENT_DIM = 500, 64, 16, 100
RATE = 5e-4  # of Adam
SAMPLES = 1000

KEYS = ("setting",)
SETTINGS = {
    "untrained": {"steps": 0},
    "float32": {},
    "float32, other latents": {"stream": 1},
    "bfloat16 by autocast": {"arithmetic": "autocast"},
    "bfloat16 weights": {"arithmetic": "weights"},
    "real digits": {"steps": -1},
}
SEEDS = 3
COLUMNS = {"seed": (0, np.inf), "seconds": (0, np.inf), "digit_fid": (0, np.inf), "moved": (0, 1)}


def run(seed, steps=STEPS, arithmetic="float32", stream=0):
    """Train on half of the digits; return the digit FID, and the share of updates that moved."""
    images, _ = load_digits()
    images = images[np.random.default_rng(seed).permutation(len(images))]
    begin = time.perf_counter()
    if steps < 0:
        made, moved = images[-SAMPLES:], 1.0
    else:
        generator, moved = train(images[: len(images) // 2], seed, steps, arithmetic, stream)
        made = draw(generator, seed)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "digit_fid": float(metrics.digit_fid(made)), "moved": moved}


def train(images, seed, steps, arithmetic="float32", stream=0):
    """Return a generator, and the share of its weights that its last update changed.

    Parameters
    ----------
    images : numpy.ndarray, shape [N, 28, 28, 1]
    seed, steps : int
    arithmetic : str
        ``"float32"``; ``"autocast"``: layers in bfloat16, weights in float32; ``"weights"``:
        weights, gradients and Adam's averages in bfloat16.
    stream : int
        Another number draws other latent vectors and batches.
    """
    kind = torch.bfloat16 if arithmetic == "weights" else torch.float32
    D = dcgan_discriminator(width=WIDTH, seed=seed).to(kind)
    G = dcgan_generator(width=WIDTH, seed=seed).to(kind)
    adam_d, adam_g = (torch.optim.Adam(net.parameters(), RATE, (0.5, 0.999)) for net in (D, G))
    random = torch.Generator().manual_seed(1000 * stream + seed)
    data, before = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(kind), None
    half = arithmetic == "autocast"
    for _ in range(steps):
        real = data[torch.randint(len(data), (BATCH,), generator=random)]
        latents = torch.randn(BATCH, LATENT_DIM, generator=random).to(kind)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            fake = G(latents)
            loss = softplus(-D(real)).mean() + softplus(D(fake.detach())).mean()
        descend(adam_d, loss)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = softplus(-D(fake)).mean()
        before = weights(G)
        descend(adam_g, loss)
    if before is None:
        return G, 1.0
    return G, float((weights(G) != before).float().mean())


def weights(network):
    """Return a copy of all weights as one vector."""
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def descend(adam, loss):
    """Take one step."""
    adam.zero_grad()
    loss.backward()
    adam.step()


@torch.no_grad()
def draw(generator, seed):
    """Return samples, drawn in training mode, in batches of the training's size, in float32."""
    random = torch.Generator().manual_seed(10_000 + seed)
    kind = next(generator.parameters()).dtype
    rows = torch.randn(SAMPLES, LATENT_DIM, generator=random).to(kind).split(BATCH)
    made = torch.cat([generator(latents) for latents in rows])
    return made.float().permute(0, 2, 3, 1).clamp(-1, 1).numpy()
