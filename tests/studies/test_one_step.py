"""One step: what each loss asks for, what a step does, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.one_step import gallery, study, tasks, training  # noqa: E402


@pytest.fixture(scope="module")
def grid():
    return tasks.load("grid", 0)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def draws(points, batch_size=64):
    return training.Draws(torch.as_tensor(points, dtype=torch.float32), batch_size, 0)


def test_one_step_is_the_first_guess_and_more_steps_end_at_the_last():
    z = torch.randn(5, 2)
    for steps in (1, 2, 7):
        end = training.follow(lambda x, t: 0 * x + 3, z, steps)
        torch.testing.assert_close(end, torch.full((5, 2), 3.0))
    half = training.follow(lambda x, t: 0 * x + (3 if t == 0 else 5), z, 2)
    torch.testing.assert_close(half, torch.full((5, 2), 5.0))


def test_from_noise_alone_the_flow_learns_the_mean():
    network = training.Network(2, 16, 0)
    batches = draws(np.array([[1.0, 4.0], [3.0, 0.0]]))
    training.minimise(network, lambda: training.flow_loss(network, batches), 400)
    with torch.no_grad():
        guess = network(torch.randn(500, 2)).mean(0)
    torch.testing.assert_close(guess, torch.tensor([2.0, 2.0]), atol=0.4, rtol=0)


def test_pairs_that_are_a_plain_map_are_learnt():
    z = torch.randn(2000, 2)
    student = training.Network(2, 32, 0)
    batches = draws(np.zeros((10, 2)))
    loss = training.loss_of("pairs", student, batches, pairs=(z, -z))
    before = loss().item()
    training.minimise(student, loss, 300)
    assert loss().item() < 0.05 * before


def test_the_drift_goes_to_the_data_and_cancels_between_equal_sets():
    fake, real = torch.zeros(50, 2) + 0.01 * torch.randn(50, 2), torch.ones(50, 2)
    assert (training.drift(fake, real, 1.0).mean(0) > 0).all()
    points = torch.randn(600, 2, generator=torch.Generator().manual_seed(0))
    equal = training.drift(points[:300], points[300:], 0.5).mean(0)
    assert equal.norm() < 0.1
    alone = training.drift(fake, real, 1.0, repulsion=False)
    torch.testing.assert_close(fake + alone, real)


def test_the_drifts_loss_is_its_mean_square():
    student, batches = training.Network(2, 16, 0), draws(np.ones((10, 2)))
    loss = training.drift_loss(student, batches, [0.5]).item()
    again = draws(np.ones((10, 2)))
    with torch.no_grad():
        move = training.drift(student(again.noise()), again.real(), 0.5)
    assert loss == pytest.approx(move.square().sum(1).mean().item(), rel=1e-5)


def test_the_discriminators_loss_has_both_penalties():
    discriminator = lambda x: 3 * x[:, 0]  # noqa: E731  gradient (3, 0): R1 = R2 = 9 / 2
    real, fake = torch.ones(4, 2), torch.ones(4, 2)
    loss = training.discriminator_loss(discriminator, real, fake, gamma=0.5)
    assert loss.item() == pytest.approx(np.log(2) + 0.5 * 9, rel=1e-5)


def test_the_discriminator_is_the_teacher_at_the_end_of_the_path_with_a_new_last_layer():
    teacher, x = training.Network(3, 16, 0), torch.randn(7, 3)
    judge = training.Discriminator(teacher, 5)
    with torch.no_grad():
        hidden = teacher.layers[:-1](torch.cat([x, torch.ones(7, 1)], dim=1))
        judge.last.weight.copy_(teacher.layers[-1].weight[:1])
        judge.last.bias.copy_(teacher.layers[-1].bias[:1])
        torch.testing.assert_close(judge(x), teacher(x, 1.0)[:, 0])
    assert judge(x).shape == (7,) and hidden.shape == (7, 16)
    before = teacher.layers[0].weight.clone()
    training.update(training.optimiser(judge, 10)[0], judge(x).sum())
    assert torch.equal(before, teacher.layers[0].weight), "the teacher is copied, not shared"
    assert not torch.equal(before, judge.hidden[0].weight)


def test_judges_differ_in_their_start_alone(monkeypatch):
    monkeypatch.setattr(study, "TEACHER_STEPS", {"grid": 2})
    study.teacher.cache_clear()
    ready, fresh, leaky = (study.discriminator("grid", 0, j) for j in ("teacher", "fresh", "leaky"))
    shapes = [[p.shape for p in judge.parameters()] for judge in (ready, fresh)]
    assert shapes[0] == shapes[1] and torch.equal(ready.last.weight, fresh.last.weight)
    teacher = study.teacher("grid", 0)[0]
    assert torch.equal(ready.hidden[0].weight, teacher.layers[0].weight)
    assert not torch.equal(fresh.hidden[0].weight, teacher.layers[0].weight)
    assert any(isinstance(part, torch.nn.LeakyReLU) for part in leaky)
    study.teacher.cache_clear()


def test_the_students_rate_is_its_own():
    moved = {}
    for rate in (3e-3, 3e-4):
        student, judge = training.Network(2, 16, 0), training.build_leaky_discriminator(2, 16, 1)
        before = student.layers[0].weight.clone()
        training.play(student, judge, draws(np.ones((10, 2))), 1, 0.1, rate)
        moved[rate] = (student.layers[0].weight - before).abs().max().item()
    assert moved[3e-3] == pytest.approx(10 * moved[3e-4], rel=0.05), "Adam's first step"


def test_a_students_start_is_its_teacher_and_the_teacher_stays(monkeypatch):
    monkeypatch.setattr(study, "TEACHER_STEPS", {"grid": 2})
    study.teacher.cache_clear()
    network, cost = study.teacher("grid", 0)
    before = [p.clone() for p in network.parameters()]
    student, price = study.student("grid", 0, "adversarial", steps=1)
    assert student is not network and price["updates"] == cost["updates"] + 2
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    study.teacher.cache_clear()
    study.student.cache_clear()


def test_scores_of_the_grid_have_their_floor_and_ceiling(grid):
    real = grid.score(grid.ceiling)
    assert real["modes"] == 25 and real["good"] == pytest.approx(0.989, abs=0.01)
    assert real["imbalance"] < 0.06 and real["spread"] == pytest.approx(0.97, abs=0.03)
    assert real["nearest"] == 1
    one = grid.score(np.zeros((100, 2), np.float32))  # the middle centre
    assert one["modes"] == 1 and one["good"] == 1 and one["spread"] == 0
    assert one["imbalance"] == pytest.approx(24 / 25)
    assert one["distance"] > 20 * real["distance"]
    assert grid.score(grid.train[:1000])["nearest"] == 0, "copies"


def test_digits_are_split_and_scored_without_overlap():
    digits = tasks.load_digits(0)
    assert [len(x) for x in (digits.train, digits.fresh, digits.ceiling)] == [3000, 1000, 1000]
    everything = np.concatenate([digits.train, digits.fresh, digits.ceiling])
    assert len(np.unique(everything, axis=0)) >= 4990
    assert digits.train.var(0).mean() == pytest.approx(1, abs=0.02)
    real, blank = (digits.score(x) for x in (digits.ceiling, np.zeros((1000, 40), np.float32)))
    assert real["modes"] == 10 and real["good"] > 0.8 and real["fid"] < 10 < blank["fid"]
    assert blank["spread"] == 0 and real["nearest"] == 1
    assert digits.score(digits.train[:1000])["nearest"] < 1e-4, "copies"


def test_plain_models_have_the_datas_moments(grid):
    random = np.random.default_rng(0)
    for model in (tasks.gaussian, tasks.copies, tasks.kernel_density, tasks.mixture):
        drawn = model(grid, 4000, random)
        np.testing.assert_allclose(drawn.mean(0), grid.train.mean(0), atol=0.12)
        np.testing.assert_allclose(drawn.std(0), grid.train.std(0), rtol=0.06)


def test_the_gallery_comes_back_as_it_was_saved(tmp_path, monkeypatch):
    made = {
        name: np.full((gallery.COUNT, 28, 28, 1), k / 10, np.float32)
        for k, name in enumerate(gallery.MODELS)
    }
    made["real"][1] = -1
    monkeypatch.setattr(gallery, "FILE", tmp_path / "gallery.png")
    gallery.save(made, gallery.FILE)
    back = gallery.load()
    for name, digits in made.items():
        np.testing.assert_allclose(back[name], digits[..., 0], atol=1 / 127)


def test_the_shipped_gallery_holds_digits():
    shown = gallery.load()
    assert all(("digits", name) in study.SETTINGS for name in shown)
    assert gallery.FILE.stat().st_size < 60_000
    spread = {name: digits.std(0).mean() for name, digits in shown.items()}
    assert spread["teacher, 1"] < 0.3 * spread["real"], "one step: the same average digit"
    assert min(spread["pairs"], spread["adversarial"]) > 0.5 * spread["real"]
