"""Features of one layer, trained to tell photographs apart."""

from functools import cache

import numpy as np
import skimage.data
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.studies.textures.making import RandomFeatures

PHOTOGRAPHS = ("brick", "grass", "gravel", "coins", "coffee", "astronaut")
CROP = 32  # side of what the classifier sees
STEPS = 250
BATCH_SIZE = 24
LEARNING_RATE = 3e-3  # of Adam
HELD_OUT = 0.3  # share of each photograph, at its right, that training never sees


class Classifier(nn.Module):
    """Which photograph a crop is from, by the mean of each feature on each scale."""

    def __init__(self, seed: int):
        super().__init__()
        self.features = RandomFeatures(3, seed).requires_grad_(True)
        self.last = nn.Linear(3 * len(self.features.filters), len(PHOTOGRAPHS))

    def forward(self, images):
        """Return logits [N, 6] for crops [N, 3, H, W]."""
        means = [scale.mean(dim=(2, 3)) for scale in self.features(images)]
        return self.last(torch.cat(means, dim=1))


@cache
def trained(seed: int) -> tuple[RandomFeatures, float]:
    """Train the filters that `RandomFeatures(3, …)` starts from, as part of a classifier.

    Parameters
    ----------
    seed : int

    Returns
    -------
    features : RandomFeatures
        Frozen.
    accuracy : float
        Of the classifier, on 300 crops of the parts that it never saw.
    """
    torch.manual_seed(seeds.number(seed, "discriminator"))
    network = Classifier(seeds.number(seed, "generator"))
    adam = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    random = seeds.rng(seed, "order")
    seen, unseen = (photographs(held_out) for held_out in (False, True))
    for _ in range(STEPS):
        loss = cross_entropy(*_ask(network, *crops(seen, BATCH_SIZE, random)))
        descend(adam, loss)
    with torch.no_grad():
        logits, labels = _ask(network, *crops(unseen, 300, random))
    right = (logits.argmax(dim=1) == labels).float().mean().item()
    return network.features.requires_grad_(False), right


def photographs(held_out: bool) -> list[np.ndarray]:
    """Return a part of each photograph, [H, W, 3] in [−1, 1]: what is seen, or what is held out."""
    parts = []
    for name in PHOTOGRAPHS:
        photo = getattr(skimage.data, name)().astype(np.float32) / 127.5 - 1
        photo = photo if photo.ndim == 3 else np.repeat(photo[..., None], 3, axis=2)
        cut = round((1 - HELD_OUT) * photo.shape[1])
        parts.append(photo[:, cut:] if held_out else photo[:, :cut])
    return parts


def crops(photos, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return crops [count, 32, 32, 3] at half the photographs' resolution, and whose they are."""
    labels = random.integers(len(photos), size=count)
    chosen = []
    for label in labels:
        photo = photos[label]
        top, left = (random.integers(length - 2 * CROP + 1) for length in photo.shape[:2])
        crop = photo[top : top + 2 * CROP, left : left + 2 * CROP]
        chosen.append(crop.reshape(CROP, 2, CROP, 2, 3).mean(axis=(1, 3)))
    return np.stack(chosen), labels


def _ask(network, images, labels):
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    return network(batch), torch.from_numpy(labels)
