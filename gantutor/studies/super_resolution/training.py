"""Networks that enlarge photographs four times, and the training of them."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, pixel_shuffle

from gantutor.runs import seeds
from gantutor.studies.descent import descend
from gantutor.studies.super_resolution.images import SCALE, as_tensor, enlarge
from gantutor.torch.losses import non_saturating

WIDTH = 32  # channels of the upscaler
BLOCKS = 3  # residual blocks of it
SMALL = 12  # side of the small patches
BATCH_SIZE = 8
RATE = 1e-3  # of Adam, for both networks
BETAS = (0.5, 0.99)


class Block(nn.Module):
    """Two convolutions whose result is added to their input."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
        )

    def forward(self, x):
        """Return what is given and what is found."""
        return x + self.layers(x)


class Upscaler(nn.Module):
    """Small images [N, 1, h, w] → [N, 1, 4h, 4w]: bicubic interpolation, corrected."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, WIDTH, 3, padding=1),
            *(Block() for _ in range(BLOCKS)),
            nn.ReLU(),
            nn.Conv2d(WIDTH, SCALE**2, 3, padding=1),
        )

    def forward(self, small):
        """Return the large images."""
        return enlarge(small) + pixel_shuffle(self.layers(small), SCALE)


def build_discriminator(width: int = 24) -> nn.Sequential:
    """Return a discriminator of patches of 18 × 18 pixels: images [N, 1, H, W] → logits."""
    return nn.Sequential(
        nn.Conv2d(1, width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 1, 3, padding=1),
    )


def adam(network: nn.Module) -> torch.optim.Adam:
    """Return the optimiser of the study."""
    return torch.optim.Adam(network.parameters(), RATE, betas=BETAS)


class Pairs:
    """Random pairs of small patches and large ones.

    Parameters
    ----------
    smalls : list of list of numpy.ndarray, float32, shape [h, w, 1]
        Of each photograph, one or several small versions.
    larges : list of numpy.ndarray, float32, shape [4h, 4w, 1]
    side : int
        Of the small patches.
    seed : int
    """

    def __init__(self, smalls, larges, seed, side=SMALL):
        self.smalls, self.larges, self.side = smalls, larges, side
        self.random = seeds.rng(seed, "order")

    def draw(self, count=BATCH_SIZE):
        """Return tensors of small and large patches, [count, 1, side, side], turned at random."""
        pairs = []
        for which in self.random.integers(len(self.larges), size=count):
            versions = self.smalls[which]
            small = versions[self.random.integers(len(versions))]
            top, left = (self.random.integers(s - self.side + 1) for s in small.shape[:2])
            flip, turns = self.random.integers(2), self.random.integers(4)
            pair = []
            for image, scale in ((small, 1), (self.larges[which], SCALE)):
                rows, columns = (
                    slice(scale * start, scale * (start + self.side)) for start in (top, left)
                )
                patch = np.rot90(image[rows, columns], turns)
                pair.append(patch[:, ::-1] if flip else patch)
            pairs.append(pair)
        return tuple(as_tensor(np.stack(images)) for images in zip(*pairs, strict=True))


def train(pairs, steps, seed, adversarial=0.0, features=0.0, classifier=None):
    """Return an upscaler that was trained by L1 + features · feature loss + adversarial · GAN loss.

    Parameters
    ----------
    pairs : Pairs
    steps, seed : int
    adversarial, features : float
        Weights of the discriminator's judgement and of the feature loss.
    classifier : torch.nn.Sequential, optional
        Whose features are compared: see `train_classifier`.
    """
    torch.manual_seed(seeds.number(seed, "generator"))
    G, D = Upscaler(), build_discriminator()
    g_adam, d_adam = adam(G), adam(D)
    for _ in range(steps):
        small, real = pairs.draw()
        fake = G(small)
        if adversarial:
            on_real, on_fake = D(real), D(fake.detach())
            descend(d_adam, non_saturating.discriminator(on_real, on_fake))
        loss = (fake - real).abs().mean()
        if features:
            loss = loss + features * (classifier(fake) - classifier(real)).abs().mean()
        if adversarial:
            loss = loss + adversarial * non_saturating.generator(D(fake), on_real)
        descend(g_adam, loss)
    return G.eval()


def train_classifier(pairs, steps, seed):
    """Return the features of a network that was trained to name a patch's photograph.

    Parameters
    ----------
    pairs : Pairs
        Of which only the large patches are used.
    steps, seed : int

    Returns
    -------
    torch.nn.Sequential
        Images [N, 1, H, W] → features [N, 32, H/4, W/4] with standard deviation 1.
    """
    torch.manual_seed(seeds.number(seed, "discriminator", 1))
    body = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 4, stride=2, padding=1),
    )
    head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 99))
    optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], 2e-3)
    random = seeds.rng(seed, "labels")
    for _ in range(steps):
        labels = random.integers(len(pairs.larges), size=2 * BATCH_SIZE)
        patches = []
        for label in labels:
            image, side = pairs.larges[label], SCALE * pairs.side
            top, left = (random.integers(s - side + 1) for s in image.shape[:2])
            patches.append(image[top : top + side, left : left + side])
        loss = cross_entropy(head(body(as_tensor(np.stack(patches)))), torch.from_numpy(labels))
        descend(optimizer, loss)
    with torch.no_grad():
        body[-1].weight /= (spread := body(pairs.draw(32)[1]).std())
        body[-1].bias /= spread
    return body.requires_grad_(False)


@torch.inference_mode()
def apply(network, small: np.ndarray) -> np.ndarray:
    """Return one image [h, w, 1] enlarged by a network, cut off at −1 and 1."""
    return network(as_tensor(small[None]))[0].clamp(-1, 1).permute(1, 2, 0).numpy()
