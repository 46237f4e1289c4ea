"""What a user can hand in: optimisers, losses, penalties, data, numbers, callbacks, precision."""

import contextlib
import importlib
import warnings

import numpy as np
import pytest
from twin import CLASSES, QUICK, assert_same_bits, small_images

from gantutor.runs import callbacks
from gantutor.runs.checkpoint import (
    CheckpointError,
    checkpoint_path,
    checkpoint_step,
    list_checkpoints,
)
from gantutor.runs.order import Order

IMAGES = small_images(80)
LABELS = np.arange(80) % 3


def plain_game(twin, **more):
    make = twin.models
    return twin.games.GAN(
        make.mlp_generator((8, 8, 1), 8, 8, seed=1),
        make.mlp_discriminator((8, 8, 1), 8, seed=2),
        latent_dim=8,
        **more,
    )


def rmsprop(twin, game, how, side):
    if twin.name == "torch":
        import torch

        def make(parameters):
            return torch.optim.RMSprop(parameters, lr=1e-3)

        return make if how == "function" else make(list(getattr(game, side).parameters()))
    import keras

    return (lambda: keras.optimizers.RMSprop(1e-3)) if how == "function" else (
        keras.optimizers.RMSprop(1e-3)
    )  # fmt: skip


def test_optimisers_losses_and_penalties_of_ones_own(twin, tmp_path):
    if twin.name == "torch":
        import torch

        mean = torch.mean
    else:
        import tensorflow as tf

        mean = tf.reduce_mean

    def brightness(judge, real, fake, noise):
        return mean(real * real)

    def square(logits):
        return mean(logits * logits)

    loss = twin.losses.Loss(
        "mine",
        lambda real, fake: square(real - 2) + square(fake),
        lambda fake, real: square(fake - real),
        paired=True,
    )

    def made():
        game = plain_game(twin, loss=loss, penalties={brightness: 2.0, "r1": 0.1})
        chosen = {
            "generator_optimizer": rmsprop(twin, game, "object", "generator"),
            "discriminator_optimizer": rmsprop(twin, game, "function", "discriminator"),
        }
        return twin.play(game, batch_size=80, **chosen)

    trainer = made()
    trainer.log_every = 1
    twin.fit(trainer, IMAGES, 3)
    record = trainer.record.history
    expected = 2 * (IMAGES.astype("f8") ** 2).mean()  # the batch is all images
    assert record["d_brightness"] == pytest.approx([expected] * 3, rel=1e-4)
    total = np.sum([record[f"d_{n}"] for n in ("adversarial", "brightness", "r1")], axis=0)
    np.testing.assert_allclose(total, record["d_loss"], rtol=1e-5)
    described = trainer.settings()
    assert described["loss"] == "mine"
    assert described["generator_optimizer"]["name"] == "RMSprop"
    assert described["discriminator_optimizer"]["name"] == "RMSprop"
    path = checkpoint_path(tmp_path, 3)
    trainer.save_checkpoint(path)
    twin.fit(trainer, IMAGES, 2)
    again = made()
    again.restore(path)
    twin.fit(again, IMAGES, 2)
    assert_same_bits(twin.weights(trainer), twin.weights(again))
    with pytest.raises(CheckpointError, match="loss is 'mine' there and 'hinge' here"):
        twin.play(plain_game(twin, loss="hinge", penalties={"r1": 0.1})).restore(path)


def test_an_optimiser_of_other_parameters_is_refused(twin):
    game, other = plain_game(twin), plain_game(twin)
    wrong = rmsprop(twin, other, "object", "generator")
    if twin.name == "keras":
        wrong.build(other.generator.trainable_variables)
    with pytest.raises(ValueError, match="must hold the parameters of its side"):
        twin.play(game, generator_optimizer=wrong)
    with pytest.raises(ValueError, match=r"Unknown optimizer 'adamm'\. Did you mean 'adam'"):
        twin.play(plain_game(twin), generator_optimizer="adamm")
    with pytest.raises(ValueError, match="setting of the optimizer 'sgd' 'betas'"):
        twin.play(plain_game(twin), generator_optimizer=("sgd", {"betas": (0, 1)}))
    with pytest.raises(ValueError, match=r"[Ll]earning rate.*-0\.001"):
        twin.play(plain_game(twin), discriminator_optimizer=("adam", {"learning_rate": -1e-3}))


def test_penalties_need_names_of_their_own(twin):
    def r1(judge, real, fake, noise):
        return real.mean()

    def adversarial(judge, real, fake, noise):
        return real.mean()

    for penalties in ({r1: 1.0, "r1": 1.0}, {adversarial: 1.0}):
        with pytest.raises(ValueError, match="penalty needs a name of its own"):
            plain_game(twin, penalties=penalties)
    for weight in (0, -1, np.nan, np.inf, True, "1", None):
        with pytest.raises(ValueError, match="weight of penalty 'r1' must be positive and finite"):
            plain_game(twin, penalties={"r1": weight})


def test_several_averages_each_follow_their_formula(twin):
    trainer = twin.play(plain_game(twin), batch_size=16, ema_decay=(0.15, 0.0))
    seen = [network_weights(twin, trainer.current.network)]

    class Keeps(callbacks.Callback):
        def on_step_end(self, run):
            seen.append(network_weights(twin, run.current.network))

    twin.fit(trainer, IMAGES, 4, [Keeps()])
    for average, decay in zip(trainer.averages, (0.15, 0.0), strict=True):
        expected = seen[0]
        for step, weights in enumerate(seen[1:]):
            # 1/10, then 2/11, which 0.15 is less than
            share = min(decay, (1 + step) / (10 + step))
            expected = [share * old + (1 - share) * new
                        for old, new in zip(expected, weights, strict=True)]  # fmt: skip
        for found, wanted in zip(network_weights(twin, average.network), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    assert trainer.ema is trainer.averages[0]
    for wrong in ((), 1.0, -0.1, (0.9, 1.0), np.nan):
        with pytest.raises(ValueError, match=r"ema_decay must lie in \[0, 1\)"):
            twin.play(plain_game(twin), ema_decay=wrong)


def network_weights(twin, network):
    if twin.name == "torch":
        return [value.cpu().numpy().copy() for value in network.state_dict().values()]
    return [value.numpy() for value in network.variables]


def fed(twin, trainer, start, data, labels=None):
    """What the weights are after six steps from the start."""
    trainer.restore(start)
    twin.fit(trainer, data, 6, labels=labels)
    return twin.weights(trainer)


def as_data_set(twin):
    """The batches that arrays would give with seed 1, as the framework's own kind of data."""
    if twin.name == "keras":
        return twin.module.batches(IMAGES, 16, seed=1, labels=LABELS)
    import torch

    order = Order(80, 16, seed=1)
    tensors = torch.from_numpy(IMAGES).permute(0, 3, 1, 2), torch.from_numpy(LABELS)
    rows = [order.rows(step).tolist() for step in range(6)]
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_sampler=rows)


def test_maps_and_data_sets_train_to_the_bits_of_arrays(twin, tmp_path):
    # Images are read from a file and labels lie in memory: each image must keep its label.
    np.save(tmp_path / "images.npy", IMAGES)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    trainer, start = twin.build(CLASSES, seed=1), checkpoint_path(tmp_path, 0)
    trainer.save_checkpoint(start)
    arrays = fed(twin, trainer, start, IMAGES, LABELS)
    assert_same_bits(arrays, fed(twin, trainer, start, mapped, LABELS))
    assert_same_bits(arrays, fed(twin, trainer, start, as_data_set(twin)))


def test_data_sets_that_do_not_fit_are_refused(twin):
    trainer = twin.build(CLASSES)
    if twin.name == "keras":
        import tensorflow as tf

        wrong = (LABELS + 1).astype("int64")
        for data, error, message in (
            (twin.module.batches(IMAGES, 16), ValueError, "must hold real, labels"),
            (
                tf.data.Dataset.from_tensor_slices({"real": IMAGES, "label": wrong}).batch(16),
                ValueError,
                "must hold real, labels",
            ),
            (
                tf.data.Dataset.from_tensor_slices((IMAGES, wrong)).batch(16),
                tf.errors.InvalidArgumentError,
                "labels must lie in 0 … 2",
            ),
        ):
            with pytest.raises(error, match=message):
                twin.fit(trainer, data, 3)
        with pytest.raises(ValueError, match="A data set holds its labels"):
            trainer.fit(twin.module.batches(IMAGES, 16), LABELS, steps_per_epoch=1)
        return
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    nchw, labels = torch.from_numpy(IMAGES).permute(0, 3, 1, 2), torch.from_numpy(LABELS)
    for tensors, error, message in (
        ((nchw,), ValueError, "must hold real, labels; got 1 tensors"),
        ((nchw, labels + 1), ValueError, "labels must lie in 0 … 2"),
        ((nchw.clamp(min=0), labels), ValueError, r"looks like \[0, 1\]"),
        (((nchw * 127).to(torch.uint8), labels), TypeError, "uint8"),
    ):
        with pytest.raises(error, match=message):
            trainer.fit(DataLoader(TensorDataset(*tensors), 16), 3)
    with pytest.raises(ValueError, match="gives no batch"):
        trainer.fit(DataLoader(TensorDataset(nchw[:3], labels[:3]), 16, drop_last=True), 3)
    assert trainer.step == 0


@pytest.mark.parametrize("how", ["sampler", "batch_sampler"])
def test_a_sampler_is_told_each_pass(how):
    import torch
    from torch.utils.data import BatchSampler, DataLoader, Sampler

    from gantutor.torch.batches import Loaded
    from gantutor.torch.games import GAN

    class Turned(Sampler):
        epoch = -1

        def __len__(self):
            return 4

        def __iter__(self):
            return iter([(k + self.epoch) % 4 for k in range(4)])

        def set_epoch(self, epoch):
            assert epoch == self.epoch + 1
            self.epoch = epoch

    numbers = torch.arange(4.0)[:, None] / 4
    more = {
        "sampler": {"sampler": Turned(), "batch_size": 2},
        "batch_sampler": {"batch_sampler": BatchSampler(Turned(), 2, drop_last=False)},
    }[how]
    game = GAN(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1), 1)
    loaded = Loaded(DataLoader(numbers, **more), game, 2, "cpu")
    passes = [torch.cat([b["real"] for b in loaded.batches(k)])[:, 0] * 4 for k in range(3)]
    assert [rows.tolist() for rows in passes] == [[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1]]


def test_a_last_batch_too_small_for_every_step_of_d_is_left_out():
    tf = pytest.importorskip("tensorflow")
    from twin import Twin

    game = Twin("keras").build(QUICK.replace(discriminator_steps=2))
    data = tf.data.Dataset.from_tensor_slices(IMAGES[:49]).batch(16)  # 16, 16, 16 and 1
    with pytest.warns(UserWarning, match="ran out of data"):  # Keras cannot know its length
        game.fit(data, verbose=0)
    assert game.step == 3
    assert np.isfinite(game.record.history["d_loss"]).all()


def test_views_and_read_only_arrays_are_taken_as_they_are(twin):
    flipped, frozen = IMAGES[:, :, ::-1], IMAGES[:, :, ::-1].copy()
    frozen.setflags(write=False)
    latents = np.random.default_rng(0).normal(size=(5, 8)).astype("f4")
    still = latents.copy()
    still.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        trainer = twin.build(QUICK)
        twin.fit(trainer, flipped, 2)
        other = twin.build(QUICK)
        twin.fit(other, frozen, 2)
        assert_same_bits(twin.weights(trainer), twin.weights(other))
        assert np.array_equal(trainer.sample(latents[::-1]), trainer.sample(latents[::-1].copy()))
        assert np.array_equal(trainer.sample(still), trainer.sample(latents))


def test_frozen_layers_stay_frozen(twin):
    built = plain_game(twin)
    network = built.discriminator
    if twin.name == "torch":
        layer = next(m for m in network.modules() if hasattr(m, "weight"))
        layer.requires_grad_(False)
    else:
        layer = next(one for one in network.layers if one.weights)
        layer.trainable = False
    held = network_weights(twin, layer)
    before = network_weights(twin, network)
    trainer = twin.play(built, batch_size=16)
    twin.fit(trainer, IMAGES, 3)
    for old, new in zip(held, network_weights(twin, layer), strict=True):
        assert np.array_equal(old, new)
    moved = [not np.array_equal(a, b)
             for a, b in zip(before, network_weights(twin, network), strict=True)]  # fmt: skip
    assert sum(moved) == len(before) - len(held)
    if twin.name == "torch":
        assert not any(parameter.requires_grad for parameter in layer.parameters())


def test_real_and_fake_are_judged_apart_where_examples_mix(twin):
    if twin.name == "torch":
        import torch
        from torch import nn

        inner = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU())
        network = nn.Sequential(nn.Sequential(inner), nn.Linear(6, 1), nn.Flatten(0))
        plain = nn.Sequential(nn.Linear(4, 1), nn.LayerNorm(1))
        tensor, apply, number = torch.from_numpy, network, lambda t: t.detach().numpy()
    else:
        import keras
        import tensorflow as tf

        kinds = keras.layers
        inner = keras.Sequential([kinds.Dense(6), kinds.BatchNormalization(), kinds.ReLU()])
        network = keras.Sequential(
            [keras.Input((4,)), keras.Sequential([inner]), kinds.Dense(1), kinds.Flatten()]
        )
        plain = keras.Sequential([keras.Input((4,)), kinds.Dense(1), kinds.LayerNormalization()])
        tensor, number = tf.constant, np.asarray

        def apply(x):
            return network(x, training=True)

    rng = np.random.default_rng(0)
    real, fake = (tensor(rng.normal(k, 1, (8, 4)).astype("f4")) for k in (0, 3))
    judge = twin.penalties.Judge(network)
    found = twin.penalties.compare(judge, real, fake, {}, {})[:2]
    for logits, batch in zip(found, (real, fake), strict=True):
        np.testing.assert_allclose(number(logits), number(apply(batch)), rtol=1e-5)
    assert twin.layers.mixes_examples(network)
    assert not twin.layers.mixes_examples(plain)


def test_integer_states_and_single_examples_train(twin):
    # Keras's Dropout holds an integer; PyTorch's batch normalisation counts its batches.
    if twin.name == "torch":
        from torch import nn

        generator = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 2))
        discriminator = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    else:
        import keras

        kinds = keras.layers
        generator = keras.Sequential(
            [
                keras.Input((3,)),
                kinds.Dense(6),
                kinds.BatchNormalization(),
                kinds.Dropout(0.5, seed=1),
                kinds.Dense(2),
            ]
        )
        discriminator = keras.Sequential([keras.Input((2,)), kinds.Dense(1), kinds.Reshape(())])
    points = np.random.default_rng(0).normal(size=(50, 2)).astype("f4")
    trainer = twin.play(twin.games.GAN(generator, discriminator, latent_dim=3), batch_size=4)
    twin.fit(trainer, points, 3)
    samples = trainer.sample(1)
    assert samples.shape == (1, 2) and np.isfinite(samples).all()
    assert np.array_equal(samples, trainer.sample(1))  # no dropout where samples are drawn
    one = twin.build(QUICK.replace(batch_size=1))
    twin.fit(one, IMAGES[:1], 2)
    assert one.step == 2


def test_callbacks_can_come_from_a_generator(twin):
    grid = callbacks.SampleGrid(every=2, latents=1)
    bar = callbacks.ProgressBar()
    twin.fit(twin.build(QUICK), IMAGES, 4, (one for one in (grid, bar)))
    assert grid.steps == [0, 2, 4]


def test_numpy_numbers_are_settings_like_others(twin, tmp_path):
    recipe = QUICK.replace(
        latent_dim=np.arange(8, 9)[0],
        batch_size=np.int64(16),
        discriminator_steps=np.int32(1),
        steps=np.int64(4),
        decay_start=np.float32(0.5),
        ema_decay=np.float64(0.5),
        learning_rate=np.float32(1e-3),
        shape=np.array([8, 8, 1]),
        generator={"width": np.int16(4)},
        penalties={"r1": np.float32(0.25)},
    )
    trained = twin.train(
        recipe,
        IMAGES,
        seed=np.int64(3),
        callbacks=[callbacks.Checkpoint(tmp_path, every=np.int64(2))],
    )
    assert [checkpoint_step(path) for path in list_checkpoints(tmp_path)] == [2, 4]
    again = twin.train(recipe, IMAGES, seed=3, resume=list_checkpoints(tmp_path)[1])
    assert_same_bits(twin.weights(trained), twin.weights(again))
    if twin.name == "torch":
        numbers = {"batch_size": np.int64(16), "decay": (np.int64(1), np.int64(3))}
        numbers |= {"seed": np.int64(1), "ema_decay": np.array([0.5, 0.75])}
        trainer = twin.play(plain_game(twin, penalty_every=np.int64(2)), **numbers)
        trainer.save_checkpoint(tmp_path / "own.safetensors")


def test_seeds_that_are_none_are_refused(twin):
    for seed, error in ((-1, ValueError), (1.5, TypeError), ("0", TypeError), (None, TypeError)):
        with pytest.raises(error, match="seed must be a whole number"):
            twin.build(QUICK, seed)
    assert twin.build(QUICK, 2**70).sample(1).shape == (1, 8, 8, 1)


def test_points_for_an_image_recipe_are_refused(twin):
    with pytest.raises(ValueError, match=r"as the recipe's shape says, 8 × 8 pixels.*; got \[2\]"):
        twin.train(QUICK, np.zeros((80, 2), "f4"))
    with pytest.raises(ValueError, match=r"A step needs 80 examples .*; got 50"):
        twin.train(QUICK.replace(discriminator_steps=5), IMAGES[:50])
    with pytest.raises(ValueError, match=r"steps.* must be a whole number of at least 1; got 0"):
        twin.fit(twin.build(QUICK), IMAGES, 0)


def test_samples_are_drawn_a_part_at_a_time(twin, monkeypatch):
    sampling = importlib.import_module(f"gantutor.{twin.name}.sampling")
    monkeypatch.setattr(sampling, "CHUNK", 4)
    sizes = []
    network = plain_game(twin).generator
    if twin.name == "torch":
        network.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
        called = network
    else:

        def called(inputs, training):
            sizes.append(len(inputs))
            return network(inputs, training=training)

    sampler = twin.module.Sampler(called, latent_dim=8)
    z = np.random.default_rng(0).normal(size=(10, 8)).astype("f4")
    samples = sampler.sample(z)
    assert sizes == [4, 4, 2]
    np.testing.assert_allclose(samples[9:], sampler.sample(z[9:]), atol=1e-6)


def test_sampling_leaves_each_module_in_its_mode():
    torch = pytest.importorskip("torch")
    from gantutor.torch.sampling import Sampler

    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout()).train()
    network[0].eval()

    class Fails(torch.nn.Module):
        def forward(self, x):
            raise RuntimeError("no")

    Sampler(network, 2).sample(3)
    assert [m.training for m in network.modules()] == [True, False, True]
    broken = torch.nn.Sequential(network, Fails()).train()
    with pytest.raises(RuntimeError):
        Sampler(broken, 2).sample(3)
    assert broken.training


def test_a_shipped_generator_goes_on_learning(twin):
    # Its moving statistics are those of digits; of other images they must become others.
    sampler = twin.module.load_generator("digits")
    discriminator = twin.models.dcgan_discriminator((28, 28, 1), 4, classes=10, seed=2)
    game = twin.games.Conditional(
        sampler.network, discriminator, latent_dim=sampler.latent_dim, classes=10
    )
    trainer = twin.play(game, batch_size=16)
    before = network_weights(twin, sampler.network)
    images = small_images(32, side=28)
    twin.fit(trainer, images, 2, labels=np.arange(32) % 10)
    after = network_weights(twin, sampler.network)
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
               if a.ndim)  # fmt: skip


def test_autocast_trains_with_penalties_in_full_precision():
    torch = pytest.importorskip("torch")
    from twin import Twin

    twin = Twin("torch")
    penalties = {"r1": 1.0, "r2": 0.5, "gradient_penalty": 1.0, "finite_r1": 1.0}
    recipe = QUICK.replace(penalties=penalties)
    trainers = [twin.build(recipe), twin.build(recipe)]
    for trainer, half in zip(trainers, (True, False), strict=True):
        trainer.log_every = 1
        context = torch.autocast(trainer.device.type, torch.bfloat16)
        with context if half else contextlib.nullcontext():
            trainer.fit(IMAGES, 3)
    half, full = (trainer.record.history for trainer in trainers)
    assert all(p.dtype == torch.float32 for p in trainers[0].game.parameters())
    for name in ("d_r1", "d_r2", "d_gradient_penalty"):
        np.testing.assert_allclose(half[name][0], full[name][0], rtol=2e-2)
    assert half["d_loss"] != full["d_loss"]  # half precision was on
    assert all(np.isfinite(values).all() for values in half.values())


@pytest.mark.parametrize(
    "policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_mixed_precision_trains_in_keras(policy):
    keras = pytest.importorskip("keras")
    from twin import Twin

    twin, before = Twin("keras"), keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        small = ("mlp", {"width": 4})
        recipe = CLASSES.replace(generator=small, discriminator=small, penalties={"r1": 1.0})
        game = twin.build(recipe)
        game.log_every = 1
        start = twin.weights(game)
        twin.fit(game, IMAGES, 6, labels=LABELS)
    finally:
        keras.config.set_dtype_policy(before)
    wrapped = isinstance(game.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert wrapped == (policy == "mixed_float16")
    assert game.generator.layers[0].compute_dtype == policy.removeprefix("mixed_")
    assert all(np.isfinite(values).all() for values in game.record.history.values())
    after = twin.weights(game)
    for side in ("generator", "discriminator"):
        assert not np.array_equal(start[f"game.{side}.000"], after[f"game.{side}.000"])
    assert game.sample(3).dtype == np.float32
