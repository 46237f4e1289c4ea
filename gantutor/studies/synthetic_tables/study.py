"""Rows of a table made by a small CTGAN, and by methods without a network."""

import time

import numpy as np
import pandas as pd

from gantutor.runs import seeds
from gantutor.studies.synthetic_tables.rows import (
    CONTINUOUS,
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
PLAIN = {
    "independent": independent,
    "jittered": jittered,
    "copula": copula,
    "SMOTE": smote,
    "trees": trees,
}

KEYS = ("method",)
SETTINGS = {
    "visits alone": {"method": "visits"},
    "independent columns": {"method": "independent"},
    "jittered copies": {"method": "jittered"},
    "Gaussian copula": {"method": "copula"},
    "SMOTE": {"method": "SMOTE"},
    "sequential trees": {"method": "trees"},
    "CTGAN": {"method": "ctgan"},
    "CTGAN, no modes": {"method": "ctgan", "by_modes": False},
    "training rows": {"method": "train"},
    "other real rows": {"method": "other"},
    "class weight": {"method": "train", "balance": "weight"},
    "other heavy users, once": {"method": "other", "balance": "once"},
}
SEEDS = 5
COLUMNS = {
    "seed": (0, np.inf),
    "seconds": (0, np.inf),
    **{f"{score}_{judge}": (0, 1) for judge in ("linear", "forest") for score in ("ap", "auroc")},
    **{f"more_{judge}": (0, 1) for judge in ("linear", "forest")},
    **dict.fromkeys(("numbers", "heavy", "broken", "copied", "nearer", "told_apart"), (0, 1)),
    "pairs": (0, 2),
}


def run(seed: int, method: str, by_modes: bool = True, balance: str = "rows") -> dict[str, float]:
    """Make as many rows as there are to learn from, and score them with others.

    Parameters
    ----------
    seed : int
        Of the division of the families, and of all else.
    method : str
        A name in `PLAIN`, ``"ctgan"``, ``"train"``, ``"other"`` or ``"visits"``: training rows,
        and the persons of the test ordered by their visits, without a classifier.
    by_modes : bool
        As of `gantutor.studies.synthetic_tables.training.Encoder`.
    balance : str
        With ``"rows"`` made heavy users are added to the real training rows until each class has
        one half; with ``"once"`` each of the made heavy users is added once; with ``"weight"``
        none is added, and each class has half of the weight.

    Returns
    -------
    dict of float
        ``seconds``, this process's time on processors, what `score` returns, and ``more_linear``
        and ``more_forest``: average precision of classifiers with `balance`.
    """
    parts = split(seed)
    begin = time.process_time()
    made, heavy = make(parts, seed, "train" if method == "visits" else method, by_modes)
    seconds = time.process_time() - begin
    if balance == "once":
        heavy = made[made["heavy"] == 1]
    both = parts.train if balance == "weight" else pd.concat([parts.train, heavy])
    more = predict(both, parts.test, seed, "balanced" if balance == "weight" else None)
    scores = score(made, parts, seed)
    if method == "visits":
        more = by_visits(parts.test)
        scores |= more
    scores |= {f"more_{judge}": more[f"ap_{judge}"] for judge in ("linear", "forest")}
    return {
        "seconds": round(seconds, 2),
        **{name: round(float(value), 4) for name, value in scores.items()},
    }


def make(parts: Split, seed: int, method: str, by_modes: bool = True):
    """Return as many rows as there are to learn from, and heavy users to balance the classes."""
    train, rng = parts.train, seeds.rng(seed, "noise", 1)
    count, lacking = len(train), int((1 - train["heavy"]).sum() - train["heavy"].sum())
    if method in ("train", "other"):
        made = getattr(parts, method)
        users = made[made["heavy"] == 1]
        heavy = users.sample(lacking, replace=True, random_state=rng)
    elif method == "ctgan":
        from gantutor.studies.synthetic_tables.training import fit, sample

        trained = fit(train, STEPS, seed, by_modes)
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
        columns; ``pairs``, the mean absolute difference of the rank correlations; ``heavy``, the
        share of heavy users; ``broken``, the share of rows that break a rule; ``copied``, the share
        of rows that are a training row; ``nearer``, what `nearer` returns; and ``told_apart``, how
        well a forest tells made rows from test rows (AUROC).
    """
    from scipy.stats import ks_2samp

    numbers = [ks_2samp(made[name], parts.test[name]).statistic for name in CONTINUOUS]
    known = set(parts.train.itertuples(index=False, name=None))
    gap = (correlations(made) - correlations(parts.test)).abs().to_numpy()
    return predict(made, parts.test, seed) | {
        "numbers": np.mean(numbers),
        "pairs": gap[np.triu_indices(len(gap), 1)].mean(),
        "heavy": made["heavy"].mean(),
        "broken": broken(made).mean(),
        "copied": np.mean([row in known for row in made.itertuples(index=False, name=None)]),
        "nearer": nearer(made, parts),
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


def nearer(made: pd.DataFrame, parts: Split) -> float:
    """Return the AUROC of a simple attack: who lies near a made row was a training row.

    Training and test rows are told apart by their distance to the nearest made row, with each
    column in standard deviations. One half is guessing.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import NearestNeighbors

    unit = parts.train.std().replace(0, 1)
    tree = NearestNeighbors(n_neighbors=1).fit((made / unit).to_numpy())
    both = pd.concat([parts.train, parts.test])
    distance, _ = tree.kneighbors((both / unit).to_numpy())
    return roc_auc_score(np.arange(len(both)) < len(parts.train), -distance[:, 0])


def judges(seed: int, weight: str | None = None):
    """Return the two classifiers, by name; `weight` is scikit-learn's ``class_weight``."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "linear": make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000, class_weight=weight)
        ),
        "forest": RandomForestClassifier(
            100,
            min_samples_leaf=10,
            class_weight=weight,
            random_state=seeds.number(seed, "order"),
        ),
    }


def inputs(table: pd.DataFrame) -> np.ndarray:
    """Return what a classifier sees: all but the answer, visits by their logarithm."""
    return table.assign(visits=np.log1p(table["visits"])).drop(columns="heavy").to_numpy()


def predict(
    train: pd.DataFrame, test: pd.DataFrame, seed: int, weight: str | None = None
) -> dict[str, float]:
    """Train both classifiers on rows, and return average precision and AUROC on test rows."""
    scores = {}
    for name, judge in judges(seed, weight).items():
        chance = np.full(len(test), train["heavy"].mean())
        if train["heavy"].nunique() == 2:
            judge.fit(inputs(train), train["heavy"])
            chance = judge.predict_proba(inputs(test))[:, 1]
        scores |= order(test, chance, name)
    return scores


def by_visits(test: pd.DataFrame) -> dict[str, float]:
    """Score the order of the test rows by this year's visits, in the place of both classifiers."""
    return order(test, test["visits"], "linear") | order(test, test["visits"], "forest")


def order(test: pd.DataFrame, suspicion, name: str) -> dict[str, float]:
    """Return average precision and AUROC of an order of the test rows."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        f"ap_{name}": average_precision_score(test["heavy"], suspicion),
        f"auroc_{name}": roc_auc_score(test["heavy"], suspicion),
    }


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
