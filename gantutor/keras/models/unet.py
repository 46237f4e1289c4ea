"""A generator that takes an image: down to a few pixels and up again, with skip connections."""

import keras
from keras import layers, ops

from gantutor.keras.layers import Initializers, doubling
from gantutor.keras.layers import normalization as normalized
from gantutor.sizes import split_shape


@keras.saving.register_keras_serializable("gantutor")
class UNet(keras.Model):
    """The network that `unet_generator` builds; its arguments are those of the function."""

    def __init__(self, shape, source_channels, width, normalization, seed, **more):
        super().__init__(**more)
        _, halvings = split_shape(shape)
        if halvings == 0:
            raise ValueError(f"shape must be at least 8×8 pixels; got {shape[0]}×{shape[1]}.")
        self.arguments = {
            "shape": tuple(shape),
            "source_channels": source_channels,
            "width": width,
            "normalization": normalization,
            "seed": seed,
        }
        widths = [width * min(2**k, 8) for k in range(halvings)]
        draw = Initializers("normal", seed, "generator")
        bias = normalization is None
        self.down, self.up = [], []
        for level, channels in enumerate(widths):
            kind = normalization if level else None
            self.down.append(
                keras.Sequential(
                    [
                        layers.Conv2D(
                            channels,
                            4,
                            strides=2,
                            padding="same",
                            use_bias=kind is None,
                            kernel_initializer=draw.next(),
                        ),
                        *normalized(kind),
                        layers.LeakyReLU(negative_slope=0.2),
                    ]
                )
            )
        for channels in reversed(widths[:-1]):
            self.up.append(
                keras.Sequential(
                    [
                        doubling(channels, bias, draw.next()),
                        *normalized(normalization),
                        layers.ReLU(),
                    ]
                )
            )
        self.last = doubling(shape[2], True, draw.next())
        self(ops.zeros((1, *shape[:2], source_channels)))  # makes all weights

    def call(self, images, training=False):
        """[N, H, W, S] → [N, H, W, C] in [−1, 1]."""
        kept = []
        for layer in self.down:
            images = layer(images, training=training)
            kept.append(images)
        images = kept.pop()
        for layer in self.up:
            images = ops.concatenate([layer(images, training=training), kept.pop()], axis=-1)
        return ops.tanh(self.last(images))

    def get_config(self):
        """Return the arguments."""
        return super().get_config() | self.arguments


def unet_generator(
    shape=(32, 32, 3), source_channels=3, width=32, *, normalization="instance", seed=0
):
    """Generator from one image to another of the same size, with skip connections.

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of the image that is made; sizes as in
        `gantutor.keras.models.dcgan_generator`.
    source_channels : int
        Channels of the image that is given.
    width : int
        Channels at half the resolution; they double with each halving, up to eight times.
    normalization : str or None
        ``"batch"``, ``"layer"``, ``"instance"`` or None, after each convolution but the first and
        the last.
    seed : int
        Seed of the initial weights, 𝒩(0, 0.02²), biases 0.

    Returns
    -------
    keras.Model
        [N, H, W, source_channels] → [N, H, W, C] in [−1, 1].

    References
    ----------
    Ronneberger, Fischer and Brox 2015; as a generator, Isola et al. 2017, Section 3.2.1 and
    Appendix 6.1, without dropout.

    Examples
    --------
    >>> unet_generator((16, 24, 1))(ops.zeros((2, 16, 24, 3))).shape
    TensorShape([2, 16, 24, 1])
    """
    return UNet(shape, source_channels, width, normalization, seed)
