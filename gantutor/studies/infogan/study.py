"""InfoGAN on digits: what its codes say of the images, over seeds, with and without its bound."""

import time

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score
from torch.nn.functional import cross_entropy, one_hot

from gantutor import metrics
from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.torch import models
from gantutor.torch.losses import non_saturating
from gantutor.torch.sampling import apply

STEPS = 300  # updates of each network
NOISE_DIM, CATEGORIES, SLIDERS = 62, 10, 2  # lengths of z, of the class code, of the others
BATCH_SIZE = 64
LEARNING_RATE = 3e-3  # of Adam with β₁ = 0 and β₂ = 0.9, for both networks
SAMPLES = 2000  # that are scored

KEYS = ("setting",)
SETTINGS = {"λ = 0": {"weight": 0.0}, "λ = 1": {"weight": 1.0}}

SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "bound": (-np.inf, float(np.log(CATEGORIES))),
    "purity": (0, 1),
    "information": (0, 1),
    "real_purity": (0, 1),
    "slant": (-1, 1),
    "width": (-1, 1),
    "ink": (-1, 1),
    "digit_fid": (0, np.inf),
}


def run(seed: int, weight: float, steps: int = STEPS) -> dict[str, float]:
    """Train one InfoGAN on the 5,000 digits without their labels, and score its codes.

    Parameters
    ----------
    seed : int
        Seed of weights, order, noise and codes.
    weight : float
        λ: how much the generator minds that its codes can be read from its images. The network Q
        learns to read them whatever λ is.
    steps : int
        Updates of each network.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; and what `score` returns.
    """
    begin = time.process_time()
    generator, discriminator = train(load_digits()[0], weight, steps, seed)
    seconds = time.process_time() - begin
    return {"seconds": round(seconds, 2), **score(generator, discriminator, seed)}


def train(images, weight, steps, seed):
    """Return a generator and a discriminator that is Q as well, trained by `step_losses`.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 28, 28, 1]
        In [−1, 1].
    weight, steps, seed
        As in `run`.
    """
    codes = CATEGORIES + SLIDERS
    generator = models.dcgan_generator(latent_dim=NOISE_DIM, width=16, classes=codes, seed=seed)
    # One logit for real or fake, ten for the class code, and a guess of each slider.
    discriminator = models.dcgan_discriminator(
        width=16, spectral_norm=True, classes=1 + codes, seed=seed
    )
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.0, 0.9))
        for network in (generator, discriminator)
    )
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    random = seeds.rng(seed, "order")
    noise = torch.Generator().manual_seed(seeds.number(seed, "noise"))
    for _ in range(steps):
        real = pixels[torch.from_numpy(random.choice(len(pixels), BATCH_SIZE, replace=False))]
        z = torch.randn(BATCH_SIZE, NOISE_DIM, generator=noise)
        category = torch.randint(CATEGORIES, (BATCH_SIZE,), generator=noise)
        sliders = 2 * torch.rand(BATCH_SIZE, SLIDERS, generator=noise) - 1
        fake = generator(torch.cat([z, one_hot(category, CATEGORIES), sliders], dim=1))

        outputs = discriminator(torch.cat([real, fake.detach()]))
        real_logits, fake_logits = outputs[:, 0].chunk(2)
        d_loss = non_saturating.discriminator(real_logits, fake_logits)
        descend(d_adam, d_loss + code_loss(outputs[BATCH_SIZE:], category, sliders))

        discriminator.requires_grad_(False)
        outputs = discriminator(fake)
        g_loss = non_saturating.generator(outputs[:, 0], real_logits)
        descend(g_adam, g_loss + weight * code_loss(outputs, category, sliders))
        discriminator.requires_grad_(True)
    return generator, discriminator


def code_loss(outputs, category, sliders):
    """Return −log q(c | x), mean over the batch, but for constants: softmax, and 𝒩(guess, 1)."""
    guesses = outputs[:, 1 + CATEGORIES :]
    squares = (guesses - sliders).square().sum(dim=1).mean()
    return cross_entropy(outputs[:, 1 : 1 + CATEGORIES], category) + 0.5 * squares


def draw(generator, seed, count=SAMPLES):
    """Return images [count, 28, 28, 1], their class codes [count] and sliders [count, 2]."""
    random = seeds.rng(seed, "latents")
    z = random.normal(size=(count, NOISE_DIM))
    category = np.arange(count) % CATEGORIES
    sliders = random.uniform(-1, 1, size=(count, SLIDERS))
    rows = np.concatenate([z, np.eye(CATEGORIES)[category], sliders], axis=1)
    return apply(generator, rows.astype(np.float32)), category, sliders


def score(generator, discriminator, seed: int) -> dict[str, float]:
    """Compare the codes with what the images show.

    Returns
    -------
    dict of float
        ``bound``, H(c) + E log q(c | x) of the class code in nats; ``purity``, the share of samples
        whose digit is the one that is matched with their code, one digit a code; ``information``,
        the normalised mutual information of both; ``real_purity``, the purity of the codes that Q
        reads from the 5,000 real digits; ``slant``, ``width`` and ``ink``, the share of each one's
        variance over the samples that a linear function of the sliders explains; ``digit_fid``.
    """
    made, category, sliders = draw(generator, seed)
    outputs = apply(discriminator, made)[:, 1 : 1 + CATEGORIES].astype(np.float64)
    log_q = outputs - np.logaddexp.reduce(outputs, axis=1, keepdims=True)
    digits = metrics.digit_probabilities(made).argmax(axis=1)
    images, labels = load_digits()
    read = apply(discriminator, images)[:, 1 : 1 + CATEGORIES].argmax(axis=1)
    scores = {
        "bound": np.log(CATEGORIES) + log_q[np.arange(len(made)), category].mean(),
        "purity": purity(category, digits),
        "information": normalized_mutual_info_score(digits, category),
        "real_purity": purity(read, labels),
        **{name: explained(sliders, values) for name, values in factors(made).items()},
        "digit_fid": metrics.digit_fid(made),
    }
    return {name: round(float(value), 6) for name, value in scores.items()}


def purity(codes: np.ndarray, digits: np.ndarray) -> float:
    """Return the share of agreement after the best matching of each code with one digit.

    Examples
    --------
    >>> purity(np.array([1, 1, 0, 0]), np.array([5, 5, 3, 5]))
    0.75
    """
    counts = np.zeros((10, 10))
    np.add.at(counts, (codes, digits), 1)
    matched = linear_sum_assignment(counts, maximize=True)
    return float(counts[matched].sum() / len(codes))


def factors(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what moments say of strokes.

    Parameters
    ----------
    images : numpy.ndarray, shape [N, 28, 28, 1]
        White on black, in [−1, 1].

    Returns
    -------
    dict of numpy.ndarray, shape [N]
        ``slant``, the shift to the right for each pixel upwards; ``width``, the horizontal
        standard deviation in pixels; ``ink``, the share of white, which grows with the thickness
        and with the length of strokes.
    """
    ink = np.clip((images[..., 0] + 1) / 2, 1e-6, 1).astype(np.float64)
    total, side = ink.sum(axis=(1, 2)), np.arange(ink.shape[1])

    def mean(values):
        return (ink * values).sum(axis=(1, 2)) / total

    across, down = np.broadcast_arrays(side[None, None, :], side[None, :, None])
    across = across - mean(across)[:, None, None]
    down = down - mean(down)[:, None, None]
    return {
        "slant": -mean(across * down) / mean(down**2),
        "width": np.sqrt(mean(across**2)),
        "ink": ink.mean(axis=(1, 2)),
    }


def explained(sliders: np.ndarray, values: np.ndarray) -> float:
    """Return R² of the best linear function of the sliders [N, d] with the values [N]."""
    rows = np.column_stack([np.ones(len(sliders)), sliders])
    rest = values - rows @ np.linalg.lstsq(rows, values, rcond=None)[0]
    return float(1 - rest.var() / values.var())
