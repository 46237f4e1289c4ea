"""The two network families of the book as `keras.Sequential`. Twin: `gantutor.torch.models`.

Generators map latent vectors [N, latent_dim] to images [N, H, W, C] in [−1, 1] (or points
[N, d]); discriminators map those to logits [N].
"""

import math

import keras
from keras import layers

from gantutor.keras.spectral import SpectralConv2D, SpectralDense
from gantutor.recipes import split_side
from gantutor.validation import check_choice


def mlp_generator(shape=(28, 28, 1), latent_dim=100, width=128, *, seed=0):
    """Generator with two hidden ReLU layers, as in the original GAN's simplest experiments.

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of an image in [−1, 1], or (d,) for points without bounds.
    latent_dim : int
        Length of z.
    width : int
        Units of each hidden layer.
    seed : int
        Seed of the initial weights (Glorot uniform, biases 0).

    Returns
    -------
    keras.Sequential
        [N, latent_dim] → [N, H, W, C] or [N, d].

    Examples
    --------
    >>> mlp_generator().output_shape
    (None, 28, 28, 1)
    """
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(width, activation="relu", kernel_initializer=_glorot(seed, 0)),
            layers.Dense(width, activation="relu", kernel_initializer=_glorot(seed, 1)),
            layers.Dense(
                math.prod(shape),
                activation="tanh" if len(shape) == 3 else None,
                kernel_initializer=_glorot(seed, 2),
            ),
            layers.Reshape(shape),
        ]
    )


def mlp_discriminator(shape=(28, 28, 1), width=128, *, spectral_norm=False, seed=0):
    """Discriminator with two hidden LeakyReLU layers.

    Parameters
    ----------
    shape, width, seed
        As in `mlp_generator`.
    spectral_norm : bool
        As in `dcgan_discriminator`.

    Returns
    -------
    keras.Sequential
        [N, H, W, C] or [N, d] → logits [N].
    """
    dense = SpectralDense if spectral_norm else layers.Dense
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Flatten(),
            dense(width, kernel_initializer=_glorot(seed, 0)),
            layers.LeakyReLU(negative_slope=0.2),
            dense(width, kernel_initializer=_glorot(seed, 1)),
            layers.LeakyReLU(negative_slope=0.2),
            dense(1, kernel_initializer=_glorot(seed, 2)),
            layers.Reshape(()),
        ]
    )


def dcgan_generator(
    side=28, channels=1, latent_dim=100, width=32, *, normalization="batch", classes=0, seed=0
):
    """Deep convolutional generator: dense, then transposed convolutions (kernel 4, stride 2).

    Parameters
    ----------
    side : int
        Image side in pixels: 4, 7 or 8 times a power of two.
    channels : int
        1 (grey) or 3 (RGB).
    latent_dim : int
        Length of z.
    width : int
        Channels of the last hidden layer; they double with each halving of the resolution.
    normalization : str or None
        ``"batch"``, ``"layer"`` (over all units of an example) or None, before each ReLU.
    classes : int
        If not 0, z comes with a class behind it, as `classes` numbers of which one is 1 (Mirza
        and Osindero 2014).
    seed : int
        Seed of the initial weights, 𝒩(0, 0.02²), biases 0.

    Returns
    -------
    keras.Sequential
        [N, latent_dim + classes] → [N, side, side, channels] in [−1, 1].

    Raises
    ------
    ValueError
        If `side` or `normalization` is not one of the above.

    References
    ----------
    Radford, Metz and Chintala 2016, Section 3.

    Examples
    --------
    >>> dcgan_generator(side=32, channels=3).output_shape
    (None, 32, 32, 3)
    """
    base, doublings = split_side(side)
    widths = [width * 2**k for k in reversed(range(doublings))] + [channels]
    last = len(widths) - 1
    model = keras.Sequential(
        [
            keras.Input((latent_dim + classes,)),
            layers.Dense(
                base * base * widths[0],
                use_bias=normalization is None or last == 0,
                kernel_initializer=_normal(seed, 0),
            ),
            layers.Reshape((base, base, widths[0])),
        ]
    )
    for k in range(last):
        for layer in _normalization(normalization):
            model.add(layer)
        model.add(layers.ReLU())
        model.add(
            layers.Conv2DTranspose(
                widths[k + 1],
                4,
                strides=2,
                padding="same",
                # A bias before a normalisation would be subtracted again with the mean.
                use_bias=normalization is None or k + 1 == last,
                kernel_initializer=_normal(seed, k + 1),
            )
        )
    model.add(layers.Activation("tanh"))
    return model


def dcgan_discriminator(
    side=28, channels=1, width=32, *, normalization=None, spectral_norm=False, classes=0, seed=0
):
    """Deep convolutional discriminator: convolutions with stride 2 down to 4×4, then dense.

    The kernels are 4×4, and 3×3 where the side is odd (7 pixels become 4).

    Parameters
    ----------
    side, channels, seed : int
        As in `dcgan_generator`.
    width : int
        Channels of the first layer; they double with each halving of the resolution.
    normalization : str or None
        ``"batch"``, ``"layer"`` or None, before each LeakyReLU except the first.
    spectral_norm : bool
        Divide each layer's weights by their largest singular value, estimated by one power
        iteration a training pass (Miyato et al. 2018, Algorithm 1).
    classes : int
        If not 0, there is one logit for each class, of which the trainer takes the one of the
        image's label (a projection discriminator, Miyato and Koyama 2018, with nothing but the
        projection).

    Returns
    -------
    keras.Sequential
        [N, side, side, channels] → logits [N], or [N, classes].

    Raises
    ------
    ValueError
        If `side` or `normalization` is not one of the known ones.
    """
    split_side(side)
    convolution = SpectralConv2D if spectral_norm else layers.Conv2D
    dense = SpectralDense if spectral_norm else layers.Dense
    model = keras.Sequential([keras.Input((side, side, channels))])
    while side > 4:
        kind = normalization if model.layers else None
        model.add(
            convolution(
                width,
                3 if side % 2 else 4,
                strides=2,
                padding="same",
                use_bias=kind is None,
                kernel_initializer=_normal(seed, side),
            )
        )
        for layer in _normalization(kind):
            model.add(layer)
        model.add(layers.LeakyReLU(negative_slope=0.2))
        width, side = 2 * width, (side + 1) // 2
    model.add(layers.Flatten())
    model.add(dense(classes or 1, kernel_initializer=_normal(seed, 0)))
    if not classes:
        model.add(layers.Reshape(()))
    return model


def build(recipe, seed=0):
    """Return the generator and the discriminator of a `gantutor.recipes.Recipe`."""
    pairs = {
        "mlp": (mlp_generator, mlp_discriminator),
        "dcgan": (dcgan_generator, dcgan_discriminator),
    }
    generator, discriminator = pairs[recipe.model]
    of_generator, of_discriminator = recipe.networks()
    return generator(**of_generator, seed=seed), discriminator(**of_discriminator, seed=seed + 1)


def _normalization(kind):
    check_choice(kind, (None, "batch", "layer"), "normalization")
    if kind == "batch":
        return [layers.BatchNormalization(epsilon=1e-5, momentum=0.9)]
    return [layers.GroupNormalization(groups=1, epsilon=1e-5)] if kind == "layer" else []


def _glorot(seed, layer):
    return keras.initializers.GlorotUniform(seed=1000 * seed + layer)


def _normal(seed, layer):
    return keras.initializers.RandomNormal(stddev=0.02, seed=1000 * seed + layer)
