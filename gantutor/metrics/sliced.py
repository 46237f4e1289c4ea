"""The sliced Wasserstein distance: two clouds compared on many lines through them."""

import numpy as np
from numpy.typing import ArrayLike

from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_features, check_positive, check_same_columns


def sliced_wasserstein_distance(
    real: ArrayLike, fake: ArrayLike, lines: int = 128, seed: Seed = 0
) -> float:
    r"""Return the sliced Wasserstein-1 distance of two sets of features, of any sizes.

    In one dimension the Wasserstein distance needs no search: sorted values are moved to sorted
    values. So both sets are projected on directions :math:`\theta_1,\dots,\theta_L` that are drawn
    uniformly from the unit sphere, and the mean of the distances is taken:

    .. math::

        \frac{1}{L}\sum_{l=1}^{L}W_1\bigl(\{\theta_l^\top x_i\},\{\theta_l^\top y_j\}\bigr).

    It is at most the Wasserstein-1 distance of the sets, because no projection moves two points
    apart.

    Parameters
    ----------
    real, fake : array_like, shape [N, d] and [M, d]
        Features, at least one row each. A column counts by its scale.
    lines : int
        Number L of directions, the same for both sets.
    seed : int or numpy.random.Generator
        Source of the directions.

    Returns
    -------
    float
        In the unit of the features; 0 if the sets are equal.

    Raises
    ------
    ValueError
        If a set has no row, the dimensions differ, a value is not finite, or `lines` is less than
        1.

    See Also
    --------
    frechet_distance, kernel_distance

    References
    ----------
    Rabin et al. (2012) and Bonneel et al. (2015), who take the squared distance :math:`W_2^2` on
    each line.

    Examples
    --------
    >>> sliced_wasserstein_distance([[0.0], [2.0]], [[1.0], [5.0]])  # (|1 − 0| + |5 − 2|) / 2
    2.0
    """
    real, fake = check_features(real, "real"), check_features(fake, "fake")
    check_same_columns(real=real, fake=fake)
    directions = as_rng(seed).normal(size=(real.shape[1], check_positive(lines, "lines")))
    directions /= np.linalg.norm(directions, axis=0)
    first, second = (np.sort(directions.T @ rows.T, axis=1) for rows in (real, fake))
    # Between two edges the same value of one set is moved to the same value of the other.
    counts = len(real), len(fake)
    edges = np.union1d(*(np.arange(count + 1) / count for count in counts))
    middles = (edges[1:] + edges[:-1]) / 2
    left, right = ((middles * count).astype(int) for count in counts)
    return float((np.abs(first[:, left] - second[:, right]) @ np.diff(edges)).mean())
