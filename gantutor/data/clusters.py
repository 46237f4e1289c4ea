"""Classes for data without labels: clusters of the images themselves."""

import numpy as np
from numpy.typing import ArrayLike

from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_images, check_positive


def pseudo_labels(
    images: ArrayLike, count: int = 40, components: int = 32, seed: Seed = 0
) -> np.ndarray:
    """Return clusters of images as classes that a conditional game can be told.

    The pixels are projected onto their first principal components, and the projections divided by
    mini-batch k-means. A self-conditioned GAN (Liu et al. 2020) clusters the discriminator's
    features again and again during training; these clusters are found once, before it.

    Clusters are not equally large, and a generator draws what the data hold only if it draws each
    as often as they do: the conditional games take the labels' counts as `frequencies`.

    Parameters
    ----------
    images : array_like, float32, shape [N, H, W, C]
        In [−1, 1].
    count : int
        How many clusters, at most N.
    components : int
        How many principal components, at most N and H·W·C.
    seed : int or numpy.random.Generator

    Returns
    -------
    numpy.ndarray, int64, shape [N]
        0 … count − 1.

    Raises
    ------
    TypeError, ValueError
        If the images are not as above, or too few.

    References
    ----------
    Liu, Wang, Bau, Zhu and Torralba (2020), Diverse image generation via self-conditioned GANs.
    Sculley (2010), Web-scale k-means clustering.

    Examples
    --------
    >>> from gantutor.data import load_digits
    >>> images, _ = load_digits()
    >>> labels = pseudo_labels(images, count=10)
    >>> labels.shape, len(set(labels.tolist()))
    ((5000,), 10)

    A recipe that trains on them:

    >>> from gantutor import recipes
    >>> recipe = recipes.get("minute").replace(
    ...     classes=10, game={"frequencies": np.bincount(labels, minlength=10)}
    ... )
    """
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import PCA

    rows = check_images(images)
    rows = rows.reshape(len(rows), -1)
    count = check_positive(count, "count")
    components = check_positive(components, "components")
    if count > len(rows):
        raise ValueError(f"count must be at most the number of images, {len(rows)}; got {count}.")
    if components > min(rows.shape):
        raise ValueError(
            f"components must be at most {min(rows.shape)}, the smaller of the numbers of images "
            f"and of pixels; got {components}."
        )
    random = np.random.RandomState(as_rng(seed).bit_generator)
    projected = PCA(components, svd_solver="randomized", random_state=random).fit_transform(rows)
    means = MiniBatchKMeans(count, n_init=3, random_state=random)
    return means.fit_predict(projected).astype(np.int64)
