"""Faces: what is held out, and how much of what is added is true."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.face_details import study  # noqa: E402
from gantutor.studies.super_resolution.images import shrink  # noqa: E402


def test_no_face_is_known_and_held_out():
    known, faces = study.split(0)
    assert known.shape == (75, 24, 24, 1) and faces.shape == (25, 24, 24, 1)
    assert not {face.tobytes() for face in known} & {face.tobytes() for face in faces}


def test_scores_of_the_truth_of_another_face_and_of_nothing():
    _, faces = study.split(0)
    truth = study.score(faces, faces)
    assert truth["right_small"] == 1
    for name in ("strength", "agreement", "own"):
        assert truth[name] == pytest.approx(1, abs=1e-3)
    plain = study.bicubics(shrink(faces))
    nothing = study.score(plain, faces)
    assert nothing["strength"] == nothing["agreement"] == nothing["own"] == 0
    exchanged = study.score(plain + np.roll(study.details(faces), 1, axis=0), faces)
    assert exchanged["strength"] == pytest.approx(1, abs=1e-4)
    assert exchanged["own"] < exchanged["agreement"] - 0.05 and abs(exchanged["own"]) < 0.1
    assert exchanged["right_small"] == 1, "the small images do not tell"


def test_what_is_hidden_shrinks_to_nothing():
    _, faces = study.split(0)
    assert np.abs(shrink(study.hidden(faces))).max() < 1e-6
    np.testing.assert_allclose(study.hidden(faces + 0.1), study.hidden(faces), atol=1e-6)


def test_correlations_of_known_images():
    first = np.array([[1, -1, 0, 0], [0, 0, 1, -1]], float).reshape(2, 2, 2, 1)
    np.testing.assert_allclose(study.correlations(first, 3 * first + 1), np.eye(2), atol=2e-4)


def test_baselines_add_what_they_say():
    known, faces = study.split(1)
    smalls = shrink(faces)
    plain = study.bicubics(smalls)
    added = study.fit(known, "average")(smalls) - plain
    np.testing.assert_allclose(added[3], study.details(known).mean(axis=0), atol=1e-5)
    assert study.score(plain + added, faces)["own"] == pytest.approx(0, abs=1e-3)
    projected = study.fit(known, "projection")(smalls)
    np.testing.assert_allclose(shrink(projected), smalls, atol=1e-6)
    assert study.score(projected, faces)["strength"] < 1e-4
    nearest = study.fit(known, "nearest")
    np.testing.assert_allclose(nearest(shrink(known))[:4], known[:4], atol=1e-5)


def test_the_regression_knows_its_own_faces_better():
    known, faces = study.split(0)
    upscale = study.fit(known, "linear")
    scores = [study.score(upscale(shrink(part)), part) for part in (known, faces)]
    assert scores[0]["agreement"] > scores[1]["agreement"] > 0.2


def test_pairs_are_mirrored_together_and_never_turned():
    known, _ = study.split(0)
    draw = study._upright(shrink(known), known, np.random.default_rng(0))
    mirrored = 0
    for _ in range(10):
        small, large = draw(4)
        torch.testing.assert_close(torch.nn.functional.avg_pool2d(large, 4), small)
        mirrored += not any(np.allclose(large[0, 0], face[..., 0]) for face in known)
    assert 0 < mirrored < 10


def test_every_setting_runs_and_has_the_columns_of_the_table():
    for name, arguments in study.SETTINGS.items():
        found = study.run(0, **{**arguments, "steps": 1})
        assert {"seed", *found} == set(study.COLUMNS), name
