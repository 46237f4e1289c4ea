"""The study of mode collapse: stacks of networks, and what each cure computes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.mode_collapse import study  # noqa: E402
from gantutor.studies.mode_collapse.networks import (  # noqa: E402
    Discriminator,
    Generator,
    SpectralLinear,
    dense,
    glorot,
    he,
    lecun,
)
from gantutor.studies.mode_collapse.study import SETTINGS  # noqa: E402
from gantutor.studies.mode_collapse.training import Setting, Training  # noqa: E402
from gantutor.studies.ring_and_grid import study as ring_and_grid  # noqa: E402
from gantutor.torch import losses, models  # noqa: E402
from gantutor.torch.stack import Linear  # noqa: E402

PLAIN = Setting()


def draws(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def points(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def weights(network):
    return [weight.detach().clone() for weight in network.parameters()]


def test_each_seed_has_the_networks_that_it_has_alone():
    both, alone = Generator(16, draws(3, 4)), Generator(16, draws(4))
    z = points(2, 50, 2)
    torch.testing.assert_close(both(z)[1:], alone(z[1:]))
    assert not torch.allclose(both(z[:1].expand(2, -1, -1))[0], both(z[:1].expand(2, -1, -1))[1])


ALONE = ("plain", "200 points of data", "noise on both kinds", "R1", "penalty", "PacGAN-4")


@pytest.mark.parametrize(
    ("task", "setting"),
    [("ring", PLAIN), *(("wide ring", Setting(**SETTINGS[name])) for name in ALONE)],
    ids=["published ring", *ALONE],
)
def test_each_seed_is_trained_as_it_is_alone(task, setting):
    beside = Training(task, setting, [0, 1, 2], batch_size=10)
    alone = Training(task, setting, [2], batch_size=10)
    beside.fit(3)
    alone.fit(3)
    for whole, one in zip(weights(beside.generator), weights(alone.generator), strict=True):
        # The scales of batch normalisation have the seeds on their second axis.
        part = whole[:, 2:] if whole.ndim == 4 else whole[2:]
        torch.testing.assert_close(part, one, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(beside.sample(30)[2], alone.sample(30)[0], rtol=1e-4, atol=1e-5)


def test_seeds_and_networks_share_no_random_numbers():
    training = Training("ring", PLAIN, [0, 1], batch_size=300)
    real, latents = training._real(), training._draw(torch.randn, "latents", 300, 2)
    noise = training._draw(torch.randn, "noise", 300, 2)
    rows = [real[0], real[1], *latents, *noise]
    first = [net.layers[0].weight for net in (training.generator, training.discriminator)]
    rows += [net[seed].detach().flatten()[:128].view(-1, 2) for net in first for seed in (0, 1)]
    count = min(map(len, rows))
    correlations = np.corrcoef([row[:count].flatten() for row in rows])
    assert np.abs(correlations - np.eye(len(rows))).max() < 0.4


def test_the_generator_normalises_as_batch_normalisation_does():
    generator = Generator(8, draws(0))
    h = points(1, 30, 2)
    for layer in generator.layers[:-1]:
        normal = torch.nn.functional.batch_norm(h[0] @ layer.weight[0], None, None, training=True)
        h = torch.relu(normal)[None]
    torch.testing.assert_close(
        generator(points(1, 30, 2)), generator.layers[-1](h), atol=1e-5, rtol=1e-4
    )


def test_the_discriminator_takes_the_largest_of_five_pieces():
    discriminator = Discriminator(3, draws(0))
    layer = discriminator.layers[0]
    x = points(1, 4, 2)
    pieces = (x[0] @ layer.weight[0] + layer.bias[0]).reshape(4, 5, 3)
    h = pieces.max(dim=1).values
    for layer in discriminator.layers[1:]:
        h = (h @ layer.weight[0] + layer.bias[0]).reshape(4, 5, 3).max(dim=1).values
    torch.testing.assert_close(discriminator.features(x)[0], h)
    last = discriminator.last
    torch.testing.assert_close(discriminator(x)[0], (h @ last.weight[0] + last.bias[0])[:, 0])


def test_spectral_normalisation_leaves_a_largest_singular_value_of_one():
    layer = SpectralLinear(*dense(6, 9, draws(0, 1), he), draws(0, 1))
    for _ in range(200):
        layer(points(2, 4, 6))
    with torch.no_grad():
        matrix = layer(torch.eye(6).expand(2, 6, 6))
    torch.testing.assert_close(
        torch.linalg.matrix_norm(matrix, 2), torch.ones(2), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("minibatch", [None, "discrimination"])
def test_spectral_norm_is_for_every_layer_of_the_discriminator_or_for_none(minibatch):
    for norm in (True, False):
        setting = Setting(spectral_norm=norm, minibatch=minibatch)
        discriminator = Training("ring", setting, [0]).discriminator
        layers = [*discriminator.layers, discriminator.last]
        layers += [discriminator.compare] if minibatch else []
        assert [isinstance(layer, SpectralLinear) for layer in layers] == [norm] * len(layers)


def test_packs_are_judged_together():
    discriminator = Discriminator(32, draws(0, 1, 2), packing=4)
    assert discriminator(points(3, 10, 8)).shape == (3, 10)
    training = Training("ring", Setting(packing=4), [0], batch_size=5)
    assert training._real().shape == training._fake().shape == (1, 5, 8)
    four = torch.arange(8.0).reshape(1, 4, 2).repeat(1, 5, 1)  # the points (0, 1), (2, 3) …
    packed = training._packed(four, "real")
    torch.testing.assert_close(packed, torch.arange(8.0).expand(1, 5, 8))


def test_minibatch_discrimination_sees_copies():
    discriminator = Discriminator(32, draws(0), minibatch="discrimination")
    with torch.no_grad():
        discriminator.last.weight.zero_()
        discriminator.last.weight[0, -1] = 1.0  # reads the last of the closenesses only
    copies = points(1, 1, 2).expand(1, 7, 2)
    torch.testing.assert_close(discriminator(copies), torch.full((1, 7), 6.0))
    assert (discriminator(100 * points(1, 7, 2)) < 1).all()


def test_minibatch_deviation_is_the_mean_spread_of_the_features():
    discriminator = Discriminator(32, draws(0), minibatch="deviation")
    with torch.no_grad():
        discriminator.last.weight.zero_()
        discriminator.last.weight[0, -1] = 1.0
    x = points(1, 20, 2)
    spread = discriminator.features(x)[0].detach().numpy().std(axis=0).mean()
    np.testing.assert_allclose(discriminator(x)[0].detach(), spread, rtol=1e-5)


# Adam's first step is its rate times the gradient's sign: weights tell whose rate was used, and
# which way they went.


def first_moves(setting, steps=1):
    training = Training("ring", setting, [0], batch_size=50)
    nets = training.generator, training.discriminator
    before = [weights(net) for net in nets]
    training.fit(steps)
    return [
        torch.cat([(a - b).abs().flatten() for a, b in zip(weights(net), old, strict=True)])
        for net, old in zip(nets, before, strict=True)
    ]


def test_each_network_has_its_own_learning_rate():
    g, d = first_moves(Setting(generator_rate=1e-3, discriminator_rate=4e-3))
    assert g.max() == pytest.approx(1e-3, rel=0.01)
    assert d.max() == pytest.approx(4e-3, rel=0.01)


def test_the_rows_on_learning_rates_say_what_they_do():
    for name, rates in {
        "1 step": (1e-3, 1e-3),
        "1 step, rate of D ÷ 10": (1e-3, 1e-4),
        "rates ÷ 10": (1e-4, 1e-4),
    }.items():
        one = Setting(**{**SETTINGS[name], "discriminator_steps": 1})
        moves = [move.max().item() for move in first_moves(one)]
        np.testing.assert_allclose(moves, rates, rtol=0.01, err_msg=name)


def test_the_discriminator_makes_all_its_steps(monkeypatch):
    made = []
    monkeypatch.setattr(Training, "discriminator_step", lambda *_: made.append("D"))
    monkeypatch.setattr(Training, "generator_step", lambda *_: made.append("G"))
    Training("ring", Setting(discriminator_steps=3), [0]).fit(2)
    assert made == ["D", "D", "D", "G"] * 2


def test_every_discriminator_step_sees_new_points(monkeypatch):
    seen = []
    monkeypatch.setattr(Training, "discriminator_step", lambda self, *both: seen.append(both))
    Training("ring", Setting(discriminator_steps=2), [0], batch_size=4).fit(2)
    for kind in (0, 1):
        assert len({batch[kind].numpy().tobytes() for batch in seen}) == 4


def by_hand(training, real, fake, penalty):
    """The gradients of one discriminator step with R1, written out."""
    d = training.discriminator
    real = real.clone().requires_grad_()
    loss = losses.non_saturating.discriminator(d(real).flatten(), d(fake).flatten())
    (slopes,) = torch.autograd.grad(d(real).sum(), real, create_graph=True)
    loss = loss + penalty / 2 * slopes.square().sum(dim=2).mean()
    return torch.autograd.grad(loss, list(d.parameters()))


@pytest.mark.parametrize("weight", [1.0, 7.0])
def test_a_penalty_enters_with_its_weight(weight):
    training = Training("ring", Setting(penalties={"r1": weight}), [0], batch_size=20)
    real, fake = training._real(), training._fake().detach()
    expected = by_hand(training, real, fake, weight)
    training.discriminator_step(real, fake)
    for parameter, slope in zip(training.discriminator.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, slope, rtol=1e-3, atol=1e-6)


def test_a_reference_step_ends_in_the_same_weights():
    setting = Setting(
        loss="hinge", generator_rate=1e-3, discriminator_rate=4e-3, discriminator_steps=2, beta1=0.5
    )
    training, twin = (Training("grid", setting, [3], batch_size=20) for _ in range(2))
    training.fit(2)
    g, d = twin.generator, twin.discriminator
    g_adam = torch.optim.Adam(g.parameters(), 1e-3, (0.5, 0.999))
    d_adam = torch.optim.Adam(d.parameters(), 4e-3, (0.5, 0.999))
    for _ in range(2):
        for _ in range(2):
            real, fake = twin._real(), twin._fake().detach()
            d_adam.zero_grad()
            (torch.relu(1 - d(real)).mean() + torch.relu(1 + d(fake)).mean()).backward()
            d_adam.step()
        g_adam.zero_grad()
        (-d(twin._fake()).mean()).backward()
        g_adam.step()
    for name in ("generator", "discriminator"):
        pairs = zip(weights(getattr(training, name)), weights(getattr(twin, name)), strict=True)
        for found, expected in pairs:
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_feature_matching_brings_the_means_together():
    training = Training(
        "ring", Setting(feature_matching=True, generator_rate=1e-3), [0, 1], batch_size=200
    )
    real, latents = training._real(), points(2, 200, 2)

    def gap():
        with torch.no_grad():
            means = [
                training.discriminator.features(x).mean(dim=1)
                for x in (real, training.generator(latents))
            ]
        return (means[0] - means[1]).norm(dim=1)

    before = gap()
    for _ in range(30):
        training.generator_step(real)
    assert (gap() < before / 2).all()


def test_an_unrolled_discriminator_has_made_its_steps():
    training = Training("ring", Setting(unrolled=2, unrolled_rate=0.1), [0], batch_size=20)
    real, fake = training._real(), training._fake()
    ahead = training._unrolled(real, fake)(real)
    twin = Training("ring", PLAIN, [0], batch_size=20).discriminator
    descent = torch.optim.SGD(twin.parameters(), lr=0.1)
    for _ in range(2):
        descent.zero_grad()
        pair = twin(real).flatten(), twin(fake.detach()).flatten()
        losses.non_saturating.discriminator(*pair).backward()
        descent.step()
    torch.testing.assert_close(ahead, twin(real), atol=1e-5, rtol=1e-4)
    before = Training("ring", PLAIN, [0], batch_size=20).discriminator(real)
    assert not torch.allclose(ahead, before, atol=1e-3)
    training.generator_step(real)
    for layer in training.discriminator.layers:
        assert layer.weight.grad is None, "the discriminators themselves stay where they are"


def test_the_generator_feels_the_unrolled_steps():
    # D(x) = w x with Wasserstein's loss L(w) = w g − w r: one step of rate η gives w + η (r − g).
    # G minimises −(w + η (r − g)) g, whose slope in g is −w − η r + 2 η g.
    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x):
            return self.weight * x[..., 0]

    training = Training(
        "ring", Setting(loss="wasserstein", unrolled=1, unrolled_rate=0.1), [0], batch_size=1
    )
    training.discriminator = Line()
    real, fake = torch.full((1, 1, 1), 3.0), torch.full((1, 1, 1), 2.0, requires_grad=True)
    logit = training._unrolled(real, fake)(fake)
    assert logit.item() == pytest.approx((0.5 + 0.1 * (3 - 2)) * 2)
    (slope,) = torch.autograd.grad(-logit.sum(), fake)
    assert slope.item() == pytest.approx(-0.5 - 0.1 * 3 + 2 * 0.1 * 2)


@pytest.mark.parametrize("kind", ["real", "both"])
def test_noise_is_added_where_it_should_be(kind):
    training = Training("ring", Setting(augmentation=kind), [0], batch_size=4000)
    assert training.noise == pytest.approx(0.1)
    nearest = torch.cdist(training._real()[0], training.centres).amin(dim=1)
    assert nearest.square().mean().sqrt() == pytest.approx(0.14, abs=0.02)
    fake = points(1, 4000, 2)
    assert torch.equal(training._packed(fake, "fake"), fake) == (kind == "real")


def test_real_points_are_those_of_the_mixture():
    training = Training("grid", PLAIN, [0, 5], batch_size=5000)
    for drawn in training._real():
        modes = torch.cdist(drawn, training.centres).argmin(dim=1)
        shares = torch.bincount(modes, minlength=25) / 5000
        assert shares.sub(1 / 25).abs().max() < 0.015
        assert (drawn - training.centres[modes]).std() == pytest.approx(0.05, rel=0.03)


def test_a_fixed_data_set_gives_its_own_points_only():
    training = Training("grid", Setting(examples=10), [0, 1], batch_size=300)
    real = training._real()
    for seed in (0, 1):
        assert len(torch.unique(real[seed], dim=0)) == 10
        same = (real[seed][:, None] == training.data[seed]).all(dim=2)
        assert same.any(dim=1).all()


def test_scores_of_points_that_one_can_count(monkeypatch):
    training = Training("ring", PLAIN, [0, 1])
    centres = training.mixture.centres
    real = training.mixture.sample(2500, seed=1)
    collapsed = np.where(np.arange(2500)[:, None] % 4 == 0, centres[3], 10 + np.zeros(2))
    monkeypatch.setattr(training, "sample", lambda count: np.stack([real, collapsed])[:, :count])
    good, bad = training.scores()
    assert good["modes"] == 8 and good["good"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert good["precision"] > 0.9 and good["recall"] > 0.9
    assert (bad["modes"], bad["good"], bad["recall"]) == (1, 0.25, 0.0)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_change_trains(name):
    training = Training("wide ring", Setting(**SETTINGS[name]), [0, 1], batch_size=8)
    before = training.sample(20)
    training.fit(2)
    scores = training.scores()
    assert np.isfinite(training.sample(20)).all() and not np.allclose(before, training.sample(20))
    assert len(scores) == 2 and set(scores[0]) == {"modes", "good", "precision", "recall"}


def test_every_setting_changes_something_and_no_two_the_same():
    settings = [repr(Setting(**setting)) for setting in SETTINGS.values()]
    assert settings[0] == repr(Setting(**study.PLAIN))
    assert len(set(settings)) == len(SETTINGS) == 27


@pytest.mark.parametrize(
    ("first", "variance"), [(he, 2 / 300), (lecun, 1 / 300), (glorot, 2 / 700)]
)
def test_first_weights_have_the_variance_that_they_are_named_for(first, variance):
    weights, biases = dense(300, 400, draws(0, 1), first)
    assert weights.shape == (2, 300, 400) and not biases.any()
    assert weights.var(dim=(1, 2)).tolist() == pytest.approx([variance] * 2, rel=0.02)
    assert not torch.equal(weights[0], weights[1])


def test_the_wide_ring_has_the_networks_of_the_chapters_on_losses():
    training = Training("wide ring", Setting(**study.PLAIN), [0])
    for network, model in (
        (training.generator, models.mlp_generator((2,), latent_dim=16)),
        (training.discriminator, models.mlp_discriminator((2,))),
    ):
        kernels = [weight for weight in model.parameters() if weight.ndim == 2]
        layers = [layer for layer in network.modules() if isinstance(layer, Linear)]
        assert [layer.weight[0].T.shape for layer in layers] == [kernel.shape for kernel in kernels]
        for layer, kernel in zip(layers, kernels, strict=True):
            with torch.no_grad():
                layer.weight.copy_(kernel.T[None])
        x = points(1, 30, layers[0].weight.shape[1])
        torch.testing.assert_close(network(x)[0], model(x[0]), rtol=1e-5, atol=1e-6)


def test_samples_come_from_the_average_where_a_task_has_one():
    wide = Training("wide ring", Setting(**study.PLAIN), [0], batch_size=8)
    first = wide.generator.layers[-1].bias.detach().clone()
    wide.generator_step(wide._real())
    second = wide.generator.layers[-1].bias.detach()
    # While it is young the average takes nine tenths of the newest weights.
    average = wide.average["generator"].layers[-1].bias
    torch.testing.assert_close(average, first + 0.9 * (second - first))
    # Two elevenths of the next average are the last one: the share grows with the steps.
    kept = average.clone()
    wide.generator_step(wide._real())
    third = wide.generator.layers[-1].bias.detach()
    torch.testing.assert_close(average, 2 / 11 * kept + 9 / 11 * third)
    plain = Training("ring", PLAIN, [0], batch_size=8)
    plain.fit(1)
    torch.testing.assert_close(
        plain.average["generator"].layers[-1].bias, plain.generator.layers[-1].bias.detach()
    )


@pytest.mark.slow
def test_a_fed_generator_finds_modes():
    training = Training("ring", Setting(penalties={"r1": 1.0}), [0])
    assert training.scores()[0]["modes"] < 6
    training.fit(600)
    assert training.scores()[0]["recall"] > 0.6


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="minibatch"):
        Setting(minibatch="standard")
    with pytest.raises(ValueError, match="packing"):
        Setting(packing=0)
    with pytest.raises(ValueError, match="task"):
        Training("square", PLAIN, [0])


def test_rows_are_made_from_one_seed_and_its_own_setting(monkeypatch):
    monkeypatch.setattr(study, "MARKS", (1, 3))
    rows = study.run(seed=4, **SETTINGS["PacGAN-4"])
    assert [row["step"] for row in rows] == [1, 3] and 0 < rows[0]["seconds"] < rows[1]["seconds"]
    training = Training("wide ring", Setting(**SETTINGS["PacGAN-4"]), [4], batch_size=128)
    training.fit(3)
    scores = {name: round(value, 6) for name, value in study.score(training).items()}
    assert {name: rows[1][name] for name in scores} == scores


def test_a_mode_is_populated_by_one_good_point_in_a_hundred(monkeypatch):
    training = Training("wide ring", Setting(**study.PLAIN), [0])
    centres = training.mixture.centres
    cloud = np.repeat(centres[[0]], 2500, axis=0)
    cloud[:25] = centres[1]  # one in a hundred, good
    cloud[25:49] = centres[2]  # fewer
    cloud[49:100] = 1.2 * centres[3]  # more, none of them good
    monkeypatch.setattr(training, "sample", lambda count: cloud[None, :count])
    scores = study.score(training)
    assert (scores["modes"], scores["populated"], scores["regions"]) == (3, 2, 3)


def test_the_log_of_ring_and_grid_has_a_row_for_each_mark(monkeypatch):
    monkeypatch.setattr(ring_and_grid, "MARKS", (2, 5))
    rows = ring_and_grid.run(seed=1, **ring_and_grid.SETTINGS["ring", "PacGAN-4"])
    assert [row["step"] for row in rows] == [2, 5] and rows[0]["seconds"] <= rows[1]["seconds"]
    assert {args["packing"] for args in ring_and_grid.SETTINGS.values()} == {1, 4}
    training = Training("ring", Setting(packing=4), [1])
    training.fit(5)
    assert rows[1]["good"] == pytest.approx(training.scores()[0]["good"], abs=1e-6)
