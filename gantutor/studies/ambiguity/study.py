"""Letters between typefaces: the ambiguity loss, and what a confused judge does not show."""

import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, softplus

from gantutor.data import draw_letters
from gantutor.metrics import nearest_distances
from gantutor.runs import seeds

FACES = ("DejaVu Sans", "STIX Italic", "DejaVu Serif")
LETTERS = "AEGHKMRS"
SIZE = 16  # side of the images
PIXELS = SIZE**2
LATENT = 16
STEPS = 1000  # updates of each network
BATCH_SIZE = 48
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0.5, for all networks
SAMPLES = 480

KEYS = ("setting",)
SETTINGS = {
    "noise": {"method": "noise"},
    "mean of two typefaces": {"method": "mean"},
    "GAN": {"weight": 0.0},
    "GAN, ambiguity 1": {"weight": 1.0},
    "GAN, ambiguity 5": {"weight": 5.0},
    "real letters": {"method": "real"},
}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "ambiguity": (0, 1),
    "read": (0, 1),
    "away": (0, np.inf),
}


def run(seed: int, method: str = "gan", weight: float = 0.0) -> dict[str, float]:
    """Make letters and ask two judges that never saw a generated one.

    Parameters
    ----------
    seed : int
        Seed of the letters, and of all weights and batches.
    method : {"gan", "noise", "mean", "real"}
        A GAN; uniform noise; the mean of one letter in two typefaces; other real letters.
    weight : float
        Of the ambiguity loss.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    images, styles, letters = draw(seed)
    begin = time.process_time()
    if method == "gan":
        made = sample(train(images, styles, seed, weight), seed)
    elif method == "noise":
        made = seeds.rng(seed, "noise").uniform(-1, 1, (SAMPLES, PIXELS)).astype(np.float32)
    else:
        made, styles_of, _ = draw(seed, part=1)
        if method == "mean":
            sans, italic, _ = (made[styles_of == style] for style in range(3))
            made = (sans + italic) / 2
    seconds = time.process_time() - begin
    judges = [train_judge(images, labels, seed, n) for n, labels in enumerate((styles, letters))]
    return {"seconds": round(seconds, 2), **score(made, *judges, images)}


def draw(seed: int, part: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return letters, [1440, 256] in [−1, 1], their typefaces, and which letters they are.

    The i-th of a typeface is the i-th of another: the same letter at the same place. Another
    `part` has other places and sizes.
    """
    faces, letters = draw_letters(480, LETTERS, FACES, SIZE, seeds.rng(seed, "data", part))
    styles = np.repeat(np.arange(len(FACES)), len(letters))
    return np.concatenate(faces).reshape(-1, PIXELS), styles, np.tile(letters, len(FACES))


def build_generator() -> nn.Sequential:
    """Return a generator: noise [N, 16] → images [N, 256]."""
    hidden = [nn.Linear(LATENT, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Linear(256, PIXELS), nn.Tanh())


def build_network(outputs: int) -> nn.Sequential:
    """Return a network from images [N, 256] to logits [N, outputs]."""
    hidden = [nn.Linear(PIXELS, 256), nn.LeakyReLU(0.2), nn.Linear(256, 128), nn.LeakyReLU(0.2)]
    return nn.Sequential(*hidden, nn.Linear(128, outputs))


def adam(network: nn.Module) -> torch.optim.Adam:
    """Return the optimiser of the study."""
    return torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.5, 0.99))


def ambiguity_loss(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy between equal shares and the styles that a network sees.

    It is smallest, the logarithm of the number of styles, if the logits [N, K] of a row are equal.
    """
    return -log_softmax(logits, dim=1).mean()


def train(images, styles, seed, weight=0.0, steps=STEPS):
    """Play the game of creative adversarial networks; return the generator.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 256]
    styles : numpy.ndarray of int, shape [N]
    seed : int
    weight : float
        Of the ambiguity loss; 0 is a plain GAN.
    steps : int
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    G, D = build_generator(), build_network(1 + len(FACES))
    g_adam, d_adam = adam(G), adam(D)
    x, y = torch.from_numpy(images), torch.from_numpy(styles)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH_SIZE,))
        fake = G(torch.randn(BATCH_SIZE, LATENT))
        real_out, fake_out = D(x[rows]), D(fake.detach())
        d_loss = softplus(-real_out[:, 0]).mean() + softplus(fake_out[:, 0]).mean()
        d_loss = d_loss + cross_entropy(real_out[:, 1:], y[rows])
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        out = D(fake)
        g_loss = softplus(-out[:, 0]).mean() + weight * ambiguity_loss(out[:, 1:])
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
    return G


def sample(generator: nn.Module, seed: int) -> np.ndarray:
    """Return `SAMPLES` images of a generator, [N, 256]."""
    z = seeds.rng(seed, "latents").normal(size=(SAMPLES, LATENT)).astype(np.float32)
    with torch.no_grad():
        return generator(torch.from_numpy(z)).numpy()


def train_judge(images, labels, seed: int, number: int = 0, steps: int = 400) -> nn.Module:
    """Train a classifier of real images that takes no part in the game.

    It sees the images with noise of random strength, so that it is not sure of what it never saw.
    """
    torch.manual_seed(seeds.number(seed, "discriminator", 7 + number))
    network = build_network(int(labels.max()) + 1)
    optimizer = adam(network)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH_SIZE,))
        noisy = x[rows] + 0.3 * torch.rand(BATCH_SIZE, 1) * torch.randn(BATCH_SIZE, PIXELS)
        loss = cross_entropy(network(noisy), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def score(made, style_judge, letter_judge, images) -> dict[str, float]:
    """Score images [N, 256].

    Returns
    -------
    dict of float
        ``ambiguity``: entropy of the typefaces that the first judge sees, 0 if it is sure and 1 if
        it finds all equally probable, mean over the images; ``read``: share of images in which the
        second judge is surer than 0.9 of one letter; ``away``: mean distance to the nearest of the
        real images, the root of the mean squared difference of a pixel.
    """
    with torch.no_grad():
        rows = torch.from_numpy(made)
        logs = log_softmax(style_judge(rows), dim=1)
        sure = torch.softmax(letter_judge(rows), dim=1).max(dim=1).values > 0.9
    entropy = -(logs.exp() * logs).sum(dim=1) / np.log(logs.shape[1])
    away = nearest_distances(made, images).mean() / SIZE
    scores = {"ambiguity": entropy.mean(), "read": sure.float().mean(), "away": away}
    return {name: round(float(value), 4) for name, value in scores.items()}
