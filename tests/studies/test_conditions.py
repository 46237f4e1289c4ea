"""Ways to tell a GAN the class: what judges and losses compute, and what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.data import load_digits  # noqa: E402
from gantutor.studies.conditions import study, training  # noqa: E402
from gantutor.torch.games import Conditional  # noqa: E402

IMAGES, LABELS = load_digits()
SOME = torch.from_numpy(IMAGES[::700]).permute(0, 3, 1, 2)
ASKED = np.repeat(np.arange(10), 20)


def by_class(choose):
    return np.concatenate([choose(np.flatnonzero(k == LABELS))[:20] for k in range(10)])


def test_a_judge_takes_the_logit_of_the_label_or_the_extra_one():
    outputs = torch.arange(2 * 11.0).reshape(2, 11)
    labels = torch.tensor([3, 0])
    logits, wrong = training.judge(lambda _: outputs[:, :10], "projection", SOME[:2], labels)
    assert logits.tolist() == [3, 11] and wrong == 0
    logits, wrong = training.judge(lambda _: outputs, "auxiliary", SOME[:2], labels)
    assert logits.tolist() == [10, 21]
    # Steps of 1: −log softmax of place k among 0 … 9 is 9 − k + log Σ exp(−i).
    rest = np.log(np.exp(-np.arange(10.0)).sum())
    assert float(wrong) == pytest.approx((6 + 9) / 2 + rest, abs=1e-5)


def test_concatenation_sets_one_channel_of_ten():
    seen = []
    training.judge(seen.append, "concatenation", SOME[:2], torch.tensor([3, 0]))
    (stack,) = seen
    assert stack.shape == (2, 11, 28, 28)
    assert torch.equal(stack[:, :1], SOME[:2])
    assert stack[:, 1:].mean(dim=(2, 3)).argmax(dim=1).tolist() == [3, 0]
    assert stack[:, 1:].sum() == 2 * 28 * 28


@pytest.mark.parametrize("told", training.LOGITS)
def test_the_networks_differ_in_what_the_class_needs_and_in_nothing_else(told):
    generator, discriminator = training.build(told, seed=1)
    fake = generator(torch.zeros(3, training.LATENT_DIM + 10))
    logits, _ = training.judge(discriminator, told, fake, torch.tensor([0, 1, 2]))
    assert fake.shape == (3, 1, 28, 28) and logits.shape == (3,)
    count = sum(p.numel() for p in discriminator.parameters())
    extra = {"concatenation": 10 * 16 * 16, "projection": 10 * 1024, "auxiliary": 11 * 1024}
    assert count == 16 * 16 + 16 + 32 * 16 * 16 + 32 + 64 * 32 * 9 + 64 + 1025 + extra[told]


def test_projection_is_the_packages_game():
    generator, discriminator = training.build("projection", seed=1)
    labels = torch.arange(len(SOME)) % 10
    fake = generator(torch.zeros(len(SOME), training.LATENT_DIM + 10)).detach()
    game = Conditional(generator, discriminator, training.LATENT_DIM, 10)
    discriminator.eval()
    terms = game.discriminator_loss({"real": SOME, "labels": labels}, fake, {}, step=0)
    real_logits, _ = training.judge(discriminator, "projection", SOME, labels)
    fake_logits, _ = training.judge(discriminator, "projection", fake, labels)
    softplus = torch.nn.functional.softplus
    mine = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    assert terms["adversarial"].item() == pytest.approx(mine.item(), rel=1e-5)


def test_only_pairs_that_share_the_class_cancel_what_holds_for_a_class():
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    offset, swapped = torch.tensor([5.0, -1.0]), torch.tensor([1, 0])
    shared = training.contest(real, fake)
    assert float(training.contest(real + offset, fake + offset)) == pytest.approx(float(shared))
    mixed = training.contest((real + offset)[swapped], fake + offset)
    assert float(mixed) != pytest.approx(float(training.contest(real[swapped], fake)), abs=0.1)
    assert float(training.contest(real, real)) == pytest.approx(np.log(2))


def test_an_average_follows_by_one_minus_the_decay():
    old, new = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    torch.nn.init.constant_(new.weight, 3.0)
    new.running_mean.fill_(7.0)
    training.follow(old, new, 0.75)
    assert old.weight.tolist() == [1.5, 1.5] and old.running_mean.tolist() == [7, 7]


def test_mixing_pairs_and_the_classifiers_weight_change_what_is_learnt():
    def weights(told, **arguments):
        sampler = training.train(IMAGES, LABELS, told, 2, seed=0, **arguments)
        return next(sampler.network.parameters()).detach()

    shared = weights("projection", pairs="shared")
    assert not torch.equal(shared, weights("projection", pairs="mixed"))
    assert not torch.equal(weights("auxiliary"), weights("auxiliary", weight=5.0))
    assert torch.equal(shared, weights("projection", pairs="shared"))


def test_scores_tell_accuracy_from_variety():
    real = study.score(IMAGES[by_class(lambda rows: rows)], ASKED)
    one_each = study.score(IMAGES[by_class(lambda rows: np.repeat(rows[:1], 20))], ASKED)
    wrong = study.score(IMAGES[by_class(lambda rows: rows)], (ASKED + 1) % 10)
    assert real["accuracy"] > 0.97 and one_each["accuracy"] == 1 and wrong["accuracy"] < 0.02
    assert real["recall"] > 0.5 and one_each["recall"] == 0
    assert real["intra_fid"] < one_each["intra_fid"] < wrong["intra_fid"]
    assert wrong["digit_fid"] == real["digit_fid"], "all classes together know no labels"


@pytest.mark.slow
def test_gaussians_have_the_means_of_the_classes_and_part_of_their_variance():
    made = study.gaussians(IMAGES, LABELS, 0, np.random.default_rng(0))
    np.testing.assert_allclose(made[0], IMAGES[LABELS == 0].mean(axis=0), atol=1e-5)
    assert np.ptp(made[:200], axis=0).max() == 0
    varied = study.gaussians(IMAGES, LABELS, 40, np.random.default_rng(0)).reshape(10, 200, -1)
    there = IMAGES[LABELS == 3].reshape(500, -1)
    assert 0.4 < varied[3].var(axis=0).sum() / there.var(axis=0).sum() < 1
    assert varied.min() >= -1 and varied.max() <= 1


@pytest.mark.slow
def test_every_setting_runs_and_has_the_columns_of_the_table(monkeypatch):
    monkeypatch.setattr(study, "PER_CLASS", 20)
    for name in ("real digits", "untrained", "class means, PCA", "auxiliary, weight 5"):
        arguments = dict(study.SETTINGS[name])
        if arguments["method"] == "gan":
            arguments["steps"] = min(arguments.get("steps", 1), 1)
        assert {"seed", *study.run(0, **arguments)} == set(study.COLUMNS), name


def test_one_gan_a_class_sees_only_this_class(monkeypatch):
    seen = []

    def watched(images, labels, *rest, **more):
        seen.append(set(labels.tolist()))
        return training.train(images, labels, *rest, **more)

    monkeypatch.setattr(study, "train", watched)
    monkeypatch.setattr(study, "PER_CLASS", 4)
    study.run(0, "one a class", steps=0, width=8)
    assert seen == [{k} for k in range(10)]
