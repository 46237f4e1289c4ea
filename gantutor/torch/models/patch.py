"""A discriminator that judges overlapping patches, with a logit for each."""

import torch
from torch import nn

from gantutor.runs import seeds
from gantutor.sizes import split_shape
from gantutor.torch.layers import initialize
from gantutor.torch.layers import normalization as normalized


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
        As in `gantutor.torch.models.dcgan_discriminator`.

    Returns
    -------
    torch.nn.Sequential
        [N, source_channels + C, H, W] → logits [N, patches], of which losses take the mean.

    References
    ----------
    Isola et al. 2017, Section 3.2.2 and Appendix 6.1.2.

    Examples
    --------
    >>> patch_discriminator((16, 24, 1))(torch.zeros(2, 1, 16, 24)).shape
    torch.Size([2, 24])
    """
    if layers > split_shape(shape)[1]:
        raise ValueError(
            f"layers must leave at least 4 pixels of {shape[0]}×{shape[1]}; got {layers}."
        )
    inputs = source_channels + shape[2]
    with torch.device("meta"):
        parts = []
        for level in range(layers):
            kind = normalization if level else None
            parts += [
                nn.Conv2d(inputs, width, 4, stride=2, padding=1, bias=kind is None),
                *normalized(kind, width),
                nn.LeakyReLU(0.2),
            ]
            inputs, width = width, 2 * width
        parts += [nn.Conv2d(inputs, 1, 3, padding=1), nn.Flatten(1)]
        model = nn.Sequential(*parts)
    return initialize(model, "normal", seeds.number(seed, "discriminator"), spectral_norm)
