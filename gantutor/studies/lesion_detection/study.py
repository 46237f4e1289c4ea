"""A detector of faint lesions learns from few crops, and from added ones: turned, drawn, made."""

import time

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.studies.lesions.tissue import EDGE, SIDE, add, contrast, draw, places
from gantutor.studies.lesions.training import train

STRENGTHS = (0.15, 0.4)  # of the lesions, least and largest; fainter than in `lesions`
FEW = 20  # healthy crops to learn from, and as many with a lesion
MORE = 8  # times as many crops with a lesion, where some are added
TEST = 500  # healthy crops to test on, and as many with a lesion
STEPS = 400  # updates of the classifier
GAN_STEPS = 600  # updates of the translator from healthy to ill, and of its discriminator
LEARNING_RATE = 1e-2  # of the classifier's Adam

KEYS = ("method",)
SETTINGS = {
    name: {"method": name}
    for name in (
        "mean grey",
        "brightest pixel",
        "matched filter",
        "five numbers",
        "few",
        "few, turned",
        "and healthy, called ill",
        "and generated",
        "and drawn",
        "eight times as many",
    )
}
SEEDS = 5
COLUMNS = {"seed": (0, np.inf), "seconds": (0, np.inf), "auroc": (0, 1)}


def run(seed: int, method: str) -> dict[str, float]:
    """Learn to tell ill from healthy crops, and test on the other half of the retina.

    Parameters
    ----------
    seed : int
        Seed of the halves, the crops, the weights and the batches.
    method : str
        As in `SETTINGS`. The first three learn nothing; "five numbers" is a logistic regression on
        `five_numbers` of the few crops. "and healthy, called ill" is what a generator that copies
        would give. Those with "and" add `MORE` − 1 times as
        many crops with a lesion, made from the healthy ones, to the few that are turned.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; ``auroc``.
    """
    healthy, ill, test = draw_sets(seed, FEW * MORE if method.startswith("eight") else FEW)
    begin = time.process_time()
    simple = {
        "mean grey": lambda images: images.mean(axis=(1, 2)),
        "brightest pixel": lambda images: images.max(axis=(1, 2)),
        "matched filter": lambda images: contrast(images).max(axis=(1, 2)),
    }
    if method in simple:
        scores = simple[method](test)
    elif method == "five numbers":
        model = make_pipeline(StandardScaler(), LogisticRegression())
        model.fit(five_numbers(np.concatenate([healthy, ill])), np.repeat([0, 1], FEW))
        scores = model.decision_function(five_numbers(test))
    else:
        if method != "few":
            healthy, ill = turned(healthy), turned(ill)
        random = seeds.rng(seed, "labels")
        if method == "and generated":
            translator = train(healthy, ill, GAN_STEPS, seed)
            ill = np.concatenate([ill, translator.images(some(healthy, random))])
        elif method == "and healthy, called ill":
            ill = np.concatenate([ill, some(healthy, random)])
        elif method == "and drawn":
            ill = np.concatenate([ill, drawn(some(healthy, random), random)])
        scores = classify(healthy, ill, test, seed)
    seconds = time.process_time() - begin
    auroc = roc_auc_score(np.repeat([0, 1], TEST), scores)
    return {"seconds": round(seconds, 2), "auroc": round(float(auroc), 4)}


def five_numbers(images: np.ndarray) -> np.ndarray:
    """Return five numbers of each image [N, H, H] to classify it by, shape [N, 5].

    They are the brightest pixel, the brightest after a slight blur, the largest answer of the
    matched filter, the mean and the standard deviation.
    """
    numbers = [
        images.max(axis=(1, 2)),
        gaussian_filter(images, (0, 0.8, 0.8)).max(axis=(1, 2)),
        contrast(images).max(axis=(1, 2)),
        images.mean(axis=(1, 2)),
        images.std(axis=(1, 2)),
    ]
    return np.stack(numbers, axis=1)


def draw_sets(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return that many healthy images, as many with a lesion, and those to test on."""
    random = seeds.rng(seed, "data")
    angle = random.uniform(0, 2 * np.pi)
    ours, theirs = places(angle, 1), places(angle, -1)
    plain = draw(2 * TEST, 0.0, theirs, random).images
    test = np.concatenate([plain[:TEST], drawn(plain[TEST:], random)])
    healthy, others = (draw(count, 0.0, ours, random).images for _ in range(2))
    return healthy, drawn(others, random), test


def turned(images: np.ndarray) -> np.ndarray:
    """Return the eight turned and mirrored copies of each image [N, H, H], shape [8 N, H, H]."""
    turns = [np.rot90(images, k, axes=(1, 2)) for k in range(4)]
    return np.concatenate([*turns, *(turn[:, :, ::-1] for turn in turns)]).copy()


def some(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return (`MORE` − 1) times as many images as there are, drawn with repetition."""
    return images[random.integers(len(images), size=(MORE - 1) * len(images))]


def drawn(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return images with a faint lesion each, where chance puts it."""
    centres = random.uniform(EDGE, SIDE - 1 - EDGE, (len(images), 2))
    return add(images, centres, random.uniform(*STRENGTHS, len(images)))


def classify(healthy: np.ndarray, ill: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Train a small convolutional network, on half a batch of each kind; return logits [N]."""
    torch.manual_seed(seeds.number(seed, "discriminator"))
    network = nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 1)
    )
    optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    kinds = [torch.from_numpy(images)[:, None] for images in (healthy, ill)]
    labels = torch.tensor([0.0, 1.0]).repeat_interleave(FEW)
    for _ in range(STEPS):
        images = torch.cat([kind[torch.randint(len(kind), (FEW,))] for kind in kinds])
        descend(optimizer, binary_cross_entropy_with_logits(network(images)[:, 0], labels))
    with torch.no_grad():
        return network(torch.from_numpy(test)[:, None])[:, 0].numpy()
