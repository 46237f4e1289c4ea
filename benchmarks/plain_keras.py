"""A GAN's training loop as the TensorFlow tutorial writes it, for the mathematics of `GAN`."""

import keras
import tensorflow as tf


class PlainLoop:
    """Trains two networks with a `tf.function` that a Python loop calls for every batch.

    The tutorial updates both networks at once; here the generator moves second, judged by the
    updated discriminator, as in the project's models.

    Parameters
    ----------
    generator, discriminator : keras.Model
        The discriminator ends in logits [N].
    recipe : gantutor.recipes.Recipe
        For the batch size, the learning rates, the moments' decay rates and the length of z.
    """

    def __init__(self, generator, discriminator, recipe):
        self.generator, self.discriminator, self.recipe = generator, discriminator, recipe
        self.generator_optimizer, self.discriminator_optimizer = (
            keras.optimizers.Adam(
                part.settings["learning_rate"], *part.settings["betas"], epsilon=1e-8
            )
            for part in (recipe.generator_optimizer, recipe.discriminator_optimizer)
        )
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def update(self, real, latents):
        """Update the discriminator, then the generator."""
        generator, discriminator = self.generator, self.discriminator
        with tf.GradientTape() as generator_tape:
            fake = generator(latents, training=True)
            with tf.GradientTape() as discriminator_tape:
                real_logits = discriminator(real, training=True)
                fake_logits = discriminator(tf.stop_gradient(fake), training=True)
                loss = self.cross_entropy(tf.ones_like(real_logits), real_logits)
                loss += self.cross_entropy(tf.zeros_like(fake_logits), fake_logits)
            variables = discriminator.trainable_variables
            gradients = discriminator_tape.gradient(loss, variables)
            self.discriminator_optimizer.apply_gradients(zip(gradients, variables, strict=True))
            fake_logits = discriminator(fake, training=True)
            loss = self.cross_entropy(tf.ones_like(fake_logits), fake_logits)
        variables = generator.trainable_variables
        gradients = generator_tape.gradient(loss, variables)
        self.generator_optimizer.apply_gradients(zip(gradients, variables, strict=True))

    @tf.function
    def step(self, real):
        """Draw latent vectors and update."""
        self.update(real, tf.random.normal([tf.shape(real)[0], self.recipe.latent_dim]))

    def fit(self, images, steps):
        """Run `steps` updates."""
        dataset = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images))
        dataset = dataset.batch(self.recipe.batch_size, drop_remainder=True).repeat()
        for real in dataset.take(steps):
            self.step(real)
