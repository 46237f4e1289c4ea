"""Play the game of one network pair, at a fixed size or growing."""

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.studies.higher_resolution.networks import (
    LAST,
    LATENT,
    Discriminator,
    Generator,
    StyleGenerator,
    double,
    initialize,
)
from gantutor.torch.averaging import copies, follow
from gantutor.torch.losses import non_saturating, relativistic
from gantutor.torch.penalties import r1, r2

BATCH_SIZE = 16
RATE = 2e-3  # of Adam, for both networks
BETAS = (0.0, 0.99)
GAMMA = 1.0  # weight of R1, and of R2
LAZY = 4  # updates from one penalty to the next, which counts so many times
AVERAGE = 0.99  # share of the old weights in the moving average of the generator

GENERATORS = {"plain": Generator, "style": StyleGenerator}


def schedule(grown: tuple[int, ...] | None, steps: int):
    """Yield the stage and alpha of each update.

    Parameters
    ----------
    grown : tuple of int or None
        Updates at 8 pixels, fading to 16, at 16, and fading to 32; the rest is at 32.
    steps : int
        Updates in all.
    """
    done = 0
    for number, count in enumerate(grown or ()):
        stage, fading = (number + 1) // 2, number % 2
        for step in range(count):
            yield stage, (step + 1) / (count + 1) if fading else 1.0
        done += count
    for _ in range(steps - done):
        yield LAST, 1.0


def shrink(images, stage, alpha=1.0):
    """Return real images [N, 1, 32, 32] as a stage sees them."""
    small = avg_pool2d(images, 2 ** (LAST - stage))
    return small if alpha == 1 else torch.lerp(double(avg_pool2d(small, 2)), small, alpha)


def build(seed: int, generator: str = "plain"):
    """Return a generator and a discriminator with the weights of a seed."""
    torch.manual_seed(seeds.number(seed, "discriminator"))
    discriminator = Discriminator()
    torch.manual_seed(seeds.number(seed, "generator"))
    networks = initialize(GENERATORS[generator]()), initialize(discriminator)
    return [network.to(memory_format=torch.channels_last) for network in networks]


def adam(network):
    """Return the optimiser of the study."""
    return torch.optim.Adam(network.parameters(), RATE, betas=BETAS)


def train(tiles, steps, seed, generator="plain", grown=None, paired=False):
    """Return the moving average of a generator's weights.

    Parameters
    ----------
    tiles : numpy.ndarray, float32, shape [N, 32, 32, 1]
    steps, seed : int
    generator : str
        One of `GENERATORS`.
    grown : tuple of int, optional
        As in `schedule`.
    paired : bool
        The relativistic loss with R1 and R2, instead of the non-saturating one with R1.
    """
    G, D = build(seed, generator)
    averages = copies({"generator": G}, 1)
    g_adam, d_adam = adam(G), adam(D)
    images = torch.from_numpy(tiles).permute(0, 3, 1, 2)
    order = seeds.rng(seed, "order")
    contest = relativistic if paired else non_saturating
    for number, (stage, alpha) in enumerate(schedule(grown, steps)):
        rows = order.integers(len(images), size=BATCH_SIZE)
        real = shrink(images[rows], stage, alpha)
        fake = G(torch.randn(BATCH_SIZE, LATENT), stage, alpha)

        def judge(examples, stage=stage, alpha=alpha):
            return D(examples, stage, alpha)

        loss = contest.discriminator(judge(real), judge(fake.detach()))
        if number % LAZY == 0:
            loss = loss + LAZY * GAMMA * r1(judge, real)
            if paired:
                loss = loss + LAZY * GAMMA * r2(judge, fake)
        descend(d_adam, loss)
        on_real = judge(real).detach() if paired else None
        descend(g_adam, contest.generator(judge(fake), on_real))
        follow(averages, {"generator": G}, [AVERAGE], number)
    return averages[0]["generator"]


@torch.no_grad()
def sample(generator, count: int, seed: int, stage: int = LAST) -> np.ndarray:
    """Return images [count, H, W, 1] of a generator, cut off at −1 and 1."""
    random = torch.Generator().manual_seed(seeds.number(seed, "latents"))
    torch.manual_seed(seeds.number(seed, "noise"))
    made = [
        generator(torch.randn(50, LATENT, generator=random), stage) for _ in range(-(-count // 50))
    ]
    return torch.cat(made)[:count].clamp(-1, 1).permute(0, 2, 3, 1).numpy().copy()
