"""The study of mode collapse: stacks of networks, and what each cure computes."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.torch import losses  # noqa: E402
from gantutor.torch.collapse import (  # noqa: E402
    CURES,
    TASKS,
    Discriminator,
    Generator,
    Layer,
    Setting,
    Training,
    load_table,
)


def draws(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def points(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_each_seed_has_the_networks_that_it_has_alone():
    both, alone = Generator(16, draws(3, 4)), Generator(16, draws(4))
    z = points(2, 50, 2)
    torch.testing.assert_close(both(z)[1:], alone(z[1:]))
    assert not torch.allclose(both(z[:1].expand(2, -1, -1))[0], both(z[:1].expand(2, -1, -1))[1])


def test_the_generator_normalises_as_batch_normalisation_does():
    generator = Generator(8, draws(0))
    h = points(1, 30, 2)
    for layer in generator.layers[:-1]:
        normal = torch.nn.functional.batch_norm(h[0] @ layer.weight[0], None, None, training=True)
        h = torch.relu(normal)[None]
    torch.testing.assert_close(
        generator(points(1, 30, 2)), generator.layers[-1](h), atol=1e-5, rtol=1e-4
    )


def test_spectral_normalisation_leaves_a_largest_singular_value_of_one():
    layer = Layer(6, 9, draws(0, 1), std=3.0, spectral_norm=True)
    for _ in range(200):
        layer(points(2, 4, 6))
    with torch.no_grad():
        matrix = layer(torch.eye(6).expand(2, 6, 6))
    torch.testing.assert_close(
        torch.linalg.matrix_norm(matrix, 2), torch.ones(2), atol=1e-4, rtol=0
    )


def test_packs_are_judged_together():
    discriminator = Discriminator(Setting(packing=4), draws(0, 1, 2))
    assert discriminator(points(3, 10, 8)).shape == (3, 10)
    training = Training("ring", Setting(packing=4), [0], batch_size=5)
    assert training._real().shape == training._fake().shape == (1, 5, 8)


def test_minibatch_discrimination_sees_copies():
    discriminator = Discriminator(Setting(minibatch="discrimination"), draws(0))
    with torch.no_grad():
        discriminator.last.weight.zero_()
        discriminator.last.weight[0, -1] = 1.0  # reads the last of the closenesses only
    copies = points(1, 1, 2).expand(1, 7, 2)
    torch.testing.assert_close(discriminator(copies), torch.full((1, 7), 6.0))
    assert (discriminator(100 * points(1, 7, 2)) < 1).all()


def test_minibatch_deviation_is_the_mean_spread_of_the_features():
    discriminator = Discriminator(Setting(minibatch="deviation"), draws(0))
    with torch.no_grad():
        discriminator.last.weight.zero_()
        discriminator.last.weight[0, -1] = 1.0
    x = points(1, 20, 2)
    spread = discriminator.features(x)[0].detach().numpy().std(axis=0).mean()
    np.testing.assert_allclose(discriminator(x)[0].detach(), spread, rtol=1e-5)


def test_an_unrolled_discriminator_has_made_its_steps():
    training = Training("ring", Setting(unrolled=2, unrolled_rate=0.1), [0], batch_size=20)
    real, fake = training._real(), training._fake()
    ahead = training._unrolled(real, fake)(real)
    twin = Training("ring", Setting(), [0], batch_size=20).discriminator
    descent = torch.optim.SGD(twin.parameters(), lr=0.1)
    for _ in range(2):
        descent.zero_grad()
        pair = twin(real).flatten(), twin(fake.detach()).flatten()
        losses.non_saturating.discriminator(*pair).backward()
        descent.step()
    torch.testing.assert_close(ahead, twin(real), atol=1e-5, rtol=1e-4)
    before = Training("ring", Setting(), [0], batch_size=20).discriminator(real)
    assert not torch.allclose(ahead, before, atol=1e-3)
    training.generator_step(real)
    for layer in training.discriminator.layers:
        assert layer.weight.grad is None, "the discriminators themselves stay where they are"


@pytest.mark.parametrize("kind", ["real", "both"])
def test_noise_is_added_where_it_should_be(kind):
    training = Training("ring", Setting(augmentation=kind), [0], batch_size=4000)
    assert training.noise == pytest.approx(0.1)
    nearest = torch.cdist(training._real()[0], training.centres).amin(dim=1)
    assert nearest.square().mean().sqrt() == pytest.approx(0.14, abs=0.02)
    fake = points(1, 4000, 2)
    assert torch.equal(training._packed(fake, "fake"), fake) == (kind == "real")


def test_a_fixed_data_set_gives_its_own_points_only():
    training = Training("grid", Setting(examples=10), [0, 1], batch_size=300)
    real = training._real()
    for seed in (0, 1):
        assert len(torch.unique(real[seed], dim=0)) == 10
        same = (real[seed][:, None] == training.data[seed]).all(dim=2)
        assert same.any(dim=1).all()


@pytest.mark.parametrize("name", CURES)
def test_every_cure_trains(name):
    training = Training("ring", Setting(**CURES[name]), [0, 1], batch_size=8)
    before = training.sample(20)
    training.fit(2)
    scores = training.scores()
    assert np.isfinite(training.sample(20)).all() and not np.allclose(before, training.sample(20))
    assert len(scores) == 2 and set(scores[0]) == {"modes", "good", "precision", "recall"}


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
        Training("square", Setting(), [0])


def test_the_shipped_table_is_complete():
    table = load_table()
    assert len(table) == len(TASKS) * len(CURES) * 5 and not table.isna().any().any()
    assert set(table["setting"]) == set(CURES) and set(table["task"]) == set(TASKS)
    assert table["modes"].between(0, 25).all() and table["good"].between(0, 1).all()
