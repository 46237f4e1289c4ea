"""How sure a score or a comparison is: bootstrap intervals, and p-values of several tests."""

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


def holm(p_values: ArrayLike) -> np.ndarray:
    """Correct the p-values of several tests for their number, by Holm's method.

    The smallest is multiplied by the number of tests m, the next one by m − 1, and so on; none may
    become smaller than the one before it, or larger than 1. If no tested difference exists, the
    chance that any corrected value lies below 0.05 is at most 0.05, however the tests depend on
    one another.

    Parameters
    ----------
    p_values : array_like, float, shape [m]
        In [0, 1].

    Returns
    -------
    numpy.ndarray, float64, shape [m]
        In the order given.

    Raises
    ------
    ValueError
        If there is no p-value, or one is not a number from 0 to 1.

    References
    ----------
    Holm (1979).

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03])  # 0.01 · 3, 0.03 · 2, 0.04 · 1, which must not be below 0.06
    array([0.06, 0.03, 0.06])
    """
    values = np.asarray(p_values, dtype=float)
    if values.ndim != 1 or not len(values) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"p_values must be one row of numbers from 0 to 1; got {p_values!r}.")
    order = np.argsort(values)
    corrected = np.empty(len(values))
    corrected[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return np.minimum(corrected, 1)
