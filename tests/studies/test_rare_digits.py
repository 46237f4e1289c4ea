"""Two rare digits: which images are kept, what networks are told, what the scores say."""

import numpy as np
import pytest

pytest.importorskip("torch")

from gantutor.studies.rare_digits import study


def test_fifty_of_each_rare_digit_are_kept_and_all_others():
    images, labels = study.few_of_some()
    counts = np.bincount(labels)
    assert counts[list(study.RARE)].tolist() == [50, 50] and sorted(counts)[2] == 500
    assert len(images) == len(labels) == 4100


@pytest.mark.slow
def test_scores_count_rare_digits_that_are_sure():
    images, labels = study.few_of_some()
    here = study.score(images)
    assert here["digit_fid"] == pytest.approx(0, abs=1e-3)
    assert here["rare"] == pytest.approx(100 / 4100, rel=0.1)
    assert study.score(images[~np.isin(labels, study.RARE)])["rare"] < 0.001
    noise = np.random.default_rng(0).uniform(-1, 1, (100, 28, 28, 1)).astype(np.float32)
    assert study.score(noise)["digit_fid"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", study.SETTINGS)
def test_the_networks_are_told_what_the_setting_says(name, monkeypatch):
    told = []

    def watched(self, data, steps, callbacks=(), labels=None, on_interrupt="raise"):
        told.append(labels)

    monkeypatch.setattr(study.Trainer, "fit", watched)
    monkeypatch.setattr(study, "SAMPLES", 20)
    row = study.run(seed=0, **study.SETTINGS[name])
    assert {"seed", *row} == set(study.COLUMNS)
    (labels,) = told
    true = study.few_of_some()[1]
    if name == "no classes":
        assert labels is None
    elif name == "labels":
        np.testing.assert_array_equal(labels, true)
    else:
        found = study.pseudo_labels(study.few_of_some()[0], study.CLUSTERS, seed=0)
        assert (np.sort(labels) == np.sort(found)).all()
        assert (labels == found).all() == (name == "clusters")
