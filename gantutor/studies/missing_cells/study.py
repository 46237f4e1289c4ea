"""Missing cells of a table, filled in by formulas, regressions and a GAIN."""

import time
from functools import cache
from typing import NamedTuple

import numpy as np

from gantutor.runs import seeds

STEPS = 1500  # updates of each network
MISSING = 0.2  # share of the cells, at random
NEIGHBOURS = 5

NETWORKS = {
    "GAIN": {},
    "GAIN, no adversary": {"adversarial": 0.0},
    "hide and predict": {"adversarial": 0.0, "hide": MISSING},
}

KEYS = ("method",)
SETTINGS = {
    name: {"method": name}
    for name in (
        "mean",
        "nearest rows",
        "regression",
        "regression, drawn",
        *NETWORKS,
        "all other cells known",
    )
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    "error": (0, np.inf),
    "error_of_range": (0, np.inf),
    "spread": (0, np.inf),
    "pairs": (0, 2),
}


class Cells(NamedTuple):
    """A table with holes. The units are the deviations of each column's observed cells.

    Attributes
    ----------
    whole : numpy.ndarray, float64, shape [N, d]
        All cells.
    seen : numpy.ndarray, bool, shape [N, d]
        Which cells a method may look at.
    """

    whole: np.ndarray
    seen: np.ndarray

    @property
    def holed(self) -> np.ndarray:
        """The table with NaN in place of what is missing."""
        return np.where(self.seen, self.whole, np.nan)


@cache
def cells(seed: int) -> Cells:
    """Return the 569 tumours of the breast cancer data, with a fifth of their cells missing."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer().data
    seen = seeds.rng(seed, "data").random(table.shape) >= MISSING
    holed = np.where(seen, table, np.nan)
    return Cells((table - np.nanmean(holed, axis=0)) / np.nanstd(holed, axis=0), seen)


def run(seed: int, method: str) -> dict[str, float]:
    """Fill a table's missing cells, and compare them with the true ones.

    Parameters
    ----------
    seed : int
        Of the missing cells, and of all else.
    method : str
        As in `SETTINGS`.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, and what `score` returns.
    """
    some = cells(seed)
    begin = time.process_time()
    filled = fill(some, method, seed)
    seconds = time.process_time() - begin
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in score(some, filled).items()},
    }


def fill(some: Cells, method: str, seed: int) -> np.ndarray:
    """Return the table with its missing cells filled in."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

    if method in NETWORKS:
        from gantutor.studies.missing_cells.training import fill_in, fit

        generator = fit(some.holed, STEPS, seed, **NETWORKS[method])
        return fill_in(generator, some.holed, seed)
    if method == "all other cells known":
        return np.where(some.seen, some.whole, from_the_others(some.whole))
    if method == "mean":
        imputer = SimpleImputer()
    elif method == "nearest rows":
        imputer = KNNImputer(n_neighbors=NEIGHBOURS)
    else:
        imputer = IterativeImputer(
            sample_posterior=method == "regression, drawn",
            random_state=seeds.number(seed, "noise"),
        )
    return imputer.fit_transform(some.holed)


def from_the_others(whole: np.ndarray) -> np.ndarray:
    """Predict each column linearly from all others; a row's own cell is not learnt from."""
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import cross_val_predict

    columns = range(whole.shape[1])
    return np.column_stack(
        [
            cross_val_predict(LinearRegression(), np.delete(whole, i, axis=1), whole[:, i], cv=10)
            for i in columns
        ]
    )


def score(some: Cells, filled: np.ndarray) -> dict[str, float]:
    """Compare filled cells with the true ones.

    Returns
    -------
    dict of float
        ``error``, the root of the mean squared error of missing cells; ``error_of_range``, the same
        with the range of each column's observed cells as its unit; ``spread``, the standard
        deviation of the filled cells divided by that of the true ones, mean of the columns; and
        ``pairs``, the mean absolute difference of the correlations of the filled table and the
        whole one.
    """
    off = filled - some.whole
    ranges = np.nanmax(some.holed, axis=0) - np.nanmin(some.holed, axis=0)
    spread = [
        values[missing].std() / truth[missing].std()
        for values, truth, missing in zip(filled.T, some.whole.T, ~some.seen.T, strict=True)
    ]
    gap = np.abs(np.corrcoef(filled.T) - np.corrcoef(some.whole.T))
    return {
        "error": np.sqrt(np.mean(off[~some.seen] ** 2)),
        "error_of_range": np.sqrt(np.mean((off / ranges)[~some.seen] ** 2)),
        "spread": np.mean(spread),
        "pairs": gap[np.triu_indices(len(gap), 1)].mean(),
    }
