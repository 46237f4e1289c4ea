"""A probe of a run in Keras. `gantutor.torch.probes` is the twin."""

import contextlib

import tensorflow as tf

from gantutor.keras.sampling import apply
from gantutor.runs.probes import BaseProbe


class Probe(BaseProbe):
    """Add to the record what the discriminator says of images, and how long both gradients are.

    Arguments, series and errors as of `gantutor.runs.probes.BaseProbe`.
    """

    def logits(self, run, images):
        """Return the discriminator's logits [N] of images, in evaluation mode."""
        return apply(run.discriminator, images)

    def gradients(self, run, real, latents):
        """Return the gradients of both sides' losses, ``d`` and ``g``, an array a weight."""
        batch = {"real": tf.constant(real)}
        noise = run.noise(batch, tf.constant([self.seed, 0]))
        noise["latents"] = tf.constant(latents)
        step, found = tf.constant(0, tf.int64), {}
        with _unchanged(run), tf.GradientTape(persistent=True) as tape:
            fake = run.draw(batch, noise)
            losses = {
                "d": run.discriminator_loss(batch, tf.stop_gradient(fake), noise, step),
                "g": run.generator_loss(batch, fake, noise, step),
            }
            totals = {name: tf.add_n(list(terms.values())) for name, terms in losses.items()}
        for name, side in (("d", "discriminator"), ("g", "generator")):
            some = tape.gradient(totals[name], run.parameters(side))
            found[name] = [tf.convert_to_tensor(g).numpy() for g in some if g is not None]
        return found


@contextlib.contextmanager
def _unchanged(run):
    """Leave running averages and the states of random numbers (dropout's) as they were."""
    networks = [*run.generators().values(), *run.discriminators().values()]
    before = [(v, v.numpy()) for network in networks for v in network.non_trainable_variables]
    try:
        yield
    finally:
        for variable, old in before:
            variable.assign(old)
