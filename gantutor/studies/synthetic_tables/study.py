"""Rows of a table made by a small CTGAN, and by methods without a network."""

import time

import numpy as np
import pandas as pd

from gantutor.runs import seeds
from gantutor.studies.synthetic_tables.rows import (
    CONTINUOUS,
    DISCRETE,
    Split,
    copula,
    independent,
    jittered,
    smote,
    snap,
    split,
    trees,
)

STEPS = 1500  # updates of each network
PUBLISHED_STEPS = 900  # the same at the package's pace: 300 times through the rows, its default
PLAIN = {
    "independent": independent,
    "jittered": jittered,
    "copula": copula,
    "SMOTE": smote,
    "trees": trees,
}

KEYS = ("method",)
SETTINGS = {
    "independent columns": {"method": "independent"},
    "jittered copies": {"method": "jittered"},
    "Gaussian copula": {"method": "copula"},
    "SMOTE": {"method": "SMOTE"},
    "sequential trees": {"method": "trees"},
    "CTGAN": {"method": "ctgan"},
    "CTGAN, no modes": {"method": "ctgan", "by_modes": False},
    "CTGAN, published pace": {"method": "ctgan", "published": True},
    "training rows": {"method": "train"},
    "other real rows": {"method": "other"},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"{score}_{judge}": (0, 1) for judge in ("linear", "forest") for score in ("ap", "auroc")},
    **{f"more_{judge}": (0, 1) for judge in ("linear", "forest")},
    **dict.fromkeys(("numbers", "categories", "heavy", "broken", "copied", "told_apart"), (0, 1)),
    "pairs": (0, 2),
}


def run(seed: int, method: str, by_modes: bool = True, published: bool = False) -> dict[str, float]:
    """Make as many rows as there are to learn from, and score them with others.

    Parameters
    ----------
    seed : int
        Of the division of the families, and of all else.
    method : str
        A name in `PLAIN`, ``"ctgan"``, ``"train"`` or ``"other"``.
    by_modes : bool
        As of `gantutor.studies.synthetic_tables.training.Encoder`.
    published : bool
        Train with the batch size, packs, rate and number of passes of the package ctgan.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, what `score` returns, and ``more_linear``
        and ``more_forest``: average precision of classifiers that are trained on the real training
        rows and on as many made heavy users as it takes to have half of each class.
    """
    parts = split(seed)
    begin = time.process_time()
    made, heavy = make(parts, seed, method, by_modes, published)
    seconds = time.process_time() - begin
    more = predict(pd.concat([parts.train, heavy]), parts.test, seed)
    scores = score(made, parts, seed)
    scores |= {f"more_{judge}": more[f"ap_{judge}"] for judge in ("linear", "forest")}
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in scores.items()},
    }


def make(parts: Split, seed: int, method: str, by_modes: bool = True, published: bool = False):
    """Return as many rows as there are to learn from, and heavy users to balance the classes."""
    train, rng = parts.train, seeds.rng(seed, "noise", 1)
    count, lacking = len(train), int((1 - train["heavy"]).sum() - train["heavy"].sum())
    if method in ("train", "other"):
        made = getattr(parts, method)
        users = made[made["heavy"] == 1]
        heavy = users.sample(lacking, replace=True, random_state=rng)
    elif method == "ctgan":
        from gantutor.studies.synthetic_tables.training import OURS, PUBLISHED, fit, sample

        pace, steps = (PUBLISHED, PUBLISHED_STEPS) if published else (OURS, STEPS)
        trained = fit(train, steps, seed, by_modes, pace)
        made = sample(*trained, count, seed)
        heavy = sample(*trained, lacking, seed, heavy=True)
    else:
        made = PLAIN[method](train, count, rng)
        if method in ("SMOTE", "jittered"):
            heavy = PLAIN[method](train[train["heavy"] == 1], lacking, rng)
        else:
            heavy = PLAIN[method](train, 40 * lacking, rng)
            heavy = heavy[heavy["heavy"] == 1][:lacking]
    return snap(made, train), snap(heavy.assign(heavy=1.0), train)


def score(made: pd.DataFrame, parts: Split, seed: int) -> dict[str, float]:
    """Score made rows with the test rows.

    Returns
    -------
    dict of float
        What `predict` returns; ``numbers``, the mean Kolmogorov–Smirnov distance of the continuous
        columns, and ``categories``, the mean total variation of the discrete ones; ``pairs``, the
        mean absolute difference of the rank correlations; ``heavy``, the share of heavy users;
        ``broken``, the share of rows that break a rule; ``copied``, the share of rows that are a
        training row; and ``told_apart``, how well a forest tells made rows from test rows (AUROC).
    """
    from scipy.stats import ks_2samp

    numbers = [ks_2samp(made[name], parts.test[name]).statistic for name in CONTINUOUS]
    categories = [
        made[name]
        .value_counts(normalize=True)
        .sub(parts.test[name].value_counts(normalize=True), fill_value=0)
        .abs()
        .sum()
        / 2
        for name in DISCRETE
    ]
    known = set(parts.train.itertuples(index=False, name=None))
    gap = (correlations(made) - correlations(parts.test)).abs().to_numpy()
    return predict(made, parts.test, seed) | {
        "numbers": np.mean(numbers),
        "categories": np.mean(categories),
        "pairs": gap[np.triu_indices(len(gap), 1)].mean(),
        "heavy": made["heavy"].mean(),
        "broken": broken(made).mean(),
        "copied": np.mean([row in known for row in made.itertuples(index=False, name=None)]),
        "told_apart": told_apart(made, parts.test, seed),
    }


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's rank correlations; those of a constant column are 0."""
    return table.corr(method="spearman").fillna(0)


def broken(table: pd.DataFrame) -> np.ndarray:
    """Say of each row whether it breaks one of two rules that all real rows keep.

    A deductible comes with coinsurance 0 or 100 only, and 100 with it only; and where both are 0 or
    both are there, the limit is 0.
    """
    rate, deductible = table["coinsurance"].to_numpy(), table["deductible"].to_numpy() == 1
    impossible = (deductible & (rate > 0) & (rate < 100)) | (~deductible & (rate == 100))
    no_limit = deductible == (rate > 0)
    return impossible | (no_limit & (rate % 100 == 0) & (table["limit"].to_numpy() > 0))


def judges(seed: int):
    """Return the two classifiers, by name."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "forest": RandomForestClassifier(
            100, min_samples_leaf=10, random_state=seeds.number(seed, "order")
        ),
    }


def inputs(table: pd.DataFrame) -> np.ndarray:
    """Return what a classifier sees: all but the answer, visits by their logarithm."""
    return table.assign(visits=np.log1p(table["visits"])).drop(columns="heavy").to_numpy()


def predict(train: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, float]:
    """Train both classifiers on rows, and return average precision and AUROC on test rows."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores = {}
    for name, judge in judges(seed).items():
        chance = np.full(len(test), train["heavy"].mean())
        if train["heavy"].nunique() == 2:
            judge.fit(inputs(train), train["heavy"])
            chance = judge.predict_proba(inputs(test))[:, 1]
        scores[f"ap_{name}"] = average_precision_score(test["heavy"], chance)
        scores[f"auroc_{name}"] = roc_auc_score(test["heavy"], chance)
    return scores


def told_apart(made: pd.DataFrame, test: pd.DataFrame, seed: int) -> float:
    """Return the AUROC of a forest that was trained to tell half of the rows apart, on the rest."""
    from sklearn.metrics import roc_auc_score

    rng, count = seeds.rng(seed, "order", 1), min(len(made), len(test))
    made, test = (table.iloc[rng.permutation(len(table))[:count]] for table in (made, test))
    half, both = count // 2, []
    for part in (slice(half), slice(half, None)):
        both.append(np.concatenate([made.to_numpy()[part], test.to_numpy()[part]]))
    forest = judges(seed)["forest"].fit(both[0], np.repeat([1, 0], half))
    return roc_auc_score(np.repeat([1, 0], count - half), forest.predict_proba(both[1])[:, 1])
