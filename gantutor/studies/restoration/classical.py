"""Restoration without a network: constants, filters, neighbours and regressions.

Each of `METHODS` takes the digits, training and test digits with the same kind of damage, the
level of the damage and a random generator, and returns the restored test digits, or a list of two
draws.
"""

import numpy as np
from scipy.linalg import solve
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means, inpaint_biharmonic

TUNING = 30  # training digits that a filter's strength is chosen on
STRENGTHS = {
    "Gaussian": (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0),  # width in pixels
    "Haar": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0),  # threshold, in standard deviations of the noise
    "non-local": (0.3, 0.5, 0.7, 0.9, 1.2),  # h, in the same unit
}
RIDGES = (1.0, 10.0, 100.0, 1000.0)
NARROW = (1.0, 2.0, 4.0, 8.0)  # of the kernel, against the median squared distance
KERNEL_RIDGES = (0.01, 0.1, 1.0)


def keep(made, test):
    """Return what was made, in [−1, 1], where it is to be restored, and the input elsewhere."""
    made = np.clip(made, -1, 1).astype(np.float32)
    return test.where * made + (1 - test.where) * test.image


def truth(data, known, test, level, random):
    """The ceiling."""
    return data.test


def copy(data, known, test, level, random):
    """The input as it is; a hole stays black."""
    return keep(test.image, test)


def mean(data, known, test, level, random):
    """The mean training digit."""
    return keep(data.train.mean(axis=0), test)


def biharmonic(data, known, test, level, random):
    """The smoothest surface: its biharmonic operator is 0 in the hole (one hole for all digits)."""
    stack = np.moveaxis(test.image[..., 0], 0, -1).astype(np.float64)
    made = inpaint_biharmonic(stack, test.where[0, ..., 0] > 0, channel_axis=-1)
    return keep(np.moveaxis(made, -1, 0)[..., None], test)


def nearest(images, queries, where=None, count=1):
    """Return the indices of the nearest images, [N, count], by the pixels where `where` is 1."""
    rows, asked = (some.reshape(len(some), -1) for some in (images, queries))
    if where is not None:
        rows, asked = rows * where.reshape(-1), asked * where.reshape(-1)
    squared = np.square(rows).sum(axis=1) - 2 * asked @ rows.T
    return np.argsort(squared, axis=1)[:, :count]


def match(made, images, where):
    """Return what was made with the grey values of images: both have the same histogram inside.

    The darkest pixel gets the darkest value, and so on, so that no order of two pixels changes.
    Equal pixels may get different values: `skimage.exposure.match_histograms` keeps them equal, and
    then copies of one image, as from `mean`, do not get the histogram.
    """
    inside = np.broadcast_to(where > 0, made.shape)
    values = images[np.broadcast_to(where[:1] > 0, images.shape)]
    quantiles = np.linspace(0, 1, 1001)
    rank = np.empty(inside.sum())
    rank[np.argsort(made[inside])] = np.linspace(0, 1, len(rank))
    matched = made.copy()
    matched[inside] = np.interp(rank, quantiles, np.quantile(values, quantiles))
    return matched


def _known(test):
    """Pixels to compare by: those outside of the hole, or all."""
    return (1 - test.where[0]) if test.where.min() == 0 else test.where[0]


def neighbour(data, known, test, level, random):
    """The training digit that is nearest by the pixels that are there."""
    rows = nearest(data.train, test.image, _known(test))
    return keep(data.train[rows[:, 0]], test)


def one_of_ten(data, known, test, level, random, count=10):
    """Two draws: each takes one of the ten nearest training digits at random."""
    rows = nearest(data.train, test.image, _known(test), count)
    picks = (random.integers(count, size=len(rows)) for _ in range(2))
    return [keep(data.train[rows[np.arange(len(rows)), pick]], test) for pick in picks]


def mean_of_ten(data, known, test, level, random):
    """The mean of the ten nearest training digits."""
    rows = nearest(data.train, test.image, _known(test), 10)
    return keep(data.train[rows].mean(axis=1), test)


def kernel(data, known, test, level, random):
    """Ridge regression of the hole with a Gaussian kernel of what is known around it.

    Width and ridge are chosen by fitting 2,000 training digits and trying 1,000 others.
    """
    hole = test.where[0].reshape(-1) > 0
    inputs, asked = (some.image.reshape(len(some.image), -1)[:, ~hole] for some in (known, test))
    wanted = data.train.reshape(len(data.train), -1)[:, hole].astype(np.float64)
    center = wanted.mean(axis=0)
    squared = squared_distances(inputs, inputs)
    unit = np.median(squared)

    def weigh(narrow, ridge, count):
        gram = np.exp(-narrow / unit * squared[:count, :count])
        return solve(gram + ridge * np.eye(count), wanted[:count] - center, assume_a="pos")

    def error(pair):
        made = np.exp(-pair[0] / unit * squared[2000:3000, :2000]) @ weigh(*pair, 2000) + center
        return np.square(made - wanted[2000:3000]).mean()

    narrow, ridge = min(((n, r) for n in NARROW for r in KERNEL_RIDGES), key=error)
    weights = weigh(narrow, ridge, len(wanted))
    made = test.image.copy()
    filled = np.exp(-narrow / unit * squared_distances(asked, inputs)) @ weights + center
    made.reshape(len(made), -1)[:, hole] = filled
    return keep(made, test)


def squared_distances(first, second):
    """Return the squared distances of all rows of the first to all of the second."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    sums = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    return np.maximum(sums - 2 * first @ second.T, 0)


def posterior_mean(data, known, test, level, random):
    """The mean of all training digits, each weighted by how likely it is under the noise."""
    rows, asked = (some.reshape(len(some), -1) for some in (data.train, test.image))
    squared = squared_distances(asked, rows)
    weights = np.exp((squared.min(axis=1, keepdims=True) - squared) / (2 * level**2))
    weights /= weights.sum(axis=1, keepdims=True)
    return keep((weights @ rows).reshape(test.image.shape), test)


def linear(data, known, test, level, random):
    """Ridge regression of the digit on the damaged one; strength chosen on a fifth of them."""
    cut = len(data.train) * 4 // 5
    inputs, asked = (
        np.hstack([some.image.reshape(len(some.image), -1), np.ones((len(some.image), 1))])
        for some in (known, test)
    )
    wanted = data.train.reshape(len(data.train), -1).astype(np.float64)
    gram, cross = inputs[:cut].T @ inputs[:cut], inputs[:cut].T @ wanted[:cut]
    best = np.inf
    for ridge in RIDGES:
        weights = np.linalg.solve(gram + ridge * np.eye(len(gram)), cross)
        error = np.square((inputs[cut:] @ weights - wanted[cut:]).clip(-2, 2)).mean()
        if error < best:
            best, chosen = error, weights
    return keep((asked @ chosen).reshape(test.image.shape), test)


def haar(images, threshold, levels=3):
    """Shrink the Haar coefficients of images [N, H, W] towards 0 by a threshold.

    The orthonormal Haar transform replaces each 2 × 2 pixels by half their sum and three half
    differences; differences are shrunk, and the sums are transformed again. What comes out is the
    mean over sixteen shifts of the image, so that no place of the grid is special.
    """
    total = np.zeros_like(images)
    for y in range(4):
        for x in range(4):
            shifted = np.roll(images, (y, x), axis=(1, 2))
            total += np.roll(_haar(shifted, threshold, levels), (-y, -x), axis=(1, 2))
    return total / 16


def _haar(images, threshold, levels):
    a, b = images[:, ::2, ::2], images[:, ::2, 1::2]
    c, d = images[:, 1::2, ::2], images[:, 1::2, 1::2]
    means = (a + b + c + d) / 2
    parts = [(a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2]
    across, down, both = (np.sign(p) * np.maximum(np.abs(p) - threshold, 0) for p in parts)
    if levels > 1:
        means = _haar(means, threshold, levels - 1)
    made = np.empty_like(images)
    made[:, ::2, ::2] = (means + across + down + both) / 2
    made[:, ::2, 1::2] = (means - across + down - both) / 2
    made[:, 1::2, ::2] = (means + across - down - both) / 2
    made[:, 1::2, 1::2] = (means - across - down + both) / 2
    return made


def _filter(name, images, strength, level):
    images = images[..., 0].astype(np.float64)
    if name == "Gaussian":
        made = gaussian_filter(images, (0, strength, strength), mode="nearest")
    elif name == "Haar":
        made = haar(images, strength * level)
    else:
        more = {"patch_size": 5, "patch_distance": 5, "h": strength * level, "sigma": level}
        made = np.stack([denoise_nl_means(image, **more) for image in images])
    return made[..., None]


def _filtered(name):
    def function(data, known, test, level, random):
        def error(strength):
            made = _filter(name, known.image[:TUNING], strength, level).clip(-1, 1)
            return np.square(made - data.train[:TUNING]).mean()

        return keep(_filter(name, test.image, min(STRENGTHS[name], key=error), level), test)

    function.__doc__ = (
        f"The {name} filter, which knows the noise; strength chosen on training digits."
    )
    return function


METHODS = {
    "truth": truth,
    "copy": copy,
    "mean": mean,
    "biharmonic": biharmonic,
    "neighbour": neighbour,
    "one of ten": one_of_ten,
    "mean of ten": mean_of_ten,
    "linear": linear,
    "kernel": kernel,
    "posterior mean": posterior_mean,
    **{name: _filtered(name) for name in STRENGTHS},
}
