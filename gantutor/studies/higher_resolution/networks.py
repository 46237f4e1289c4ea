"""A generator and a discriminator that can grow, and a style-based generator, for 32 × 32."""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu

LATENT = 64
WIDTHS = (48, 32, 16, 8)  # channels at 4, 8, 16 and 32 pixels
LAST = 2  # the stage of 32 pixels; stage 0 has 8


def double(x):
    """Return images or features of twice the size, each pixel repeated."""
    return interpolate(x, scale_factor=2, mode="nearest")


def active(x):
    """Return the leaky ReLU."""
    return leaky_relu(x, 0.2)


def initialize(network):
    """Draw the weights so that the features keep their mean square (He et al. 2015); return it."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            nn.init.zeros_(layer.bias)
    return network


class Generator(nn.Module):
    """Latent vectors [N, 64] → images of 8, 16 or 32 pixels, by the stage."""

    def __init__(self):
        super().__init__()
        self.start = nn.Linear(LATENT, 16 * WIDTHS[0])
        pairs = zip(WIDTHS[:-1], WIDTHS[1:], strict=True)  # noqa: RUF007
        self.blocks = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.to_image = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in WIDTHS[1:])

    def forward(self, z, stage=LAST, alpha=1.0):
        """Return images; with alpha below 1 mixed with the enlarged ones of the stage before."""
        x = active(self.start(z)).view(-1, WIDTHS[0], 4, 4)
        for block in self.blocks[: stage + 1]:
            before, x = x, active(block(double(x)))
        image = self.to_image[stage](x)
        if alpha == 1:
            return image
        return torch.lerp(double(self.to_image[stage - 1](before)), image, alpha)


class Discriminator(nn.Module):
    """Images of 8, 16 or 32 pixels → logits [N]: the generator's mirror image."""

    def __init__(self):
        super().__init__()
        pairs = zip(WIDTHS[1:], WIDTHS[:-1], strict=True)
        self.from_image = nn.ModuleList(nn.Conv2d(1, width, 1) for width in WIDTHS[1:])
        self.blocks = nn.ModuleList(nn.Conv2d(a, b, 3, 2, padding=1) for a, b in pairs)
        self.end = nn.Linear(16 * WIDTHS[0], 1)

    def forward(self, images, stage=LAST, alpha=1.0):
        """Return logits; with alpha below 1 the newest layer is mixed with the way around it."""
        x = active(self.from_image[stage](images))
        x = active(self.blocks[stage](x))
        if alpha < 1:
            around = active(self.from_image[stage - 1](avg_pool2d(images, 2)))
            x = torch.lerp(around, x, alpha)
        for block in reversed(self.blocks[:stage]):
            x = active(block(x))
        return self.end(x.flatten(1)).squeeze(1)


class StyledConv(nn.Module):
    """A convolution that a style modulates, with demodulation (Karras et al. 2020, Section 2.2)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3) / (9 * inputs) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = nn.Linear(LATENT, inputs)
        self.strength = nn.Parameter(torch.zeros(()))  # of the noise

    def convolve(self, x, scales):
        """Scale the input channels, convolve, and divide by the expected deviation."""
        squares = self.weight.square().sum(dim=(2, 3))  # [outputs, inputs]
        deviation = (scales.square() @ squares.T + 1e-8).sqrt()
        x = conv2d(x * scales[:, :, None, None], self.weight, padding=1)
        return x / deviation[:, :, None, None]

    def forward(self, x, w, noise):
        """Return the next features; `noise` is [N, 1, H, W]."""
        x = self.convolve(x, 1 + self.style(w)) + self.strength * noise
        return active(x + self.bias[:, None, None])


class StyleGenerator(nn.Module):
    """Latent vectors [N, 64] → images of 32 pixels, by way of w, which styles each layer."""

    def __init__(self):
        super().__init__()
        self.mapping = nn.ModuleList(nn.Linear(LATENT, LATENT) for _ in range(2))
        self.constant = nn.Parameter(torch.randn(1, WIDTHS[0], 4, 4))
        pairs = zip(WIDTHS[:-1], WIDTHS[1:], strict=True)  # noqa: RUF007
        self.blocks = nn.ModuleList(StyledConv(a, b) for a, b in pairs)
        self.to_image = nn.Conv2d(WIDTHS[-1], 1, 1)

    def to_w(self, z):
        """Return what the mapping network makes of z."""
        for layer in self.mapping:
            z = active(layer(z))
        return z

    def from_w(self, w, noise=None):
        """Return images; `noise` is one tensor [N, 1, H, W] a layer, by default drawn."""
        x = self.constant.expand(len(w), -1, -1, -1)
        for number, block in enumerate(self.blocks):
            x = double(x)
            given = torch.randn_like(x[:, :1]) if noise is None else noise[number]
            x = block(x, w, given)
        return self.to_image(x)

    def forward(self, z, stage=LAST, alpha=1.0):
        """Return images of the last stage."""
        return self.from_w(self.to_w(z))
