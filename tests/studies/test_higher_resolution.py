"""Higher resolution: what is held out, what fading and demodulation do, what the scores say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.functional import avg_pool2d, conv2d, softplus  # noqa: E402

from gantutor.studies.higher_resolution import (  # noqa: E402
    networks,
    scores,
    study,
    tiles,
    training,
)
from gantutor.torch.penalties import r1, r2  # noqa: E402


@pytest.fixture(scope="module")
def images():
    return tiles.load("photographs", 0, 200)["train"]


@pytest.mark.parametrize(("kind", "count"), [("terrain", 16), ("photographs", 12)])
def test_no_region_is_trained_on_and_held_out(kind, count):
    assert len(tiles.regions(kind)) == count
    parts = set()
    for seed in range(study.SEEDS):
        train, held_out = ({id(area) for area in areas} for areas in tiles.split(kind, seed))
        assert len(held_out) == tiles.HELD_OUT and len(train) == count - tiles.HELD_OUT
        assert not train & held_out
        parts.add(frozenset(held_out))
    assert len(parts) == study.SEEDS


def test_blocks_of_terrain_cover_it_once():
    areas = tiles.regions("terrain")
    rows = [np.concatenate(areas[4 * row : 4 * row + 4], axis=1) for row in range(4)]
    assert np.concatenate(rows).shape == (344, 403)


def test_tiles_come_from_their_region_and_have_no_mean():
    areas = [np.zeros((40, 50), np.float32), np.tile(np.arange(60.0), (40, 1))]
    drawn = tiles.draw(areas, 40, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=(1, 2)), 0, atol=1e-5)
    steps = {
        round(float(np.abs(np.diff(tile, axis=axis)).max()), 3) for tile in drawn for axis in (0, 1)
    }
    assert steps == {0.0, 1.0}


def test_the_parts_differ_and_share_a_scale(images):
    data = tiles.load("photographs", 0, 200)
    assert list(data) == ["train", "copies", "held_out", "ceiling"]
    assert all(
        part.shape == (200, 32, 32, 1) and part.dtype == np.float32 for part in data.values()
    )
    assert all(np.abs(part).max() <= 1 for part in data.values())
    assert not np.array_equal(data["train"], data["copies"])
    np.testing.assert_array_equal(data["train"], images)


def test_what_is_made_without_a_network(images):
    random = np.random.default_rng(0)
    assert not tiles.make("blank", images, 5, random).any()
    noise = tiles.make("noise", images, 500, random)
    assert noise.std() == pytest.approx(images.std(), rel=0.05)
    normal = tiles.make("Gaussian", images, 4000, random)[:, :2, :2, 0].reshape(4000, -1)
    wanted = images[:, :2, :2, 0].reshape(len(images), -1)
    second = wanted.T @ wanted / len(wanted)
    np.testing.assert_allclose(normal.T @ normal / 4000, second, rtol=0.25)


def test_rescaled_tiles_have_contrasts_of_training_tiles_and_no_mean(images):
    random = np.random.default_rng(0)
    made = tiles.rescale(0.1 * random.normal(size=(50, 32, 32, 1)) + 0.2, 0.2 * images, random)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.mean(axis=(1, 2)), 0, atol=1e-6)
    gaps = made.std(axis=(1, 2)) - 0.2 * images.std(axis=(1, 2)).T
    assert np.abs(gaps).min(axis=1).max() < 1e-6
    blank = np.zeros((3, 32, 32, 1), np.float32)
    assert not tiles.rescale(blank, images, random).any()


def test_random_phases_keep_the_strengths_of_waves_and_lose_the_edge():
    edge = np.full((10, 32, 32, 1), -0.2, np.float32)
    edge[:, :, 16:] = 0.2
    made = tiles.make("random phases", edge, 400, np.random.default_rng(0))
    assert made.var() == pytest.approx(edge.var(), rel=0.05)
    steps = [np.diff(some, axis=2).ravel() for some in (edge, made)]
    assert (steps[1] ** 2).mean() == pytest.approx((steps[0] ** 2).mean(), rel=0.1)
    assert np.abs(steps[1]).max() < 0.75 * np.abs(steps[0]).max()
    assert np.abs(np.diff(made, axis=1)).max() < 1e-6


def test_fading_begins_with_the_small_networks_and_ends_with_the_large_ones():
    G, D = training.build(0)
    z = torch.randn(4, networks.LATENT)
    for stage in (1, 2):
        large = G(z, stage)
        assert torch.equal(G(z, stage, 0.0), networks.double(G(z, stage - 1)))
        assert torch.allclose(G(z, stage, 1 - 1e-7), large, atol=1e-4)
        assert torch.equal(D(large, stage, 0.0), D(avg_pool2d(large, 2), stage - 1))
        assert not torch.allclose(D(large, stage), D(large, stage, 0.0))
    assert [G(z, stage).shape[-1] for stage in range(3)] == [8, 16, 32]


def test_the_schedule_fades_from_above_0_to_below_1():
    updates = list(training.schedule((2, 3, 1, 1), 9))
    alphas = [0.25, 0.5, 0.75]
    fading = [(1, alpha) for alpha in alphas]
    assert updates == [(0, 1.0), (0, 1.0), *fading, (1, 1.0), (2, 0.5), (2, 1.0), (2, 1.0)]
    assert list(training.schedule(None, 2)) == [(networks.LAST, 1.0)] * 2


def test_real_images_are_shrunk_and_faded_alike():
    images = torch.randn(2, 1, 32, 32)
    assert torch.equal(training.shrink(images, networks.LAST), images)
    assert torch.equal(training.shrink(images, 1), avg_pool2d(images, 2))
    blurred = networks.double(avg_pool2d(images, 4))
    assert torch.allclose(training.shrink(images, 1, 0.0), blurred, atol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 100.0])
def test_demodulated_outputs_have_variance_1(factor):
    torch.manual_seed(0)
    layer = networks.StyledConv(48, 32)
    scales = factor * torch.randn(100, 48).exp()
    out = layer.convolve(torch.randn(100, 48, 12, 12), scales)[..., 1:-1, 1:-1]
    assert out.std().item() == pytest.approx(1, abs=0.05)


def test_scaled_inputs_are_a_convolution_in_groups():
    torch.manual_seed(0)
    layer, x, scales = networks.StyledConv(6, 4), torch.randn(3, 6, 8, 8), torch.randn(3, 6)
    weights = scales[:, None, :, None, None] * layer.weight
    weights = weights / (weights.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).sqrt()
    grouped = conv2d(x.reshape(1, 18, 8, 8), weights.flatten(0, 1), padding=1, groups=3)
    assert torch.allclose(layer.convolve(x, scales), grouped.view(3, 4, 8, 8), atol=1e-5)


def test_noise_has_no_effect_until_its_strength_is_learnt():
    G = networks.initialize(networks.StyleGenerator())
    w = G.to_w(torch.randn(4, networks.LATENT))
    assert torch.equal(G.from_w(w), G.from_w(w))
    G.blocks[1].strength.data.fill_(0.5)
    assert not torch.equal(G.from_w(w), G.from_w(w))


@pytest.mark.parametrize("paired", [False, True])
def test_an_update_lowers_the_losses_of_the_game(images, paired, monkeypatch):
    """The losses handed to the optimisers in one update are those of the formulas."""
    given = []
    monkeypatch.setattr(training, "descend", lambda optimizer, loss: given.append(loss.item()))
    training.train(images, 1, 0, paired=paired)
    G, D = training.build(0)
    rows = training.seeds.rng(0, "order").integers(len(images), size=training.BATCH_SIZE)
    real = torch.from_numpy(images[rows]).permute(0, 3, 1, 2)
    fake = G(torch.randn(training.BATCH_SIZE, networks.LATENT))
    a, b = D(real), D(fake)
    penalties = r1(D, real) + (r2(D, fake) if paired else 0)
    d_loss = softplus(b - a).mean() if paired else softplus(-a).mean() + softplus(b).mean()
    g_loss = softplus(a - b).mean() if paired else softplus(-b).mean()
    wanted = [(d_loss + training.LAZY * penalties).item(), g_loss.item()]
    assert given == pytest.approx(wanted, rel=1e-4)


def test_a_growing_generator_learns_in_every_stage(images):
    start, _ = training.build(0)
    grown = training.train(images, 6, 0, grown=(2, 1, 1, 1))
    for (name, before), after in zip(start.named_parameters(), grown.parameters(), strict=True):
        assert torch.isfinite(after).all()
        assert not torch.equal(before, after) or before.numel() == 1, name
    assert training.sample(grown, 7, 0).shape == (7, 32, 32, 1)


def test_spectrum_finds_a_wave():
    wave = np.sin(2 * np.pi * 5 * np.arange(32) / 32)
    image = np.broadcast_to(wave, (1, 32, 32))[..., None]
    assert scores.spectrum(image).argmax() == 4
    assert scores.spectrum(2 * image)[4] - scores.spectrum(image)[4] == pytest.approx(
        6.02, abs=0.01
    )


def test_kurtosis_of_normal_steps_and_of_an_edge():
    random = np.random.default_rng(0)
    assert scores.kurtosis(random.normal(size=(50, 32, 32, 1))) == pytest.approx(3, abs=0.1)
    edge = np.zeros((1, 32, 32, 1))
    edge[:, :, 16:] = 1
    assert scores.kurtosis(edge) == pytest.approx(62)  # 32 of 2 × 31 × 32 steps are 1
    assert scores.kurtosis(np.zeros((1, 32, 32, 1))) == 0


def test_features_do_not_see_the_sign_or_the_mean_and_grow_with_the_root(images):
    found = scores.features(images)
    assert found.shape == (200, 48)
    np.testing.assert_allclose(scores.features(-images), found, rtol=1e-5)
    np.testing.assert_allclose(scores.features(images + 0.25), found, atol=1e-3)
    np.testing.assert_allclose(scores.features(4 * images), 2 * found, rtol=1e-4)


def test_floor_and_ceiling():
    data = tiles.load("terrain", 1, 300)
    best = scores.score(data["ceiling"], data["held_out"], data["train"])
    blank = scores.score(np.zeros_like(data["train"]), data["held_out"], data["train"])
    assert best["distance"] < 0.01 * blank["distance"] and best["spectrum"] < 1 < blank["spectrum"]
    own = scores.score(data["train"], data["held_out"], data["train"])
    assert own["nearer"] == 1 and blank["recall"] == 0 and best["recall"] > 0.8
