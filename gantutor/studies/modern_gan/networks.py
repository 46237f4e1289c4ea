"""The two pairs of networks: a small DCGAN, and residual networks in the manner of R3GAN."""

import math

import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, leaky_relu

from gantutor.runs import seeds

LATENT_DIM = 64
SLOPE = 0.2  # of the leaky ReLU for negative inputs
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the mean square of what passes a leaky ReLU
GROUP = 8  # channels of a group of the convolution in a block


def weights(*shape: int, gain: float = 1.0) -> nn.Parameter:
    """Return initial weights from 𝒩(0, gain² / n), where n inputs make one output."""
    return nn.Parameter(gain * torch.randn(shape) / math.sqrt(math.prod(shape[1:])))


class Block(nn.Module):
    """A residual block: channels doubled, a grouped convolution, channels halved, and the input.

    Parameters
    ----------
    channels : int
    blocks : int
        Of the whole network: its initial weights are made smaller by it.
    fixed_up : bool
        Begin as the identity. Otherwise all layers begin with weights of the usual size.
    """

    def __init__(self, channels: int, blocks: int = 2, fixed_up: bool = True):
        super().__init__()
        wide, self.groups = 2 * channels, 2 * channels // GROUP
        gain = GAIN * blocks**-0.25 if fixed_up else GAIN
        self.widen = weights(wide, channels, 1, 1, gain=gain)
        self.convolve = weights(wide, GROUP, 3, 3, gain=gain)
        self.narrow = weights(channels, wide, 1, 1, gain=0.0 if fixed_up else 1.0)
        self.first = nn.Parameter(torch.zeros(wide, 1, 1))
        self.second = nn.Parameter(torch.zeros(wide, 1, 1))

    def forward(self, x):
        """[N, C, H, W] → [N, C, H, W]."""
        y = leaky_relu(conv2d(x, self.widen) + self.first, SLOPE)
        y = conv2d(y, self.convolve, padding=1, groups=self.groups)
        y = leaky_relu(y + self.second, SLOPE)
        return x + conv2d(y, self.narrow)


class PixelMix(nn.Module):
    """A convolution of 1 × 1 pixels without bias: it mixes the channels of each pixel."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = weights(outputs, inputs, 1, 1)

    def forward(self, x):
        """[N, inputs, H, W] → [N, outputs, H, W]."""
        return conv2d(x, self.weight)


class Double(nn.Module):
    """Bilinear interpolation to twice the height and width."""

    def forward(self, x):
        """[N, C, H, W] → [N, C, 2H, 2W]."""
        return interpolate(x, scale_factor=2, mode="bilinear")


class Halve(nn.Module):
    """Weighted means of 4 × 4 pixels, (1, 3, 3, 1) / 8 each way: the adjoint of `Double`."""

    def __init__(self, channels: int):
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(row, row).repeat(channels, 1, 1, 1))

    def forward(self, x):
        """[N, C, 2H, 2W] → [N, C, H, W]."""
        return conv2d(x, self.kernel, stride=2, padding=1, groups=len(self.kernel))


class Dense(nn.Module):
    """A dense layer without bias, with weights that keep the mean square of its inputs."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = weights(outputs, inputs)

    def forward(self, x):
        """[N, inputs] → [N, outputs]."""
        return x @ self.weight.mT


def residual_networks(
    seed: int, width: int = 16, blocks: int = 1, fixed_up: bool = True, tanh: bool = True
):
    """Return a generator and a discriminator of residual blocks, with maps as large as DCGAN's.

    As in DCGAN, the largest maps have 14 × 14 pixels, and a dense layer begins G and ends D. The
    four pixels of a square of 2 × 2 in the image are four channels at 14 × 14.

    Parameters
    ----------
    seed : int
    width : int
        Channels at 14 × 14 pixels, a multiple of 4, and half of those at 7 × 7.
    blocks : int
        At each of the two sizes.
    fixed_up : bool
        As of `Block`.
    tanh : bool
        At the end of the generator, as in DCGAN; R3GAN's output is linear.
    """

    def stage(channels):
        return [Block(channels, 2 * blocks, fixed_up) for _ in range(blocks)]

    torch.manual_seed(seeds.number(seed, "generator"))
    generator = nn.Sequential(
        Dense(LATENT_DIM, 2 * width * 49),
        nn.Unflatten(1, (2 * width, 7, 7)),
        *stage(2 * width),
        PixelMix(2 * width, width),
        Double(),
        *stage(width),
        PixelMix(width, 4),
        nn.PixelShuffle(2),
        *([nn.Tanh()] if tanh else []),
    )
    torch.manual_seed(seeds.number(seed, "discriminator"))
    discriminator = nn.Sequential(
        nn.PixelUnshuffle(2),
        PixelMix(4, width),
        *stage(width),
        Halve(width),
        PixelMix(width, 2 * width),
        *stage(2 * width),
        nn.Flatten(),
        Dense(2 * width * 49, 1),
        nn.Flatten(0),
    )
    return generator, discriminator


def dcgan_networks(
    seed: int, width: int = 16, normalized: bool = True, normalized_d: bool = True, he: bool = False
):
    """Return a generator and a discriminator of the chapter on DCGAN.

    Parameters
    ----------
    seed : int
    width : int
        Channels at 14 × 14 pixels, and half of those at 7 × 7.
    normalized : bool
        Batch normalisation in the generator.
    normalized_d : bool
        And in the discriminator.
    he : bool
        Initial weights by `start_as_he` in place of DCGAN's 𝒩(0, 0.02²).
    """
    from gantutor.torch.models import dcgan_discriminator, dcgan_generator

    size = {"width": width, "seed": seed}
    kinds = ["batch" if wanted else None for wanted in (normalized, normalized and normalized_d)]
    generator = dcgan_generator(latent_dim=LATENT_DIM, normalization=kinds[0], **size)
    discriminator = dcgan_discriminator(normalization=kinds[1], **size)
    if he:
        for network, name in ((generator, "generator"), (discriminator, "discriminator")):
            torch.manual_seed(seeds.number(seed, name))
            start_as_he(network)
    return generator, discriminator


def start_as_he(network):
    """Draw the weights of each layer anew, from 𝒩(0, 2 / n) where n inputs make one output.

    The ReLU behind the layer halves the mean square again. Behind the last layer of a network
    there is none: it has 𝒩(0, 1 / n).
    """
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    layers = [module for module in network.modules() if isinstance(module, kinds)]
    for layer in layers:
        inputs = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose2d):  # [inputs, outputs, height, width]
            inputs = layer.weight[:, 0].numel() / math.prod(layer.stride)
        gain = 1 if layer is layers[-1] else 2
        nn.init.normal_(layer.weight, std=math.sqrt(gain / inputs))
