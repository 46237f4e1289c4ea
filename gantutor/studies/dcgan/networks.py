"""Generators and discriminators of 28 × 28 digits that differ from DCGAN's in single parts."""

import keras
from keras import layers

from gantutor.keras.layers import Initializers, SpectralConv2D, SpectralDense, normalization

LATENT_DIM = 64
WIDTH = 16  # channels at the highest resolution

# Units of a hidden layer in the dense networks, which have about as many weights as the others.
DENSE_GENERATOR, DENSE_DISCRIMINATOR = 112, 34


def generator(
    seed: int,
    *,
    dense: bool = False,
    normalized: bool = True,
    resize: bool = False,
    slope: float = 0.0,
    output: str = "tanh",
    initializer: str = "normal",
    output_scale: float = 1.0,
) -> keras.Sequential:
    """Return a generator: by default `gantutor.keras.models.dcgan_generator`, 16 channels wide.

    Parameters
    ----------
    seed : int
        Seed of the initial weights.
    dense : bool
        Two dense hidden layers in place of a map of 7 × 7 and two that double it.
    normalized : bool
        Batch normalisation before each activation.
    resize : bool
        Copy each pixel to a square of 2 × 2 and convolve with stride 1, in place of a transposed
        convolution with stride 2.
    slope : float
        Slope of the hidden activations for negative inputs.
    output : str
        Last activation, as `keras.activations.get` takes it.
    initializer : str
        As in `gantutor.keras.layers.Initializers`.
    output_scale : float
        Factor of the last layer's initial kernel. With `resize` this layer adds up sixteen
        products for each channel in place of four, so that one half keeps the scale of DCGAN's
        untrained images.
    """
    draw = Initializers(initializer, seed, "generator")

    def hidden():
        return [*normalization("batch" if normalized else None), layers.LeakyReLU(slope)]

    def doubled(channels, use_bias):
        settings = {"padding": "same", "use_bias": use_bias, "kernel_initializer": draw.next()}
        if resize:
            return [layers.UpSampling2D(2), layers.Conv2D(channels, 4, **settings)]
        return [layers.Conv2DTranspose(channels, 4, strides=2, **settings)]

    def project(units, use_bias=not normalized):
        return layers.Dense(units, use_bias=use_bias, kernel_initializer=draw.next())

    if dense:
        stack = [project(DENSE_GENERATOR), *hidden(), project(DENSE_GENERATOR), *hidden()]
        stack += [project(784, True), layers.Reshape((28, 28, 1))]
    else:
        stack = [project(49 * 2 * WIDTH), layers.Reshape((7, 7, 2 * WIDTH)), *hidden()]
        stack += [*doubled(WIDTH, not normalized), *hidden(), *doubled(1, True)]
    network = keras.Sequential([keras.Input((LATENT_DIM,)), *stack, layers.Activation(output)])
    kernel = network.trainable_variables[-2]
    kernel.assign(output_scale * kernel)
    return network


def discriminator(
    seed: int,
    *,
    dense: bool = False,
    normalized: str | None = "spectral",
    pooling: bool = False,
    slope: float = 0.2,
    initializer: str = "normal",
) -> keras.Sequential:
    """Return a discriminator: by default `gantutor.keras.models.dcgan_discriminator`.

    Parameters
    ----------
    seed, initializer
        As in `generator`.
    dense : bool
        Two dense hidden layers in place of three convolutions.
    normalized : {"spectral", "batch", None}
        Spectral normalisation of all layers, or batch normalisation before each activation but
        the first.
    pooling : bool
        Convolutions with stride 1, each activation followed by the maximum of squares of 2 × 2,
        in place of convolutions with stride 2.
    slope : float
        Slope of the hidden activations for negative inputs.
    """
    draw = Initializers(initializer, seed, "discriminator")
    spectral = normalized == "spectral"
    convolution = SpectralConv2D if spectral else layers.Conv2D
    project = SpectralDense if spectral else layers.Dense
    stack = [layers.Flatten()] if dense else []
    for place, (channels, kernel) in enumerate([(WIDTH, 4), (2 * WIDTH, 4), (4 * WIDTH, 3)]):
        batch = normalized == "batch" and place > 0
        settings = {"use_bias": not batch, "kernel_initializer": draw.next()}
        if not dense:
            strides = 1 if pooling else 2
            stack.append(convolution(channels, kernel, strides, padding="same", **settings))
        elif place < 2:
            stack.append(project(DENSE_DISCRIMINATOR, **settings))
        else:
            break
        stack += [*normalization("batch" if batch else None), layers.LeakyReLU(slope)]
        stack += [layers.MaxPooling2D(2, padding="same")] if pooling else []
    stack += [layers.Flatten(), project(1, kernel_initializer=draw.next()), layers.Reshape(())]
    return keras.Sequential([keras.Input((28, 28, 1)), *stack])
