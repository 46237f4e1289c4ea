"""What is added to a discriminator's loss to keep it smooth, in Keras.

`gantutor.torch.penalties` is the twin. Images are tensors [N, H, W, C], points [N, d]; each
penalty is a scalar, a mean over the batch, without its weight.

A gradient penalty that is written out by hand inside a `tf.function` needs a check against the
same step run eagerly: where `keras.optimizers` updated the weights later in that function,
TensorFlow 2.21 computed the penalty's gradient with the new weights in one graph of ten, and
never with ``tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})``.
Games with the penalties below gave the same losses in each of ten graphs, for 24 combinations of
network, loss, penalty and steps of D.
"""

import tensorflow as tf

from gantutor.keras.layers import mixes_examples
from gantutor.runs import parts


def _squared_gradient_norms(discriminator, inputs):
    inputs = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        # The logit of one example depends on no other example (no batch normalisation in D), so
        # the gradient of the sum holds each example's own gradient.
        total = tf.reduce_sum(discriminator(inputs))
    gradients = tape.gradient(total, inputs)
    return tf.reduce_sum(tf.square(tf.reshape(gradients, [tf.shape(inputs)[0], -1])), axis=1)


def gradient_penalty(discriminator, real, fake, mix):
    """E (‖∇D(x̂)‖ − 1)² on x̂ = mix · real + (1 − mix) · fake, one `mix` an example.

    Gulrajani et al. 2017, Eq. 3, without its weight λ = 10. `mix` [N] is drawn uniformly from
    [0, 1). A constant discriminator has penalty 1.

    Examples
    --------
    >>> x = tf.zeros([3, 2])
    >>> float(gradient_penalty(lambda x: 0 * tf.reduce_sum(x, 1), x, x, tf.random.uniform([3])))
    1.0
    """
    mix = tf.reshape(mix, [-1] + [1] * (len(real.shape) - 1))
    squared = _squared_gradient_norms(discriminator, mix * real + (1 - mix) * fake)
    # The square root has no derivative at 0: a tiny shift keeps a constant D from giving NaN.
    return tf.reduce_mean(tf.square(tf.sqrt(squared + 1e-16) - 1))


def r1(discriminator, real):
    """½ E ‖∇D(x)‖² on real data: γ · r1 is Mescheder et al. 2018, Eq. 9, with its ½.

    Examples
    --------
    >>> float(r1(lambda x: 3 * tf.reduce_sum(x, 1), tf.zeros([5, 2])))
    9.0
    """
    return tf.reduce_mean(_squared_gradient_norms(discriminator, real)) / 2


def r2(discriminator, fake):
    """½ E ‖∇D(x)‖² on generated data: γ · r2 is Mescheder et al. 2018, Eq. 10, with its ½."""
    return tf.reduce_mean(_squared_gradient_norms(discriminator, fake)) / 2


def finite_difference(discriminator, inputs, probe, epsilon=0.01):
    """½ E ((D(x + εn) − D(x)) / ε)² with n ~ 𝒩(0, I): `r1` or `r2` without a second derivative.

    For small ε its expectation over n is ½ E ‖∇D(x)‖², and the variance of one example's term
    is 2 (½ ‖∇D(x)‖²)², since n · ∇D is Gaussian. It saves the backward pass through a backward
    pass.

    Parameters
    ----------
    discriminator : callable
    inputs, probe : tf.Tensor, shape [N, …]
        Examples, and the n of each.
    epsilon : float
        Smaller is nearer to the gradient, and nearer to float32's rounding.

    References
    ----------
    Adversarial flow models: Lin et al. 2025.

    Examples
    --------
    >>> x, n = tf.zeros([5, 2]), tf.constant([[1.0, -1.0]] * 5)
    >>> round(float(finite_difference(lambda x: 3 * x[:, 0], x, n)), 4)  # ½ (3 · 1)²
    4.5
    """
    both = discriminator(tf.concat([inputs + epsilon * probe, inputs], 0))
    moved, still = tf.split(both, 2)
    difference = tf.reduce_sum(tf.reshape(moved - still, [tf.shape(inputs)[0], -1]), axis=1)
    return tf.reduce_mean(tf.square(difference / epsilon)) / 2


def clip_weights(discriminator, limit=0.01):
    """Clip each parameter of `discriminator` to [−limit, limit], in place; done after its step.

    Arjovsky et al. 2017, Algorithm 1.
    """
    for variable in discriminator.trainable_variables:
        variable.assign(tf.clip_by_value(variable, -limit, limit))


def _on_a_quarter(judge, examples, noise):
    count = tf.maximum(1, tf.shape(examples)[0] // 4)
    return finite_difference(judge.first(count), examples[:count], noise["probe"][:count])


#: Penalties by name, as functions of a `Judge`, a batch and its noise. The finite differences use
#: a quarter of the batch. `clip_weights` is no term: it is done after the step.
PENALTIES = {
    "gradient_penalty": lambda judge, real, fake, noise: gradient_penalty(
        judge, real, fake, noise["mix"]
    ),
    "r1": lambda judge, real, fake, noise: r1(judge, real),
    "r2": lambda judge, real, fake, noise: r2(judge, fake),
    "finite_r1": lambda judge, real, fake, noise: _on_a_quarter(judge, real, noise),
    "finite_r2": lambda judge, real, fake, noise: _on_a_quarter(judge, fake, noise),
    "clip_weights": None,
}


class Judge:
    """A discriminator's logits, in training, of examples whose classes it is told, if any.

    Parameters
    ----------
    network : keras.Model
        [N, …] → logits [N], or [N, classes] where there are labels.
    labels : tf.Tensor of int64, shape [N], optional
        Classes of the examples; several batches of N, one behind the other, share them.
    """

    def __init__(self, network, labels=None):
        self.network, self.labels = network, labels

    def __call__(self, examples):
        """[k·N, …] → logits [k·N], float32."""
        logits = tf.cast(self.network(examples, training=True), tf.float32)
        if self.labels is None:
            return logits
        labels = tf.tile(self.labels, [tf.shape(examples)[0] // tf.shape(self.labels)[0]])
        return tf.gather(logits, labels, axis=1, batch_dims=1)

    def first(self, count):
        """The judge of the first examples of a batch."""
        return Judge(self.network, None if self.labels is None else self.labels[:count])


def compare(judge, real, fake, weights, noise):
    """Let a discriminator judge a batch, and measure its penalties, in as few passes as it takes.

    R1 and R2 use the pass of the loss itself.

    Parameters
    ----------
    judge : Judge
        Where its network mixes examples, real and fake are judged in passes of their own.
    real, fake : tf.Tensor, shape [N, …]
    weights : dict
        From a name in `PENALTIES`, or a function ``(judge, real, fake, noise) -> scalar``,
        to its weight.
    noise : dict of tf.Tensor
        ``mix`` [N] in [0, 1) for the gradient penalty, ``probe`` [N, …] for finite differences.

    Returns
    -------
    real_logits, fake_logits : tf.Tensor, shape [N]
    terms : dict of tf.Tensor
        Weight times penalty, by name.
    """
    real, fake = tf.identity(real), tf.identity(tf.cast(fake, tf.float32))
    own = [name for name in ("r1", "r2") if name in weights]
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        # With one of the two, a common pass would carry the other's half through the second
        # gradient.
        if len(own) == 1 or mixes_examples(judge.network):
            real_logits, fake_logits = judge(real), judge(fake)
        else:
            real_logits, fake_logits = tf.split(judge(tf.concat([real, fake], 0)), 2)
        sides = {"r1": (real_logits, real), "r2": (fake_logits, fake)}
        total = sum(tf.reduce_sum(sides[name][0]) for name in own) if own else None
    terms = {}
    if own:
        slopes = tape.gradient(total, [sides[name][1] for name in own])
        for name, slope in zip(own, slopes, strict=True):
            rows = tf.reshape(slope, [tf.shape(slope)[0], -1])
            squared = tf.reduce_sum(tf.square(rows), axis=1)
            terms[name] = weights[name] * tf.reduce_mean(squared) / 2
    others = {name: weight for name, weight in weights.items() if name not in own}
    return real_logits, fake_logits, terms | measure(judge, real, fake, others, noise)


def measure(judge, real, fake, weights, noise):
    """Return weight times penalty by name, each penalty with passes of its own.

    Arguments as in `compare`.
    """
    terms = {}
    for name, weight in weights.items():
        function = name if callable(name) else PENALTIES[name]
        if function is not None:
            term = function(judge, real, fake, noise)
            terms[parts.label(name)] = weight * term
    return terms
