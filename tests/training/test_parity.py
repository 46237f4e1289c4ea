"""One model, two frameworks: from equal weights, everything that follows is equal."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tensorflow")

import gantutor.keras as gk  # noqa: E402
import gantutor.keras.losses as keras_losses  # noqa: E402
import gantutor.keras.models as keras_models  # noqa: E402
import gantutor.keras.optimizers as keras_optimizers  # noqa: E402
import gantutor.keras.penalties as keras_penalties  # noqa: E402
import gantutor.torch as gt  # noqa: E402
import gantutor.torch.losses as torch_losses  # noqa: E402
import gantutor.torch.models as torch_models  # noqa: E402
import gantutor.torch.optimizers as torch_optimizers  # noqa: E402
import gantutor.torch.penalties as torch_penalties  # noqa: E402
from gantutor import parity, recipes  # noqa: E402
from gantutor.keras.sampling import apply as keras_apply  # noqa: E402
from gantutor.runs.order import Order  # noqa: E402
from gantutor.torch.sampling import apply as torch_apply  # noqa: E402
from gantutor.torch.weights import get_weights  # noqa: E402

WIDTHS = {"generator": {"width": 8}, "discriminator": {"width": 8}}
DCGAN, MLP = (recipes.get(name).replace(**WIDTHS) for name in ("dcgan", "mlp"))
GRID = {
    "mlp": MLP,
    "dcgan": DCGAN,
    "rgb": DCGAN.replace(shape=(32, 32, 3)),
    "oblong": DCGAN.replace(shape=(8, 24, 2)),
    "spectral mlp": MLP.replace(spectral_norm=True),
    "spectral": DCGAN.replace(spectral_norm=True),
    "layer": DCGAN.replace(normalization="layer"),
    "instance": DCGAN.replace(generator={"normalization": "instance"}),
    "plain": DCGAN.replace(generator={"normalization": None}, shape=(8, 8, 1)),
    "classes": recipes.get("minute").replace(classes=3, **WIDTHS),
    "mlp with classes": MLP.replace(classes=3, game="conditional"),
    "batch": DCGAN.replace(discriminator={"normalization": "batch"}),
    "paired": DCGAN.replace(
        shape=(16, 16, 1),
        latent_dim=None,
        generator=("unet", {"source_channels": 3, "width": 4}),
        discriminator=("patch", {"source_channels": 3, "width": 4}),
        game=("paired", {"l1": 3.0, "loss": "non_saturating", "penalties": {}}),
    ),
    "cycle": DCGAN.replace(
        shape=(8, 8, 1),
        latent_dim=None,
        generator=("unet", {"source_channels": 1, "width": 4}),
        discriminator=("patch", {"layers": 1, "width": 4}),
        game=("cycle", {"identity": 2.0, "loss": "least_squares", "penalties": {}}),
    ),
}


def twins(recipe, seed=3):
    """A PyTorch trainer and a Keras game with the same weights."""
    trainer, game = gt.Trainer.from_recipe(recipe, seed), gk.Trainer.from_recipe(recipe, seed)
    for here, there in zip(networks(trainer.game), networks(game), strict=True):
        parity.to_keras(here, there)
    averages = zip(trainer._networks_of_averages, game._networks_of_averages, strict=True)
    for copies, others in averages:
        for name, network in trainer.game.generators().items():
            parity.to_torch(game.generators()[name], copies[name])
            parity.to_keras(network, others[name])
    return trainer, game


def networks(game):
    return [*game.generators().values(), *game.discriminators().values()]


def batch(recipe, game, seed=0, size=16):
    """A batch and its noise, as NumPy arrays."""
    rng = np.random.default_rng(seed)
    height, width, channels = recipe.shape
    settings = recipe.generator.settings
    sizes = {name: channels for name in game.inputs if name != "labels"}
    if "source" in sizes:
        sizes["source"] = settings["source_channels"]
    made = {
        name: rng.uniform(-1, 1, (size, height, width, count)).astype("float32")
        for name, count in sizes.items()
    }
    if recipe.classes:
        made["labels"] = rng.integers(recipe.classes, size=size)
    noise = {"mix": rng.uniform(size=size).astype("float32")}
    if recipe.latent_dim:
        noise["latents"] = rng.standard_normal((size, recipe.latent_dim), dtype="float32")
    whole = (size, height, width, sum(sizes.values()) if "source" in sizes else channels)
    noise["probe"] = rng.standard_normal(whole, dtype="float32")
    return made, noise


def tensors(arrays):
    return {
        name: nchw(array) if array.ndim == 4 else torch.from_numpy(array)
        for name, array in arrays.items()
    }


def constants(arrays):
    import tensorflow as tf

    return {name: tf.constant(array) for name, array in arrays.items()}


def nchw(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def nhwc(images):
    return images.detach().permute(0, 2, 3, 1)


@pytest.mark.parametrize("name", GRID)
def test_weights_and_networks_agree(name):
    trainer, game = twins(GRID[name])
    made, noise = batch(GRID[name], game)
    other = gt.Trainer.from_recipe(GRID[name], seed=9)
    for here, there, empty in zip(
        networks(trainer.game), networks(game), networks(other.game), strict=True
    ):
        parity.to_torch(there, empty)
        carried = zip(get_weights(here), get_weights(empty), strict=True)
        assert all(np.array_equal(a, b) for a, b in carried)  # there and back, bit for bit
    inputs = made.get("source", noise.get("latents", made.get("first")))
    if "labels" in made:
        inputs = np.concatenate([inputs, np.eye(3, dtype="f4")[made["labels"]]], axis=1)
    here = torch_apply(trainer.ema.network, inputs)
    np.testing.assert_allclose(keras_apply(game.ema.network, inputs), here, atol=1e-5)
    for training in (False, True):
        judgements_agree(trainer, game, made, training)
    here, there = (
        trainer.game.draw(*[tensors(made | noise)] * 2),
        game.draw(*[constants(made | noise)] * 2),
    )
    for fake, twin in zip(*map(listed, (here, there)), strict=True):
        np.testing.assert_allclose(twin, nhwc(fake), atol=1e-5)


def listed(fakes):
    return list(fakes.values()) if isinstance(fakes, dict) else [fakes]


def judgements_agree(trainer, game, made, training):
    trainer.game.train(training)
    judges = zip(
        trainer.game.discriminators().values(), game.discriminators().values(), strict=True
    )
    for k, (here, there) in enumerate(judges):
        real = (
            np.concatenate([made["source"], made["target"]], -1)
            if "source" in made
            else made[game.inputs[k if game.unpaired else 0]]
        )
        with torch.no_grad():
            logits = here(nchw(real)).numpy()
        np.testing.assert_allclose(there(real, training=training), logits, atol=1e-5)
        assert logits.shape[0] == 16 and np.abs(logits).max() > 0


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


@pytest.mark.parametrize("name", ["dcgan", "spectral", "spectral mlp", "layer", "mlp", "classes"])
def test_penalties_agree(name):
    trainer, game = twins(GRID[name])
    made, noise = batch(GRID[name], game)
    weights = {"gradient_penalty": 10.0, "r1": 1.0, "r2": 2.0, "finite_r1": 1.0, "finite_r2": 0.5}
    made["fake"] = made["real"][::-1].copy()
    here, there = tensors(made | noise), constants(made | noise)
    judges = [
        module.Judge(network, values.get("labels"))
        for module, network, values in (
            (torch_penalties, trainer.game.discriminator, here),
            (keras_penalties, game.discriminator, there),
        )
    ]
    *_, terms = torch_penalties.compare(judges[0], here["real"], here["fake"], weights, here)
    *_, twin = keras_penalties.compare(judges[1], there["real"], there["fake"], weights, there)
    assert terms.keys() == twin.keys() == weights.keys()
    for term in terms:
        # A finite difference divides float32's rounding of two logits by ε = 0.01.
        loose = 0.05 if term.startswith("finite") else 1e-4
        assert float(twin[term]) == pytest.approx(terms[term].item(), rel=loose, abs=1e-6), term


# A loss that compares logits in pairs is played by each game once.
PLAYED = [("non_saturating", name) for name in GRID]
PLAYED += [("relativistic", name) for name in ("dcgan", "classes", "paired", "cycle")]


@pytest.mark.parametrize(("loss", "name"), PLAYED)
def test_one_full_training_step_agrees(loss, name):
    penalties = {} if name == "batch" else {"r1": 1.0}
    recipe = GRID[name].replace(loss=loss, penalties=penalties, learning_rate=0.01)
    recipe = recipe.replace(betas=(0.0, 0.9))
    trainer, game = twins(recipe)
    owners = {
        "generator": list(game.generators().values()),
        "discriminator": list(game.discriminators().values()),
        "average": list(game._networks_of_averages[0].values()),
    }
    before = {part: [n.get_weights() for n in found] for part, found in owners.items()}
    # Adam's first step is the gradient's sign: where that gradient is 0 but for rounding, the
    # sign is arbitrary. So both start from the same, warm second moments.
    for side, optimizer in trainer.optimizers.items():
        for parameter in trainer.parameters(side):
            optimizer.state[parameter] = {
                "step": torch.zeros(()),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.full_like(parameter, 1e-6),
            }
        for velocity in game.optimizers[side]._velocities:
            velocity.assign(1e-6 + 0 * velocity)
    made, noise = batch(recipe, game)
    inputs, given = tensors(made | noise), constants(made | noise)
    fake = trainer.game.draw(inputs, inputs)
    d = trainer.discriminator_step(inputs, fake, inputs)
    g = trainer.generator_step(inputs, fake, inputs)
    import tensorflow as tf

    # The fakes are drawn once, before D moves, as in a step of `fit`.
    with tf.GradientTape() as tape:
        keras_fake = game.draw(given, given)
        with tape.stop_recording():
            d_twin = game.discriminator_step(given, keras_fake, given)
        g_twin = game.generator_loss(given, keras_fake, given, 0)
        total = sum(g_twin.values())
    game._apply("generator", tape, total)
    game._average(0)
    for terms, twin in ((d, d_twin), (g, g_twin)):
        assert terms.keys() == twin.keys()
        for term in terms:
            np.testing.assert_allclose(twin[term], terms[term], rtol=1e-3, atol=1e-6)
    torch_owners = {
        "generator": list(trainer.game.generators().values()),
        "discriminator": list(trainer.game.discriminators().values()),
        "average": list(trainer._networks_of_averages[0].values()),
    }
    for part, models in owners.items():
        for model, old, twin in zip(models, before[part], torch_owners[part], strict=True):
            after = zip(get_weights(twin), model.get_weights(), strict=True)
            for variable, start, (here, there) in zip(model.weights, old, after, strict=True):
                if variable.name == "moving_variance":
                    continue  # see the next test
                # Rounding may put a unit on the other side of a kink: rare, and small in the norm
                # of the whole step, while a wrong sign or factor would be as large as the step.
                step = np.linalg.norm(here - start)
                close = 0.02 * step + 1e-6 * start.size
                assert np.linalg.norm(there - here) <= close, (part, variable.path)
            moved = np.abs(model.get_weights()[0] - old[0]).max()
            assert moved > 1e-5, f"the step of {part} was a step"


@pytest.mark.parametrize("name", ["adam", "rmsprop", "sgd"])
def test_optimizers_agree_on_gradients_of_every_size(name):
    import keras

    sizes = np.geomspace(1e-12, 10, 40).astype("float32")  # far below ε and far above
    weight = torch.nn.Parameter(torch.zeros(40))
    here = getattr(torch_optimizers, name)([weight], learning_rate=0.1)
    there, variable = getattr(keras_optimizers, name)(learning_rate=0.1), keras.Variable([0.0] * 40)
    for factor in (1.0, -0.3, 2.0):
        before = weight.detach().clone()
        weight.grad = torch.from_numpy(factor * sizes)
        here.step()
        there.apply([keras.ops.array(factor * sizes)], [variable])
        np.testing.assert_allclose(variable.numpy(), weight.detach(), rtol=1e-4, atol=1e-14)
        assert (weight.detach() != before).all()


@pytest.mark.parametrize("betas", [(0.0, 0.9), (0.5, 0.999), (0.9, 0.9999)])
def test_adam_corrects_for_the_start_as_torch_does(betas):
    import keras

    # In float32 1 − 0.999 is off by 1.3e-5 of itself, and 1 − 0.9999 by 1.7e-4.
    weight = torch.nn.Parameter(torch.zeros(8))
    here = torch.optim.Adam([weight], lr=0.1, betas=betas)
    there, variable = keras_optimizers.Adam(0.1, *betas), keras.Variable([0.0] * 8)
    random = np.random.default_rng(0)
    for _ in range(300):
        gradient = random.uniform(0.5, 1.5, 8).astype("float32")
        weight.grad = torch.from_numpy(gradient)
        here.step()
        there.apply([keras.ops.array(gradient)], [variable])
        np.testing.assert_allclose(variable.numpy(), weight.detach(), rtol=3e-6)


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_epsilon_is_added_to_the_root(name):
    import keras

    # In step 1 both take g / (root + ε): the root is |g| for Adam, √0.1 |g| for RMSprop.
    for gradient in (1e-9, 1e-8, 1e-6):
        optimizer, variable = getattr(keras_optimizers, name)(1.0), keras.Variable([0.0])
        optimizer.apply([keras.ops.array([gradient])], [variable])
        root = gradient if name == "adam" else 0.1**0.5 * gradient
        assert float(variable[0]) == pytest.approx(-gradient / (root + 1e-8), rel=1e-4)


@pytest.mark.parametrize("kind", [keras_optimizers.Adam, keras_optimizers.RMSprop])
def test_an_optimizer_comes_back_from_a_file(kind):
    import keras

    optimizer = kind(3e-4, epsilon=1e-6, clipnorm=2.0)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(copy) is kind and copy.get_config() == optimizer.get_config()
    with pytest.raises(TypeError, match=r"amsgrad|momentum"):
        kind(amsgrad=True) if kind is keras_optimizers.Adam else kind(momentum=0.9)


def test_running_variances_differ_by_bessels_correction():
    recipe = GRID["dcgan"]
    trainer, game = twins(recipe)
    _, noise = batch(recipe, game)
    trainer.game.generator(torch.from_numpy(noise["latents"]))
    game.generator(noise["latents"], training=True)
    here = dict(trainer.game.generator.named_buffers())["2.running_var"].numpy()
    there = next(w for w in game.generator.weights if w.name == "moving_variance").numpy()
    n = len(noise["latents"]) * 7 * 7
    np.testing.assert_allclose(here - 0.9, (there - 0.9) * n / (n - 1), rtol=1e-4, atol=1e-7)
    assert not np.allclose(here, there, rtol=0, atol=1e-9)


def test_same_seed_means_same_batches():
    data = np.random.default_rng(0).uniform(-1, 1, (50, 8, 8, 1)).astype("float32")
    trainer = gt.Trainer.from_recipe(DCGAN.replace(shape=(8, 8, 1), batch_size=16), seed=5)
    labels, order = np.arange(50) % 3, Order(50, 16, seed=5)
    feed = trainer._feed(data, None)
    for step, (real, told) in enumerate(gk.batches(data, 16, seed=5, labels=labels).take(7)):
        (mine,) = feed.batches(step)
        assert np.array_equal(mine["real"].permute(0, 2, 3, 1).numpy(), real)
        assert np.array_equal(labels[order.rows(step)], told)
    assert step == 6


def public(module):
    return {name for name in vars(module) if not name.startswith("_")}


def test_twins_have_the_same_names_and_signatures():
    import importlib
    import inspect

    assert gt.__all__ == [name for name in gk.__all__ if name != "batches"]
    for part in ("models", "games"):
        here, there = (importlib.import_module(f"gantutor.{f}.{part}") for f in ("torch", "keras"))
        assert here.__all__ == there.__all__
        for name in here.__all__:
            mine, twin = inspect.signature(getattr(here, name)), getattr(there, name)
            twin = inspect.signature(twin)
            arguments = [p for p in twin.parameters.values() if p.name != "more"]
            assert list(mine.parameters.values()) == arguments, name
    assert list(torch_losses.LOSSES) == list(keras_losses.LOSSES)
    assert list(torch_penalties.PENALTIES) == list(keras_penalties.PENALTIES)
    names = ("gradient_penalty", "r1", "r2", "finite_difference", "clip_weights", "compare")
    pairs = [(getattr(torch_penalties, n), getattr(keras_penalties, n)) for n in names]
    pairs += [(getattr(gt, n), getattr(gk, n)) for n in ("train", "load_generator")]
    pairs += [(gt.Sampler.sample, gk.Sampler.sample), (gt.Translator.sample, gk.Translator.sample)]
    methods = ("draw", "discriminator_loss", "generator_loss", "compare", "noise", "sampler")
    pairs += [(getattr(gt.Game, n), getattr(gk.Game, n)) for n in methods]
    methods = ("sample", "save_checkpoint", "restore", "parameters", "settings")
    pairs += [(getattr(gt.Trainer, n), getattr(gk.Trainer, n)) for n in methods]
    for here, there in pairs:
        mine, twin = (list(inspect.signature(f).parameters) for f in (here, there))
        assert mine == twin, here.__qualname__


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


@pytest.mark.parametrize(
    "layer",
    [
        lambda: torch.nn.Embedding(3, 2),
        lambda: torch.nn.Conv3d(1, 2, 3),
        lambda: torch.nn.MultiheadAttention(4, 2),
        lambda: torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LSTM(3, 3)),
    ],
)
def test_a_layer_of_unknown_layout_is_refused(layer):
    with pytest.raises(TypeError, match="has no known layout in Keras"):
        get_weights(layer())


def test_nested_layers_are_carried():
    model = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Linear(3, 2)), torch.nn.Linear(2, 1))
    assert [w.shape for w in get_weights(model)] == [(3, 2), (2,), (2, 1), (1,)]
