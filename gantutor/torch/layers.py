"""Layers that PyTorch does not have, or not with weights from a seed. Twin: `keras.layers`."""

import torch
from torch import nn
from torch.nn.functional import fold, normalize
from torch.nn.utils import parametrize

from gantutor.validation import check_choice


class FromNHWC(nn.Module):
    """Reshape rows to NHWC images and view them as NCHW: the memory is channels-last at once.

    The units of the dense layer before it then have the same order as in Keras.

    Examples
    --------
    >>> FromNHWC(2, 2, 3)(torch.zeros(5, 12)).shape
    torch.Size([5, 3, 2, 2])
    """

    def __init__(self, height: int, width: int, channels: int):
        super().__init__()
        self.shape = (height, width, channels)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """[N, H·W·C] → [N, C, H, W]."""
        return rows.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class ToRows(nn.Module):
    """Flatten NCHW images in NHWC order, as Keras does."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[N, C, H, W] → [N, H·W·C]."""
        return images.permute(0, 2, 3, 1).flatten(1)


class Projection(nn.Module):
    """The logits of a projection discriminator for every class: ψ(h) + ⟨E_y, h⟩.

    Miyato and Koyama 2018, Eq. 4 and Figure 1 (d), with a linear ψ. A game takes from each row
    the logit of the example's own class.

    Parameters
    ----------
    features : int
        Length of h.
    classes : int

    Examples
    --------
    >>> Projection(8, 10)(torch.zeros(3, 8)).shape
    torch.Size([3, 10])
    """

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.shared = nn.Linear(features, 1)
        self.embedding = nn.Linear(features, classes, bias=False)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """[N, features] → logits [N, classes]."""
        return self.shared(h) + self.embedding(h)


class _FoldedConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution to one channel, kernel 4, stride 2, padding 1, with a bias.

    On CPUs it is one matrix product and a fold, with the values of `torch.nn.ConvTranspose2d`.
    `benchmarks/throughput_torch.py` has the times: with one output channel it is faster, with
    three it is slower.
    """

    def __init__(self, inputs: int):
        super().__init__(inputs, 1, 4, stride=2, padding=1)

    def forward(self, images: torch.Tensor, output_size=None) -> torch.Tensor:
        """[N, C, H, W] → [N, 1, 2H, 2W]."""
        if images.device.type != "cpu":
            return super().forward(images, output_size)
        count, channels, height, width = images.shape
        pixels = images.permute(0, 2, 3, 1).reshape(count, height * width, channels)
        columns = (pixels @ self.weight.flatten(1)).transpose(1, 2)
        size = (2 * height, 2 * width)
        outputs = fold(columns, size, kernel_size=4, padding=1, stride=2)
        return outputs + self.bias[:, None, None]  # type: ignore[index]


def doubling(inputs: int, outputs: int, bias: bool = True) -> nn.ConvTranspose2d:
    """Return a transposed convolution that doubles height and width (kernel 4, stride 2)."""
    if outputs == 1 and bias:
        return _FoldedConvTranspose2d(inputs)
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=bias)


def normalization(kind: str | None, channels: int) -> list[nn.Module]:
    """Return a normalisation of images as a list of no or one layer.

    Parameters
    ----------
    kind : {"batch", "layer", "instance", None}
        Over the batch; over all units of an example; over each channel of an example.
    channels : int
    """
    check_choice(kind, (None, "batch", "layer", "instance"), "normalization")
    if kind is None:
        return []
    if kind == "batch":
        return [nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)]
    return [nn.GroupNorm(1 if kind == "layer" else channels, channels, eps=1e-5)]


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, estimated by power iteration.

    As `torch.nn.utils.parametrizations.spectral_norm`, whose first vectors come from PyTorch's
    global generator; these come from one of their own. Miyato et al. 2018, Algorithm 1.
    """

    def __init__(self, weight: torch.Tensor, generator: torch.Generator):
        super().__init__()
        matrix = weight.detach().flatten(1)
        for name, length in zip(("_u", "_v"), matrix.shape, strict=True):
            start = torch.randn(length, generator=generator)
            self.register_buffer(name, normalize(start, dim=0, eps=1e-12))
        for _ in range(15):
            self._iterate(matrix)

    @torch.no_grad()
    def _iterate(self, matrix):
        self._u = normalize(matrix @ self._v, dim=0, eps=1e-12)
        self._v = normalize(matrix.mT @ self._u, dim=0, eps=1e-12)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight over its norm; one power iteration a pass in training mode."""
        matrix = weight.flatten(1)
        if self.training:
            self._iterate(matrix)
        # Copies: a second pass changes the vectors before the first one's gradient needs them.
        return weight / (self._u.clone() @ (matrix @ self._v.clone()))


def initialize(model: nn.Module, kind: str, seed: int, spectral_norm: bool = False) -> nn.Module:
    """Give a model made on the device "meta" its memory and its first weights.

    Parameters
    ----------
    model : torch.nn.Module
        Of this package's layers; no weight of it has been drawn yet, so that PyTorch's global
        generator is neither used nor moved.
    kind : {"normal", "glorot"}
        𝒩(0, 0.02²) or Glorot's uniform distribution, for the kernels of convolutions and dense
        layers. Biases are 0, normalisations do nothing at first.
    seed : int
    spectral_norm : bool
        Whether every kernel is divided by its largest singular value.

    Returns
    -------
    torch.nn.Module
        The model, on the CPU, images in channels-last memory.
    """
    generator = torch.Generator().manual_seed(seed)
    model = model.to_empty(device="cpu")
    kernels = [
        m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
    ]
    for layer in kernels:
        if kind == "glorot":
            nn.init.xavier_uniform_(layer.weight, generator=generator)
        else:
            nn.init.normal_(layer.weight, std=0.02, generator=generator)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d | nn.GroupNorm):
            norm.reset_parameters()
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if spectral_norm:
        for layer in kernels:
            parametrize.register_parametrization(
                layer, "weight", SpectralNorm(layer.weight, generator)
            )
    return model


def mixes_examples(model: nn.Module) -> bool:
    """Return whether a model's output for one example depends on the others of its batch.

    So it is with batch normalisation of any kind, and with a layer that says so by an attribute
    `mixes_examples`, as those do that compute statistics of a mini-batch. Real and generated
    examples must then be judged apart.
    """
    return any(
        isinstance(layer, nn.modules.batchnorm._BatchNorm)
        or getattr(layer, "mixes_examples", False)
        for layer in model.modules()
    )
