"""What can be done with the latent space of a small GAN of digits, and with PCA and pixels instead.

A conditional GAN is trained on 4,000 digits. Then its generator is fixed: paths between latent
vectors, truncation, directions, inversion of digits that it has not seen, edits of these, ablation.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import one_hot

from gantutor import metrics, recipes
from gantutor.data import load_digits
from gantutor.torch import Trainer, building
from gantutor.torch.sampling import Sampler

LATENT_DIM = 64
INVERTED = 200  # digits of each kind
RATE = 0.1  # of Adam, in an inversion
COUNT = 2000  # samples for a distance between sets
ATTRIBUTES = ("slant", "width", "height", "thickness", "brightness")

Labelled = tuple[np.ndarray, np.ndarray]
Edit = Callable[[np.ndarray, float], np.ndarray]

KEYS = ("setting",)
SETTINGS = {"small": {"width": 16, "steps": 400}}
SEEDS = 5
_SCORES = ("psnr", "perceptual")
_INVERSIONS = ("held_out", "training", "untrained", "pca", "moved", "moved_pca")
COLUMNS = {
    "seed": (0, np.inf),
    **{f"{score}_{name}": (0, np.inf) for score in _SCORES for name in _INVERSIONS},
    "norm": (0, np.inf),
    **{f"fid_{name}": (0, np.inf) for name in ("random", "line", "arc", "pixels")},
    **{
        f"{score}_{name}": (0, 1)
        for score in ("precision", "recall")
        for name in ("random", "line", "arc", "pixels", "07")
    },
    **dict.fromkeys(("overlap", "right", "right_strong", "right_random"), (0, 1)),
    **dict.fromkeys(("stretch_first", "stretch_random"), (0, np.inf)),
    **dict.fromkeys(("path_arc", "path_pixels"), (0, np.inf)),
    **{f"side_{name}": (0, np.inf) for name in ("latent", "pca", "pixels", "real")},
    **{f"kept_{name}": (0, 1) for name in ("latent", "pca", "pixels")},
}


def run(seed: int, width: int = 16, steps: int = 400, inverted: int = INVERTED) -> dict[str, float]:
    """Train a GAN on 4,000 digits, and measure what its latent space is good for.

    Parameters
    ----------
    seed : int
        Seed of the choice of digits, and of all weights and noise.
    width, steps : int
        Channels of the generator's last hidden layer; its updates.
    inverted : int
        How many digits are inverted, of each kind.

    Returns
    -------
    dict of float
        ``psnr_`` and ``perceptual_``: of digits and what an inversion with `LATENT_DIM` numbers
        makes of them: ``held_out`` and ``training`` digits, held-out ones by a generator that is
        ``untrained`` and by ``pca``, and held-out ones ``moved`` by four pixels, by both. ``norm``:
        mean length of the latent vectors found for held-out digits. ``fid_``, ``precision_``,
        ``recall_``: of random samples (digit FID of 2,000, the others of 1,000), of the middles of
        lines and arcs between latent vectors, of the means of two samples, and of latent vectors
        times 0.7. ``overlap``: mean squared cosine between the spaces of the first five directions
        in closed form and by PCA; ``stretch_``: perceptual distance of a step of 2 along the first
        one, and along random ones. ``right``: share of samples that are read as their label, as
        they are, without the 16 ``strong`` units, and without 16 random ones. ``path_``: perceptual
        path length. ``side_``: root mean square of the side effects of `side_effects` on held-out
        digits, and ``kept_``: share of the edited digits that are still read as what they were.
    """
    training, held_out = split_digits(seed)
    network = train_generator(*training, seed, width, steps)
    return {
        **_inversions(network, training, held_out, inverted, seed, width),
        **_sets(network, held_out, seed),
        **_units_and_directions(network, seed),
        **_edits(network, training, held_out, inverted, seed),
    }


def split_digits(seed: int) -> tuple[Labelled, Labelled]:
    """Return 4,000 digits to train on and 1,000 held-out ones, each with their labels."""
    images, labels = load_digits()
    order = np.random.default_rng(seed).permutation(len(images))
    training, held_out = order[:4000], order[4000:]
    return (images[training], labels[training]), (images[held_out], labels[held_out])


def recipe(width: int, steps: int) -> recipes.Recipe:
    """Return the recipe "minute" with a generator of this width, for `steps` steps."""
    return recipes.get("minute").replace(steps=steps, generator={"width": width})


def train_generator(
    images: np.ndarray, labels: np.ndarray, seed: int, width: int = 16, steps: int = 400
) -> nn.Sequential:
    """Train a conditional GAN; return the averaged generator, fixed, in evaluation mode."""
    trainer = Trainer.from_recipe(recipe(width, steps), seed)
    trainer.fit(images, steps, labels=labels)
    return trainer.ema.network.eval().requires_grad_(False)


def untrained_generator(seed: int, width: int = 16) -> nn.Sequential:
    """Return the same generator before training, with statistics of its own batches."""
    network = building.generator(recipe(width, 1), seed)
    latents = torch.from_numpy(draw(512, seed))
    code = one_hot(torch.arange(512) % 10, 10).float()
    with torch.no_grad():
        for _ in range(60):  # running means with momentum 0.1
            network.train()(torch.cat([latents, code], dim=1))
    return network.eval().requires_grad_(False)


def draw(count: int, seed: int) -> np.ndarray:
    """Return standard normal latent vectors, float32, shape [count, LATENT_DIM]."""
    return np.random.default_rng(seed).standard_normal((count, LATENT_DIM)).astype("float32")


def attributes(images: np.ndarray) -> np.ndarray:
    """Measure five attributes of digits from the moments of their ink, (x + 1) / 2.

    Parameters
    ----------
    images : numpy.ndarray, shape [N, 28, 28, 1]
        In [−1, 1].

    Returns
    -------
    numpy.ndarray, shape [N, 5]
        In the order of `ATTRIBUTES`: slant, pixels to the right for one upwards; width without the
        slant and height, four standard deviations in pixels; thickness, twice the ink over the
        length of its outline; brightness, the mean of the ink weighted by itself.
    """
    ink = (images[..., 0] + 1) / 2 + 1e-6

    def mean(values):
        return (ink * values).sum(axis=(1, 2)) / ink.sum(axis=(1, 2))

    down, right = np.arange(28)[:, None], np.arange(28)
    down, right = (p - mean(p)[:, None, None] for p in (down, right))
    xx, xy, yy = mean(right**2), mean(right * down), mean(down**2)
    outline = sum(np.abs(np.diff(ink, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2))
    return np.stack(
        [
            -xy / yy,
            4 * np.sqrt(xx - xy**2 / yy),
            4 * np.sqrt(yy),
            2 * ink.sum(axis=(1, 2)) / outline,
            mean(ink),
        ],
        axis=1,
    )


def within_class(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return values [N, k] less the mean of their class."""
    return values - np.stack([values[labels == k].mean(axis=0) for k in range(10)])[labels]


def invert(
    network: nn.Sequential,
    images: np.ndarray,
    labels: np.ndarray,
    steps: int = 200,
) -> tuple[np.ndarray, np.ndarray]:
    """Find latent vectors whose images have the smallest squared error, with Adam from zero.

    Parameters
    ----------
    network : torch.nn.Sequential
        A fixed generator that takes z and ten numbers for the class.
    images, labels : numpy.ndarray
        What to find, shape [N, 28, 28, 1], and the class to tell the generator, shape [N].
    steps : int
        Of Adam with the learning rate `RATE`.

    Returns
    -------
    latents, found : numpy.ndarray
        float32, shape [N, LATENT_DIM] and [N, 28, 28, 1].
    """
    target = torch.from_numpy(images).permute(0, 3, 1, 2)
    code = one_hot(torch.from_numpy(labels), 10).float()
    latents = torch.zeros(len(images), LATENT_DIM, requires_grad=True)
    optimizer = torch.optim.Adam([latents], lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        fake = network(torch.cat([latents, code], dim=1))
        (fake - target).square().mean(dim=(1, 2, 3)).sum().backward()
        optimizer.step()
    found = latents.detach().numpy()
    return found, Sampler(network, LATENT_DIM, 10).sample(found, labels=labels)


class PCA:
    """The images' mean, and their first `LATENT_DIM` principal components, of variance 1."""

    def __init__(self, images: np.ndarray):
        rows = images.reshape(len(images), -1)
        self.mean = rows.mean(axis=0)
        _, values, axes = np.linalg.svd(rows - self.mean, full_matrices=False)
        self.scales = values[:LATENT_DIM] / np.sqrt(len(rows))
        self.axes = axes[:LATENT_DIM]

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the codes of images, shape [N, LATENT_DIM]."""
        return (images.reshape(len(images), -1) - self.mean) @ self.axes.T / self.scales

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the images of codes, cut off at −1 and 1."""
        rows = self.mean + codes * self.scales @ self.axes
        return rows.clip(-1, 1).reshape(-1, 28, 28, 1).astype("float32")


def closed_form(network: nn.Sequential) -> np.ndarray:
    """Return the directions of z that change the first layer most, strongest first, as rows."""
    linear, _, norm, *_ = network
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()  # of a channel
    weight = linear.weight[:, :LATENT_DIM].reshape(-1, len(scale), LATENT_DIM)
    folded = (weight * scale[:, None]).reshape(-1, LATENT_DIM)
    return torch.linalg.svd(folded, full_matrices=False)[2].numpy()


def by_pca(network: nn.Sequential, seed: int, count: int = 1000, keep: int = 5) -> np.ndarray:
    """Return the directions of z behind the principal components of the first hidden layer."""
    latents, labels = draw(count, seed), np.arange(count) % 10
    code = one_hot(torch.from_numpy(labels), 10).float()
    with torch.no_grad():
        hidden = network[:4](torch.cat([torch.from_numpy(latents), code], dim=1))
    hidden = within_class(hidden.flatten(1).numpy(), labels)
    # The coordinates of the examples on the components, from the products of the examples.
    _, coordinates = np.linalg.eigh(hidden @ hidden.T)
    directions = np.linalg.lstsq(latents, coordinates[:, : -keep - 1 : -1], rcond=None)[0].T
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def attribute_directions(codes: np.ndarray, values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return unit directions of codes along which attributes grow within the classes, as rows."""
    codes, values = within_class(codes, labels), within_class(values, labels)
    slopes = np.linalg.lstsq(codes, values, rcond=None)[0].T
    return slopes / np.linalg.norm(slopes, axis=1, keepdims=True)


def side_effects(
    before: np.ndarray, edit: Edit, directions: np.ndarray, scales: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Measure what an edit changes when it changes one attribute by 1 on average.

    Parameters
    ----------
    before : numpy.ndarray, shape [N, 28, 28, 1]
        The images without an edit.
    edit : callable
        From a direction and a step to the edited images.
    directions : numpy.ndarray, shape [k, d]
        For the first k attributes.
    scales : numpy.ndarray, shape [5]
        The unit of each attribute.

    Returns
    -------
    effects : numpy.ndarray, shape [k, 5]
        Mean change of each attribute (column) by the edit of each one (row), in units of the
        change of the latter; where no step makes it 1, by the step that comes nearest.
    steps : numpy.ndarray, shape [k]
        The steps that were taken.
    """
    start, grid = attributes(before), np.linspace(0, 6, 13)
    effects, steps = np.empty((len(directions), 5)), np.empty(len(directions))
    for row, direction in enumerate(directions):
        changes = np.stack(
            [((attributes(edit(direction, step)) - start) / scales).mean(axis=0) for step in grid]
        )
        last = int(changes[:, row].argmax()) + 1
        steps[row] = np.interp(1, changes[:last, row], grid[:last])
        reached = [np.interp(steps[row], grid, change) for change in changes.T]
        effects[row] = reached / reached[row]
    return effects, steps


def off_target(effects: np.ndarray) -> float:
    """Return the root mean square of the effects on other attributes."""
    return float(np.sqrt(np.mean(effects[~np.eye(*effects.shape, dtype=bool)] ** 2)))


def _inversions(network, training, held_out, count, seed, width):
    pca, rows = PCA(training[0]), slice(count)
    images, labels = held_out[0][rows], held_out[1][rows]
    moved = np.roll(images, 4, axis=2)
    latents, found = invert(network, images, labels)
    pairs = {
        "held_out": (images, found),
        "training": (
            training[0][rows],
            invert(network, training[0][rows], training[1][rows])[1],
        ),
        "untrained": (images, invert(untrained_generator(seed, width), images, labels)[1]),
        "pca": (images, pca.decode(pca.encode(images))),
        "moved": (moved, invert(network, moved, labels)[1]),
        "moved_pca": (moved, pca.decode(pca.encode(moved))),
    }
    scores = {}
    for name, pair in pairs.items():
        scores[f"psnr_{name}"] = float(metrics.psnr(*pair).mean())
        scores[f"perceptual_{name}"] = float(metrics.perceptual_distance(*pair).mean())
    return scores | {"norm": float(np.linalg.norm(latents, axis=1).mean())}


def middles(first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """Return the middles of lines and of arcs between rows of latent vectors."""
    lengths = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in (first, second)]
    cosine = (first * second).sum(axis=1, keepdims=True) / lengths[0] / lengths[1]
    half = np.arccos(cosine) / 2
    arc = np.sin(half) * (first + second) / np.sin(2 * half)
    return {"line": (first + second) / 2, "arc": arc.astype("float32")}


def path_length(points: Callable[[np.ndarray], np.ndarray], count: int, seed: int) -> float:
    """Return the mean perceptual distance of neighbours on paths, over the step squared.

    Parameters
    ----------
    points : callable
        From places in [0, 1], shape [count, 1], to the images there, one path for each.
    """
    step, places = 1e-2, np.random.default_rng(seed).random((count, 1))
    places = places * (1 - step)
    return float(
        metrics.perceptual_distance(points(places), points(places + step)).mean() / step**2
    )


def arc(first: np.ndarray, second: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return points on arcs between rows of latent vectors (spherical interpolation)."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    angle = np.arccos((first * second).sum(axis=1) / lengths)[:, None]
    mixed = np.sin((1 - places) * angle) * first + np.sin(places * angle) * second
    return (mixed / np.sin(angle)).astype("float32")


def _sets(network, held_out, seed):
    sampler, labels = Sampler(network, LATENT_DIM, 10), np.arange(COUNT) % 10
    first, second = draw(COUNT, seed + 1000), draw(COUNT, seed + 2000)
    ends = [sampler.sample(latents, labels=labels) for latents in (first, second)]
    sets = {
        name: sampler.sample(latents, labels=labels)
        for name, latents in middles(first, second).items()
    }
    sets |= {"random": ends[0], "pixels": (ends[0] + ends[1]) / 2}
    scores = {f"fid_{name}": metrics.digit_fid(images) for name, images in sets.items()}
    real = metrics.digit_features(held_out[0])
    few = len(real)
    sets["07"] = sampler.sample(0.7 * first, labels=labels)
    for name, images in sets.items():
        found = metrics.precision_recall(real, metrics.digit_features(images[:few]))
        scores |= {f"precision_{name}": found.precision, f"recall_{name}": found.recall}

    def on_arc(places):
        return sampler.sample(arc(first[:500], second[:500], places), labels=labels[:500])

    def in_pixels(places):
        places = places[..., None, None].astype("float32")
        return (1 - places) * ends[0][:500] + places * ends[1][:500]

    lengths = {"path_arc": on_arc, "path_pixels": in_pixels}
    return scores | {name: path_length(points, 500, seed) for name, points in lengths.items()}


def _units_and_directions(network, seed):
    sampler, labels = Sampler(network, LATENT_DIM, 10), np.arange(500) % 10
    closed, found = closed_form(network), by_pca(network, seed)
    overlap = np.square(closed[:5] @ np.linalg.qr(found.T)[0]).sum() / 5
    latents = draw(500, seed + 1000)
    before = sampler.sample(latents, labels=labels)

    def stretch(direction):
        after = sampler.sample((latents + 2 * direction).astype("float32"), labels=labels)
        return float(metrics.perceptual_distance(before, after).mean())

    anywhere = draw(10, seed + 3000)
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    strong = unit_strengths(network, draw(500, seed + 2000), labels).argsort()[::-1]
    rng = np.random.default_rng(seed)
    groups = [rng.choice(len(strong), 16, replace=False) for _ in range(5)]
    return {
        "overlap": float(overlap),
        "stretch_first": stretch(closed[0]),
        "stretch_random": float(np.mean([stretch(d) for d in anywhere])),
        "right": _right(before, labels),
        "right_strong": _right(without_units(network, strong[:16], latents, labels), labels),
        "right_random": float(
            np.mean([_right(without_units(network, g, latents, labels), labels) for g in groups])
        ),
    }


def without_units(network, units, latents, labels):
    """Return the images of latent vectors with some channels of the first hidden layer at zero."""
    code = one_hot(torch.from_numpy(labels), 10).float()
    with torch.no_grad():
        hidden = network[:4](torch.cat([torch.from_numpy(latents), code], dim=1))
        hidden[:, np.array(units, dtype=int)] = 0
        return network[4:](hidden).permute(0, 2, 3, 1).numpy()


def unit_strengths(network, latents, labels):
    """Return the mean squared change of the images without each channel of the first layer."""
    before, channels = without_units(network, [], latents, labels), network[2].num_features
    changed = (without_units(network, [unit], latents, labels) for unit in range(channels))
    return np.array([np.square(images - before).mean() for images in changed])


def _right(images, labels):
    return float((metrics.digit_probabilities(images).argmax(axis=1) == labels).mean())


def _edits(network, training, held_out, count, seed):
    sampler, pca = Sampler(network, LATENT_DIM, 10), PCA(training[0])
    images, labels = held_out[0][:count], held_out[1][:count]
    values = attributes(training[0])
    deviations = within_class(values, training[1])
    scales = deviations.std(axis=0)
    latents, classes = draw(4000, seed + 4000), np.arange(4000) % 10
    drawn = attributes(sampler.sample(latents, labels=classes))
    found, _ = invert(network, images, labels)
    codes = pca.encode(images)

    def in_latents(direction, step):
        return sampler.sample((found + step * direction).astype("float32"), labels=labels)

    def in_pca(direction, step):
        return pca.decode(codes + step * direction)

    def in_pixels(direction, step):
        return (images + step * direction).clip(-1, 1).astype("float32")

    ways = {
        "latent": (in_latents, attribute_directions(latents, drawn, classes)),
        "pca": (in_pca, attribute_directions(pca.encode(training[0]), values, training[1])),
        "pixels": (in_pixels, pixel_directions(*training)),
    }
    scores = {}
    for name, (edit, every) in ways.items():
        directions = every[:-1]  # brightness is only watched
        before = edit(directions[0], 0)
        effects, steps = side_effects(before, edit, directions, scales)
        after = [edit(*pair) for pair in zip(directions, steps, strict=True)]
        scores[f"side_{name}"] = off_target(effects)
        scores[f"kept_{name}"] = float(np.mean([_right(edited, labels) for edited in after]))
    return scores | {"side_real": off_target(np.corrcoef(deviations.T)[:-1])}


def pixel_directions(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return, for each attribute, mean of the fifth with most of it less that with least."""
    ranks = within_class(attributes(images), labels).argsort(axis=0)
    fifth = len(images) // 5
    return np.stack(
        [images[r[-fifth:]].mean(axis=0) - images[r[:fifth]].mean(axis=0) for r in ranks.T]
    )
