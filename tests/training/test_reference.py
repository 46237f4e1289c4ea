"""A loop written out by hand ends in the same bits as the trainer's.

Nothing here comes from the loop under test: unequal learning rates, two steps of D, a falling
rate, a penalty and an average tell a swapped, forgotten or repeated one of each.
"""

import numpy as np
import pytest
from twin import QUICK, small_images

from gantutor.runs import seeds

RATES = {"generator": 2e-3, "discriminator": 5e-3}
RECIPE = QUICK.replace(
    steps=7,
    decay_start=2 / 7,  # the rates fall from step 2 to step 7
    discriminator_steps=2,
    ema_decay=0.4,  # the warm-up, (1 + t) / (10 + t), passes it at step 5
    loss="relativistic",
    penalties={"gradient_penalty": 0.5},
    generator_optimizer={"learning_rate": RATES["generator"]},
    discriminator_optimizer={"learning_rate": RATES["discriminator"]},
)
IMAGES = small_images(80)
SEED = 3


def rows(step, batch, size=16, batches=2):
    """Rows of a step's batch: two passes of 80 // 32 = 2 steps use 64 of 80 examples each."""
    epoch, position = divmod(step, 80 // (size * batches))
    order = seeds.rng(SEED, "order", epoch, 0).permutation(80)
    first = (position * batches + batch) * size
    return order[first : first + size]


def rate_at(step):
    return min(1.0, (7 - step) / 5)


def torch_reference():
    import torch
    from torch.nn.functional import softplus

    from gantutor.torch import models

    g = models.dcgan_generator((8, 8, 1), 8, 4, normalization="batch", seed=SEED)
    d = models.dcgan_discriminator((8, 8, 1), 4, seed=SEED)
    average = [t.clone() for t in g.state_dict().values()]
    g_adam = torch.optim.Adam(g.parameters(), 2e-3, (0.5, 0.999), eps=1e-8, fused=True)
    d_adam = torch.optim.Adam(d.parameters(), 5e-3, (0.5, 0.999), eps=1e-8, fused=True)
    data, losses = torch.from_numpy(IMAGES), []
    for step in range(7):
        draw = torch.Generator().manual_seed(seeds.number(SEED, "noise", step))
        g_adam.param_groups[0]["lr"] = 2e-3 * rate_at(step)
        d_adam.param_groups[0]["lr"] = 5e-3 * rate_at(step)
        for batch in range(2):
            real = data[rows(step, batch)].permute(0, 3, 1, 2)
            z, mix = torch.randn(16, 8, generator=draw), torch.rand(16, generator=draw)
            fake = g(z)
            logits = d(torch.cat([real, fake.detach()]))
            between = mix[:, None, None, None] * real + (1 - mix[:, None, None, None]) * fake
            between = between.detach().requires_grad_()
            (slope,) = torch.autograd.grad(d(between).sum(), between, create_graph=True)
            norm = (slope.flatten(1).square().sum(1) + 1e-16).sqrt()
            penalty = 0.5 * (norm - 1).square().mean()
            adversarial = softplus(-(logits[:16] - logits[16:])).mean()
            d_adam.zero_grad()
            (adversarial + penalty).backward()
            d_adam.step()
        g_adam.zero_grad()
        g_loss = softplus(-(d(fake) - d(real))).mean()
        g_loss.backward()
        g_adam.step()
        decay = min(0.4, (1 + step) / (10 + step))
        for old, new in zip(average, g.state_dict().values(), strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - decay)
        losses.append(((adversarial + penalty).item(), g_loss.item()))
    g_weights = [t.numpy() for t in g.state_dict().values()]
    d_weights = [t.detach().numpy() for t in d.parameters()]
    return g_weights, d_weights, [t.numpy() for t in average], losses


def keras_reference():
    import tensorflow as tf

    from gantutor.keras import models, optimizers

    g = models.dcgan_generator((8, 8, 1), 8, 4, normalization="batch", seed=SEED)
    d = models.dcgan_discriminator((8, 8, 1), 4, seed=SEED)
    average = [v.numpy() for v in g.variables]
    g_adam = optimizers.Adam(2e-3, 0.5, 0.999, 1e-8)
    d_adam = optimizers.Adam(5e-3, 0.5, 0.999, 1e-8)
    for adam, model in ((g_adam, g), (d_adam, d)):
        adam.build(model.trainable_variables)
    base = [seeds.number(SEED, "noise", k) for k in range(2)]

    # Eager: of one graph in ten of such a penalty, written out, TensorFlow 2.21 computes a wrong
    # gradient (its pass `arithmetic_optimization` lets it see the weights of after the step).
    def update(parts, step, factor):
        g_adam._learning_rate.assign(2e-3 * factor)
        d_adam._learning_rate.assign(5e-3 * factor)
        keys = tf.random.split(tf.random.fold_in(base, step), 2)
        for batch in range(2):
            real = parts[batch]
            first, second, _ = tf.unstack(tf.random.split(keys[batch], 3))
            z = tf.random.stateless_normal([16, 8], first)
            mix = tf.random.stateless_uniform([16], second)[:, None, None, None]
            with tf.GradientTape() as g_tape:
                fake = g(z, training=True)
            with tf.GradientTape() as tape:
                real_logits, fake_logits = tf.split(d(tf.concat([real, fake], 0)), 2)
                between = mix * real + (1 - mix) * fake
                with tf.GradientTape() as inner:
                    inner.watch(between)
                    total = tf.reduce_sum(d(between))
                slope = tf.reshape(inner.gradient(total, between), [16, -1])
                norm = tf.sqrt(tf.reduce_sum(tf.square(slope), 1) + 1e-16)
                d_loss = tf.reduce_mean(tf.nn.softplus(-(real_logits - fake_logits)))
                d_loss += 0.5 * tf.reduce_mean(tf.square(norm - 1))
            d_adam.apply(tape.gradient(d_loss, d.trainable_variables), d.trainable_variables)
        with tf.GradientTape() as tape:
            tape.watch(fake)
            g_loss = tf.reduce_mean(tf.nn.softplus(-(d(fake) - d(real))))
        advice = tape.gradient(g_loss, fake)
        slopes = g_tape.gradient(fake, g.trainable_variables, output_gradients=advice)
        g_adam.apply(slopes, g.trainable_variables)
        return d_loss, g_loss

    losses = []
    for step in range(7):
        parts = [tf.constant(IMAGES[rows(step, batch)]) for batch in range(2)]
        found = update(parts, tf.constant(step, tf.int64), tf.constant(rate_at(step)))
        losses.append(tuple(float(value) for value in found))
        decay = np.float32(min(0.4, (1 + step) / (10 + step)))
        average = [
            a + (1 - decay) * (v.numpy() - a) for a, v in zip(average, g.variables, strict=True)
        ]
    return [v.numpy() for v in g.variables], [v.numpy() for v in d.variables], average, losses


@pytest.fixture(scope="module", params=["torch", "keras"])
def both(request):
    """The twin, its trainer after seven steps, and the reference's weights and losses."""
    from twin import Twin

    twin = Twin(request.param)
    trainer = twin.build(RECIPE, SEED, **twin.on_cpu)
    trainer.log_every = 1
    twin.fit(trainer, IMAGES, 7)
    reference = torch_reference if twin.name == "torch" else keras_reference
    return twin, trainer, *reference()


def found(twin, network):
    if twin.name == "torch":
        return [t.numpy() for t in network.state_dict().values()]
    return [v.numpy() for v in network.variables]


def agree(twin, these, those):
    for here, there in zip(these, those, strict=True):
        if twin.name == "torch":
            assert np.array_equal(here, there)
        else:  # a graph may fuse what runs one by one here
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-6)


def test_both_networks_end_as_by_hand(both):
    twin, trainer, g, d, _, _ = both
    agree(twin, found(twin, twin.network(trainer)), g)
    # Under a relativistic loss D's last bias has no gradient but rounding, which Adam magnifies.
    exact = None if twin.name == "torch" else -1
    agree(twin, found(twin, twin.network(trainer, "discriminator"))[:exact], d[:exact])


def test_the_average_ends_as_by_hand(both):
    twin, trainer, g, _, average, _ = both
    agree(twin, found(twin, trainer.ema.network), average)
    assert max(np.abs(a - b).max() for a, b in zip(average, g, strict=True)) > 1e-4


def test_every_loss_is_recorded_as_by_hand(both):
    _, trainer, _, _, _, losses = both
    assert trainer.record.steps["d_loss"] == [1, 2, 3, 4, 5, 6, 7]
    recorded = list(
        zip(trainer.record.history["d_loss"], trainer.record.history["g_loss"], strict=True)
    )
    np.testing.assert_allclose(recorded, losses, rtol=1e-4)
    terms = trainer.record.history
    total = np.add(terms["d_adversarial"], terms["d_gradient_penalty"])
    np.testing.assert_allclose(total, terms["d_loss"], rtol=1e-5)


def test_samples_come_from_the_average(both):
    twin, trainer, *_ = both
    z = seeds.rng(5, "latents").standard_normal((4, 8), dtype=np.float32)
    samples = trainer.sample(4, seed=5)
    assert np.array_equal(samples, twin.apply(trainer.ema.network, z))
    assert not np.allclose(samples, twin.apply(twin.network(trainer), z), atol=1e-4)
    assert np.array_equal(trainer.current.sample(4, seed=5), twin.apply(twin.network(trainer), z))
