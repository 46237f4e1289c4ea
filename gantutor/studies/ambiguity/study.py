"""Letters between typefaces: the ambiguity loss, and what a confused judge does not show."""

import time
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, one_hot

from gantutor.data import draw_letters
from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.torch.losses import non_saturating
from gantutor.torch.models import dcgan_generator

FACES = ("DejaVu Sans", "STIX Italic", "DejaVu Serif")
LETTERS = "AEGHKMRS"
SIZE = 16  # side of the images
PIXELS = SIZE**2
LATENT = 16
WIDTH = 16  # channels of the last hidden layer of G and of the first layer of D
STEPS = 400  # updates of each network
BATCH_SIZE = 48
LEARNING_RATE = 1e-3  # of Adam with β₁ = 0.5, for all networks
SAMPLES = 480

KEYS = ("setting",)
SETTINGS = {
    "noise": {"method": "noise"},
    "mean of two typefaces": {"method": "mean", "count": 2},
    "mean of three typefaces": {"method": "mean", "count": 3},
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
    "judge": (0, 1),
}


def run(seed: int, method: str = "gan", weight: float = 0.0, count: int = 0) -> dict[str, float]:
    """Make letters and ask two judges that never saw a generated one.

    Parameters
    ----------
    seed : int
        Seed of the letters, and of all weights and batches.
    method : {"gan", "noise", "mean", "real"}
        A GAN; uniform noise; the mean of one letter in several typefaces; other real letters.
    weight : float
        Of the ambiguity loss.
    count : int
        How many typefaces the mean is of.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; what `score` returns; and ``judge``, the
        share of other real letters of which the first judge names the typeface rightly.
    """
    images, styles, letters = draw(seed)
    others, styles_of, letters_of = draw(seed, part=1)
    asked = np.arange(SAMPLES) % len(LETTERS)
    begin = time.process_time()
    if method == "gan":
        made = sample(train(images, styles, letters, seed, weight), seed)
    elif method == "noise":
        made = seeds.rng(seed, "noise").uniform(-1, 1, (SAMPLES, PIXELS)).astype(np.float32)
    elif method == "mean":
        made = others.reshape(len(FACES), SAMPLES, PIXELS)[:count].mean(axis=0)
        asked = letters_of[:SAMPLES]
    else:
        made, asked = others, letters_of
    seconds = time.process_time() - begin
    style_judge, letter_judge = judges(seed)
    with torch.no_grad():
        found = style_judge(torch.from_numpy(others)).argmax(dim=1).numpy()
    scores = score(made, asked, style_judge, letter_judge)
    return {
        "seconds": round(seconds, 2),
        **scores,
        "judge": round(float(np.mean(found == styles_of)), 4),
    }


@cache
def judges(seed: int) -> list[nn.Module]:
    """Return classifiers of typefaces and of letters, which never saw a generated image."""
    images, *labels = draw(seed)
    return [train_judge(images, of, seed, number) for number, of in enumerate(labels)]


def draw(seed: int, part: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return letters, [1440, 256] in [−1, 1], their typefaces, and which letters they are.

    The i-th of a typeface is the i-th of another: the same letter at the same place. Another
    `part` has other places and sizes.
    """
    faces, letters = draw_letters(480, LETTERS, FACES, SIZE, seeds.rng(seed, "data", part))
    styles = np.repeat(np.arange(len(FACES)), len(letters))
    return np.concatenate(faces).reshape(-1, PIXELS), styles, np.tile(letters, len(FACES))


def build_generator(seed: int) -> nn.Sequential:
    """Return a generator: noise and a letter as 8 numbers, [N, 24] → images [N, 1, 16, 16]."""
    return dcgan_generator((SIZE, SIZE, 1), LATENT, WIDTH, classes=len(LETTERS), seed=seed)


def build_discriminator(seed: int) -> nn.Sequential:
    """Return a network: images [N, 1, 16, 16] → a logit for each letter, then for each typeface."""
    torch.manual_seed(seeds.number(seed, "discriminator"))
    return nn.Sequential(
        nn.Conv2d(1, WIDTH, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * WIDTH * (SIZE // 4) ** 2, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, len(LETTERS) + len(FACES)),
    )


def build_judge(outputs: int) -> nn.Sequential:
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


def ask(discriminator, images, letters):
    """Return the logit of each image's letter, [N], and those of the typefaces, [N, 3]."""
    out = discriminator(images)
    return out.gather(1, letters[:, None])[:, 0], out[:, len(LETTERS) :]


def latents(letters: torch.Tensor) -> torch.Tensor:
    """Return noise with a letter behind it, [N, 24]."""
    z = torch.randn(len(letters), LATENT)
    return torch.cat([z, one_hot(letters, len(LETTERS)).float()], dim=1)


def train(images, styles, letters, seed, weight=0.0, steps=STEPS):
    """Play the game of creative adversarial networks; return the generator.

    Parameters
    ----------
    images : numpy.ndarray, float32, shape [N, 256]
    styles, letters : numpy.ndarray of int, shape [N]
    seed : int
    weight : float
        Of the ambiguity loss; 0 is a plain GAN with conditions.
    steps : int
    """
    G, D = build_generator(seed), build_discriminator(seed)
    g_adam, d_adam = adam(G), adam(D)
    x = torch.from_numpy(images).reshape(-1, 1, SIZE, SIZE)
    style, letter = torch.from_numpy(styles), torch.from_numpy(letters)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH_SIZE,))
        asked = letter[rows]
        fake = G(latents(asked))
        real_out, real_style = ask(D, x[rows], asked)
        fake_out, _ = ask(D, fake.detach(), asked)
        d_loss = non_saturating.discriminator(real_out, fake_out)
        descend(d_adam, d_loss + cross_entropy(real_style, style[rows]))
        fake_out, fake_style = ask(D, fake, asked)
        g_loss = non_saturating.generator(fake_out, real_out)
        descend(g_adam, g_loss + weight * ambiguity_loss(fake_style))
    return G


def sample(generator: nn.Module, seed: int) -> np.ndarray:
    """Return `SAMPLES` images of a generator, [N, 256]: the eight letters in turn."""
    torch.manual_seed(seeds.number(seed, "latents"))
    with torch.no_grad():
        return generator(latents(torch.arange(SAMPLES) % len(LETTERS))).flatten(1).numpy()


def train_judge(images, labels, seed: int, number: int = 0, steps: int = 1500) -> nn.Module:
    """Train a classifier of real images that takes no part in the game.

    It sees the images with noise of random strength, so that it is not sure of what it never saw.
    """
    torch.manual_seed(seeds.number(seed, "discriminator", 7 + number))
    network = build_judge(int(labels.max()) + 1)
    optimizer = adam(network)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH_SIZE,))
        noisy = x[rows] + 0.3 * torch.rand(BATCH_SIZE, 1) * torch.randn(BATCH_SIZE, PIXELS)
        descend(optimizer, cross_entropy(network(noisy), y[rows]))
    return network


def score(made, asked, style_judge, letter_judge) -> dict[str, float]:
    """Score images [N, 256] that should show the letters `asked`, [N].

    Returns
    -------
    dict of float
        ``ambiguity``: entropy of the typefaces that the first judge sees, 0 if it is sure and 1 if
        it finds all equally probable, mean over the images; ``read``: share of images in which the
        letter that is most probable to the second judge is the one asked for.
    """
    with torch.no_grad():
        rows = torch.from_numpy(made)
        logs = log_softmax(style_judge(rows), dim=1)
        right = letter_judge(rows).argmax(dim=1) == torch.from_numpy(asked)
    entropy = -(logs.exp() * logs).sum(dim=1) / np.log(logs.shape[1])
    scores = {"ambiguity": entropy.mean(), "read": right.float().mean()}
    return {name: round(float(value), 4) for name, value in scores.items()}
