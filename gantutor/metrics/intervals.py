"""How sure a score is: bootstrap intervals for any metric."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from gantutor.runs.seeds import Seed, as_rng
from gantutor.validation import check_features, check_positive


def bootstrap_interval(
    metric: Callable,
    *samples: ArrayLike,
    level: float = 0.95,
    resamples: int = 200,
    seed: Seed = 0,
) -> tuple[float, float]:
    """Return a confidence interval of a metric of samples, by the basic bootstrap.

    Each set is drawn anew from itself, with replacement, and the metric computed again. A resample
    has fewer different rows, which shifts distances upwards; the basic interval reflects the
    quantiles about the estimate, and so takes that shift out again. Where the shift is large, as
    with a Fréchet distance near 0, the interval lies below the estimate, around the distance
    without bias.

    Parameters
    ----------
    metric : callable
        ``metric(*samples)`` returns a number, or a result that converts to one.
    samples : array_like, shape [N, d] each
        The sets, of at least two rows. What is fixed, such as statistics of a reference, belongs
        into `metric`.
    level : float
        Of confidence, in (0, 1).
    resamples : int
        How many times the metric is computed.
    seed : int or numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    tuple[float, float]
        Lower and upper end.

    Raises
    ------
    ValueError
        If a set has fewer than two rows, or `level` is not inside (0, 1).

    References
    ----------
    Efron and Tibshirani (1993), chapter 13.

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(400, 1))
    >>> low, high = bootstrap_interval(lambda x: x.mean(), points)
    >>> bool(low < points.mean() < high), round(high - low, 1)  # 2 · 1.96 / √400
    (True, 0.2)
    """
    from scipy.stats import bootstrap  # takes a second to import

    sets = [check_features(rows, f"samples[{i}]", 2) for i, rows in enumerate(samples)]
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1; got {level!r}.")
    rows = tuple(np.arange(len(each)) for each in sets)
    result = bootstrap(
        rows,
        lambda *chosen: float(metric(*(x[i] for x, i in zip(sets, chosen, strict=True)))),
        n_resamples=check_positive(resamples, "resamples"),
        confidence_level=level,
        vectorized=False,
        method="basic",
        rng=as_rng(seed),
    )
    low, high = result.confidence_interval
    return float(low), float(high)
