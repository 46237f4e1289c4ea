"""Planted faults: each changes one thing, and what is watched is what its name says."""

import numpy as np
import pytest

from gantutor.studies import load_table

pytest.importorskip("torch")
from gantutor.studies.watching import study


def test_digits_are_divided_by_the_seed_and_never_shared():
    parts = study.digits(0)
    assert [len(part) for part in parts[:3]] == [1000, 1000, 3000] and len(parts.kinds) == 3000
    pool = {image.tobytes() for image in parts.pool}
    assert not any(image.tobytes() in pool for part in parts[:2] for image in part)
    assert not np.array_equal(study.digits(1).test, parts.test)
    first = {arguments.get("first", 0) for arguments in study.SETTINGS.values()}
    assert first == {0, 100} and study.SEEDS < 100  # limits come from other seeds


def test_a_fault_of_the_data_changes_the_data_only():
    _, _, pool, kinds = study.digits(3)
    sound = study.training_set("none", 3)
    assert sound is not pool and np.array_equal(sound, pool)
    for fault in ("sorted by kind", "slow discriminator", "fast networks"):
        assert np.array_equal(study.training_set(fault, 3), pool)
    assert np.array_equal(study.training_set("200 digits", 3), pool[:200])
    five = study.training_set("five kinds of digit", 3)
    assert len(five) == (kinds < 5).sum() and np.array_equal(five[0], pool[kinds < 5][0])
    faint = study.training_set("half the contrast", 3)
    pixels = (pool + 1) / 2  # as if read from a file and divided by 255
    assert np.allclose(faint, pixels - 0.5) and faint.min() == -0.5 and faint.max() == 0.5


def test_sorted_batches_hold_the_same_digits_in_the_order_of_their_kinds():
    _, _, pool, kinds = study.digits(0)
    batches = [batch[0] for batch in study.sorted_batches(pool, kinds, 64)]
    assert len(batches) == 3000 // 64 and batches[0].shape == (64, 1, 28, 28)
    seen = np.concatenate([batch.numpy() for batch in batches]).transpose(0, 2, 3, 1)
    order = np.argsort(kinds, kind="stable")
    assert np.array_equal(seen, pool[order][: len(seen)])
    assert (np.diff(kinds[order]) >= 0).all()


def test_a_fault_of_the_rates_changes_the_rates_only():
    rates = {}
    for fault in ("none", *study.FAULTS):
        optimizers = study.trainer(fault, 0).optimizers
        rates[fault] = [
            optimizers[side].param_groups[0]["lr"] for side in ("generator", "discriminator")
        ]
    assert rates.pop("slow discriminator") == pytest.approx([2e-3, 2e-4])
    assert rates.pop("fast networks") == pytest.approx([1e-2, 1e-2])
    assert all(pair == pytest.approx([2e-3, 2e-3]) for pair in rates.values())


def test_the_spread_of_equal_images_is_0_and_of_black_and_white_1():
    images = np.ones((6, 28, 28, 1))
    assert study.spread(images) == 0
    images[::2] = -1
    assert study.spread(images) == 1


def test_a_run_reads_what_its_callbacks_recorded(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 100)
    rows = study.run(0, "sorted by kind", first=5)
    assert [row["step"] for row in rows] == [100]
    assert all({"seed", *row} == set(study.COLUMNS) for row in rows)
    assert study.run(5, "sorted by kind")[0]["fid"] == rows[0]["fid"]
    assert study.run(5, "none")[0]["fid"] != rows[0]["fid"]


@pytest.mark.slow
def test_the_loss_of_a_row_is_the_mean_of_ten(monkeypatch):
    monkeypatch.setattr(study, "STEPS", 200)
    rows = study.run(0, "none")
    made = study.trainer("none", 0)
    record = made.fit(study.training_set("none", 0), 200)
    for row, part in zip(rows, (slice(0, 10), slice(10, 20)), strict=True):
        for name in ("d_loss", "g_loss"):
            assert row[name] == pytest.approx(np.mean(record.history[name][part]), rel=1e-3)


def test_the_number_drawn_knows_nothing_of_the_run():
    table = load_table("watching")
    drawn = table.pivot_table(index=["seed", "step"], columns="setting", values="number_drawn")
    assert (drawn["sound"] == drawn["fast networks"]).all()
    assert (drawn["sound"] != drawn["calibration"]).all()
    assert abs(drawn["sound"].mean()) < 0.4 and 0.7 < drawn["sound"].std() < 1.3
