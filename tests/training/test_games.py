"""Games beside the plain one, by the same trainer: their terms, their sides, what they learn."""

import json

import numpy as np
import pytest
from twin import CLASSES, Twin, small_images

from gantutor import shipped
from gantutor.recipes import Recipe
from gantutor.runs import callbacks
from gantutor.runs.checkpoint import CheckpointError
from gantutor.runs.latents import draw_labels

LABELS = np.array([2, 0, 1, 2, 0, 1])
FIRST, SECOND = small_images(6, seed=1), small_images(6, seed=2)


def softplus(x):
    return np.logaddexp(0, x)


class Bench:
    """Tensors of a framework from NumPy, and back."""

    def __init__(self, twin):
        self.twin = twin

    def tensor(self, array):
        if self.twin.name == "torch":
            import torch

            tensor = torch.from_numpy(array)
            return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
        import tensorflow as tf

        return tf.constant(array)

    def numpy(self, tensor):
        if self.twin.name == "torch":
            tensor = tensor.detach()
            return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).numpy()
        return np.asarray(tensor)

    def apply(self, network, *arrays):
        """A network of arrays that stand one behind the other along the channels."""
        return self.twin.apply(network, np.concatenate(arrays, axis=-1))

    def terms(self, terms):
        return {name: float(self.numpy(term)) for name, term in terms.items()}


def conditional(twin, **more):
    models = twin.models
    return twin.games.Conditional(
        models.dcgan_generator((8, 8, 1), 5, 4, normalization=None, classes=3, seed=1),
        models.dcgan_discriminator((8, 8, 1), 4, classes=3, seed=2),
        latent_dim=5,
        classes=3,
        **more,
    )


def unet(twin, seed):
    return twin.models.unet_generator((8, 8, 1), 1, 4, normalization=None, seed=seed)


def patch(twin, sources, seed):
    return twin.models.patch_discriminator((8, 8, 1), sources, 4, layers=1, seed=seed)


def paired(twin, **more):
    return twin.games.Paired(unet(twin, 1), patch(twin, 1, 2), l1=7.0, **more)


def cycle(twin, **more):
    networks = unet(twin, 1), unet(twin, 2), patch(twin, 0, 3), patch(twin, 0, 4)
    return twin.games.Cycle(*networks, cycle=3.0, identity=0.5, **more)


GAMES = {"conditional": conditional, "paired": paired, "cycle": cycle}
BATCHES = {
    "conditional": {"real": FIRST, "labels": LABELS},
    "paired": {"source": FIRST, "target": SECOND},
    "cycle": {"first": FIRST, "second": SECOND},
}


def test_terms_of_the_conditional_game(twin):
    bench, game = Bench(twin), conditional(twin)
    z = np.random.default_rng(0).normal(size=(6, 5)).astype("f4")
    batch = {name: bench.tensor(array) for name, array in BATCHES["conditional"].items()}
    fake = game.draw(batch, {"latents": bench.tensor(z)})
    told = np.concatenate([z, np.eye(3, dtype="f4")[LABELS]], axis=1)
    np.testing.assert_allclose(bench.numpy(fake), twin.apply(game.generator, told), atol=1e-6)
    real, made = (
        twin.apply(game.discriminator, images)[range(6), LABELS]
        for images in (FIRST, bench.numpy(fake))
    )
    found = bench.terms(game.discriminator_loss(batch, fake, {}, 0))
    assert found == pytest.approx({"adversarial": softplus(-real).mean() + softplus(made).mean()})
    found = bench.terms(game.generator_loss(batch, fake, {}, 0))
    assert found == pytest.approx({"adversarial": softplus(-made).mean()})
    relativistic = conditional(twin, loss="relativistic")
    found = bench.terms(relativistic.generator_loss(batch, fake, {}, 0))
    assert found == pytest.approx({"adversarial": softplus(real - made).mean()})


def test_terms_of_the_paired_game(twin):
    # Isola et al. 2017, Eq. 4, with a logit for each patch.
    bench, game = Bench(twin), paired(twin)
    batch = {name: bench.tensor(array) for name, array in BATCHES["paired"].items()}
    fake = game.draw(batch, {})
    made = bench.numpy(fake)
    np.testing.assert_allclose(made, twin.apply(game.generator, FIRST), atol=1e-6)
    real_logits = bench.apply(game.discriminator, FIRST, SECOND)
    fake_logits = bench.apply(game.discriminator, FIRST, made)
    assert real_logits.shape == (6, 16)
    found = bench.terms(game.discriminator_loss(batch, fake, {}, 0))
    expected = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    assert found == pytest.approx({"adversarial": expected})
    found = bench.terms(game.generator_loss(batch, fake, {}, 0))
    error = np.abs(made - SECOND).mean()
    assert found == pytest.approx({"adversarial": softplus(-fake_logits).mean(), "l1": 7 * error})


def test_terms_of_the_cycle_game(twin):
    # Zhu et al. 2017, Eq. 3 and Section 5.2; least squares as in its Section 4.
    bench, game = Bench(twin), cycle(twin)
    batch = {name: bench.tensor(array) for name, array in BATCHES["cycle"].items()}
    fake = game.draw(batch, {})
    there, back = game.forward_generator, game.backward_generator
    second, first = twin.apply(there, FIRST), twin.apply(back, SECOND)
    np.testing.assert_allclose(bench.numpy(fake["first"]), first, atol=1e-6)
    np.testing.assert_allclose(bench.numpy(fake["second"]), second, atol=1e-6)
    judged = {
        "first": [twin.apply(game.first_discriminator, x) for x in (FIRST, first)],
        "second": [twin.apply(game.second_discriminator, x) for x in (SECOND, second)],
    }
    found = bench.terms(game.discriminator_loss(batch, fake, {}, 0))
    assert found == pytest.approx(
        {
            f"{name}_adversarial": ((real - 1) ** 2).mean() / 2 + (made**2).mean() / 2
            for name, (real, made) in judged.items()
        },
        rel=1e-5,
    )

    def error(a, b):
        return np.abs(a - b).mean()

    expected = {
        f"{name}_adversarial": ((made - 1) ** 2).mean() / 2 for name, (_, made) in judged.items()
    }
    expected["cycle"] = 3 * (
        error(twin.apply(back, second), FIRST) + error(twin.apply(there, first), SECOND)
    )
    expected["identity"] = 0.5 * (
        error(twin.apply(back, FIRST), FIRST) + error(twin.apply(there, SECOND), SECOND)
    )
    found = bench.terms(game.generator_loss(batch, fake, {}, 0))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", GAMES)
def test_losses_run_every_network_in_training_mode_in_keras(name, monkeypatch):
    keras = pytest.importorskip("keras")
    twin = Twin("keras")
    bench, game = Bench(twin), GAMES[name](twin)
    batch = {key: bench.tensor(array) for key, array in BATCHES[name].items()}
    noise = {"latents": bench.tensor(np.ones((6, 5), "f4"))}
    call, modes = keras.Model.__call__, []

    def noted(self, *arguments, training=None, **more):
        modes.append((self.name, training))
        return call(self, *arguments, training=training, **more)

    monkeypatch.setattr(keras.Model, "__call__", noted)
    fake = game.draw(batch, noise)
    game.discriminator_loss(batch, fake, noise, 0)
    game.generator_loss(batch, fake, noise, 0)
    assert len(modes) >= 3 and all(training is True for _, training in modes), modes


@pytest.mark.parametrize("name", GAMES)
def test_a_step_moves_every_network_of_its_side_and_none_of_the_other(twin, name):
    bench, game = Bench(twin), GAMES[name](twin, penalties={"r1": 1.0})
    trainer = twin.play(game, **twin.on_cpu)
    batch = {key: bench.tensor(array) for key, array in BATCHES[name].items()}
    noise = {"latents": bench.tensor(np.ones((6, 5), "f4"))}
    before = twin.weights(trainer)
    fake = game.draw(batch, noise)
    trainer.discriminator_step(batch, fake, noise)
    between = twin.weights(trainer)
    trainer.generator_step(batch, *([fake] if twin.name == "torch" else []), noise)
    after = twin.weights(trainer)

    def moved(network, old, new):
        (key,) = (name for name, one in named_networks(game).items() if one is network)
        inside = [k for k in old if k.startswith(f"game.{key}.")]
        assert inside
        return any(not np.array_equal(old[k], new[k]) for k in inside)

    for network in game.generators().values():
        assert not moved(network, before, between) and moved(network, between, after)
    for network in game.discriminators().values():
        assert moved(network, before, between) and not moved(network, between, after)


def named_networks(game):
    """Networks by the names that a trainer's state gives them."""
    if hasattr(game, "named_children"):
        return dict(game.named_children())
    return game.generators() | game.discriminators()


def test_several_inputs_are_shuffled_apart_only_where_they_are_unpaired(twin):
    numbers = np.arange(12, dtype="f4")[:, None]
    more = np.arange(20, dtype="f4")[:, None]

    def seen(first, second, unpaired):
        if twin.name == "torch":
            from gantutor.torch.batches import Arrays

            arrays = Arrays({"a": first, "b": second}, 4, 1, 5, unpaired, "cpu")
            found = [arrays.batches(step)[0] for step in range(6)]
            return [[one[name].flatten().tolist() for name in "ab"] for one in found]
        found = twin.module.batches((first, second), 4, seed=5, unpaired=unpaired).take(6)
        return [[np.ravel(part).tolist() for part in one] for one in found]

    together = seen(numbers, numbers, False)
    assert all(a == b for a, b in together)
    apart = seen(numbers, more, True)
    assert [a for a, _ in apart] == [a for a, _ in together]
    assert all(a != b for a, b in apart)
    of_first = [number for a, _ in apart[:3] for number in a]  # a pass of 3 batches
    of_second = [number for _, b in apart[:5] for number in b]  # and one of 5
    assert sorted(of_first) == list(range(12)) and sorted(of_second) == list(range(20))
    assert apart == seen(numbers, more, True)
    assert all(a != b for a, b in seen(numbers, numbers, True))  # of one length, too
    with pytest.raises(ValueError, match="equally many"):
        seen_by_fit(twin, numbers, more)


def seen_by_fit(twin, first, second):
    images = (small_images(len(first)), small_images(len(second)))
    twin.fit(twin.play(paired(twin), batch_size=4), images, 1)


def test_a_paired_game_learns_its_map(twin):
    sources = small_images(64, seed=3)
    sources[:, :4] = sources[:, :1, :1]  # half of each picture is one flat colour
    game = twin.games.Paired(
        twin.models.unet_generator((8, 8, 1), 1, 8, seed=1), patch(twin, 1, 2), l1=100.0
    )
    trainer = twin.play(
        game,
        batch_size=16,
        generator_optimizer=("adam", {"learning_rate": 5e-3}),
        ema_decay=0.9,
    )
    before = np.abs(trainer.sample(sources) + sources).mean()
    grid = callbacks.SampleGrid(every=60, latents=sources[:3])
    twin.fit(trainer, (sources, -sources), 60, [grid])
    after = np.abs(trainer.sample(sources) + sources).mean()
    assert before > 0.4
    assert after < before / 2
    assert grid.frames[1].shape == (3, 8, 8, 1)
    assert {"g_loss", "g_adversarial", "g_l1", "d_loss"} <= trainer.record.history.keys()
    mistaken = twin.play(paired(twin), batch_size=4)
    for data, message in (
        (sources, "data must be 2 arrays, source, target; got 1"),
        ((sources, sources[1:]), "equally many"),
        ({"source": sources, "goal": sources}, r"must hold \['source', 'target'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            twin.fit(mistaken, data, 1)


def test_a_cycle_game_takes_sets_of_unequal_length(twin):
    dark, bright = small_images(24) / 4 - 0.7, small_images(40) / 4 + 0.7
    trainer = twin.play(cycle(twin), batch_size=8, seed=2)
    trainer.log_every = 1
    twin.fit(trainer, {"second": bright, "first": dark}, 6)
    assert trainer.sample(dark[:2]).shape == (2, 8, 8, 1)
    assert np.isfinite(trainer.record.history["g_cycle"]).all()
    names = ["loss", "first_adversarial", "second_adversarial", "cycle", "identity"]
    assert {n for n in trainer.record.history if n[0] == "g"} == {f"g_{n}" for n in names}
    parts = np.sum([trainer.record.history[f"g_{n}"] for n in names[1:]], axis=0)
    np.testing.assert_allclose(parts, trainer.record.history["g_loss"], rtol=1e-5)


def information_game(twin):
    """InfoGAN (Chen et al. 2016) in brief: a third network tells the first two numbers of z."""
    if twin.name == "torch":
        import torch
        from torch import nn

        class Information(twin.games.GAN):
            def __init__(self, generator, discriminator, head, latent_dim):
                super().__init__(generator, discriminator, latent_dim)
                self.head = head

            def generators(self):
                return {**super().generators(), "head": self.head}

            def generator_loss(self, batch, fake, noise, step):
                error = (self.head(fake) - noise["latents"][:, :2]).square().mean()
                return {**super().generator_loss(batch, fake, noise, step), "information": error}

        head = twin.models.mlp_discriminator((8, 8, 1), 16, seed=3)
        last = nn.Linear(16, 2)
        nn.init.xavier_uniform_(last.weight, generator=torch.Generator().manual_seed(0))
        nn.init.zeros_(last.bias)
        head = nn.Sequential(*list(head)[:-2], last)
    else:
        import keras
        import tensorflow as tf

        class Information(twin.games.GAN):
            def __init__(self, generator, discriminator, head, latent_dim):
                super().__init__(generator, discriminator, latent_dim)
                self.head = head

            def generators(self):
                return {**super().generators(), "head": self.head}

            def generator_loss(self, batch, fake, noise, step):
                error = self.head(fake, training=True) - noise["latents"][:, :2]
                terms = super().generator_loss(batch, fake, noise, step)
                return {**terms, "information": tf.reduce_mean(tf.square(error))}

        layers = keras.layers
        head = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Flatten(),
                layers.Dense(16, "leaky_relu", kernel_initializer=keras.initializers.Zeros()),
                layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed=0)),
            ]
        )
        head.layers[1].kernel.assign(np.random.default_rng(0).normal(0, 0.1, (64, 16)))
    generator = twin.models.mlp_generator((8, 8, 1), 4, 16, seed=1)
    discriminator = twin.models.mlp_discriminator((8, 8, 1), 16, seed=2)
    return Information(generator, discriminator, head, latent_dim=4)


def test_a_game_with_an_extra_head_needs_no_other_trainer(twin, tmp_path):
    rates = {
        f"{side}_optimizer": ("adam", {"learning_rate": 5e-3})
        for side in ("generator", "discriminator")
    }
    trainer = twin.play(information_game(twin), batch_size=16, **rates)
    trainer.log_every = 1
    twin.fit(trainer, small_images(64), 120)
    information = trainer.record.history["g_information"]
    assert information[0] > 0.7  # about the variance of z, which is 1
    assert np.mean(information[-10:]) < 0.35
    assert trainer.sample(3).shape == (3, 8, 8, 1)
    path = tmp_path / "step-00000120.safetensors"
    trainer.save_checkpoint(path)
    other = twin.play(information_game(twin), batch_size=16, **rates)
    other.restore(path)
    weights = [twin.weights(one) for one in (trainer, other)]
    assert any("head" in key for key in weights[0])
    assert all(np.array_equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize("every", [1, 3])
def test_lazy_penalties_count_as_much_in_the_end(twin, every):
    # At every third step three times as much, at the others not at all.
    bench = Bench(twin)
    game = conditional(twin, penalties={"r1": 2.0, "gradient_penalty": 0.5}, penalty_every=every)
    batch = {name: bench.tensor(array) for name, array in BATCHES["conditional"].items()}
    fake, noise = bench.tensor(SECOND), {"mix": bench.tensor(np.full(6, 0.3, "f4"))}
    judge = twin.penalties.Judge(game.discriminator, batch["labels"])
    once = {
        "r1": 2 * float(bench.numpy(twin.penalties.r1(judge, batch["real"]))),
        "gradient_penalty": 0.5
        * float(
            bench.numpy(twin.penalties.gradient_penalty(judge, batch["real"], fake, noise["mix"]))
        ),
    }
    for step in range(5):
        terms = bench.terms(game.discriminator_loss(batch, fake, noise, step))
        due = every if step % every == 0 else 0
        for name, value in once.items():
            assert terms.get(name, 0) == pytest.approx(due * value, rel=1e-4)


def recipes_of_games():
    start = {
        "generator_optimizer": "adam",
        "discriminator_optimizer": ("rmsprop", {}),
        "shape": (8, 8, 1),
        "latent_dim": None,
        "batch_size": 4,
    }
    unet = ("unet", {"width": 4, "source_channels": 1})
    return {
        "paired": Recipe(
            "p",
            unet,
            ("patch", {"source_channels": 1, "layers": 1}),
            ("paired", {"l1": 3}),
            **start,
        ),
        "cycle": Recipe("c", unet, ("patch", {"layers": 1}), "cycle", **start),
    }


@pytest.mark.parametrize("name", ["paired", "cycle"])
def test_recipes_name_games_of_images(twin, name):
    trainer = twin.build(recipes_of_games()[name], seed=4)
    game = trainer.game if twin.name == "torch" else trainer
    assert type(game).__name__.lower() == name
    assert trainer.sample(FIRST).shape == FIRST.shape
    drawn = [twin.apply(network, FIRST) for network in game.generators().values()]
    if name == "cycle":  # four networks, each with first weights of its own
        assert not np.allclose(drawn[0], drawn[1])
        judged = [twin.apply(network, FIRST) for network in game.discriminators().values()]
        assert not np.allclose(judged[0], judged[1])
        assert trainer.settings()["loss"] == "least_squares"
    with pytest.raises(ValueError, match=f"The game '{name}' takes no latent_dim; the recipe"):
        twin.build(recipes_of_games()[name].replace(latent_dim=3))


def test_the_twins_start_a_game_alike():
    torch, keras = (Twin(name) for name in ("torch", "keras"))
    for name, recipe in recipes_of_games().items():
        described = [twin.build(recipe, seed=1).settings() for twin in (torch, keras)]
        for key in ("game", "loss", "penalties", "penalty_every", "seed", "ema_decay"):
            assert described[0][key] == described[1][key], (name, key)


RARE = CLASSES.replace(game={"frequencies": (1, 0, 3)})  # the first class, never the second


def test_classes_are_drawn_in_proportion(twin):
    trainer = twin.build(RARE)
    labels = draw_labels(400, 3, seed=5, frequencies=(1, 0, 3))
    counts = np.bincount(labels, minlength=3)
    assert counts[1] == 0 and 60 < counts[0] < 140  # 100 ± 4.6 standard deviations
    z = np.random.default_rng(0).normal(size=(400, 8)).astype("f4")
    for sampler in (trainer.ema, trainer.current):
        assert np.array_equal(sampler.sample(z, seed=5), sampler.sample(z, labels=labels))
    always = twin.module.Sampler(trainer.ema.network, 8, 3, frequencies=[0, 7, 0])
    assert np.array_equal(always.sample(z), always.sample(z, labels=[1] * 400))
    asked = trainer.sample(z, labels=[1] * 400)  # a class that is never drawn can be asked for
    assert np.array_equal(asked, always.sample(z))


def test_without_frequencies_each_class_is_drawn_equally_often(twin):
    trainer = twin.build(CLASSES)
    z = np.zeros((900, 8), "f4")
    found = np.unique(np.round(trainer.sample(z), 5), axis=0, return_counts=True)[1]
    assert len(found) == 3 and min(found) > 240  # 300 ± 4.2 standard deviations


def test_a_checkpoint_knows_the_frequencies(twin, tmp_path):
    path = tmp_path / "step-00000001.safetensors"
    trainer = twin.build(RARE)
    twin.fit(trainer, small_images(30), 1, labels=np.arange(30) % 3)
    trainer.save_checkpoint(path)
    twin.build(RARE.replace(game={"frequencies": np.array([1.0, 0.0, 3.0])})).restore(path)
    for other in (CLASSES, RARE.replace(game={"frequencies": (1, 1, 1)})):
        with pytest.raises(CheckpointError, match="frequencies"):
            twin.build(other).restore(path)


def test_a_loaded_generator_draws_as_it_was_told(twin, monkeypatch):
    trainer = twin.build(RARE, **twin.on_cpu)
    network = trainer.ema.network
    if twin.name == "torch":
        from gantutor.torch.weights import get_weights

        arrays = get_weights(network)
    else:
        arrays = network.get_weights()
    told = Recipe.from_dict(json.loads(json.dumps(RARE.to_dict()))), arrays
    monkeypatch.setattr(shipped, "load_generator_weights", lambda name: told)
    loaded = twin.module.load_generator("any")
    assert loaded.frequencies == (1.0, 0.0, 3.0)
    assert np.array_equal(loaded.sample(50, seed=2), trainer.sample(50, seed=2))


@pytest.mark.parametrize(
    ("frequencies", "message"),
    [
        ((1, 2), r"frequencies must be 3, one for each class; got shape \[2\]"),
        ((1, -1, 1), "frequencies must be finite, none negative and not all 0"),
        ((1, np.nan, 1), "frequencies must be finite"),
        ((0, 0, 0), "not all 0"),
    ],
)
def test_frequencies_must_fit_the_classes(twin, frequencies, message):
    with pytest.raises(ValueError, match=message):
        twin.build(CLASSES.replace(game={"frequencies": frequencies}))
