"""The TensorFlow tutorial's DCGAN, written from its published description."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def tutorial_networks():
    """Return its generator, 100 → 28×28×1, and its discriminator, 28×28×1 → logit."""
    generator = keras.Sequential(
        [
            keras.Input([100]),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape([7, 7, 256]),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(
                1, 5, strides=2, padding="same", use_bias=False, activation="tanh"
            ),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input([28, 28, 1]),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    return generator, discriminator


def tutorial_step(generator, discriminator, optimizers, latent_dim):
    """Return the tutorial's compiled training step, a `tf.function` of a batch of real images."""
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer, discriminator_optimizer = optimizers

    @tf.function
    def step(real):
        noise = tf.random.normal([tf.shape(real)[0], latent_dim])
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = generator(noise, training=True)
            real_logits = discriminator(real, training=True)
            fake_logits = discriminator(fake, training=True)
            generator_loss = cross_entropy(tf.ones_like(fake_logits), fake_logits)
            discriminator_loss = cross_entropy(tf.ones_like(real_logits), real_logits)
            discriminator_loss += cross_entropy(tf.zeros_like(fake_logits), fake_logits)
        variables = generator.trainable_variables
        gradients = generator_tape.gradient(generator_loss, variables)
        generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
        variables = discriminator.trainable_variables
        gradients = discriminator_tape.gradient(discriminator_loss, variables)
        discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))

    return step


def tutorial_batches(images, batch_size, seed):
    """Return the tutorial's data set: resident images, shuffled anew in each pass."""
    dataset = tf.data.Dataset.from_tensor_slices(images)
    return dataset.shuffle(len(images), seed=seed).batch(batch_size, drop_remainder=True)


def tutorial_dcgan(watch, images, labels, seed, seconds):
    """Train it, batch 256, Adam 1e-4, until `watch`, which is told of every step, ends the run."""
    keras.utils.set_random_seed(seed)
    generator, discriminator = tutorial_networks()
    optimizers = [keras.optimizers.Adam(1e-4) for _ in range(2)]
    step = tutorial_step(generator, discriminator, optimizers, latent_dim=100)

    def sample(count):
        noise = np.random.default_rng(0).standard_normal([count, 100], np.float32)
        chunks = [generator(noise[i : i + 500], training=False) for i in range(0, count, 500)]
        return np.concatenate(chunks)

    while True:
        for real in tutorial_batches(images, 256, seed):
            step(real)
            watch.step(sample)
