"""Optimisers by the names of recipes, with the arguments that both frameworks have."""

import torch


def adam(parameters, learning_rate=2e-4, betas=(0.5, 0.999), epsilon=1e-8):
    """Return Adam. Kingma and Ba 2015; DCGAN's rates are the defaults.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
    learning_rate : float
    betas : tuple[float, float]
        Decay of the averages of the gradient and of its square.
    epsilon : float
    """
    # The fused step treats all parameters in one call.
    return torch.optim.Adam(
        parameters, lr=learning_rate, betas=tuple(betas), eps=epsilon, fused=True
    )


def rmsprop(parameters, learning_rate=5e-5, decay=0.9, epsilon=1e-8):
    """Return RMSprop, with which the original WGAN was trained (Arjovsky et al. 2017).

    Parameters
    ----------
    parameters, learning_rate, epsilon
        As in `adam`.
    decay : float
        Of the average of the squared gradient. The authors' code leaves it at PyTorch's 0.99.
    """
    return torch.optim.RMSprop(parameters, lr=learning_rate, alpha=decay, eps=epsilon)


def sgd(parameters, learning_rate=1e-2, momentum=0.0):
    """Return gradient descent with momentum."""
    return torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum)
