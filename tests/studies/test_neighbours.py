"""A GAN and its neighbours: what each family computes, checked by hand."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies.neighbours import study  # noqa: E402
from gantutor.studies.neighbours.families import LEARNING_RATE, WIDTH, fit  # noqa: E402

POINTS = torch.from_numpy(study.RING.sample(500, 0))


def noise(seed=0):
    return torch.Generator().manual_seed(seed)


def silenced(model):
    """The model with all weights of its networks at 0."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name != "log_sigma":
                parameter.zero_()
    return model


@pytest.mark.parametrize("name", study.FAMILIES)
def test_every_network_has_two_hidden_layers_of_the_same_width(name):
    model = study.build(name, seed=0)
    linear = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)]
    assert len(linear) % 3 == 0
    for first, second, last in zip(linear[::3], linear[1::3], linear[2::3], strict=True):
        assert first.out_features == last.in_features == WIDTH
        assert second.weight.shape == (WIDTH, WIDTH)


@pytest.mark.parametrize("name", study.FAMILIES)
def test_samples_are_as_many_points_as_asked_for_and_repeat(name):
    model = study.build(name, seed=0)
    with torch.no_grad():
        first, again, other = (model.sample(7, noise(seed)) for seed in (1, 1, 2))
    assert first.shape == (7, 2) and torch.equal(first, again) and not torch.equal(first, other)


def test_a_seed_decides_the_weights_and_leaves_the_global_stream_alone():
    before = torch.random.get_rng_state()
    first, again, other = (study.build("GAN", seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    weights = [next(model.sampler.parameters()) for model in (first, again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_r1_is_half_the_squared_slope():
    losses = {}
    for weight in (0.0, 2.0):
        model = study.build("GAN", seed=0, r1=weight)
        losses[weight] = model.discriminator_loss(POINTS.clone(), noise()).item()
    x = POINTS.clone().requires_grad_()
    (slope,) = torch.autograd.grad(model.discriminator(x).sum(), x)
    expected = slope.square().sum(1).mean().item()
    assert losses[2.0] - losses[0.0] == pytest.approx(expected, rel=1e-4) and expected > 1e-4


def test_an_update_of_the_generator_leaves_the_discriminator_alone():
    model = study.build("GAN", seed=0)
    judge = [parameter.clone() for parameter in model.discriminator.parameters()]
    _, (own, loss) = model.players()
    loss(POINTS, noise()).backward(inputs=own)
    assert all(parameter.grad is None for parameter in model.discriminator.parameters())
    fit(model, POINTS, 1, seed=0)
    changed = zip(judge, model.discriminator.parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, new in changed)


def test_the_loss_falls_by_training():
    model = study.build("autoencoder", seed=0)
    before = model.loss(POINTS, noise()).item()
    fit(model, POINTS, 100, seed=0)
    assert model.loss(POINTS, noise()).item() < before / 4


def test_an_update_of_adam_is_as_long_as_the_learning_rate_allows():
    moves = {}
    for rate in (LEARNING_RATE, LEARNING_RATE / 5):
        model = study.build("diffusion", seed=0)
        before = [parameter.clone() for parameter in model.parameters()]
        fit(model, POINTS, 1, seed=0, learning_rate=rate)
        pairs = zip(model.parameters(), before, strict=True)
        moves[rate] = max((new - old).abs().max().item() for new, old in pairs)
    assert moves == pytest.approx({rate: rate for rate in moves}, rel=1e-2)


def test_every_setting_is_run_with_arguments_of_its_family():
    for name, arguments in study.SETTINGS.items():
        given = {k: v for k, v in arguments.items() if k != "learning_rate"}
        if given["family"] != "mixture":
            model = study.build(seed=0, **given)
            silu = [layer for layer in model.modules() if isinstance(layer, torch.nn.SiLU)]
            assert bool(silu) == ("SiLU" in name), name


def test_a_vae_that_ignores_its_codes_pays_for_a_gaussian_and_no_divergence():
    model = silenced(study.build("VAE", seed=0))
    sigma = math.exp(-1)
    expected = POINTS.square().sum(1).mean() / (2 * sigma**2) + 2 * math.log(sigma)
    assert model.loss(POINTS, noise()).item() == pytest.approx(
        expected.item() + math.log(2 * math.pi), rel=1e-5
    )


def test_a_vae_without_noise_returns_the_means_of_one_with_noise():
    with_noise, means = (study.build("VAE", seed=0, noisy=noisy) for noisy in (True, False))
    with torch.no_grad():
        added = (with_noise.sample(20_000, noise()) - means.sample(20_000, noise())).numpy()
    assert added.std(0) == pytest.approx(math.exp(-1), rel=0.02)


def test_a_gan_adds_noise_to_its_fakes_and_reads_as_many_numbers_as_asked_for():
    noisy = silenced(study.build("GAN", seed=0, output_noise=0.05, latent_dim=16))
    assert noisy.sampler[0].in_features == 16
    with torch.no_grad():
        assert noisy.sample(20_000, noise()).numpy().std(0) == pytest.approx(0.05, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["autoregressive", "flow"])
def test_a_density_has_integral_one(name):
    model = study.build(name, seed=0)
    side = torch.linspace(-12, 12, 601)
    with torch.no_grad():
        density = model.log_density(torch.cartesian_prod(side, side)).exp()
    assert density.sum().item() * (24 / 600) ** 2 == pytest.approx(1, abs=2e-3)


def test_a_flow_can_be_undone_and_its_determinant_is_that_of_the_jacobian():
    model = study.build("flow", seed=0)
    z, log_det = model.to_latent(POINTS)
    assert torch.allclose(model.from_latent(z), POINTS, atol=1e-4)
    jacobian = torch.autograd.functional.jacobian(lambda x: model.to_latent(x)[0][0], POINTS[:1])
    assert torch.linalg.det(jacobian[:, 0]).abs().log().item() == pytest.approx(
        log_det[0].item(), abs=1e-5
    )


@pytest.mark.parametrize("bound", [2.0, 4.0])
def test_no_layer_of_a_flow_stretches_by_more_than_its_bound(bound):
    model = study.build("flow", seed=0, layers=1, bound=bound)
    with torch.no_grad():
        model.sampler[0][-1].weight.mul_(1e4)
        _, log_det = model.to_latent(POINTS)
    assert log_det.abs().max().item() == pytest.approx(bound, rel=1e-3)


def test_diffusion_keeps_less_at_each_step_and_nearly_nothing_at_the_end():
    kept = study.build("diffusion", seed=0).kept.numpy()
    assert kept[0] == 1 and (np.diff(kept) < 0).all() and kept[-1] < 1e-3


def test_diffusion_with_the_best_guess_returns_a_gaussian_a_little_too_narrow(monkeypatch):
    model = study.build("diffusion", seed=0)

    def best(x, t):
        kept = model.kept[int(t[0, 0])]
        return (1 - kept).sqrt() * x / (kept * 0.7**2 + 1 - kept)

    monkeypatch.setattr(model, "guess", best)
    drawn = model.sample(20_000, noise())
    assert drawn.mean().abs() < 0.02 and 0.62 < drawn.std() < 0.7


def test_flow_matching_follows_its_velocity(monkeypatch):
    model = study.build("flow matching", seed=0)
    monkeypatch.setattr(model, "velocity", lambda x, t: torch.full_like(x, 2.0))
    start = torch.randn(5, 2, generator=noise())
    assert torch.allclose(model.sample(5, noise()), start + 2, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 4])
def test_flow_matching_takes_as_many_steps_as_asked_for(steps, monkeypatch):
    model, times = study.build("flow matching", seed=0, steps=steps), []
    monkeypatch.setattr(model, "velocity", lambda x, t: times.append(t[0, 0].item()) or 0 * x)
    model.sample(2, noise())
    assert times == [step / steps for step in range(steps)] and model.evaluations == steps


def test_a_mixture_scores_like_real_points():
    scores = study.run("mixture", seed=0)
    assert scores["good"] > 0.97 and scores["recall"] > 0.95 and scores["distance"] < 0.3
    assert 0.1 < scores["emptiest"] < 1 / 8 < scores["fullest"] < 0.15
