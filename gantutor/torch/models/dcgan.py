"""Deep convolutional networks. Radford, Metz and Chintala 2016, Section 3."""

import itertools

import torch
from torch import nn

from gantutor.runs import seeds
from gantutor.sizes import halvings, split_shape
from gantutor.torch.layers import (
    FromNHWC,
    Projection,
    ToRows,
    doubling,
    initialize,
)
from gantutor.torch.layers import (
    normalization as normalized,
)


def dcgan_generator(
    shape=(28, 28, 1), latent_dim=100, width=32, *, normalization="batch", classes=0, seed=0
):
    """Generator of a dense layer and transposed convolutions (kernel 4, stride 2).

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of an image. The shorter side is 4, 5, 6 or 7 times a power of
        two, in pixels, and the longer one divisible by the same power.
    latent_dim : int
        Length of z.
    width : int
        Channels of the last hidden layer; they double with each halving of the resolution.
    normalization : str or None
        ``"batch"``, ``"layer"`` (over all units of an example), ``"instance"`` or None, before
        each ReLU.
    classes : int
        If not 0, z comes with a class behind it, as `classes` numbers of which one is 1 (Mirza
        and Osindero 2014).
    seed : int
        Seed of the initial weights, 𝒩(0, 0.02²), biases 0.

    Returns
    -------
    torch.nn.Sequential
        [N, latent_dim + classes] → [N, C, H, W] in [−1, 1].

    Raises
    ------
    ValueError
        If `shape` or `normalization` is not one of the above.

    Examples
    --------
    >>> dcgan_generator((32, 32, 3))(torch.zeros(2, 100)).shape
    torch.Size([2, 3, 32, 32])
    """
    (height, breadth), doublings = split_shape(shape)
    widths = [width * 2**k for k in reversed(range(doublings))]
    bias = normalization is None  # before a normalisation it would be subtracted with the mean

    def hidden(channels):
        return [*normalized(normalization, channels), nn.ReLU()]

    with torch.device("meta"):
        if not widths:
            layers = [
                nn.Linear(latent_dim + classes, height * breadth * shape[2]),
                FromNHWC(height, breadth, shape[2]),
            ]
        else:
            layers = [
                nn.Linear(latent_dim + classes, height * breadth * widths[0], bias=bias),
                FromNHWC(height, breadth, widths[0]),
            ]
            for inputs, outputs in itertools.pairwise(widths):
                layers += [*hidden(inputs), doubling(inputs, outputs, bias)]
            layers += [*hidden(widths[-1]), doubling(widths[-1], shape[2])]
        model = nn.Sequential(*layers, nn.Tanh())
    return initialize(model, "normal", seeds.number(seed, "generator"))


def dcgan_discriminator(
    shape=(28, 28, 1), width=32, *, normalization=None, spectral_norm=False, classes=0, seed=0
):
    """Discriminator of convolutions with stride 2 down to 4 pixels, then a dense layer.

    The kernels are 4 pixels long, and 3 along a side that is odd (7 pixels become 4).

    Parameters
    ----------
    shape, seed
        As in `dcgan_generator`.
    width : int
        Channels of the first layer; they double with each halving of the resolution.
    normalization : str or None
        As in `dcgan_generator`, before each LeakyReLU except the first.
    spectral_norm : bool
        Divide each layer's weights by their largest singular value, estimated by one power
        iteration a training pass (Miyato et al. 2018, Algorithm 1).
    classes : int
        If not 0, there is one logit for each class, as a projection discriminator gives it
        (`gantutor.torch.layers.Projection`).

    Returns
    -------
    torch.nn.Sequential
        [N, C, H, W] → logits [N], or [N, classes].

    Raises
    ------
    ValueError
        If `shape` or `normalization` is not one of the known ones.
    """
    kernels = halvings(shape)
    height, breadth, channels = shape
    with torch.device("meta"):
        layers = []
        for kernel in kernels:
            kind = normalization if layers else None
            layers += [
                nn.Conv2d(channels, width, kernel, stride=2, padding=1, bias=kind is None),
                *normalized(kind, width),
                nn.LeakyReLU(0.2),
            ]
            height, breadth = (height + 1) // 2, (breadth + 1) // 2
            channels, width = width, 2 * width
        features = height * breadth * channels
        head = [Projection(features, classes)] if classes else [nn.Linear(features, 1)]
        model = nn.Sequential(*layers, ToRows(), *head, *([] if classes else [nn.Flatten(0)]))
    return initialize(model, "normal", seeds.number(seed, "discriminator"), spectral_norm)
