"""Fewer bits: what bfloat16 does to the digits of a small DCGAN."""

import time

import numpy as np
import torch
from torch.nn.functional import softplus

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.torch.models.dcgan import dcgan_discriminator, dcgan_generator

STEPS, BATCH, WIDTH, LATENT_DIM = 300, 64, 16, 100
RATE = 5e-4  # of Adam
SAMPLES = 1000

KEYS = ("setting",)
SETTINGS = {
    "untrained": {"steps": 0},
    "float32": {},
    "float32, other latents": {"stream": 1},
    "bfloat16 by autocast": {"arithmetic": "autocast"},
    "bfloat16 weights": {"arithmetic": "weights"},
    "bfloat16 weights, float32 copies": {"arithmetic": "copies"},
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
    """Return a generator, and the share of the weights that the last update of it changed.

    Parameters
    ----------
    images : numpy.ndarray, shape [N, 28, 28, 1]
    seed, steps : int
    arithmetic : str
        ``"float32"``; ``"autocast"``: layers in bfloat16, weights in float32; ``"weights"``:
        weights, gradients and Adam in bfloat16; ``"copies"``: the same, but Adam moves float32
        copies of the weights, which are then rounded.
    stream : int
        Another number draws other latent vectors and batches.
    """
    networks = [
        dcgan_discriminator(width=WIDTH, seed=seed),
        dcgan_generator(width=WIDTH, seed=seed),
    ]
    kind = torch.bfloat16 if arithmetic in ("weights", "copies") else torch.float32
    D, G = (network.to(kind) for network in networks)
    players = [Player(D, arithmetic == "copies"), Player(G, arithmetic == "copies")]
    random = torch.Generator().manual_seed(1000 * stream + seed)
    data, share = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(kind), 1.0
    half = arithmetic == "autocast"
    for step in range(steps):
        real = data[torch.randint(len(data), (BATCH,), generator=random)]
        latents = torch.randn(BATCH, LATENT_DIM, generator=random).to(kind)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            fake = G(latents)
            loss = softplus(-D(real)).mean() + softplus(D(fake.detach())).mean()
        players[0].descend(loss)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = softplus(-D(fake)).mean()
        before = [weight.detach().clone() for weight in G.parameters()] if step == steps - 1 else []
        players[1].descend(loss)
        if before:
            changed = [(w != old).flatten() for w, old in zip(G.parameters(), before, strict=True)]
            share = float(torch.cat(changed).float().mean())
    return G, share


class Player:
    """Adam for a network, on its weights or on float32 copies of them."""

    def __init__(self, network, copies):
        self.weights = list(network.parameters())
        self.own = [w.detach().float().requires_grad_() for w in self.weights] if copies else []
        self.adam = torch.optim.Adam(self.own or self.weights, RATE, (0.5, 0.999))

    def descend(self, loss):
        """Take one step."""
        for weight in self.weights:
            weight.grad = None
        loss.backward()
        for own, weight in zip(self.own, self.weights if self.own else [], strict=True):
            own.grad = weight.grad.float()
        self.adam.step()
        with torch.no_grad():
            for own, weight in zip(self.own, self.weights if self.own else [], strict=True):
                weight.copy_(own)


@torch.no_grad()
def draw(generator, seed):
    """Return samples, drawn in training mode, in batches of the training's size, in float32."""
    random = torch.Generator().manual_seed(10_000 + seed)
    kind = next(generator.parameters()).dtype
    rows = torch.randn(SAMPLES, LATENT_DIM, generator=random).to(kind).split(BATCH)
    made = torch.cat([generator(latents) for latents in rows])
    return made.float().permute(0, 2, 3, 1).clamp(-1, 1).numpy()
