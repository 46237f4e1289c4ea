"""Maps and their writers: the rule of movement, what each writer may do, what the scores see."""

import numpy as np
import pytest

from gantutor.studies.levels import counting, maps, study


@pytest.fixture(scope="module")
def train():
    return maps.make(100, seed=0)


def test_a_jump_is_two_up_four_across_and_down_onto_a_brick():
    level = maps.read("......\n......\n......\n#....#")
    ends = maps.landings(level, (2, 0))
    assert (2, 5) not in ends, "five columns are too far"
    assert set(ends) == set(), "there is nothing to land on between"
    level = maps.read("......\n......\n......\n#...##")
    assert set(maps.landings(level, (2, 0))) == {(2, 4)}
    assert maps.landings(maps.read("..\n..#\n..#\n###".replace("..\n", "...\n", 1)), (2, 1))


def test_a_wall_of_two_can_be_climbed_and_one_of_three_not():
    low = maps.read("....\n....\nSK.D\n####")
    assert len(maps.solve(low)) == 3
    two = maps.read(".....\n.....\n...D.\n...#.\nSK.#.\n#####")
    three = maps.read(".....\n...D.\n...#.\n...#.\nSK.#.\n#####")
    assert maps.solve(two) and maps.solve(three) is None


def test_a_head_that_touches_a_brick_stops_the_jump():
    closed = maps.read(".....\n...D.\n##.#.\nSK.#.\n#####")
    assert maps.solve(closed), "from below the hole one can rise"
    closed[2, 2] = maps.BRICK
    assert maps.solve(closed) is None


@pytest.mark.parametrize("lines", ["S.D\n###", "SKKD\n####", "SKDD\n####", "SSKD\n####"])
def test_a_map_needs_exactly_one_of_each(lines):
    level = maps.read(lines)
    assert maps.solve(level) is None and not maps.one_of_each(level[None])[0]


def test_the_key_comes_first_even_if_the_door_is_nearer():
    level = maps.read("......\n......\nSD..K.\n######")
    way = maps.solve(level)
    assert way[0] == (2, 0) and (2, 4) in way and way[-1] == (2, 1)
    assert maps.text(level).endswith("######")


def test_made_maps_have_a_way_and_are_repeated_by_their_seed(train):
    assert all(maps.solve(level) for level in train)
    assert np.array_equal(train, maps.make(100, seed=0))
    assert not np.array_equal(train, maps.make(100, seed=1))


def test_writers_use_only_what_they_saw(train):
    rng = np.random.default_rng(0)
    flat = train.copy()
    flat[:] = train[0]
    for write in (counting.cells_alone, counting.columns):
        assert (write(flat, 5, rng) == train[0]).all(), write
    halves = counting.halves(train, 20, rng)
    assert maps.one_of_each(halves).all()
    assert (study.copied(halves, train) >= maps.WIDTH // 2).all()
    assert maps.one_of_each(counting.columns(train, 20, rng, counts=True)).mean() > 0.9


def test_wave_function_collapse_shows_only_windows_that_were_seen(train):
    made = counting.Collapse(train[:20])(2, np.random.default_rng(0))

    def windows(levels):
        views = np.lib.stride_tricks.sliding_window_view(levels, (3, 3), axis=(1, 2))
        return {window.tobytes() for window in views.reshape(-1, 9).copy()}

    assert made.shape == (2, maps.HEIGHT, maps.WIDTH)
    assert windows(made) <= windows(train[:20])


def test_furniture_stands_on_bricks():
    train = maps.make(50, seed=3)
    bare = np.where(train > maps.BRICK, maps.AIR, train).astype(np.int8)
    full = counting.furnish(bare, train, np.random.default_rng(0))
    assert maps.one_of_each(full).all()
    rows, columns = np.nonzero(full[0] > maps.BRICK)
    assert (full[0][rows + 1, columns] == maps.BRICK).all()


def test_keys_and_doors_that_no_brick_carries_hang(train):
    assert not study.hanging(train).any()
    high = maps.read("S..K\n...D\n####")[None]  # the key's brick is a door
    low = maps.read("....\nSK.D\n####")[None]
    hole = maps.read("....\nS..D\n###K")[None]
    assert [study.hanging(level)[0] for level in (high, low, hole)] == [True, False, True]


def test_shares_of_maps_with_and_without_gaps():
    flat = maps.read("....S.K.........\n..............D.\n################")
    flat[0, 4], flat[0, 6], flat[1, 4], flat[1, 6] = maps.AIR, maps.AIR, maps.START, maps.KEY
    wide, two = flat.copy(), flat.copy()
    wide[2, 7:12], two[1, 0] = maps.AIR, maps.KEY
    levels = np.array([flat, wide, two])
    playable = np.array([maps.solve(level) is not None for level in levels])
    assert playable.tolist() == [True, False, False], "the gap of five cannot be crossed"
    found = study.judge(levels, playable)
    assert found["one_of_each"] == pytest.approx(2 / 3) and found["playable"] == pytest.approx(
        1 / 3
    )
    assert (found["sound"], found["flat"], found["wide"]) == (1 / 2, 1, 0)
    assert found["gaps"] == pytest.approx(5 / 3) and found["hanging"] == 0


def test_a_writer_that_is_told_never_sees_an_object_and_gets_the_maker_s(train, monkeypatch):
    seen = []

    def spy(examples, count, rng):
        seen.append(examples)
        return counting.cells_alone(examples, count, rng)

    monkeypatch.setitem(study.PLAIN, "cells", spy)
    made = study.writer(train, 0, "cells", told=True)(30)
    assert seen[0].max() == maps.BRICK and maps.one_of_each(made).all()
    assert not study.hanging(made).any()
    ground = study.writer(train, 0, "fresh", told=True)(30)
    assert maps.one_of_each(ground).all() and not study.hanging(ground).any()


def test_scores_of_copies_and_of_known_patterns(train):
    scores = study.score(train, train, train)
    assert scores["copied"] == maps.WIDTH
    assert scores["patterns"] == pytest.approx(0, abs=1e-9)
    empty = np.zeros((3, maps.HEIGHT, maps.WIDTH), np.int8)
    assert study.gaps(empty).tolist() == [maps.WIDTH] * 3
    assert study.divergence(empty, empty) == pytest.approx(0)
    assert study.divergence(empty, empty + 1) > 5
    changed = train[:1].copy()
    changed[0, 0, 5] = maps.BRICK
    assert study.copied(changed, train[:1]).tolist() == [maps.WIDTH - 6]


def test_tiles_that_are_counted_have_one_of_each_and_a_gradient():
    tf = pytest.importorskip("tensorflow")
    from gantutor.studies.levels import training

    logits = tf.random.stateless_normal([50, maps.HEIGHT, maps.WIDTH, 5], (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        made = training.tiles(logits, counts=True)
        loss = tf.reduce_sum(made**2 * tf.range(192.0, dtype=tf.float32)[:, None][:1])
        loss += tf.reduce_sum(made[..., 3] * tf.reshape(tf.range(192.0), [12, 16]))
    assert np.allclose(np.unique(made), [0, 1], atol=1e-6)
    assert np.allclose(tf.reduce_sum(made, axis=-1), 1)
    assert maps.one_of_each(tf.argmax(made, -1).numpy()).mean() > 0.9
    assert np.abs(tape.gradient(loss, logits).numpy()).max() > 0


@pytest.mark.slow
def test_every_kind_of_setting_runs_and_has_the_columns_of_its_table(monkeypatch):
    pytest.importorskip("tensorflow")
    for name, value in {
        "STEPS": 2,
        "TRAIN": 40,
        "KEPT": 8,
        "MOST": 16,
        "LEAST": 8,
        "COLLAPSES": 1,
    }.items():
        monkeypatch.setattr(study, name, value)
    study.data.cache_clear()
    for name, setting in study.SETTINGS.items():
        assert set(study.COLUMNS) == {"seed", *study.run(0, **setting)}, name
    study.data.cache_clear()
