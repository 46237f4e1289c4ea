"""From DCGAN to R3GAN: what an update minimises, how the networks begin, what is held out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import avg_pool2d, interpolate  # noqa: E402

from gantutor.studies.modern_gan import networks, study, training  # noqa: E402


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.rand(6, 1, 28, 28) * 2 - 1, torch.rand(6, 1, 28, 28) * 2 - 1


def linear(game):
    """Put a discriminator D(x) = Σ x / 10 in the place of the game's."""

    class Sum(torch.nn.Module):
        def forward(self, images):
            return images.flatten(1).sum(1) / 10

    game.discriminator = Sum()
    return game


def test_no_digit_is_trained_on_and_held_out():
    parts = study.split(0)
    assert [len(part) for part in parts] == [3000, 1000, 1000]
    assert len(np.unique(np.concatenate(parts).reshape(5000, -1), axis=0)) > 4990
    assert not np.array_equal(study.split(1)[0], parts[0])


def test_pairs_compare_each_real_image_with_its_fake(batch):
    real, fake = batch
    gap = (real - fake).flatten(1).sum(1) / 10
    game = linear(training.Game(0, normalized=False, pairs=True))
    expected = torch.log1p(torch.exp(-gap)).mean()
    torch.testing.assert_close(game.discriminator_loss(real, fake), expected)
    expected = torch.log1p(torch.exp(gap)).mean()
    torch.testing.assert_close(game.generator_loss(real, fake), expected)


@pytest.mark.parametrize("finite", [False, True])
def test_penalties_are_half_gamma_times_the_squared_gradient(batch, finite):
    """‖∇D‖² = 784 / 100 everywhere; finite differences have it on average."""
    plain = linear(training.Game(0, normalized=False, pairs=True))
    torch.manual_seed(0)
    for arguments, times in (({"r1": 0.5}, 1), ({"r2": 0.5}, 1), ({"r1": 0.5, "r2": 0.5}, 2)):
        made = training.Game(0, normalized=False, pairs=True, finite=finite, **arguments)
        game = linear(made)
        found = [
            (game.discriminator_loss(*batch) - plain.discriminator_loss(*batch)).item()
            for _ in range(200 if finite else 1)
        ]
        assert np.mean(found) == pytest.approx(times * 0.25 * 7.84, rel=0.15 if finite else 1e-4)


def test_a_fixed_up_block_begins_as_the_identity():
    torch.manual_seed(0)
    x = torch.randn(2, 16, 7, 7)
    assert torch.equal(networks.Block(16)(x), x)
    usual = networks.Block(16, fixed_up=False)(x) - x
    assert 0.3 < (usual.square().mean() / x.square().mean()).item() < 3
    small = networks.Block(16, blocks=16)
    assert small.widen.std().item() == pytest.approx(
        networks.GAIN / 2 / 4, rel=0.15
    )  # 16^(−1/4) / √16


def test_hes_start_keeps_the_size_of_numbers_and_dcgans_does_not():
    z = torch.randn(64, networks.LATENT_DIM)
    spreads = {}
    for he in (False, True):
        generator, discriminator = networks.dcgan_networks(1, normalized=False, he=he)
        linear, doubling, last = (m for m in generator if hasattr(m, "weight"))
        spreads[he] = generator(z).std().item()
        if he:  # 16 · 2 · 49 outputs of 64 numbers; 4 of 4 × 4 places of a kernel make one pixel
            assert linear.weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.02)
            assert doubling.weight.std().item() == pytest.approx((2 / (32 * 4)) ** 0.5, rel=0.03)
            assert last.weight.std().item() == pytest.approx((1 / (16 * 4)) ** 0.5, rel=0.2)
            assert 0.2 < discriminator(torch.randn(64, 1, 28, 28)).std().item() < 2
    assert 100 * spreads[False] < spreads[True] < 1


def test_normalisation_in_the_generator_alone():
    game = training.Game(0, **study.SETTINGS["3, normalised G"]["game"])
    kinds = [
        sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
        for network in (game.generator, game.discriminator)
    ]
    assert kinds == [2, 0]


def test_halving_is_a_mean_and_the_adjoint_of_doubling():
    x, y = torch.randn(2, 3, 14, 14), torch.randn(2, 3, 7, 7)
    halved = networks.Halve(3)(x)
    assert halved.shape == y.shape
    plain = networks.Halve(3)(torch.ones(1, 3, 14, 14))[..., 1:-1, 1:-1]
    torch.testing.assert_close(plain, torch.ones_like(plain))
    inside = torch.zeros(2, 3, 7, 7)
    inside[..., 2:5, 2:5] = y[..., 2:5, 2:5]
    doubled = networks.Double()(inside)
    torch.testing.assert_close((halved * inside).sum() * 4, (x * doubled).sum())
    torch.testing.assert_close(avg_pool2d(interpolate(y, scale_factor=2.0), 2), y)


def test_schedules_follow_half_a_cosine():
    assert [training.cosine(p, 4.0, 2.0) for p in (0, 0.5, 1, 2)] == [4, 3, 2, 2]
    game = training.Game(0, **study.RESIDUAL, scheduled=True)
    game.set_schedule(1.0)
    assert game.g_adam.param_groups[0]["lr"] == pytest.approx(5e-4)
    assert game.d_adam.param_groups[0]["betas"] == (0.0, pytest.approx(0.99))
    assert (game.r1, game.r2) == (pytest.approx(0.1), pytest.approx(0.1))


def test_the_average_follows_slowly():
    network, average = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    torch.nn.init.ones_(network.weight)
    torch.nn.init.zeros_(average.weight)
    training.follow(average, network)
    assert average.weight.item() == pytest.approx(0.02)


def test_a_seed_repeats_a_run_and_stages_are_copies(batch):
    images = torch.cat(batch)
    made = []
    for _ in range(2):
        kept, seconds = training.Game(3, **study.RESIDUAL).train(images, 2, (1, 2), 4)
        assert seconds > 0
        made.append([training.sample(kept[stage][0], 5, 0) for stage in (1, 2)])
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(made[0][0], made[0][1])
    assert made[0][0].shape == (5, 28, 28, 1) and np.abs(made[0][0]).max() <= 1


def test_the_floor_is_below_the_gaussians_and_those_below_real_digits():
    found = {
        method: study.run(0, method=method)[0]
        for method in ("noise", "gaussian", "mixture", "blurred", "real", "copies")
    }
    fids = [row["digit_fid"] for row in found.values()]
    assert fids[:5] == sorted(fids[:5], reverse=True)
    assert found["copies"]["digit_fid"] < fids[3] / 3  # the scores do not see that it copies
    assert found["noise"]["recall"] < 0.01 < found["mixture"]["recall"] < found["real"]["recall"]
