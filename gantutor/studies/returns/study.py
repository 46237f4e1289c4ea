"""Daily returns of the S&P 500: resampled, simulated by models, and made by a GAN."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds

STEPS = 1000  # updates of each network
LAST_YEAR = 2012  # to learn from; the later ones are held out
DAYS = 64  # of a window
WINDOWS = 500  # that every method makes
BLOCK = 32  # days of a resampled block
LAGS = 20  # days after a day, for clustering
TAIL = 0.05  # share of the days from which the tail index is estimated

KEYS = ("method",)
SETTINGS = {
    name: {"method": name}
    for name in (
        "normal",
        "Student's t",
        "resampled days",
        "resampled blocks",
        "GARCH",
        "GJR-GARCH",
        "GAN",
        "GAN of scores",
        "training years",
        "held-out years",
    )
}
SEEDS = 3
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("deviation", "tail_index"), (0, np.inf)),
    **dict.fromkeys(("low_5", "low_1", "worst"), (-100, 0)),
    **dict.fromkeys(("below_5", "below_1"), (0, 1)),
    **dict.fromkeys(("next_day", "clustering", "leverage"), (-1, 1)),
}


class Years(NamedTuple):
    """Daily log returns in percent.

    Attributes
    ----------
    train, held_out : numpy.ndarray, float64, shape [N]
        Of 1999–2012 and of 2013–2018.
    """

    train: np.ndarray
    held_out: np.ndarray


@cache
def load() -> Years:
    """Return the S&P 500's returns; a day belongs to the year in which it ends."""
    import arch.data.sp500

    price = arch.data.sp500.load()["Adj Close"].dropna()
    returns = 100 * np.log(price).diff().dropna()
    early = returns.index.year <= LAST_YEAR
    return Years(returns[early].to_numpy(), returns[~early].to_numpy())


def run(seed: int, method: str) -> dict[str, float]:
    """Make windows of days with what is known of the training years, and score them.

    Parameters
    ----------
    seed : int
        Of networks and samples. The years are the same for each.
    method : str
        As in `SETTINGS`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, and what `score` returns.
    """
    years = load()
    begin = time.process_time()
    made = make(years, method, seed)
    seconds = time.process_time() - begin
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in score(made, years.held_out).items()},
    }


def make(years: Years, method: str, seed: int, steps: int = STEPS) -> np.ndarray:
    """Return windows of days [N, 64] made by a method, or cut from real years."""
    train, rng = years.train, seeds.rng(seed, "noise")
    shape = WINDOWS, DAYS
    if method in ("training years", "held-out years"):
        real = train if method == "training years" else years.held_out
        return real[: len(real) // DAYS * DAYS].reshape(-1, DAYS)
    if method == "normal":
        return rng.normal(train.mean(), train.std(), shape)
    if method == "Student's t":
        from scipy.stats import t

        return t.rvs(*t.fit(train), size=shape, random_state=rng)
    if method == "resampled days":
        return rng.choice(train, shape)
    if method == "resampled blocks":
        starts = rng.integers(len(train) - BLOCK + 1, size=(WINDOWS, DAYS // BLOCK))
        return train[starts[..., None] + np.arange(BLOCK)].reshape(shape)
    if method.endswith("GARCH"):
        from arch import arch_model

        kind = {"dist": "t", "o": int(method == "GJR-GARCH")}
        fitted = arch_model(train, **kind).fit(disp="off")
        model = arch_model(None, **kind)
        model.distribution = type(model.distribution)(seed=rng)
        return model.simulate(fitted.params, WINDOWS * DAYS)["data"].to_numpy().reshape(shape)
    from gantutor.studies.returns.training import fit

    if method == "GAN of scores":
        sampler = fit(scores(train), steps, seed)
        return returns(sampler.sample(WINDOWS, seed), train)
    sampler = fit((train - train.mean()) / train.std(), steps, seed)
    return train.mean() + train.std() * sampler.sample(WINDOWS, seed).astype(float)


def scores(train: np.ndarray) -> np.ndarray:
    """Return normal scores: the quantile of the normal distribution at each value's rank."""
    from scipy.stats import norm, rankdata

    return norm.ppf(rankdata(train) / (len(train) + 1))


def returns(made: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Turn normal scores into returns: the training years' quantile at each score's level."""
    from scipy.stats import norm

    return np.quantile(train, norm.cdf(made.astype(float)))


def score(made: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Measure windows of days.

    Parameters
    ----------
    made : numpy.ndarray, float64, shape [N, 64]
    held_out : numpy.ndarray, float64, shape [M]
        Returns of later years.

    Returns
    -------
    dict of float
        ``deviation``; ``low_5``, ``low_1`` and ``worst``, the 5 % and 1 % quantiles and the
        smallest return; ``below_5`` and ``below_1``, the shares of days held out below the two
        quantiles; ``tail_index``, as `hill` says; ``next_day``, the correlation of returns of
        neighbouring days; ``clustering``, that of absolute returns, mean of 20 lags; and
        ``leverage``, that of returns with the absolute returns of the 10 days after.
    """
    low_5, low_1 = np.quantile(made, [0.05, 0.01])
    size = np.abs(made)
    return {
        "deviation": made.std(),
        "low_5": low_5,
        "low_1": low_1,
        "worst": made.min(),
        "below_5": (held_out < low_5).mean(),
        "below_1": (held_out < low_1).mean(),
        "tail_index": hill(made),
        "next_day": lagged(made, made, 1),
        "clustering": np.mean([lagged(size, size, lag) for lag in range(1, LAGS + 1)]),
        "leverage": np.mean([lagged(made, size, lag) for lag in range(1, LAGS // 2 + 1)]),
    }


def hill(made: np.ndarray) -> float:
    """Return Hill's estimate of the tail index of absolute returns, from the largest 5 %.

    If P(|r| > x) falls like a power of x, this is the exponent: a small one is a heavy tail.
    """
    size = np.sort(np.abs(made), axis=None)
    count = int(TAIL * len(size))
    return 1 / np.mean(np.log(size[-count:] / size[-count - 1]))


def lagged(first: np.ndarray, second: np.ndarray, lag: int) -> float:
    """Return the correlation of values with others, `lag` days later in the same window."""
    before, after = first[:, :-lag] - first.mean(), second[:, lag:] - second.mean()
    return (before * after).mean() / (first.std() * second.std())
