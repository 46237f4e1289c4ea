"""Digits become bold without pairs: cycle and identity loss, wrong bijections, hidden shades."""

import time

import numpy as np
import torch
from scipy.ndimage import maximum_filter
from torch import nn

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.torch import Trainer
from gantutor.torch.games import Cycle
from gantutor.torch.sampling import apply

STEPS = 300  # updates of each network
BATCH_SIZE = 16
LEARNING_RATE = 3e-3  # of Adam with β₁ = 0.5 and β₂ = 0.99, for all networks
WIDTH = 16  # channels of the generators' hidden layers, and of the discriminators' first
SET = 2000  # digits in each of the two sets to train on
HELD_OUT = 500
NOISE = 0.2  # standard deviation of what is added before the way back

KEYS = ("setting",)
SETTINGS = {
    "copy": {"method": "copy"},
    "any bold digit": {"method": "any"},
    "linear map": {"method": "linear"},
    "no cycle loss": {"cycle": 0.0},
    "cycle loss": {},
    "cycle and identity loss": {"identity": 1.5},
    "cycle loss, 80 % dark": {"dark": 0.8},
    "pairs": {"method": "pairs"},
    "grey paper": {"paper": 0.0, "cycle": 1.0, "steps": 400},
    "grey paper, no cycle loss": {"paper": 0.0, "cycle": 0.0, "steps": 400},
}

SEEDS = 10
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "error": (0, 2),
    "inverted": (0, 2),
    "fid": (0, np.inf),
    **dict.fromkeys(("kept", "read"), (0, 1)),
    **dict.fromkeys(("back", "back_noise", "back_partner"), (0, 2)),
    "residue": (0, 1),
    **dict.fromkeys(("shade_made", "shade_back", "shade_noise"), (-1, 1)),
}


def run(
    seed: int,
    method: str = "cycle",
    cycle: float = 3.0,
    identity: float = 0.0,
    dark: float = 0.5,
    paper: float | None = None,
    steps: int = STEPS,
) -> dict[str, float]:
    """Translate digits to bold ones, and score by the hidden partners.

    Parameters
    ----------
    seed : int
        Seed of the choice of digits, and of all weights and batches.
    method : {"cycle", "copy", "any", "linear", "pairs"}
        `gantutor.torch.games.Cycle`; the digit itself; a bold digit of the training set; the
        map of `monge`; a generator that is trained on pairs by the mean absolute error.
    cycle, identity
        As of `gantutor.torch.games.Cycle`.
    dark, paper
        As in `draw_sets`.
    steps : int
        Updates of each network.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    first, second, held_out, partners = draw_sets(seed, dark, paper)
    begin = time.process_time()
    there = back = lambda images: images
    if method == "any":
        rows = seeds.rng(seed, "data", 1).choice(len(second), len(held_out), replace=False)
        there = lambda _: second[rows]  # noqa: E731
    elif method == "linear":
        there, back = monge(first, second), monge(second, first)
    elif method == "pairs":
        there, back = (train_pairs(*pair, steps, seed) for pair in _both_ways(first))
    elif method == "cycle":
        there, back = train(first, second, steps, seed, cycle, identity)
    seconds = time.process_time() - begin
    found = score(there, back, held_out, partners, second, seed, paper is not None)
    return {"seconds": round(seconds, 2), **found}


def bold(images: np.ndarray) -> np.ndarray:
    """Return white digits [N, 28, 28, 1] with strokes two pixels wider: the maximum of 3×3."""
    return maximum_filter(images, (1, 3, 3, 1))


def draw_sets(
    seed: int, dark: float = 0.5, paper: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return regular digits, bold ones, held-out regular ones and their hidden partners.

    Parameters
    ----------
    seed : int
    dark : float
        Share of the digits that are white on black, "dark"; the others are black on white. A
        partner shares its digit's polarity.
    paper : float, optional
        Instead: all are dark, and the paper of a regular digit is a grey from −1 to this number.
        That of a bold one is black.

    Returns
    -------
    tuple of numpy.ndarray, float32, shape [N, 28, 28, 1]
        N is `SET` twice and `HELD_OUT` twice; no digit of one of the first three is in another.
    """
    random = seeds.rng(seed, "data")
    images, _ = load_digits()
    images = images[random.permutation(len(images))[: 2 * SET + HELD_OUT]]
    strong = bold(images)
    if paper is None:
        signs = np.where(random.random(len(images)) < dark, 1, -1)
        images, strong = (part * _along(signs) for part in (images, strong))
    else:
        images = np.maximum(images, _along(random.uniform(-1, paper, len(images))))
    return images[:SET], strong[SET : 2 * SET], images[2 * SET :], strong[2 * SET :]


def polarity(images: np.ndarray) -> np.ndarray:
    """Return 1 for images that are darker than grey on average, −1 for the others, shape [N]."""
    return np.where(images.mean(axis=(1, 2, 3)) < 0, 1, -1)


def build_generator() -> nn.Sequential:
    """Return a generator from image to image [N, 1, 28, 28] that sees 14 × 14 pixels at a time."""
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        nn.Conv2d(4, WIDTH, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(WIDTH, 4, 3, padding=1),
        nn.PixelShuffle(2),
        nn.Tanh(),
    )


def build_discriminator() -> nn.Sequential:
    """Return a discriminator of patches: images [N, 1, 28, 28] → logits [N, 49]."""
    return nn.Sequential(
        nn.Conv2d(1, WIDTH, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 1, 3, padding=1),
        nn.Flatten(1),
    )


def adam(parameters) -> torch.optim.Adam:
    """Return the optimiser of the study."""
    return torch.optim.Adam(parameters, LEARNING_RATE, betas=(0.5, 0.99))


def train(first, second, steps, seed, cycle=3.0, identity=0.0):
    """Play the cycle game; return two functions of images [N, 28, 28, 1]: there, and back.

    Parameters
    ----------
    first, second : numpy.ndarray, float32, shape [N, 28, 28, 1]
    steps, seed : int
    cycle, identity : float
        As of `gantutor.torch.games.Cycle`.
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    networks = [build() for build in (build_generator, build_discriminator) for _ in range(2)]
    trainer = Trainer(
        Cycle(*networks, cycle=cycle, identity=identity),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        batch_size=BATCH_SIZE,
        seed=seed,
        device="cpu",
    )
    trainer.fit((first, second), steps)
    return tuple(_function(network) for network in networks[:2])


def train_pairs(sources, targets, steps, seed):
    """Train the same generator on pairs by the mean absolute error; return its function."""
    torch.manual_seed(seeds.number(seed, "generator"))
    generator, order = build_generator(), seeds.rng(seed, "order")
    optimizer = adam(generator.parameters())
    x, y = (torch.from_numpy(part).permute(0, 3, 1, 2) for part in (sources, targets))
    for _ in range(steps):
        chosen = order.choice(len(x), BATCH_SIZE, replace=False)
        loss = (generator(x[chosen]) - y[chosen]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return _function(generator)


def monge(sources, targets, ridge=0.01):
    """Return the linear map that gives images the mean and covariance of others.

    It is the optimal transport between two Gaussians: A (x − μ₁) + μ₂ with
    A = S₁^(−½) (S₁^½ S₂ S₁^½)^½ S₁^(−½).

    Parameters
    ----------
    sources, targets : numpy.ndarray, float32, shape [N, 28, 28, 1]
    ridge : float
        Added to the variance of each pixel.

    Returns
    -------
    callable
        Images [N, 28, 28, 1] → images, cut off at −1 and 1.
    """
    rows = [part.reshape(len(part), -1).astype(np.float64) for part in (sources, targets)]
    means = [part.mean(axis=0) for part in rows]
    first, second = (np.cov(part.T) + ridge * np.eye(part.shape[1]) for part in rows)
    root, inverse = _power(first, 0.5), _power(first, -0.5)
    matrix = inverse @ _power(root @ second @ root, 0.5) @ inverse

    def there(images):
        mapped = (images.reshape(len(images), -1) - means[0]) @ matrix + means[1]
        return mapped.reshape(images.shape).clip(-1, 1).astype(np.float32)

    return there


def score(there, back, held_out, partners, others, seed, grey=False) -> dict[str, float]:
    """Score a translation on held-out digits, by their hidden partners.

    Parameters
    ----------
    there, back : callable
        From regular to bold digits [N, 28, 28, 1], and back.
    held_out, partners : numpy.ndarray, float32, shape [N, 28, 28, 1]
    others : numpy.ndarray, float32, shape [M, 28, 28, 1]
        Bold digits of which none is a partner.
    seed : int
        Seed of the noise.
    grey : bool
        Whether the digits are on grey paper; then all of them count as white on black.

    Returns
    -------
    dict of float
        ``error``: mean absolute error to the partner; ``inverted``: that of the negative;
        ``fid``: digit FID to the other bold digits; ``kept``: share of translations with the
        polarity of their digit; ``read``: share that the digit classifier reads as what it reads
        in the digit, both made white on black; ``back``, ``back_noise`` and ``back_partner``: mean
        absolute error on the way back from the translation, from it with noise of standard
        deviation `NOISE`, and from the partner. Of grey paper, and 0 elsewhere: ``residue``, the
        standard deviation of the mean grey of the translations where their partners are black;
        ``shade_made``, ``shade_back``, ``shade_noise``: correlation of the digits' grey with that
        mean grey, with the median of what comes back, and likewise from the noisy translations.
    """
    made = there(held_out)
    noisy = made + seeds.rng(seed, "noise").normal(0, NOISE, made.shape).astype(np.float32)
    returned, from_noisy, from_partner = (back(images) for images in (made, noisy, partners))
    given, seen = (np.ones(len(i)) if grey else polarity(i) for i in (held_out, made))
    scores = {
        "error": np.abs(made - partners).mean(),
        "inverted": np.abs(-made - partners).mean(),
        "fid": metrics.digit_fid(made, real=others),
        "kept": np.mean(seen == given),
        "read": np.mean(_read(made, seen) == _read(held_out, given)),
        "back": np.abs(returned - held_out).mean(),
        "back_noise": np.abs(from_noisy - held_out).mean(),
        "back_partner": np.abs(from_partner - held_out).mean(),
        **dict.fromkeys(("residue", "shade_made", "shade_back", "shade_noise"), 0.0),
    }
    if grey:
        greys, rest = shade(held_out), residue(made, partners)
        scores |= {
            "residue": rest.std(),
            "shade_made": _correlation(greys, rest),
            "shade_back": _correlation(greys, shade(returned)),
            "shade_noise": _correlation(greys, shade(from_noisy)),
        }
    return {name: round(float(value), 4) for name, value in scores.items()}


def shade(images: np.ndarray) -> np.ndarray:
    """Return the grey of the paper of dark images: the median of the pixels, shape [N]."""
    return np.median(images, axis=(1, 2, 3))


def residue(made: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Return the mean of each translation over the pixels that are black in its partner, [N]."""
    black = partners < -0.99
    return (made * black).sum(axis=(1, 2, 3)) / black.sum(axis=(1, 2, 3))


def _correlation(first, second):
    return np.corrcoef(first, second)[0, 1] if min(first.std(), second.std()) > 1e-6 else 0.0


def _along(numbers):
    return np.asarray(numbers, np.float32)[:, None, None, None]


def _read(images, signs):
    return metrics.digit_probabilities(images * _along(signs)).argmax(axis=1)


def _power(matrix, exponent):
    values, axes = np.linalg.eigh(matrix)
    return axes * values.clip(1e-12) ** exponent @ axes.T


def _function(network):
    return lambda images: apply(network, images)


def _both_ways(first):
    signs = _along(polarity(first))
    partners = signs * bold(signs * first)
    return (first, partners), (partners, first)
