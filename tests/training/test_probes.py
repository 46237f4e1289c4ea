"""Probes in both frameworks: shares and lengths known by hand, and no trace left in the run."""

import numpy as np
import pytest
from twin import CLASSES, QUICK, Twin, assert_same_bits, small_images

from gantutor import recipes
from gantutor.runs.callbacks import SampleGrid
from gantutor.runs.latents import as_latents
from gantutor.runs.probes import SERIES

IMAGES, OTHERS = small_images(80), small_images(40, seed=1)


def probe(twin, *arguments, **more):
    from importlib import import_module

    return import_module(f"gantutor.{twin.name}.probes").Probe(*arguments, **more)


def linear(twin, a, w, loss):
    """G(z) = A z and D(x) = w·x: a game whose gradients one can write down."""
    a, w = np.float32(a), np.float32(w)
    if twin.name == "torch":
        import torch

        class Judge(torch.nn.Linear):
            def forward(self, x):
                return super().forward(x)[:, 0]

        generator, judge = torch.nn.Linear(2, 2, bias=False), Judge(2, 1, bias=False)
        with torch.no_grad():
            generator.weight.copy_(torch.from_numpy(a))
            judge.weight.copy_(torch.from_numpy(w[None]))
    else:
        import keras

        z, x = keras.Input((2,)), keras.Input((2,))
        generator = keras.Model(z, keras.layers.Dense(2, use_bias=False)(z))
        out = keras.layers.Dense(1, use_bias=False)(x)
        judge = keras.Model(x, keras.layers.Reshape(())(out))
        generator.set_weights([a.T])
        judge.set_weights([w[:, None]])
    game = twin.games.GAN(generator, judge, latent_dim=2, loss=loss)
    return twin.play(game, generator_optimizer=("sgd", {}), discriminator_optimizer=("sgd", {}))


def test_shares_logits_and_lengths_are_those_found_by_hand(twin):
    random = np.random.default_rng(0)
    a, w = random.normal(size=(2, 2)), random.normal(size=2)
    real, held_out = random.normal(size=(2, 50, 2)).astype("f4")
    run = linear(twin, a, w, "wasserstein")
    look = probe(twin, 1, real, held_out, batch=20, seed=3)
    look.on_train_begin(run, 1)
    found = {name: values[0] for name, values in run.record.history.items()}
    assert sorted(found) == sorted(SERIES)
    fake = as_latents(50, 2, 3) @ a.T
    for kind, points in (("real", real), ("held_out", held_out), ("fake", fake)):
        assert found[f"{kind}_positive"] == pytest.approx((points @ w > 0).mean())
        assert found[f"{kind}_logit"] == pytest.approx((points @ w).mean(), abs=1e-5)
    # D: mean w·(A z) − mean w·x, whose slope in w is the difference of the means.
    z = as_latents(20, 2, 3)
    d = np.linalg.norm((z @ a.T).mean(0) - real[:20].mean(0))
    g = np.linalg.norm(w) * np.linalg.norm(z.mean(0))  # of −mean w·(A z) in A: −w (mean z)ᵀ
    assert found["d_gradient"] == pytest.approx(d, rel=1e-5)
    assert found["g_gradient"] == pytest.approx(g, rel=1e-5)


def test_it_changes_nothing_in_a_run_with_running_averages(twin):
    plain, watched = twin.build(QUICK), twin.build(QUICK)
    twin.fit(plain, IMAGES, 6, [SampleGrid(6, 1)])
    twin.fit(watched, IMAGES, 6, [probe(twin, 2, IMAGES, OTHERS)])
    assert_same_bits(twin.weights(plain), twin.weights(watched))
    assert watched.record.steps["d_gradient"] == [0, 2, 4, 6]
    assert plain.record.history["d_loss"] == watched.record.history["d_loss"]
    again = probe(twin, 2, IMAGES, OTHERS)
    twin.fit(watched, IMAGES, 2, [again])  # step 6 is there
    assert watched.record.steps["d_gradient"] == [0, 2, 4, 6, 8]


def test_its_gradient_is_that_of_the_step_in_pytorch():
    twin = Twin("torch")
    run = twin.build(recipes.get("mlp").replace(shape=(8, 8, 1), latent_dim=8))
    look = probe(twin, 1, IMAGES, OTHERS, batch=64)
    import torch

    real, latents = IMAGES[:64], as_latents(64, 8, 0)
    found = look.gradients(run, real, latents)
    batch = {"real": torch.from_numpy(real).permute(0, 3, 1, 2).to(run.device)}
    noise = {"latents": torch.from_numpy(latents).to(run.device)}
    run.discriminator_step(batch, run.game.draw(batch, noise), noise)
    for gradient, weight in zip(found["d"], run.parameters("discriminator"), strict=True):
        assert np.allclose(gradient, weight.grad.cpu().numpy(), rtol=1e-5, atol=1e-7)


def test_penalties_count_and_so_do_those_that_are_lazy(twin):
    lengths = []
    for penalties, every in (({}, 1), ({"r1": 10.0}, 1), ({"r1": 10.0}, 4)):
        run = twin.build(QUICK.replace(game={"penalties": penalties, "penalty_every": every}))
        look = probe(twin, 1, IMAGES, OTHERS)
        look.on_train_begin(run, 1)
        lengths.append([run.record.history[f"{side}_gradient"][0] for side in "dg"])
    d, g = np.transpose(lengths)
    assert len(set(d.round(5))) == 3 and np.allclose(g, g[0])


def test_a_game_with_classes_is_refused_before_any_step(twin):
    run = twin.build(CLASSES)
    with pytest.raises(TypeError, match="without classes; got the game Conditional"):
        twin.fit(run, IMAGES, 1, [probe(twin, 1, IMAGES, OTHERS)], np.arange(80) % 3)
    assert run.step == 0 and not run.record.history


@pytest.mark.parametrize(
    ("real", "held_out", "words"),
    [
        (IMAGES, OTHERS[:, :4], "of one shape; got .80, 8, 8, 1. and .40, 4, 8, 1."),
        (IMAGES, OTHERS[:0], "one is empty"),
    ],
)
def test_images_that_do_not_fit_are_refused(twin, real, held_out, words):
    with pytest.raises(ValueError, match=words):
        probe(twin, 1, real, held_out)
