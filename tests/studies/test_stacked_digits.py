"""The logs of the chapter on benchmarks: how they are made, and what a table must hold."""

import numpy as np
import pandas as pd
import pytest

from gantutor import metrics
from gantutor.data import load_digits

pytest.importorskip("torch")
from gantutor.torch import benchmarks

IMAGES, LABELS = load_digits()
ROW = {"setting": "mine", "seed": 0, "step": 10, "seconds": 1.0, "digit_fid": 3.0}
KEY = ("setting", "seed", "step")


def check(*rows):
    return benchmarks.check_table(pd.DataFrame(rows), benchmarks.COLUMNS["digits"], KEY)


def test_stacked_digits_show_three_of_the_given_digits():
    stacked = benchmarks.stack_digits(IMAGES[:7], 50, seed=3)
    assert stacked.shape == (50, 28, 28, 3) and stacked.dtype == np.float32
    known = {image.tobytes() for image in IMAGES[:7]}
    channels = np.moveaxis(stacked, -1, 1).reshape(-1, 28, 28, 1)
    assert {np.ascontiguousarray(image).tobytes() for image in channels} == known
    np.testing.assert_array_equal(stacked, benchmarks.stack_digits(IMAGES[:7], 50, seed=3))
    assert (stacked != benchmarks.stack_digits(IMAGES[:7], 50, seed=4)).any()


def test_stacked_scores_are_those_of_the_metric_and_split_by_channel():
    images = benchmarks.stack_digits(IMAGES, 300)
    scores, found = benchmarks.score("stacked", images), metrics.stacked_digit_modes(images)
    assert scores["modes"] == found.found
    assert scores["divergence"] == pytest.approx(found.divergence, abs=1e-12)
    one = np.repeat(IMAGES[:1], 4, axis=0)  # the digit 0, and nothing else
    alone = benchmarks.score("stacked", np.repeat(one, 3, axis=-1))
    assert alone["modes"] == 1
    assert alone["divergence"] == pytest.approx(np.log(1000))
    assert alone["marginals"] == pytest.approx(3 * np.log(10))
    ten = IMAGES[::500]  # one of each class, the same in all channels: 000, 111, …
    equal = benchmarks.score("stacked", np.repeat(ten, 3, axis=-1))
    assert equal["modes"] == 10
    assert equal["marginals"] == pytest.approx(0, abs=1e-12)
    assert equal["divergence"] == pytest.approx(np.log(100))


@pytest.mark.parametrize("task", benchmarks.TABLES)
def test_a_training_is_followed(task):
    recipe = list(benchmarks.SETTINGS[task].values())[-1].replace(
        generator_width=4, discriminator_width=4
    )
    rows = list(benchmarks.follow(task, recipe, seed=1, marks=[1, 3], samples=20))
    assert [row["step"] for row in rows] == [1, 3]
    assert 0 <= rows[0]["seconds"] <= rows[1]["seconds"]
    again = list(benchmarks.follow(task, recipe, seed=1, marks=[1, 3], samples=20))
    for first, second in zip(rows, again, strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_a_table_is_filled_and_not_filled_twice(tmp_path, monkeypatch):
    tiny = {"tiny": benchmarks.SETTINGS["digits"]["mlp"].replace(steps=4, generator_width=4)}
    monkeypatch.setitem(benchmarks.SETTINGS, "digits", tiny)
    monkeypatch.setitem(benchmarks.SAMPLES, "digits", 20)
    path = tmp_path / "table.csv"
    table = benchmarks.fill_table("digits", {"tiny": 2}, marks=(0.5, 1), path=path)
    assert table[["seed", "step"]].values.tolist() == [[0, 2], [0, 4], [1, 2], [1, 4]]
    check(*table.to_dict("records"))
    before = path.read_bytes()
    benchmarks.fill_table("digits", {"tiny": 2}, marks=(0.5, 1), path=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("task", benchmarks.TABLES)
def test_shipped_tables_hold_what_the_settings_say(task):
    table = benchmarks.load_table(task)
    assert set(table["setting"]) >= set(benchmarks.SETTINGS[task])
    for (name, _), rows in table.groupby(["setting", "seed"]):
        assert rows["step"].is_monotonic_increasing and rows["seconds"].is_monotonic_increasing
        if name in benchmarks.SETTINGS[task]:
            assert rows["step"].max() == benchmarks.SETTINGS[task][name].steps


def test_sound_rows_pass():
    assert len(check(ROW, ROW | {"seed": 1}, ROW | {"step": 20})) == 3


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{k: v for k, v in ROW.items() if k != "seconds"}], "lacks the columns .'seconds'"),
        ([ROW, ROW], "Row 1 repeats"),
        ([ROW | {"digit_fid": -1.0}], "'digit_fid' must hold numbers from 0"),
        ([ROW | {"digit_fid": np.nan}], "row 0 has nan"),
        ([ROW | {"digit_fid": np.inf}], "row 0 has inf"),
        ([ROW | {"step": "ten"}], "row 0 has ten"),
        ([ROW, ROW | {"setting": " "}], "row 1 has none"),
        ([ROW | {"setting": None}], "row 0 has none"),
    ],
)
def test_unsound_rows_are_named(rows, words):
    with pytest.raises(ValueError, match=words):
        check(*rows)
