"""One model, two frameworks: from equal weights, everything that follows is equal."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorflow")

import gantutor.keras as gk  # noqa: E402
import gantutor.keras.losses as keras_losses  # noqa: E402
import gantutor.keras.models as keras_models  # noqa: E402
import gantutor.keras.penalties as keras_penalties  # noqa: E402
import gantutor.torch as gt  # noqa: E402
import gantutor.torch.losses as torch_losses  # noqa: E402
import gantutor.torch.models as torch_models  # noqa: E402
import gantutor.torch.penalties as torch_penalties  # noqa: E402
from gantutor import parity, recipes  # noqa: E402
from gantutor.runs.latents import with_classes  # noqa: E402
from gantutor.torch.weights import get_weights  # noqa: E402

GRID = {
    "mlp": recipes.get("mlp"),
    "dcgan": recipes.get("dcgan"),
    "rgb": recipes.get("dcgan").replace(side=32, channels=3, generator_width=8),
    "spectral mlp": recipes.get("mlp").replace(spectral_norm=True, discriminator_width=8),
    "spectral": recipes.get("dcgan").replace(spectral_norm=True, discriminator_width=8),
    "layer": recipes.get("dcgan").replace(
        generator_normalization="layer", discriminator_normalization="layer", generator_width=8
    ),
    "plain": recipes.get("dcgan").replace(generator_normalization=None, side=8),
    "classes": recipes.get("minute").replace(classes=3, generator_width=8),
    "batch": recipes.get("dcgan").replace(
        discriminator_normalization="batch", discriminator_width=8
    ),
}


def twins(recipe, seed=3):
    """A PyTorch trainer and a Keras GAN with the same weights."""
    trainer, gan = gt.Trainer.from_recipe(recipe, seed), gk.GAN.from_recipe(recipe, seed)
    parity.to_keras(trainer.generator, gan.generator)
    parity.to_keras(trainer.generator, gan.ema)
    parity.to_keras(trainer.discriminator, gan.discriminator)
    return trainer, gan


def batch(recipe, seed=0, size=16):
    rng = np.random.default_rng(seed)
    real = rng.uniform(-1, 1, (size, *recipe.shape)).astype("float32")
    latents = rng.standard_normal((2, size, recipe.latent_dim), dtype="float32")
    labels = rng.integers(recipe.classes, size=size) if recipe.classes else None
    return real, latents, rng.uniform(size=size).astype("float32"), labels


def nchw(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize("training", [False, True])
def test_generators_and_discriminators_agree(name, training):
    trainer, gan = twins(GRID[name])
    real, latents, _, labels = batch(GRID[name])
    codes = with_classes(latents[0], GRID[name].classes, labels=labels)
    trainer.generator.train(training)
    trainer.discriminator.train(training)
    with torch.no_grad():
        fake = trainer.generator(torch.from_numpy(codes)).permute(0, 2, 3, 1).numpy()
        logits = trainer.discriminator(nchw(real)).numpy()
    assert logits.shape == (16, *([GRID[name].classes] if labels is not None else []))
    np.testing.assert_allclose(gan.generator(codes, training=training), fake, atol=1e-5)
    np.testing.assert_allclose(gan.discriminator(real, training=training), logits, atol=1e-5)


@pytest.mark.parametrize("name", GRID)
def test_weights_return_bit_for_bit(name):
    trainer, gan = twins(GRID[name])
    other = gt.Trainer.from_recipe(GRID[name], seed=9)
    for part in ("generator", "discriminator"):
        parity.to_torch(getattr(gan, part), getattr(other, part))
        carried = zip(
            get_weights(getattr(trainer, part)), get_weights(getattr(other, part)), strict=True
        )
        assert all(np.array_equal(here, there) for here, there in carried)


@pytest.mark.parametrize("loss", torch_losses.LOSSES)
def test_losses_and_their_gradients_agree(loss):
    import tensorflow as tf

    rng = np.random.default_rng(1)
    real, fake = rng.normal(0, 4, (2, 32)).astype("float32")
    here, there = torch_losses.get(loss), keras_losses.get(loss)
    assert here.paired == there.paired
    for part, arguments in (("discriminator", (real, fake)), ("generator", (fake, real))):
        tensors = [torch.tensor(a, requires_grad=True) for a in arguments]
        value = getattr(here, part)(*tensors)
        gradients = torch.autograd.grad(value, tensors, allow_unused=True)
        variables = [tf.Variable(a) for a in arguments]
        with tf.GradientTape() as tape:
            twin = getattr(there, part)(*variables)
        np.testing.assert_allclose(twin, value.item(), rtol=1e-5)
        for a, b in zip(gradients, tape.gradient(twin, variables), strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_allclose(b, a, atol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "spectral", "spectral mlp", "layer", "mlp"])
def test_penalties_agree(name):
    trainer, gan = twins(GRID[name])
    real, latents, mix, _ = batch(GRID[name])
    fake = np.clip(latents.mean() + real[::-1], -1, 1)
    weights = {"gradient_penalty": 10.0, "r1": 1.0, "r2": 2.0}
    trainer.discriminator.eval()
    here = torch_penalties.weighted_sum(
        weights, trainer.discriminator, nchw(real), nchw(fake), torch.from_numpy(mix)
    )
    there = keras_penalties.weighted_sum(weights, gan.discriminator, real, fake, mix)
    np.testing.assert_allclose(there, here.item(), rtol=1e-4)


@pytest.mark.parametrize("name", GRID)
@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_one_full_training_step_agrees(name, loss):
    penalties = {} if name == "batch" else {"r1": 1.0}
    rates = {"generator_rate": 0.01, "discriminator_rate": 0.01}
    recipe = GRID[name].replace(loss=loss, penalties=penalties, betas=(0.0, 0.9), **rates)
    trainer, gan = twins(recipe)
    before = {
        part: getattr(gan, part).get_weights() for part in ("generator", "discriminator", "ema")
    }
    # Adam's first step is the gradient's sign: where that gradient is 0 but for rounding, the
    # sign is arbitrary. So both start from the same, warm second moments.
    for part in ("generator", "discriminator"):
        for moments in getattr(trainer, f"{part}_optimizer").state.values():
            moments["exp_avg_sq"].fill_(1e-6)
        for velocity in getattr(gan, f"{part}_optimizer")._velocities:
            velocity.assign(1e-6 + 0 * velocity)
    real, latents, mix, labels = batch(recipe)
    told = None if labels is None else torch.from_numpy(labels)
    z = torch.from_numpy(latents[0])
    fake, keras_fake = trainer.draw(z, told), gan.draw(latents[0], labels)
    d = trainer.discriminator_step(nchw(real), fake, torch.from_numpy(mix), told)
    g = trainer.generator_step(fake, nchw(real), told)
    np.testing.assert_allclose(gan.discriminator_step(real, keras_fake, mix, labels), d, rtol=1e-4)
    np.testing.assert_allclose(gan.generator_step(keras_fake, real, labels), g, rtol=1e-4)
    for part in ("generator", "discriminator", "ema"):
        model = getattr(gan, part)
        after = zip(get_weights(getattr(trainer, part)), model.get_weights(), strict=True)
        for variable, old, (here, there) in zip(model.weights, before[part], after, strict=True):
            if variable.name == "moving_variance":
                continue  # see the next test
            # Rounding may put a unit on the other side of a kink: rare, and small in the norm of
            # the whole step, while a wrong sign or factor would be as large as the step.
            step = np.linalg.norm(here - old)
            assert np.linalg.norm(there - here) <= 0.02 * step + 1e-6 * old.size, variable.path
        moved = np.abs(getattr(gan, part).get_weights()[0] - before[part][0]).max()
        assert moved > 1e-5, f"the step of {part} was a step"


def test_running_variances_differ_by_bessels_correction():
    recipe = GRID["dcgan"]
    trainer, gan = twins(recipe)
    _, latents, _, _ = batch(recipe)
    trainer.generator(torch.from_numpy(latents[0]))
    gan.generator(latents[0], training=True)
    here = dict(trainer.generator.named_buffers())["2.running_var"].numpy()
    there = next(w for w in gan.generator.weights if w.name == "moving_variance").numpy()
    n = len(latents[0]) * 7 * 7
    np.testing.assert_allclose(here - 0.9, (there - 0.9) * n / (n - 1), rtol=1e-4, atol=1e-7)
    assert not np.allclose(here, there, rtol=0, atol=1e-9)


def test_same_seed_means_same_batches():
    data = np.random.default_rng(0).uniform(-1, 1, (50, 8, 8, 1)).astype("float32")
    recipe = recipes.get("dcgan").replace(side=8, batch_size=16)
    trainer = gt.Trainer.from_recipe(recipe, seed=5)
    labels = np.arange(50) % 3
    for step, (real, told) in enumerate(gk.batches(data, 16, seed=5, labels=labels).take(7)):
        trainer.step = step
        rows = trainer._rows(len(data)).numpy()
        assert np.array_equal(data[rows], real)
        assert np.array_equal(labels[rows], told)
    assert step == 6


def test_models_and_trainers_have_the_same_signatures():
    import inspect

    for name in (
        "mlp_generator",
        "mlp_discriminator",
        "dcgan_generator",
        "dcgan_discriminator",
        "build",
    ):
        here = inspect.signature(getattr(torch_models, name))
        assert here == inspect.signature(getattr(keras_models, name)), name
    assert list(torch_losses.LOSSES) == list(keras_losses.LOSSES)
    for name in ("gradient_penalty", "r1", "r2", "clip_weights", "weighted_sum"):
        here = inspect.signature(getattr(torch_penalties, name))
        assert here == inspect.signature(getattr(keras_penalties, name)), name
    for name in ("train", "sample", "load_generator"):
        assert inspect.signature(getattr(gt, name)) == inspect.signature(getattr(gk, name)), name
    for name in (
        "draw",
        "discriminator_step",
        "generator_step",
        "sample",
        "save_checkpoint",
        "restore",
    ):
        here = inspect.signature(getattr(gt.Trainer, name))
        assert here == inspect.signature(getattr(gk.GAN, name)), name
    import gantutor.keras.callbacks as keras_callbacks
    import gantutor.torch.callbacks as torch_callbacks

    for name in ("ProgressBar", "SampleGrid", "Metrics", "Checkpoint"):
        here = inspect.signature(getattr(torch_callbacks, name))
        assert here == inspect.signature(getattr(keras_callbacks, name)), name


def test_models_that_do_not_match_are_refused():
    generator = torch_models.dcgan_generator(width=8)
    before = get_weights(generator)
    with pytest.raises(ValueError, match=r"0 \(Linear\).weight must have shape \[100, 784\]"):
        parity.to_torch(keras_models.dcgan_generator(width=16), generator)
    with pytest.raises(ValueError, match="12 weights; got 6 arrays"):
        parity.to_torch(keras_models.mlp_generator(), generator)
    with pytest.raises(ValueError, match="Keras model has weights of shapes"):
        parity.to_keras(generator, keras_models.dcgan_generator(width=16))
    assert all(np.array_equal(a, b) for a, b in zip(before, get_weights(generator), strict=True))
