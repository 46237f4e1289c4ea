"""Daily returns of the S&P 500: resampled, simulated by models, and made by a GAN."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds

STEPS = 600  # updates of each network
LAST_YEAR = 2012  # to learn from; the later ones are held out
DAYS = 64  # of a window
WINDOWS = 500  # that every method makes
BLOCK = 32  # days of a resampled block
LAGS = 20  # days after a day, for clustering
TAIL = 0.05  # share of the days from which the tail index is estimated
RECENT = 250  # days whose quantile is a forecast for the next day
TOGETHER = 4  # windows in a row of a redrawn series
REDRAWN = 300  # series

KEYS = ("method",)
SETTINGS = {
    name: {"method": name}
    for name in (
        "normal",
        "resampled days",
        "resampled blocks",
        "AR-GJR-GARCH",
        "GAN",
        "GAN, heavy noise",
        "training years",
        "held-out years",
    )
}
SETTINGS |= {
    f"training years, {end} %": {"method": "training years", "end": end / 100} for end in (5, 95)
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **dict.fromkeys(("deviation", "tail_index"), (0, np.inf)),
    **dict.fromkeys(("low_5", "low_1", "worst"), (-100, 0)),
    **dict.fromkeys(("below_5", "below_1", "daily_5", "daily_1"), (0, 1)),
    **dict.fromkeys(("next_day", "clustering", "leverage"), (-1, 1)),
}


class Years(NamedTuple):
    """Daily log returns in percent.

    Attributes
    ----------
    train, held_out : numpy.ndarray, float64, shape [N]
        Of 1999–2012 and of 2013–2018, the latter without the first days that fill no window.
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
    later = returns[~early].to_numpy()
    return Years(returns[early].to_numpy(), later[len(later) % DAYS :])


def run(seed: int, method: str, end: float | None = None) -> dict[str, float]:
    """Make windows of days with what is known of the training years, and score them.

    Parameters
    ----------
    seed : int
        Of networks and samples. The years are the same for each.
    method : str
        As in `SETTINGS`.
    end : float, optional
        Return this quantile of each score of `redrawn` windows.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors; what `score` returns; and ``daily_5`` and
        ``daily_1``, the shares of held-out days below the quantiles that `daily` forecasts.
    """
    years = load()
    begin = time.process_time()
    made = make(years, method, seed)
    seconds = time.process_time() - begin
    many = [made] if end is None else redrawn(made, seed)
    found = [score_all(years, method, some) for some in many]
    scores = {name: np.quantile([one[name] for one in found], end or 0) for name in found[0]}
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in scores.items()},
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
    if method == "resampled days":
        return rng.choice(train, shape)
    if method == "resampled blocks":
        starts = rng.integers(len(train) - BLOCK + 1, size=(WINDOWS, DAYS // BLOCK))
        return train[starts[..., None] + np.arange(BLOCK)].reshape(shape)
    if method == "AR-GJR-GARCH":
        model = garch(None)
        model.distribution = type(model.distribution)(seed=rng)
        params = garch(train).fit(disp="off").params
        return model.simulate(params, WINDOWS * DAYS)["data"].to_numpy().reshape(shape)
    from gantutor.studies.returns.training import fit

    sampler = fit(scaled(train), steps, seed, heavy=method == "GAN, heavy noise")
    return train.mean() + train.std() * sampler.sample(WINDOWS, seed).astype(float)


def scaled(train: np.ndarray) -> np.ndarray:
    """Return returns with mean 0 and deviation 1."""
    return (train - train.mean()) / train.std()


def garch(returns: np.ndarray | None):
    """Return a model of returns: a mean that follows the day before, GJR variance, Student's t."""
    from arch import arch_model

    return arch_model(returns, mean="AR", lags=1, vol="GARCH", o=1, dist="t")


def daily(years: Years, method: str, made: np.ndarray, level: float) -> np.ndarray | float:
    """Forecast a quantile for each held-out day by what was known the day before.

    The GARCH model keeps the parameters of the training years and updates its mean and variance.
    *Resampled days* take the quantile of the 250 days before. All other methods forecast the same
    for each day: the quantile of what they made.
    """
    every = np.concatenate([years.train, years.held_out])
    if method == "AR-GJR-GARCH":
        params = garch(years.train).fit(disp="off").params
        model = garch(every)
        filtered = model.fix(params)
        mean = every - filtered.resid
        unit = model.distribution.ppf(level, params[["nu"]])
        return (mean + filtered.conditional_volatility * unit)[len(years.train) :]
    if method == "resampled days":
        view = np.lib.stride_tricks.sliding_window_view(every[:-1], RECENT)
        return np.quantile(view, level, axis=1)[-len(years.held_out) :]
    return np.quantile(made, level)


def redrawn(real: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return as many windows [N, 64], drawn again with repetition: four in a row stay together.

    How far their scores differ says how far those of the real windows may be off by chance.
    """
    rng, parts = seeds.rng(seed, "data"), len(real) // TOGETHER
    blocks = real[: parts * TOGETHER].reshape(parts, TOGETHER, DAYS)
    return [blocks[rng.integers(parts, size=parts)].reshape(-1, DAYS) for _ in range(REDRAWN)]


def score_all(years: Years, method: str, made: np.ndarray) -> dict[str, float]:
    """Return what `score` does, and the shares of held-out days below what `daily` forecasts."""
    forecasts = {
        f"daily_{level}": (years.held_out < daily(years, method, made, level / 100)).mean()
        for level in (5, 1)
    }
    return score(made, years.held_out) | forecasts


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
