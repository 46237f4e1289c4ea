"""Optimisers by the names of recipes, with the arguments that both frameworks have."""

import keras


def adam(learning_rate=2e-4, betas=(0.5, 0.999), epsilon=1e-8):
    """Return Adam. Kingma and Ba 2015; DCGAN's rates are the defaults.

    Parameters
    ----------
    learning_rate : float
    betas : tuple[float, float]
        Decay of the averages of the gradient and of its square.
    epsilon : float
    """
    return keras.optimizers.Adam(learning_rate, beta_1=betas[0], beta_2=betas[1], epsilon=epsilon)


def rmsprop(learning_rate=5e-5, decay=0.9, epsilon=1e-8):
    """Return RMSprop, with which the original WGAN was trained (Arjovsky et al. 2017).

    Parameters
    ----------
    learning_rate, epsilon
        As in `adam`.
    decay : float
        Of the average of the squared gradient.
    """
    return keras.optimizers.RMSprop(learning_rate, rho=decay, epsilon=epsilon)


def sgd(learning_rate=1e-2, momentum=0.0):
    """Return gradient descent with momentum."""
    return keras.optimizers.SGD(learning_rate, momentum=momentum)
