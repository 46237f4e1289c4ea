"""A discriminator that judges overlapping patches, with a logit for each."""

import keras

from gantutor.keras.layers import Initializers, SpectralConv2D
from gantutor.keras.layers import normalization as normalized
from gantutor.sizes import split_shape


def patch_discriminator(
    shape=(32, 32, 3),
    source_channels=0,
    width=32,
    *,
    layers=2,
    normalization=None,
    spectral_norm=False,
    seed=0,
):
    """Discriminator of overlapping patches (PatchGAN).

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of the image that is judged.
    source_channels : int
        Channels of the image that it is judged beside, in a paired game; 0: it is judged alone.
    width : int
        Channels of the first layer; they double with each halving of the resolution.
    layers : int
        Convolutions with stride 2. Each patch is 8, 18 or 38 pixels wide for 1, 2 or 3 of them.
    normalization, spectral_norm, seed
        As in `gantutor.keras.models.dcgan_discriminator`.

    Returns
    -------
    keras.Sequential
        [N, H, W, source_channels + C] → logits [N, patches], of which losses take the mean.

    References
    ----------
    Isola et al. 2017, Section 3.2.2 and Appendix 6.1.2.

    Examples
    --------
    >>> patch_discriminator((16, 24, 1)).output_shape
    (None, 24)
    """
    if layers > split_shape(shape)[1]:
        raise ValueError(
            f"layers must leave at least 4 pixels of {shape[0]}×{shape[1]}; got {layers}."
        )
    draw = Initializers("normal", seed, "discriminator")
    convolution = SpectralConv2D if spectral_norm else keras.layers.Conv2D
    stack = [keras.Input((*shape[:2], source_channels + shape[2]))]
    for level in range(layers):
        kind = normalization if level else None
        stack += [
            convolution(
                width,
                4,
                strides=2,
                padding="same",
                use_bias=kind is None,
                kernel_initializer=draw.next(),
            ),
            *normalized(kind),
            keras.layers.LeakyReLU(negative_slope=0.2),
        ]
        width = 2 * width
    stack += [
        convolution(1, 3, padding="same", kernel_initializer=draw.next()),
        keras.layers.Flatten(),
    ]
    return keras.Sequential(stack)
