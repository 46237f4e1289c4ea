"""The two network families of the book as `nn.Sequential`. Twin: `gantutor.keras.models`.

Generators map latent vectors [N, latent_dim] to images [N, C, H, W] in [−1, 1] (or points
[N, d]); discriminators map those to logits [N].
"""

import functools
import math

import torch
from torch import nn
from torch.nn.functional import fold
from torch.nn.utils.parametrizations import spectral_norm as spectral

from gantutor.recipes import split_side
from gantutor.validation import check_choice


def _isolated(function):
    """Let layers draw their first weights without advancing PyTorch's global generator."""

    @functools.wraps(function)
    def isolated(*arguments, **settings):
        with torch.random.fork_rng(devices=[]):
            return function(*arguments, **settings)

    return isolated


class FromNHWC(nn.Module):
    """Reshape rows to NHWC images and view them as NCHW: the memory is channels-last at once.

    The units of the dense layer before it then have the same order as in Keras.
    """

    def __init__(self, height, width, channels):
        super().__init__()
        self.shape = (height, width, channels)

    def forward(self, rows):
        """[N, H·W·C] → [N, C, H, W]."""
        return rows.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class ToRows(nn.Module):
    """Flatten NCHW images in NHWC order, as Keras does."""

    def forward(self, images):
        """[N, C, H, W] → [N, H·W·C]."""
        return images.permute(0, 2, 3, 1).flatten(1)


class FoldedConvTranspose2d(nn.ConvTranspose2d):
    """Transposed convolution to few channels, on CPUs as one matrix product and a fold.

    The values are those of `torch.nn.ConvTranspose2d`; with one output channel a training pass
    takes about a fifth of the time (`benchmarks/throughput_torch.py`).
    """

    def forward(self, images):
        """[N, C, H, W] → [N, out_channels, 2H, 2W] for kernel 4, stride 2, padding 1."""
        if images.is_cuda:
            return super().forward(images)
        count, channels, height, width = images.shape
        pixels = images.permute(0, 2, 3, 1).reshape(count, height * width, channels)
        columns = (pixels @ self.weight.flatten(1)).transpose(1, 2)
        size = (2 * height, 2 * width)
        outputs = fold(columns, size, self.kernel_size, padding=self.padding, stride=self.stride)
        return outputs + self.bias[:, None, None]


@_isolated
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
    torch.nn.Sequential
        [N, latent_dim] → [N, C, H, W] or [N, d].

    Examples
    --------
    >>> mlp_generator()(torch.zeros(2, 100)).shape
    torch.Size([2, 1, 28, 28])
    """
    output = [nn.Tanh(), FromNHWC(*shape)] if len(shape) == 3 else []
    model = nn.Sequential(
        nn.Linear(latent_dim, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, math.prod(shape)),
        *output,
    )
    return _initialize(model, "glorot", seed)


@_isolated
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
    torch.nn.Sequential
        [N, C, H, W] or [N, d] → logits [N].
    """
    model = nn.Sequential(
        *([ToRows()] if len(shape) == 3 else []),
        nn.Linear(math.prod(shape), width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, 1),
        nn.Flatten(0),
    )
    model = _initialize(model, "glorot", seed)
    return _spectral(model, seed) if spectral_norm else model


@_isolated
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
    torch.nn.Sequential
        [N, latent_dim + classes] → [N, channels, side, side] in [−1, 1].

    Raises
    ------
    ValueError
        If `side` or `normalization` is not one of the above.

    References
    ----------
    Radford, Metz and Chintala 2016, Section 3.

    Examples
    --------
    >>> dcgan_generator(side=32, channels=3)(torch.zeros(2, 100)).shape
    torch.Size([2, 3, 32, 32])
    """
    base, doublings = split_side(side)
    widths = [width * 2**k for k in reversed(range(doublings))] + [channels]
    last = len(widths) - 1
    # A bias before a normalisation would be subtracted again with the mean.
    bias = normalization is None or last == 0
    layers = [
        nn.Linear(latent_dim + classes, base * base * widths[0], bias=bias),
        FromNHWC(base, base, widths[0]),
    ]
    for k in range(last):
        bias = normalization is None or k + 1 == last
        layers += [
            *_normalization(normalization, widths[k]),
            nn.ReLU(),
            (FoldedConvTranspose2d if k + 1 == last else nn.ConvTranspose2d)(
                widths[k], widths[k + 1], 4, stride=2, padding=1, bias=bias
            ),
        ]
    return _initialize(nn.Sequential(*layers, nn.Tanh()), "normal", seed)


@_isolated
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
    torch.nn.Sequential
        [N, channels, side, side] → logits [N], or [N, classes].

    Raises
    ------
    ValueError
        If `side` or `normalization` is not one of the known ones.
    """
    split_side(side)
    inputs, layers = channels, []
    while side > 4:
        kind = normalization if layers else None
        kernel = 3 if side % 2 else 4
        layers += [
            nn.Conv2d(inputs, width, kernel, stride=2, padding=1, bias=kind is None),
            *_normalization(kind, width),
            nn.LeakyReLU(0.2),
        ]
        inputs, width, side = width, 2 * width, (side + 1) // 2
    layers += [ToRows(), nn.Linear(4 * 4 * inputs, classes or 1)]
    layers += [] if classes else [nn.Flatten(0)]
    model = _initialize(nn.Sequential(*layers), "normal", seed)
    return _spectral(model, seed) if spectral_norm else model


def build(recipe, seed=0):
    """Return the generator and the discriminator of a `gantutor.recipes.Recipe`."""
    pairs = {
        "mlp": (mlp_generator, mlp_discriminator),
        "dcgan": (dcgan_generator, dcgan_discriminator),
    }
    generator, discriminator = pairs[recipe.model]
    of_generator, of_discriminator = recipe.networks()
    return generator(**of_generator, seed=seed), discriminator(**of_discriminator, seed=seed + 1)


def _normalization(kind, channels):
    check_choice(kind, (None, "batch", "layer"), "normalization")
    if kind == "batch":
        return [nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)]
    return [nn.GroupNorm(1, channels, eps=1e-5)] if kind == "layer" else []


def _spectral(model, seed):
    """Normalise the weights of all layers; the first singular vectors are drawn from `seed`."""
    torch.manual_seed(seed)
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            spectral(layer)
    return model


def _initialize(model, kind, seed):
    """Draw all weights from a generator of their own; the global one stays as it is."""
    generator = torch.Generator().manual_seed(seed)
    for layer in model:
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            if kind == "glorot":
                nn.init.xavier_uniform_(layer.weight, generator=generator)
            else:
                nn.init.normal_(layer.weight, std=0.02, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)
