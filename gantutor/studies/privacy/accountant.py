"""How much privacy a number of noisy sums costs: Rényi differential privacy."""

from functools import cache

import numpy as np
from scipy.special import gammaln, logsumexp, xlog1py, xlogy

ORDERS = range(2, 257)


def renyi(order: int, rate: float, noise: float) -> float:
    """Return the Rényi divergence of one noisy sum of a random sample, of a whole order over 1.

    Each record is in the sum with probability `rate`, has norm at most 1 there, and Gaussian noise
    of standard deviation `noise` is added (Mironov, Talwar and Zhang 2019, section 3.3).

    Examples
    --------
    >>> renyi(4, 1.0, 2.0)  # without sampling: order / (2 · noise²)
    0.5
    """
    k = np.arange(order + 1)
    ways = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
    chances = xlog1py(order - k, -rate) + xlogy(k, rate)
    return float(logsumexp(ways + chances + (k * k - k) / (2 * noise**2)) / (order - 1))


def epsilon(rate: float, noise: float, steps: int, delta: float) -> float:
    """Return the smallest ε of `steps` noisy sums for this δ that an order of `ORDERS` proves.

    The conversion is theorem 21 of Balle et al. (2020).
    """
    return min(
        steps * renyi(order, rate, noise)
        + np.log1p(-1 / order)
        - (np.log(delta) + np.log(order)) / (order - 1)
        for order in ORDERS
    )


@cache
def noise_for(target: float, rate: float, steps: int, delta: float) -> float:
    """Return the smallest noise, up to 0.1 %, that keeps ε at `target` or below."""
    low, high = 0.1, 1000.0
    while high > 1.001 * low:
        middle = np.sqrt(low * high)
        if epsilon(rate, middle, steps, delta) > target:
            low = middle
        else:
            high = middle
    return float(high)
