"""Optimisers by the names of recipes, with the arguments that both frameworks have."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("gantutor")
class Adam(keras.optimizers.Adam):
    """Adam with ε where Kingma and Ba 2015 (Algorithm 1) and PyTorch have it.

    It is added to √v̂, after v has been corrected for its start at zero. `keras.optimizers.Adam`
    adds it to √v, so that its ε is 1 / √(1 − β₂ᵗ) times as large in step t: 32 times in the first
    with β₂ = 0.999.

    Parameters
    ----------
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
    beta_1, beta_2 : float
        Decay of the averages of the gradient and of its square.
    epsilon : float
    **more
        As of every `keras.optimizers.Optimizer`.

    Examples
    --------
    >>> weight = keras.Variable([0.0])
    >>> Adam(learning_rate=1.0, epsilon=3e-8).apply([ops.array([1e-8])], [weight])
    >>> print(round(float(weight[0]), 4))
    -0.25
    """

    def __init__(self, learning_rate=2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8, **more):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad=False, **more)

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable."""
        rate, gradient = (ops.cast(a, variable.dtype) for a in (learning_rate, gradient))
        t = ops.cast(self.iterations + 1, variable.dtype)
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        self.assign_add(m, (1 - self.beta_1) * (gradient - m))
        self.assign_add(v, (1 - self.beta_2) * (ops.square(gradient) - v))
        mean = m / _correction(self.beta_1, t)
        root = ops.sqrt(v / _correction(self.beta_2, t))
        self.assign_sub(variable, rate * mean / (root + self.epsilon))

    def get_config(self):
        """Return the arguments."""
        return _without(super().get_config(), "amsgrad")


@keras.saving.register_keras_serializable("gantutor")
class RMSprop(keras.optimizers.RMSprop):
    """RMSprop with ε where PyTorch has it: added to √v.

    `keras.optimizers.RMSprop` takes √(v + ε), so that a gradient counts as small already below √ε.

    Parameters
    ----------
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule
    rho : float
        Decay of the average of the squared gradient.
    epsilon : float
    **more
        As of every `keras.optimizers.Optimizer`.

    Examples
    --------
    >>> weight = keras.Variable([0.0])
    >>> RMSprop(learning_rate=1.0, rho=0.75, epsilon=1e-6).apply([ops.array([2e-6])], [weight])
    >>> print(round(float(weight[0]), 4))
    -1.0
    """

    def __init__(self, learning_rate=5e-5, rho=0.9, epsilon=1e-8, **more):
        super().__init__(learning_rate, rho, 0.0, epsilon, centered=False, **more)

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable."""
        rate, gradient = (ops.cast(a, variable.dtype) for a in (learning_rate, gradient))
        v = self._velocities[self._get_variable_index(variable)]
        self.assign_add(v, (1 - self.rho) * (ops.square(gradient) - v))
        self.assign_sub(variable, rate * gradient / (ops.sqrt(v) + self.epsilon))

    def get_config(self):
        """Return the arguments."""
        return _without(super().get_config(), "momentum", "centered")


def adam(learning_rate=2e-4, betas=(0.5, 0.999), epsilon=1e-8):
    """Return `Adam`. Kingma and Ba 2015; DCGAN's rates are the defaults.

    Parameters
    ----------
    learning_rate : float
    betas : tuple[float, float]
        Decay of the averages of the gradient and of its square.
    epsilon : float
    """
    return Adam(learning_rate, *betas, epsilon)


def rmsprop(learning_rate=5e-5, decay=0.9, epsilon=1e-8):
    """Return `RMSprop`, with which the original WGAN was trained (Arjovsky et al. 2017).

    Parameters
    ----------
    learning_rate, epsilon
        As in `adam`.
    decay : float
        Of the average of the squared gradient. The authors' code leaves it at PyTorch's 0.99.
    """
    return RMSprop(learning_rate, decay, epsilon)


def sgd(learning_rate=1e-2, momentum=0.0):
    """Return gradient descent with momentum."""
    return keras.optimizers.SGD(learning_rate, momentum=momentum)


def _correction(beta, t):
    """1 − βᵗ, also where a β near 1, such as 0.999, loses its last digits in float32."""
    return -ops.expm1(t * math.log(beta)) if beta else 1.0


def _without(config, *names):
    return {name: value for name, value in config.items() if name not in names}
