"""Made rows of a table: who is held out, what each method keeps, what scores and updates do."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("statsmodels")

from gantutor.studies.synthetic_tables import rows, study


@pytest.fixture(scope="module")
def parts():
    return rows.split(1)


def make(name, train, count=None, seed=0):
    rng = np.random.default_rng(seed)
    return rows.snap(study.PLAIN[name](train, count or len(train), rng), train)


def test_no_family_has_rows_in_two_parts(parts):
    table, family = rows.load()
    assert sum(map(len, parts)) == len(table) and min(map(len, parts)) > 1400
    plans = [set(part[["coinsurance", "incentive", "limit"]].itertuples(index=False, name=None))
             for part in parts]  # fmt: skip
    assert len(np.unique(family)) > 2000
    amounts = [{plan for plan in some if plan[1] > 0 and plan[2] > 0} for some in plans]
    shared = amounts[0] & amounts[2]
    assert len(shared) < 0.6 * len(amounts[0]), "most pairs of amounts are a family's own"


def test_real_rows_keep_the_rules_and_known_wrong_rows_break_them():
    table, _ = rows.load()
    assert not study.broken(table).any()
    wrong = pd.DataFrame(
        {
            "coinsurance": [25, 100, 0, 0, 100, 0, 25],
            "deductible": [1, 0, 0, 0, 1, 1, 0],
            "limit": [0, 0, 5, 0, 5, 5, 5],
        }
    )
    assert study.broken(wrong).tolist() == [True, True, True, False, True, False, False]


def test_every_made_value_is_one_of_the_training_rows(parts):
    for name in study.PLAIN:
        made = make(name, parts.train)
        assert list(made) == list(parts.train) and len(made) == len(parts.train)
        for column in made:
            assert made[column].isin(parts.train[column]).all(), (name, column)
    near = rows.snap(parts.train + 1e-9, parts.train)
    assert near.equals(parts.train)


def test_methods_keep_what_they_are_said_to_keep(parts):
    real = study.correlations(parts.train).to_numpy()
    gap = {
        name: np.abs(study.correlations(make(name, parts.train, 5000)) - real).to_numpy().mean()
        for name in ("independent", "copula", "trees", "SMOTE")
    }
    assert gap["independent"] > 0.1 > 0.05 > max(gap["copula"], gap["trees"], gap["SMOTE"])
    for name in ("independent", "copula", "trees"):
        share = make(name, parts.train, 5000)["heavy"].mean()
        assert share == pytest.approx(parts.train["heavy"].mean(), abs=0.02)
    assert not study.broken(make("trees", parts.train)).any()
    assert study.broken(make("independent", parts.train)).mean() > 0.3


def test_smote_of_one_class_stays_between_rows_of_that_class(parts):
    users = parts.train[parts.train["heavy"] == 1]
    made = rows.smote(users, 500, np.random.default_rng(0))
    assert (made["heavy"] == 1).all() and len(made) == 500
    for name in rows.CONTINUOUS:
        assert made[name].between(users[name].min(), users[name].max()).all()
        assert not made[name].isin(users[name]).all()


def test_scores_of_training_rows_other_rows_and_one_row(parts):
    copied = study.score(parts.train, parts, 1)
    other = study.score(parts.other, parts, 1)
    one = study.score(parts.train.iloc[[0] * len(parts.train)], parts, 1)
    assert copied["copied"] == one["copied"] == 1 and other["copied"] < 0.4
    assert other["broken"] == 0 and 0.45 < other["told_apart"] < 0.65 < one["told_apart"]
    assert one["numbers"] > 0.4 > 0.1 > other["numbers"]
    assert one["ap_linear"] == pytest.approx(parts.test["heavy"].mean()), "a constant classifier"
    assert other["ap_linear"] > 4 * parts.test["heavy"].mean()


def test_the_attack_finds_training_rows_among_copies_and_nothing_in_other_rows(parts):
    assert study.nearer(parts.train, parts) > 0.8
    assert study.nearer(parts.other, parts) == pytest.approx(0.5, abs=0.03)
    assert study.nearer(parts.test, parts) < 0.2
    swapped = parts._replace(train=parts.test, test=parts.train)
    assert study.nearer(parts.test, swapped) > 0.8


def test_an_order_by_visits_needs_no_rows(parts):
    found = study.by_visits(parts.test)
    assert found["ap_linear"] == found["ap_forest"] > 5 * parts.test["heavy"].mean()
    four = pd.DataFrame({"visits": [9, 5, 3, 2], "heavy": [1, 0, 0, 1]})
    assert study.by_visits(four)["ap_linear"] == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert study.by_visits(four)["auroc_linear"] == pytest.approx(0.5)


def test_class_weights_and_users_added_once(parts, monkeypatch):
    seen = {}

    def predict(train, test, seed, weight=None):
        seen[weight, train["heavy"].mean().round(2)] = len(train)
        return dict.fromkeys(("ap_linear", "ap_forest"), 0.5)

    monkeypatch.setattr(study, "predict", predict)
    study.run(1, **study.SETTINGS["class weight"])
    weighted = "balanced", parts.train["heavy"].mean().round(2)
    assert seen[weighted] == len(parts.train)
    seen.clear()
    study.run(1, **study.SETTINGS["other heavy users, once"])
    assert len(parts.train) + parts.other["heavy"].sum() in seen.values()


def test_made_heavy_users_balance_the_classes(parts):
    for method in ("train", "other", "SMOTE", "copula"):
        _, heavy = study.make(parts, 1, method)
        both = pd.concat([parts.train, heavy])
        assert (heavy["heavy"] == 1).all() and both["heavy"].mean() == pytest.approx(0.5, abs=0.01)


def test_encoded_rows_are_decoded_to_themselves(parts):
    pytest.importorskip("tensorflow")
    from gantutor.studies.synthetic_tables import training

    for by_modes in (True, False):
        encoder = training.Encoder(parts.train, 1, by_modes)
        encoded = encoder.encode(parts.train, 1)
        assert encoded.shape[1] == encoder.width and np.abs(encoded).max() <= 1
        for _, start, stop, _ in encoder.blocks:
            assert (encoded[:, start:stop].sum(axis=1) == 1).all()
        back = encoder.decode(encoded)[list(parts.train)]
        for name in rows.DISCRETE:
            assert back[name].equals(parts.train[name])
        for name in rows.CONTINUOUS:
            off = np.abs(back[name] - parts.train[name])
            assert np.quantile(off, 0.95) < 0.06 * parts.train[name].std()


def test_real_rows_fulfil_their_conditions_and_rare_values_are_common(parts):
    pytest.importorskip("tensorflow")
    from gantutor.studies.synthetic_tables import training

    encoder = training.Encoder(parts.train, 1, by_modes=False)
    encoded = encoder.encode(parts.train, 1)
    conditions = []
    for real, condition, *_ in training.draws(encoded, encoder, 30, 1):
        assert (condition.numpy().sum(axis=1) == 1).all()
        there = (real.numpy()[:, encoder.conditions] * condition.numpy()).sum(axis=1)
        assert (there == 1).all()
        conditions.append(condition.numpy())
    share = np.concatenate(conditions).mean(axis=0)
    counts = parts.train["heavy"].value_counts()
    wanted = np.log1p(counts[1]) / np.log1p(counts).sum() / len(rows.DISCRETE)
    assert share[-1] == pytest.approx(wanted, abs=0.02)


def test_what_is_unmet_is_the_cross_entropy_of_the_named_column():
    tf = pytest.importorskip("tensorflow")
    from gantutor.studies.synthetic_tables import training

    blocks = [
        training.Block("a number", 1, 3, 0),
        training.Block("first", 3, 5, -1),
        training.Block("second", 5, 7, -1),
    ]
    logits = tf.constant([[0, 0, 0, 1.0, 0.0, 9.0, 0.0], [0, 0, 0, 5.0, 0.0, 0.0, 2.0]])
    condition = tf.constant([[0, 1.0, 0, 0], [0, 0, 0, 1.0]])
    found = training.unmet(logits, condition, blocks).numpy()
    by_hand = (np.log(1 + np.e) + np.log(1 + np.exp(-2))) / 2
    assert found == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.slow
def test_a_training_is_repeated_by_its_seed(parts):
    pytest.importorskip("tensorflow")
    from gantutor.studies.synthetic_tables import training

    first, again = (
        training.sample(*training.fit(parts.train, 3, 1, False), 50, 1) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_a_generator_makes_the_class_that_it_is_asked_for(parts):
    pytest.importorskip("tensorflow")
    from gantutor.studies.synthetic_tables import training

    trained = training.fit(parts.train, 300, 1, by_modes=False)
    asked = training.sample(*trained, 500, 1, heavy=True)["heavy"].mean()
    usual = training.sample(*trained, 500, 1)["heavy"].mean()
    assert usual < 0.3 < 0.7 < asked


@pytest.mark.slow
def test_every_kind_of_setting_has_the_columns_of_the_table(monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(study, "STEPS", 5)
    for name in ("visits alone", "SMOTE", "CTGAN", "class weight"):
        assert {"seed", *study.run(0, **study.SETTINGS[name])} == set(study.COLUMNS)
