"""Facts of the study of splice sites that one can check by hand."""

import numpy as np
import pytest
import torch

from gantutor.studies.splice_sites import models, sites, study

pytest.importorskip("logomaker")


def copies(*words):
    return np.array([[sites.LETTERS.index(letter) for letter in word] for word in words])


def test_the_file_has_nine_letters_and_g_at_plus_one():
    found, counts = sites.load()
    assert found.shape == (len(counts), 9) and counts.min() >= 1
    assert (found[:, 3] == sites.LETTERS.index("G")).all()
    assert set(found[:, 4]) == {sites.LETTERS.index("C"), sites.LETTERS.index("U")}


def test_the_split_keeps_every_occurrence_once():
    train, rest = sites.split(1000, np.random.default_rng(0))
    assert len(train) == 1000 and len(train) + len(rest) == sites.load()[1].sum()


def test_mutual_information_of_two_places_that_agree_is_their_entropy():
    shares = sites.distribution(copies("AAAGUAAAA", "CAAGUAAAC"))
    bits = sites.mutual_information(shares)
    assert bits[0, 8] == pytest.approx(1)
    assert bits.sum() == pytest.approx(2), "and no other two places"


def test_total_variation():
    one, two = (sites.distribution(copies(word)) for word in ("AAAGUAAAA", "CAAGUAAAC"))
    assert sites.total_variation(one, one) == 0 and sites.total_variation(one, two) == 1


@pytest.mark.parametrize("build", [models.matrix, models.nearest_tree, models.smoothed])
def test_models_are_distributions_with_the_right_letters(build):
    train, _ = sites.split(500, np.random.default_rng(1))
    shares = build(train)
    assert shares.sum() == pytest.approx(1) and shares.min() >= 0
    frequencies = sites.frequencies(sites.distribution(train))
    assert np.allclose(sites.frequencies(shares), frequencies, atol=0.02)


def test_a_matrix_has_no_dependence_and_the_tree_finds_the_far_one():
    train = copies("AAAGUAAAA", "CAAGUAAAC").repeat(50, axis=0)
    assert sites.mutual_information(models.matrix(train)).max() < 1e-9
    assert sites.mutual_information(models.chain(train, 1))[0, 8] < 0.01
    assert sites.mutual_information(models.nearest_tree(train))[0, 8] > 0.9


def test_samples_are_letters_and_gradients_pass():
    generator = models.build_generator(0)
    rows = models.letters(generator, 5)
    assert torch.equal(rows.view(5, 9, 4).sum(dim=2), torch.ones(5, 9))
    (rows * torch.randn_like(rows)).sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in generator.parameters())


def test_scores_of_the_truth_and_of_a_stranger():
    train, rest = (sites.distribution(part) for part in sites.split(5000, np.random.default_rng(2)))
    same = study.score(rest, rest, train)
    assert same["distance"] == same["letters"] == same["worst"] == 0
    stranger = sites.distribution(copies("AAAAAAAAA"))
    assert study.score(stranger, rest, train)["distance"] == 1
    assert study.score(stranger, rest, train)["new"] == 1
    assert study.score(train, rest, train)["new"] == 0


def test_a_mixture_finds_two_kinds_of_sites():
    train = copies("AAAGUAAAA", "CAAGUAAAC").repeat(50, axis=0)
    shares = models.mixture(train, 2, seed=0)
    assert shares.sum() == pytest.approx(1)
    assert sites.total_variation(shares, sites.distribution(train)) < 0.05
    one = models.mixture(train, 1, seed=0)
    assert sites.total_variation(one, models.matrix(train)) < 0.01, "one matrix is the matrix"
