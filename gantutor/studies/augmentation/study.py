"""A classifier of digits with and without the output of a GAN.

For one number of labelled digits, a conditional GAN is trained on these digits and nothing else.
Then a classifier is trained several times from the same initial weights, with the same number of
updates: on the digits, on the GAN's samples, on both, and with classical augmentation.
"""

from collections.abc import Sequence

import numpy as np

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.keras.games import Game
from gantutor.keras.trainer import train
from gantutor.runs.callbacks import Callback
from gantutor.studies.augmentation.classifier import (
    ARMS,
    BATCH_SIZE,
    UPDATES,
    Classifier,
    Labelled,
)

SIZES = (50, 500, 4000)  # labelled digits
STEPS = 700  # updates of the GAN's generator
SAMPLES = 5000  # images that a GAN gives to the classifiers, equally many of each class

_SHARES = (*ARMS, *(f"{arm}, training" for arm in ARMS), "cas", "confirmed", "copied")

KEYS = ("setting",)
SETTINGS = {f"{size} labels": {"size": size} for size in SIZES}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "size": (10, 4000),
    "digit_fid": (0, np.inf),
    **dict.fromkeys((*_SHARES, "d_training", "d_unseen", "d_fake"), (0, 1)),
}


def run(
    size: int, seed: int, steps: int = STEPS, updates: int = UPDATES, samples: int = SAMPLES
) -> dict[str, float]:
    """Train one GAN on `size` labelled digits, then a classifier in each arm.

    Parameters
    ----------
    size : int
        Labelled digits that the GAN and the classifiers may use; a multiple of 10.
    seed : int
        Seed of the choice of digits, and of all weights and noise.
    steps, updates, samples : int
        Updates of the generator, of each classifier, and what the generator gives to them.

    Returns
    -------
    dict of float
        ``size``. For each of `ARMS` the accuracy on 1,000 unseen digits under its name, and under
        its name and ``", training"`` that on what the arm was trained on, not shifted or rotated.
        About the GAN: ``cas`` (`gantutor.metrics.classification_accuracy_score` on digit features,
        tested on MNIST's test digits), ``confirmed`` (share of samples whose label the shipped
        digit classifier confirms), ``copied`` (share of samples nearer to the training digits than
        to as many unseen ones, `gantutor.metrics.memorization_test`), ``digit_fid``, and
        ``d_training``, ``d_unseen``, ``d_fake``: shares of the training digits, the unseen ones
        and the samples that D takes for real.
    """
    training, unseen = split_digits(size, seed)
    gan = train_gan(*training, steps, seed)
    labels = np.arange(samples) % 10
    synthetic = gan.sample(samples, labels=labels), labels
    classifier, scores = Classifier(seed), {"size": size}
    for arm in ARMS:
        classifier.fit(arm, training, synthetic, updates, seed)
        scores[arm] = classifier.accuracy(*unseen)
        share, _ = ARMS[arm]
        on_real, on_synthetic = (classifier.accuracy(*known) for known in (training, synthetic))
        scores[f"{arm}, training"] = (1 - share) * on_real + share * on_synthetic
    features = metrics.digit_features(synthetic[0])
    known = [metrics.digit_features(images) for images, _ in (training, unseen)]
    judged = metrics.digit_probabilities(synthetic[0]).argmax(axis=1)
    return scores | {
        "cas": metrics.classification_accuracy_score(
            *metrics.digit_test_features(), features, labels
        ),
        "confirmed": float((judged == labels).mean()),
        "copied": metrics.memorization_test(*known, features).value,
        "digit_fid": metrics.digit_fid(synthetic[0]),
        "d_training": taken_for_real(gan, *training),
        "d_unseen": taken_for_real(gan, *unseen),
        "d_fake": taken_for_real(gan, *synthetic),
    }


def split_digits(size: int, seed: int) -> tuple[Labelled, Labelled]:
    """Choose labelled digits to train on, and 1,000 others to test on, equally many of each class.

    The sets of one seed are nested: the 50 digits are among the 500.

    Parameters
    ----------
    size : int
        Training digits: a multiple of 10, at most 4,000.
    seed : int
        Seed of the choice.

    Returns
    -------
    training, unseen : Labelled
        Images, float32, shape [N, 28, 28, 1] in [−1, 1], and labels, int64, shape [N].

    Raises
    ------
    ValueError
        If `size` is something else.

    Examples
    --------
    >>> training, unseen = split_digits(50, seed=0)
    >>> training[0].shape, np.bincount(unseen[1]).tolist()
    ((50, 28, 28, 1), [100, 100, 100, 100, 100, 100, 100, 100, 100, 100])
    """
    if size % 10 or not 10 <= size <= 4000:
        raise ValueError(f"size must be a multiple of 10 from 10 to 4,000; got {size!r}.")
    images, labels = load_digits()
    random = np.random.default_rng(seed)
    of_class = np.stack([random.permutation(np.flatnonzero(labels == k)) for k in range(10)])
    unseen, training = of_class[:, :100].ravel(), of_class[:, 100 : 100 + size // 10].ravel()
    return (images[training], labels[training]), (images[unseen], labels[unseen])


def train_gan(
    images: np.ndarray,
    labels: np.ndarray,
    steps: int = STEPS,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
) -> Game:
    """Train the recipe "minute", conditional, on these digits; arguments as in `train`."""
    recipe = recipes.get("minute").replace(batch_size=min(BATCH_SIZE, len(images)))
    return train(recipe, images, steps, seed, callbacks, labels=labels)


def taken_for_real(gan: Game, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of labelled images that the discriminator takes for real (logit > 0)."""
    logits = np.concatenate(
        [gan.discriminator(part, training=False) for part in np.array_split(images, 10)]
    )
    return float((logits[np.arange(len(labels)), labels] > 0).mean())
