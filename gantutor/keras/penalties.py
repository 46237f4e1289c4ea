"""What is added to a discriminator's loss to keep it smooth, in Keras.

`gantutor.torch.penalties` is the twin. Images are tensors [N, H, W, C], points [N, d]; each
penalty is a scalar, a mean over the batch, without its weight.
"""

import tensorflow as tf


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


def clip_weights(discriminator, limit=0.01):
    """Clip each parameter of `discriminator` to [−limit, limit], in place; done after its step.

    Arjovsky et al. 2017, Algorithm 1.
    """
    for variable in discriminator.trainable_variables:
        variable.assign(tf.clip_by_value(variable, -limit, limit))


def weighted_sum(weights, discriminator, real, fake, mix):
    """Return Σ weight · penalty for the penalties named in `weights`, except `clip_weights`."""
    functions = {
        "gradient_penalty": lambda: gradient_penalty(discriminator, real, fake, mix),
        "r1": lambda: r1(discriminator, real),
        "r2": lambda: r2(discriminator, fake),
    }
    return sum(weight * functions[name]() for name, weight in weights.items() if name in functions)
