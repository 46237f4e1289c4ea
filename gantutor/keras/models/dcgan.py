"""Deep convolutional networks. Radford, Metz and Chintala 2016, Section 3."""

import keras
from keras import layers

from gantutor.keras.layers import (
    Initializers,
    Projection,
    SpectralConv2D,
    SpectralDense,
    doubling,
)
from gantutor.keras.layers import normalization as normalized
from gantutor.sizes import halvings, split_shape


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
    keras.Sequential
        [N, latent_dim + classes] → [N, H, W, C] in [−1, 1].

    Raises
    ------
    ValueError
        If `shape` or `normalization` is not one of the above.

    Examples
    --------
    >>> dcgan_generator((32, 32, 3)).output_shape
    (None, 32, 32, 3)
    """
    (height, breadth), doublings = split_shape(shape)
    widths = [width * 2**k for k in reversed(range(doublings))]
    bias = normalization is None  # before a normalisation it would be subtracted with the mean
    draw = Initializers("normal", seed, "generator")

    def hidden():
        return [*normalized(normalization), layers.ReLU()]

    first = widths[0] if widths else shape[2]
    stack = [
        keras.Input((latent_dim + classes,)),
        layers.Dense(
            height * breadth * first,
            use_bias=bias or not widths,
            kernel_initializer=draw.next(),
        ),
        layers.Reshape((height, breadth, first)),
    ]
    for outputs in widths[1:]:
        stack += [*hidden(), doubling(outputs, bias, draw.next())]
    if widths:
        stack += [*hidden(), doubling(shape[2], True, draw.next())]
    return keras.Sequential([*stack, layers.Activation("tanh")])


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
        (`gantutor.keras.layers.Projection`).

    Returns
    -------
    keras.Sequential
        [N, H, W, C] → logits [N], or [N, classes].

    Raises
    ------
    ValueError
        If `shape` or `normalization` is not one of the known ones.
    """
    kernels = halvings(shape)
    draw = Initializers("normal", seed, "discriminator")
    convolution = SpectralConv2D if spectral_norm else layers.Conv2D
    dense = SpectralDense if spectral_norm else layers.Dense
    stack = []
    for kernel in kernels:
        kind = normalization if stack else None
        stack += [
            convolution(
                width,
                kernel,
                strides=2,
                padding="same",
                use_bias=kind is None,
                kernel_initializer=draw.next(),
            ),
            *normalized(kind),
            layers.LeakyReLU(negative_slope=0.2),
        ]
        width = 2 * width
    if classes:
        head = [Projection(classes, spectral_norm, [draw.next(), draw.next()])]
    else:
        head = [dense(1, kernel_initializer=draw.next()), layers.Reshape(())]
    return keras.Sequential([keras.Input(shape), *stack, layers.Flatten(), *head])
