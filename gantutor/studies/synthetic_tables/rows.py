"""The persons of the RAND Health Insurance Experiment, and what makes rows without a network."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from gantutor.runs import seeds

CONTINUOUS = ("visits", "incentive", "limit", "illnesses")
DISCRETE = ("coinsurance", "deductible", "limited", "health", "heavy")
MANY = 10  # visits to a doctor in the following year that make a person a heavy user
NEIGHBOURS = 5  # of SMOTE
LEAF = 10  # rows in a leaf of the sequential trees, at least
JITTER = 0.1  # of jittered copies: noise in standard deviations, and share of exchanged values


class Split(NamedTuple):
    """Rows of one seed: no family has rows in two of the three.

    Attributes
    ----------
    train : pandas.DataFrame
        What every method learns from.
    other : pandas.DataFrame
        Real rows that stand in for a perfect method.
    test : pandas.DataFrame
        What is scored with.
    """

    train: pd.DataFrame
    other: pd.DataFrame
    test: pd.DataFrame


@cache
def load() -> tuple[pd.DataFrame, np.ndarray]:
    """Return one row for each person, and the family of each.

    The data have a row for each person and year, without names. Two to five rows in a run that
    agree in insurance and health are taken for one person: the first gives the row, and the next
    one the visits that `heavy` is about. Neighbours with one insurance are taken for a family.
    """
    from statsmodels.datasets import randhie

    years = randhie.load_pandas().data
    plan = ["lncoins", "idp", "lpi", "fmde"]
    state = [*plan, "physlm", "disea", "hlthg", "hlthf", "hlthp"]
    family = years[plan].diff().abs().sum(axis=1).gt(0).cumsum()
    person = years[state].diff().abs().sum(axis=1).gt(0).cumsum()
    first = person.groupby(person).transform("size").between(2, 5) & ~person.duplicated()
    table = pd.DataFrame(
        {
            "visits": years["mdvis"],
            "incentive": years["lpi"],
            "limit": years["fmde"],
            "illnesses": years["disea"],
            "coinsurance": np.expm1(years["lncoins"]).round(),
            "deductible": years["idp"],
            "limited": years["physlm"] > 0.5,
            "health": years["hlthg"] + 2 * years["hlthf"] + 3 * years["hlthp"],
            "heavy": years["mdvis"].shift(-1) >= MANY,
        }
    )
    return table[first].astype(float).reset_index(drop=True), family[first].to_numpy()


def split(seed: int) -> Split:
    """Divide the families at random into three parts, and return their rows."""
    table, family = load()
    names = np.unique(family)
    part = seeds.rng(seed, "data").permutation(len(names)) % 3
    where = part[np.searchsorted(names, family)]
    return Split(*(table[where == number].reset_index(drop=True) for number in range(3)))


def snap(made: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Exchange each value for the nearest one that its column has in the training rows."""
    snapped = {}
    for name in train:
        known = np.unique(train[name])
        middle = (known[1:] + known[:-1]) / 2
        snapped[name] = known[np.searchsorted(middle, made[name])]
    return pd.DataFrame(snapped)


def independent(train, count, rng):
    """Draw every column by itself."""
    return pd.DataFrame({name: rng.choice(train[name], count) for name in train})


def jittered(train, count, rng):
    """Copy rows, add noise to numbers, and exchange some categories for random ones."""
    made = train.sample(count, replace=count > len(train), random_state=rng).reset_index(drop=True)
    for name in CONTINUOUS:
        made[name] += rng.normal(scale=JITTER * train[name].std(), size=count)
    for name in DISCRETE:
        new = rng.choice(train[name], count)
        made[name] = np.where(rng.random(count) < JITTER, new, made[name])
    return made


def copula(train, count, rng):
    """Draw correlated normal numbers, and turn each into a quantile of its column.

    The numbers' correlations are those that give the columns the rank correlations of `train`.
    """
    from scipy.stats import norm, spearmanr

    def column(name, numbers):
        return np.quantile(train[name], norm.cdf(numbers), method="inverted_cdf")

    first, second = rng.standard_normal((2, 4000))
    correlation = np.eye(train.shape[1])
    wanted = train.corr(method="spearman").fillna(0).to_numpy()
    for i, j in zip(*np.triu_indices(len(wanted), 1), strict=True):
        low, high, one = -0.999, 0.999, column(train.columns[i], first)
        for _ in range(10):  # bisection: ranks follow the correlation of the numbers
            middle = (low + high) / 2
            other = middle * first + np.sqrt(1 - middle**2) * second
            found = spearmanr(one, column(train.columns[j], other)).statistic
            low, high = (middle, high) if found < wanted[i, j] else (low, middle)
        correlation[i, j] = correlation[j, i] = middle
    sizes, axes = np.linalg.eigh(correlation)
    drawn = rng.standard_normal((count, len(sizes))) * np.sqrt(sizes.clip(min=1e-6)) @ axes.T
    drawn /= np.sqrt((axes**2 * sizes.clip(min=1e-6)).sum(axis=1))
    return pd.DataFrame({name: column(name, x) for name, x in zip(train, drawn.T, strict=True)})


def smote(train, count, rng):
    """Draw between a row and one of its nearest rows of the same class.

    Numbers lie at a random place between the two; each category is one of the two rows'.
    """
    from sklearn.neighbors import NearestNeighbors

    chosen = np.arange(count) % len(train)
    if count < len(train):
        chosen = rng.permutation(len(train))[:count]
    scaled = ((train - train.mean()) / train.std().replace(0, 1)).to_numpy()
    near = np.empty((len(train), NEIGHBOURS), int)
    for label in train["heavy"].unique():
        rows = np.flatnonzero(train["heavy"] == label)
        tree = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(scaled[rows])
        near[rows] = rows[tree.kneighbors(return_distance=True)[1][:, :NEIGHBOURS]]
    other = train.iloc[near[chosen, rng.integers(NEIGHBOURS, size=count)]].reset_index(drop=True)
    made = train.iloc[chosen].reset_index(drop=True)
    share = rng.random(count)
    for name in CONTINUOUS:
        made[name] += share * (other[name] - made[name])
    for name in DISCRETE:
        made[name] = made[name].where(rng.random(count) < 0.5, other[name])
    return made


def trees(train, count, rng):
    """Draw column by column, each from a leaf of a decision tree on the columns before it."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    order = ["heavy", *(name for name in (*DISCRETE, *CONTINUOUS) if name != "heavy")]
    made = pd.DataFrame({"heavy": rng.choice(train["heavy"], count)})
    for place, name in enumerate(order[1:], start=1):
        kind = DecisionTreeClassifier if name in DISCRETE else DecisionTreeRegressor
        seed = int(rng.integers(2**31))
        tree = kind(min_samples_leaf=LEAF, random_state=seed)
        tree.fit(train[order[:place]], train[name])
        leaves, found = tree.apply(train[order[:place]]), tree.apply(made[order[:place]])
        made[name] = np.nan
        for leaf in np.unique(found):
            here = found == leaf
            made.loc[here, name] = rng.choice(train.loc[leaves == leaf, name], here.sum())
    return made[list(train)]
