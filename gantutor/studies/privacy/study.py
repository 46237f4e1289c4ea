"""Generators of digits: what an attacker learns about the training set, and what privacy costs."""

import time
from functools import lru_cache

import numpy as np

from gantutor import metrics
from gantutor.studies.privacy.accountant import noise_for
from gantutor.studies.privacy.attacks import auc, caught, nearest
from gantutor.studies.privacy.digits import divide, enlarge, move, record, shrink

STEPS = 2000  # updates of the discriminator
EVERY = 5  # of them for one of the generator, in private training
DELTA = 1e-5
MOVED = (3, 3)  # pixels that moved copies go down and right
PUBLISHED = 5000  # images that an attacker sees
SCORED = 1000  # images whose quality is measured
SIZES = (100, 500, 2000)
PASSES = STEPS * 128 // 2000  # over each of the 2,000 members in training

KEYS = ("method", "size")
_KINDS = {
    "other digits": ({"method": "other"}, (100, 2000)),
    "training digits": ({"method": "copies"}, (2000,)),
    "moved copies": ({"method": "moved"}, (2000,)),
    "moved copies, found": ({"method": "moved", "search": True}, (2000,)),
    "Gaussians": ({"method": "gaussian"}, SIZES),
    "GAN": ({"method": "gan"}, SIZES),
    "GAN, 128 passes": ({"method": "gan", "steps": PASSES}, (100,)),
    "clipped GAN": ({"method": "private gan", "budget": np.inf}, (100, 2000)),
    "private GAN, ε = 10": ({"method": "private gan", "budget": 10.0}, (100, 2000)),
    "private GAN, ε = 1": ({"method": "private gan", "budget": 1.0}, (2000,)),
    "private GAN, ε = 10, 1 : 1": (
        {"method": "private gan", "budget": 10.0, "every": 1},
        (2000,),
    ),
    "private Gaussians, ε = 10": ({"method": "gaussian", "budget": 10.0}, (100, 2000)),
    "private Gaussians, ε = 1": ({"method": "gaussian", "budget": 1.0}, (2000,)),
    "GAN, 2,048 passes": ({"method": "gan", "steps": 4 * STEPS}, (500,)),
}
SETTINGS = {
    (name, f"n = {size}"): {
        "size": size,
        **{key: value for key, value in kind.items() if value != np.inf},
    }
    for name, (kind, sizes) in _KINDS.items()
    for size in sizes
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "noise": (0, np.inf),
    **{
        f"{what}_{attack}": (-1, 1)
        for attack in ("white", "near", "black")
        for what in ("auc", "tpr")
    },
    "nearer": (0, 1),
    "fid": (0, np.inf),
    "accuracy": (0, 1),
}


def run(
    seed: int,
    size: int,
    method: str,
    budget: float = 0.0,
    every: int = EVERY,
    search: bool = False,
    steps: int = STEPS,
) -> dict[str, float]:
    """Publish images made from the first `size` members, attack them, and measure their quality.

    Parameters
    ----------
    seed : int
        Of the division of the digits, and of all else.
    size : int
        Members, which are trained on.
    method : str
        As `make` knows it.
    budget : float
        ε of `DELTA`, or 0 for no noise.
    every : int
        As of `gantutor.studies.privacy.training.train`, in private training.
    search : bool
        The attacker moves each target by up to three pixels, and takes the nearest.
    steps : int
        Updates of the discriminator.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; ``noise``, its standard deviation in units
        of what one record can change; areas under the curve and true positives at 1 % false ones of
        three attacks: ``white`` (the discriminator's logit; −1 without one), ``near`` (distance to
        the nearest published image), ``black`` (the same, divided by the distance to the nearest
        of the attacker's own digits); ``nearer``, the share of published images nearer to a member
        than to one of as many outsiders; ``fid``, a digit FID; and ``accuracy`` on real digits of
        a classifier trained on published ones.
    """
    parts, begin = divide(seed), time.process_time()
    published, labels, judge, noise = make(seed, size, method, budget, every, steps)
    found = {"seconds": time.process_time() - begin, "noise": noise}
    (inside, in_classes), (outside, out_classes) = parts.members, parts.outsiders
    inside, in_classes = inside[:size], in_classes[:size]
    scores = {"white": None}
    if judge is not None:
        scores["white"] = [
            judge(record(shrink(images), classes))
            for images, classes in ((inside, in_classes), (outside, out_classes))
        ]
    near = [
        distances(images, classes, published, labels, search)
        for images, classes in ((inside, in_classes), (outside, out_classes))
    ]
    own = [
        nearest(shrink(images), classes, shrink(parts.test[0]), parts.test[1])
        for images, classes in ((inside, in_classes), (outside, out_classes))
    ]
    scores["near"] = [-each for each in near]
    scores["black"] = [-each / usual for each, usual in zip(near, own, strict=True)]
    for attack, pair in scores.items():
        found[f"auc_{attack}"] = -1.0 if pair is None else auc(*pair)
        found[f"tpr_{attack}"] = -1.0 if pair is None else caught(*pair)
    found |= quality(published[:SCORED], labels[:SCORED], parts)
    found["nearer"] = nearer(published[:SCORED], inside, outside)
    return {name: round(float(value), 4) for name, value in found.items()}


def make(seed, size, method, budget=0.0, every=EVERY, steps=STEPS):
    """Return published small images, their classes, a discriminator's judgement or None, the noise.

    `method` is ``"other"``, real digits that nobody trained on; ``"copies"``, the members;
    ``"moved"``, the members, moved; ``"gaussian"``, ``"gan"`` or ``"private gan"``.
    """
    parts = divide(seed)
    images, labels = (each[:size] for each in parts.members)
    if method == "other":
        return shrink(parts.others[0]), parts.others[1], None, 0.0
    if method == "copies":
        return shrink(images), labels, None, 0.0
    if method == "moved":
        return shrink(move(images, *MOVED)), labels, None, 0.0
    if method == "gaussian":
        from gantutor.studies.privacy.training import gaussian

        noise = noise_for(budget, 1.0, 1, DELTA) if budget else 0.0
        made, made_labels = gaussian(shrink(images), labels, PUBLISHED, seed, noise)
        return made, made_labels, None, noise
    trained, noise = gan(seed, size, method == "private gan", budget, every, steps)
    return *trained.sample(PUBLISHED, seed), trained.logits, noise


@lru_cache(maxsize=32)
def gan(seed, size, private=False, budget=0.0, every=EVERY, steps=STEPS):
    """Return a GAN of the first `size` members, and the noise of its gradients."""
    from gantutor.studies.privacy.training import sampling_rate, train

    images, labels = (each[:size] for each in divide(seed).members)
    records = record(shrink(images), labels)
    if not private:
        return train(records, steps, seed), 0.0
    noise = noise_for(budget, sampling_rate(size), steps, DELTA) if budget else 0.0
    return train(records, steps, seed, every, 5e-3, noise), noise


def distances(images, classes, published, labels, search=False):
    """Return each digit's distance to the nearest published one, moved or not."""
    steps = range(-3, 4) if search else (0,)
    return np.min(
        [
            nearest(shrink(move(images, down, right)), classes, published, labels)
            for down in steps
            for right in steps
        ],
        axis=0,
    )


def quality(small, labels, parts) -> dict[str, float]:
    """Return ``fid`` and ``accuracy``; real digits are reduced to 64 frequencies as well."""
    from sklearn.linear_model import LogisticRegression

    real = shrink(parts.test[0])
    classifier = LogisticRegression(max_iter=200).fit(small, labels)
    return {
        "fid": metrics.digit_fid(enlarge(small), real=enlarge(real)),
        "accuracy": classifier.score(real, parts.test[1]),
    }


def nearer(small, inside, outside):
    """Return the share of images that are nearer to a member than to one of as many outsiders."""
    count = min(len(inside), len(outside))
    to_members, to_outsiders = (
        metrics.nearest_distances(small, shrink(images[:count])) for images in (inside, outside)
    )
    return (to_members < to_outsiders).mean()
