"""A generator that takes an image: down to a few pixels and up again, with skip connections."""

import torch
from torch import nn

from gantutor.runs import seeds
from gantutor.sizes import split_shape
from gantutor.torch.layers import doubling, initialize
from gantutor.torch.layers import normalization as normalized


class UNet(nn.Module):
    """The network that `unet_generator` builds.

    Parameters
    ----------
    channels, outputs : int
        Of the image that comes in, and of the one that goes out.
    widths : list of int
        Channels at each resolution below the image's own.
    normalization : str or None
    """

    def __init__(self, channels, outputs, widths, normalization):
        super().__init__()
        bias = normalization is None
        down, up = [], []
        for level, width in enumerate(widths):
            inputs = channels if level == 0 else widths[level - 1]
            kind = normalization if level else None
            layer = nn.Conv2d(inputs, width, 4, stride=2, padding=1, bias=kind is None)
            down.append(nn.Sequential(layer, *normalized(kind, width), nn.LeakyReLU(0.2)))
        for level in reversed(range(1, len(widths))):
            inputs = widths[level] * (1 if level == len(widths) - 1 else 2)
            layer = doubling(inputs, widths[level - 1], bias)
            up.append(
                nn.Sequential(layer, *normalized(normalization, widths[level - 1]), nn.ReLU())
            )
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
        self.last = doubling(widths[0] * (2 if up else 1), outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[N, C, H, W] → [N, outputs, H, W] in [−1, 1]."""
        kept = []
        for layer in self.down:
            images = layer(images)
            kept.append(images)
        images = kept.pop()
        for layer in self.up:
            images = torch.cat([layer(images), kept.pop()], dim=1)
        return torch.tanh(self.last(images))


def unet_generator(
    shape=(32, 32, 3), source_channels=3, width=32, *, normalization="instance", seed=0
):
    """Generator from one image to another of the same size, with skip connections.

    Parameters
    ----------
    shape : tuple
        (height, width, channels) of the image that is made; sizes as in
        `gantutor.torch.models.dcgan_generator`.
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
    torch.nn.Module
        [N, source_channels, H, W] → [N, C, H, W] in [−1, 1].

    References
    ----------
    Ronneberger, Fischer and Brox 2015; as a generator, Isola et al. 2017, Section 3.2.1 and
    Appendix 6.1, without dropout.

    Examples
    --------
    >>> unet_generator((16, 24, 1))(torch.zeros(2, 3, 16, 24)).shape
    torch.Size([2, 1, 16, 24])
    """
    _, halvings = split_shape(shape)
    if halvings == 0:
        raise ValueError(f"shape must be at least 8×8 pixels; got {shape[0]}×{shape[1]}.")
    widths = [width * min(2**k, 8) for k in range(halvings)]
    with torch.device("meta"):
        model = UNet(source_channels, shape[2], widths, normalization)
    return initialize(model, "normal", seeds.number(seed, "generator"))
