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


def test_coverage_matching_and_neighbours_of_copies_and_of_one_shape():
    real = np.array([column(height) for height in range(1, 9)])
    assert voxels.coverage(real, real) == 1 and voxels.matching_distance(real, real) == 0
    assert voxels.coverage(real, np.repeat(real[:1], 8, axis=0)) == 1 / 8
    assert voxels.neighbour_accuracy(real, real) == 0, "the nearest other one is the copy"
    far = np.array([column(height, (0, 0)) for height in range(1, 9)])
    assert voxels.neighbour_accuracy(real, far) == 1


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
