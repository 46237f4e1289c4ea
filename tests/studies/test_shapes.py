"""Shapes of cubes: what stands, what the distances and the counts say of made-up shapes."""

import numpy as np
import pytest

from gantutor.studies.shapes import study, voxels


def column(height=3, at=(5, 5)):
    shape = np.zeros([voxels.SIDE] * 3, bool)
    shape[:height, at[0], at[1]] = True
    return shape


def test_a_column_stands_and_a_floating_a_broken_or_a_leaning_one_does_not():
    assert voxels.stands(column())
    assert not voxels.stands(np.zeros([voxels.SIDE] * 3, bool))
    assert not voxels.stands(np.roll(column(), 2, axis=0)), "it floats"
    broken = column(5)
    broken[2] = False
    assert not voxels.in_one_piece(broken) and not voxels.stands(broken)
    leaning = column()
    leaning[2, 5, 5:11] = True
    assert voxels.in_one_piece(leaning) and not voxels.stands(leaning)


def test_all_made_shapes_stand_and_are_repeated_by_their_seed():
    shapes = voxels.draw_many(60, seed=0)
    assert all(voxels.stands(shape) for shape in shapes)
    assert np.array_equal(shapes, voxels.draw_many(60, seed=0))


def test_distances_by_hand():
    short, tall = column(1), column(4)
    found = voxels.distances(np.array([short, tall]), np.array([tall, column(4, (0, 0))]))
    assert found == pytest.approx(np.array([[0.75, 1], [0, 1]]))


def test_the_largest_piece_is_kept_alone():
    table = column(4)
    dusty = table.copy()
    dusty[9, 0, 0] = dusty[7, 8:10, 8] = True
    assert not voxels.stands(dusty) and np.array_equal(voxels.largest_piece(dusty), table)
    assert np.array_equal(voxels.largest_piece(table), table)
    assert not voxels.largest_piece(np.zeros_like(table)).any()


def test_neighbours_of_copies_of_far_shapes_and_of_scattered_ones():
    real = np.array([column(height) for height in range(1, 9)])
    assert voxels.neighbour_accuracies(real, real) == (0, 0), "the nearest other one is the copy"
    far = np.array([column(height, (0, 0)) for height in range(1, 9)])
    assert voxels.neighbour_accuracies(real, far) == (1, 1)
    dust = real.copy()
    for place, shape in enumerate(dust):  # each is nearer to real shapes than to another
        shape[:, 0, place] = shape[:, 1, place] = True
    assert voxels.neighbour_accuracies(real, dust)[1] < 0.5


def test_the_maker_s_shapes_are_distinct_and_fresh_ones_are_new():
    train, fresh = voxels.draw_many(400, seed=0), voxels.draw_many(400, seed=1)
    seen = {shape.tobytes() for shape in train}
    assert len(seen) > 380 and np.mean([shape.tobytes() in seen for shape in fresh]) < 0.05


def test_plain_writers_repeat_a_single_training_shape():
    train, rng = np.repeat(column()[None], 40, axis=0), np.random.default_rng(0)
    for write in study.PLAIN.values():
        assert (write(train, 4, rng) == column()).all(), write


@pytest.mark.slow
def test_every_kind_of_setting_runs_and_has_the_columns_of_its_table(monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(study, "STEPS", 2)
    monkeypatch.setattr(study, "MADE", 20)
    for name, setting in study.SETTINGS.items():
        assert {"seed", *study.run(0, **setting)} == set(study.COLUMNS), name
