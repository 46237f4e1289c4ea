"""Compare the speed of Keras's compiled `fit` with the loop of the TensorFlow tutorial.

    python benchmarks/throughput_keras.py                  # about five minutes
    python benchmarks/throughput_keras.py --seconds 1      # a smoke test

Same networks, batch and update: the comparison begins with a check that both arrive at the same
weights from the same numbers. Runs alternate, so that what else the machine does falls on both
sides alike. `GAN` also keeps a moving average of the generator, which the tutorial does not.
"""

import argparse
import os
import statistics

import keras
import numpy as np
import tensorflow as tf
from common import write_results
from plain_keras import PlainLoop
from speeds import paired_speeds

from gantutor import recipes
from gantutor.data import load_digits
from gantutor.keras import Trainer, batches, building

RECIPE = recipes.get("dcgan")
PAIRS = 7


class Project:
    """The package's GAN with the interface of `PlainLoop`."""

    def __init__(self):
        self.gan = Trainer.from_recipe(RECIPE)

    def fit(self, images, steps):
        dataset = batches(images, RECIPE.batch_size)
        self.gan.fit(dataset, steps_per_epoch=steps, verbose=0)


def plain_loop():
    return PlainLoop(building.generator(RECIPE), building.discriminator(RECIPE), RECIPE)


def check_same_mathematics(images):
    """Fail unless three updates from the same numbers give the same weights.

    By gradient descent: Adam's first updates go by the gradient's sign, and rounding decides the
    sign of the smallest.
    """
    loop, gan = plain_loop(), Trainer.from_recipe(RECIPE)
    size, players = RECIPE.batch_size, ("generator", "discriminator")
    for name in players:
        setattr(loop, f"{name}_optimizer", keras.optimizers.SGD(0.1))
    gan.compile(**{f"{name}_optimizer": keras.optimizers.SGD(0.1) for name in players})
    for step in range(3):
        real = tf.constant(images[step * size : (step + 1) * size])
        latents = tf.random.stateless_normal([size, RECIPE.latent_dim], [0, step])
        loop.update(real, latents)
        batch, noise = {"real": real}, {"latents": latents}
        with tf.GradientTape() as tape:  # one set of fakes for both steps, as in `fit`
            fake = gan.draw(batch, noise)
            with tape.stop_recording():
                gan.discriminator_step(batch, fake, noise)
            loss = sum(gan.generator_loss(batch, fake, noise, step).values())
        variables = gan.parameters("generator")
        gan.generator_optimizer.apply(tape.gradient(loss, variables), variables)
    for name in players:
        ours, theirs = getattr(gan, name), getattr(loop, name)
        for first, second in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
            np.testing.assert_allclose(first, second, rtol=0, atol=1e-6)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12, help="length of one measurement")
    seconds = parser.parse_args().seconds
    keras.utils.set_random_seed(0)
    images, _ = load_digits()
    check_same_mathematics(images)
    pairs = paired_speeds(Project, plain_loop, images, seconds, PAIRS)
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"fit / tutorial's loop, {PAIRS} pairs: {[round(r, 2) for r in ratios]}")
    print(
        f"faster in {sum(r > 1 for r in ratios)} of {PAIRS}, median {statistics.median(ratios):.2f}"
    )
    write_results(
        "throughput_keras",
        {
            "recipe": RECIPE.to_dict(),
            "threads": os.environ.get("OMP_NUM_THREADS", "all"),
            "steps_per_second": {"fit, tutorial": pairs},
            "ratios": ratios,
        },
    )


if __name__ == "__main__":
    main()
