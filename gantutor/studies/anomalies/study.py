"""Detection of anomalies by a GAN and by simple methods, all of which know normal images only."""

import time

import numpy as np
import torch
from skimage import data as photographs
from skimage.draw import line_aa
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torch.nn.functional import softplus

from gantutor.data import load_digits
from gantutor.runs import seeds
from gantutor.torch import models

LATENT_DIM = 32
WIDTH = 8  # channels of each network's first or last layer
GAN_STEPS, GAN_BATCH = 300, 64
STEPS, BATCH_SIZE = 200, 32  # of encoders and classifiers
RATE = 2e-3  # of Adam
INVERSION_STEPS, INVERSION_RATE = 40, 0.2
WEIGHT = 0.1  # of the discriminator's features in AnoGAN's score
SIZE = 16  # of a patch of texture
CONTRAST = 0.6  # of a scratch

#: What `detect` returns a score for.
METHODS = (
    "discriminator",
    "anogan",
    "encoder",
    "autoencoder",
    "pca",
    "neighbours",
    "forest",
    "generated",
    "ten_seen",
    "seen",
)

KEYS = ("task", "anomaly")
SETTINGS = {
    **{("left out", str(digit)): {"digit": digit} for digit in range(10)},
    ("left out, longer", "4"): {"digit": 4, "times": 4},
    **{("scratches", name): {"texture": name} for name in ("brick", "grass", "gravel")},
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "prevalence": (0, 1),
    **{f"{score}_{name}": (0, 1) for name in METHODS for score in ("auroc", "auprc")},
}


def run(
    seed: int, digit: int | None = None, texture: str | None = None, times: int = 1
) -> dict[str, float]:
    """Train detectors on normal images and measure how well they find anomalies.

    Parameters
    ----------
    seed : int
        Seed of the choice of images, and of all weights and noise.
    digit : int, optional
        The digit that is left out.
    texture : {"brick", "grass", "gravel"}, optional
        The texture that is scratched; one of the two is given.
    times : int
        Each network takes this many times its steps, and so does the search of latent vectors.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; ``prevalence``, the share of anomalies among
        the test images; ``auroc_`` and ``auprc_`` of each of `METHODS`.
    """
    begin = time.process_time()
    if texture is None:
        normal, seen, test, anomalous = leave_out(digit, seed)
    else:
        normal, seen, test, anomalous = scratched_patches(texture, seed)
    scores = detect(normal, seen, test, seed, times)
    result = {"seconds": time.process_time() - begin, "prevalence": anomalous.mean()}
    for name in METHODS:
        result[f"auroc_{name}"] = roc_auc_score(anomalous, scores[name])
        result[f"auprc_{name}"] = average_precision_score(anomalous, scores[name])
    return {name: round(float(value), 6) for name, value in result.items()}


def leave_out(digit: int, seed: int) -> tuple[np.ndarray, ...]:
    """Leave one class of digits out of the training set.

    Parameters
    ----------
    digit : int
        The class of the anomalies.
    seed : int
        Seed of the split into 4,000 training and 1,000 test digits.

    Returns
    -------
    normal, seen, test : numpy.ndarray, float32, shape [N, 28, 28, 1]
        Training digits of the nine other classes, training digits of the class that is left out
        (for methods that may see it), and test digits of all ten.
    anomalous : numpy.ndarray of bool
        Which of the test digits are of the class that is left out.
    """
    images, labels = load_digits()
    order = np.random.default_rng(seed).permutation(len(images))
    training, test = order[:4000], order[4000:]
    out = labels[training] == digit
    return images[training[~out]], images[training[out]], images[test], labels[test] == digit


def scratched_patches(texture: str, seed: int) -> tuple[np.ndarray, ...]:
    """Cut patches from a photograph of a texture, and scratch some.

    Parameters
    ----------
    texture : {"brick", "grass", "gravel"}
        A photograph of scikit-image.
    seed : int
        Seed of the patches and of the scratches.

    Returns
    -------
    tuple
        As from `leave_out`: 2,000 patches of the left half of the photograph, 400 others of it with
        a scratch, 1,000 of the right half, and which of these have a scratch (100 of them).
    """
    random = np.random.default_rng(seed)
    photograph = getattr(photographs, texture)().astype(np.float32) / 127.5 - 1
    left, right = np.split(photograph, 2, axis=1)
    normal, seen, test = (
        _crops(h, n, random) for h, n in ((left, 2000), (left, 400), (right, 1000))
    )
    anomalous = np.arange(len(test)) < 100
    test[anomalous] = np.stack([scratch(patch, random) for patch in test[anomalous]])
    return normal, np.stack([scratch(patch, random) for patch in seen]), test, anomalous


def scratch(patch: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a patch [S, S, 1] with a line of one pixel that is brighter, or darker, by `CONTRAST`.

    Its middle lies in the middle part of the patch, and its length is 0.7 times the side's.
    """
    side = len(patch)
    angle, middle = random.uniform(0, np.pi), random.uniform(0.3, 0.7, 2)
    half = 0.35 * np.array([np.sin(angle), np.cos(angle)])
    ends = [
        np.clip(np.round(side * p), 0, side - 1).astype(int) for p in (middle - half, middle + half)
    ]
    rows, columns, strength = line_aa(*ends[0], *ends[1])
    scratched = patch.copy()
    scratched[rows, columns, 0] += random.choice([-1, 1]) * CONTRAST * strength
    return scratched.clip(-1, 1)


def detect(
    normal: np.ndarray, seen: np.ndarray, test: np.ndarray, seed: int, times: int = 1
) -> dict[str, np.ndarray]:
    """Return the anomaly score of each test image by each of `METHODS`; higher is more abnormal.

    Parameters
    ----------
    normal, seen, test : numpy.ndarray, float32, shape [N, H, W, C]
        In [−1, 1]: normal images; anomalies, which only the classifiers ``ten_seen`` (of ten) and
        ``seen`` (of all) may use; images to score.
    seed, times : int
        As in `run`.

    Returns
    -------
    dict of numpy.ndarray, float, shape [N]
    """
    generator, discriminator = train_gan(normal, seed, times * GAN_STEPS)
    features, images = discriminator[:-2], tensor(test)
    scores = simple_scores(normal, test, seed)
    with torch.no_grad():
        scores["discriminator"] = -discriminator(images).numpy()
    inverted = generator(invert(generator, features, images, seed, times * INVERSION_STEPS))
    scores["anogan"] = anogan_score(features, images, inverted).numpy()
    encoder = train_encoder(normal, generator, features, seed, times * STEPS)
    scores["encoder"] = encoder_score(features, images, generator(encoder(images))).numpy()
    scores["autoencoder"] = autoencoder_scores(normal, test, seed, times * STEPS)
    noise = torch.randn(len(normal), LATENT_DIM, generator=_torch_generator(seed, "noise"))
    fakes = generator(noise).permute(0, 2, 3, 1).numpy()
    for name, abnormal in (("generated", fakes), ("ten_seen", seen[:10]), ("seen", seen)):
        scores[name] = classifier_scores(normal, abnormal, test, seed, times * STEPS)
    return scores


def simple_scores(normal: np.ndarray, test: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return the scores of ``pca``, ``neighbours`` and ``forest``, on pixels.

    They are the squared error after a projection on `LATENT_DIM` principal components, the distance
    to the nearest normal image, and how easily random cuts isolate an image.
    """
    rows, tested = (images.reshape(len(images), -1) for images in (normal, test))
    pca = PCA(LATENT_DIM, random_state=seed).fit(rows)
    rebuilt = pca.inverse_transform(pca.transform(tested))
    nearest = NearestNeighbors(n_neighbors=1).fit(rows)
    return {
        "pca": np.square(tested - rebuilt).mean(axis=1),
        "neighbours": nearest.kneighbors(tested)[0][:, 0],
        "forest": -IsolationForest(random_state=seed).fit(rows).score_samples(tested),
    }


def train_gan(
    images: np.ndarray, seed: int, steps: int = GAN_STEPS
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return a generator and a discriminator that were trained on images, both fixed."""
    shape = images.shape[1:]
    generator = models.dcgan_generator(shape, LATENT_DIM, WIDTH, seed=seed)
    discriminator = models.dcgan_discriminator(shape, WIDTH, spectral_norm=True, seed=seed)
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), RATE, betas=(0.0, 0.9))
        for network in (generator, discriminator)
    )
    noise = _torch_generator(seed, "noise")
    for real in batches(images, steps, GAN_BATCH, seeds.rng(seed, "order")):
        fake = generator(torch.randn(GAN_BATCH, LATENT_DIM, generator=noise))
        real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        g_loss = softplus(-discriminator(fake)).mean()
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
    return _fixed(generator), _fixed(discriminator)


def anogan_score(features: nn.Module, images: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Return AnoGAN's loss of each image: absolute differences of pixels, and of features."""
    pixels = (images - made).abs().sum(dim=(1, 2, 3))
    return (1 - WEIGHT) * pixels + WEIGHT * (features(images) - features(made)).abs().sum(dim=1)


def encoder_score(features: nn.Module, images: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Return f-AnoGAN's loss of each image: mean squared differences of pixels, and of features."""
    pixels = (images - made).square().mean(dim=(1, 2, 3))
    return pixels + (features(images) - features(made)).square().mean(dim=1)


def invert(
    generator: nn.Module,
    features: nn.Module,
    images: torch.Tensor,
    seed: int,
    steps: int = INVERSION_STEPS,
) -> torch.Tensor:
    """Return latent vectors [N, LATENT_DIM] of small `anogan_score`; Adam starts at random."""
    latents = torch.randn(len(images), LATENT_DIM, generator=_torch_generator(seed, "latents"))
    latents.requires_grad_(True)
    adam = torch.optim.Adam([latents], lr=INVERSION_RATE)
    for _ in range(steps):
        adam.zero_grad()
        anogan_score(features, images, generator(latents)).sum().backward()
        adam.step()
    return latents.detach()


def train_encoder(
    images: np.ndarray, generator: nn.Module, features: nn.Module, seed: int, steps: int = STEPS
) -> nn.Sequential:
    """Return a fixed encoder that was trained to invert the fixed generator on normal images."""
    encoder = build_encoder(images.shape[1:], seed)
    adam = torch.optim.Adam(encoder.parameters(), RATE)
    for real in batches(images, steps, BATCH_SIZE, seeds.rng(seed, "data")):
        loss = encoder_score(features, real, generator(encoder(real))).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return _fixed(encoder)


def autoencoder_scores(
    normal: np.ndarray, test: np.ndarray, seed: int, steps: int = STEPS
) -> np.ndarray:
    """Return the squared errors of an autoencoder of the same networks, trained without a GAN."""
    encoder = build_encoder(normal.shape[1:], seed)
    decoder = models.dcgan_generator(normal.shape[1:], LATENT_DIM, WIDTH, seed=seed)
    both = nn.Sequential(encoder, decoder)
    adam = torch.optim.Adam(both.parameters(), RATE)
    for real in batches(normal, steps, BATCH_SIZE, seeds.rng(seed, "data")):
        loss = (real - both(real)).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    images = tensor(test)
    return (images - _fixed(both)(images)).square().mean(dim=(1, 2, 3)).numpy()


def classifier_scores(
    normal: np.ndarray, abnormal: np.ndarray, test: np.ndarray, seed: int, steps: int = STEPS
) -> np.ndarray:
    """Return the logits for "abnormal" of a classifier whose batches hold as many of both kinds."""
    classifier = models.dcgan_discriminator(normal.shape[1:], WIDTH, seed=seed)
    adam = torch.optim.Adam(classifier.parameters(), RATE)
    order = seeds.rng(seed, "labels")
    pairs = zip(
        batches(normal, steps, BATCH_SIZE, order),
        batches(abnormal, steps, BATCH_SIZE, order),
        strict=True,
    )
    for negative, positive in pairs:
        loss = softplus(classifier(negative)).mean() + softplus(-classifier(positive)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        return classifier(tensor(test)).numpy()


def build_encoder(shape: tuple[int, ...], seed: int) -> nn.Sequential:
    """Return a discriminator's convolutions with a layer of `LATENT_DIM` numbers behind them."""
    *convolutions, last, _ = models.dcgan_discriminator(shape, WIDTH, seed=seed)
    encoder = nn.Sequential(*convolutions, nn.Linear(last.in_features, LATENT_DIM))
    random = _torch_generator(seed, "data")
    for layer in encoder:
        if isinstance(layer, nn.Conv2d | nn.Linear):  # so that codes are as long as latent vectors
            nn.init.kaiming_normal_(layer.weight, a=0.2, generator=random)
            nn.init.zeros_(layer.bias)
    return encoder


def tensor(images: np.ndarray) -> torch.Tensor:
    """Return images [N, H, W, C] as the networks take them, [N, C, H, W]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def batches(images: np.ndarray, steps: int, size: int, random: np.random.Generator):
    """Yield `steps` tensors of `size` images, drawn with replacement."""
    data = tensor(images)
    for _ in range(steps):
        yield data[torch.from_numpy(random.integers(len(data), size=size))]


def _crops(photograph, count, random):
    rows, columns = (random.integers(0, side - SIZE + 1, count) for side in photograph.shape)
    crops = [photograph[r : r + SIZE, c : c + SIZE] for r, c in zip(rows, columns, strict=True)]
    return np.stack(crops)[..., None]


def _fixed(network):
    return network.eval().requires_grad_(False)


def _torch_generator(seed, purpose):
    return torch.Generator().manual_seed(seeds.number(seed, purpose))
