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
    """Draw rows with the normal scores' correlations and the columns' own distributions."""
    from scipy.stats import norm, rankdata

    shuffled = train.sample(frac=1, random_state=rng)  # equal values are ranked in this order
    scores = norm.ppf(rankdata(shuffled, method="ordinal", axis=0) / (len(train) + 1))
    correlation = np.corrcoef(scores, rowvar=False)
    drawn = rng.multivariate_normal(np.zeros(len(correlation)), correlation, count)
    levels = norm.cdf(drawn)
    columns = zip(train, levels.T, strict=True)
    return pd.DataFrame(
        {name: np.quantile(train[name], u, method="inverted_cdf") for name, u in columns}
    )


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
