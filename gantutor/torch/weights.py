"""A PyTorch model's weights as a list of arrays in Keras's order and layout.

This is the layout in which weights ship and cross between the frameworks: for each layer, kernel
and bias; γ, β, mean and variance of a batch normalisation; u and v of a spectral normalisation.
Dense kernels are [inputs, outputs], convolutions [height, width, …, …] as in Keras. A layer whose
layout is not known here is refused, so that no weight is left behind or turned the wrong way.
"""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from gantutor.torch.layers import SpectralNorm

_KERNELS = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
_NORMALIZATIONS = nn.BatchNorm2d | nn.GroupNorm


def get_weights(model):
    """Return copies of all weights as NumPy arrays in Keras's order and layout.

    Parameters
    ----------
    model : torch.nn.Module
        Of the layers of `gantutor.torch.models`, in whatever nesting.

    Returns
    -------
    list[numpy.ndarray]

    Raises
    ------
    TypeError
        If the model holds a weight whose layout in Keras is not known here.

    Examples
    --------
    >>> [w.shape for w in get_weights(torch.nn.Sequential(torch.nn.Linear(3, 2)))]
    [(3, 2), (2,)]
    """
    return [
        _to_keras(tensor.detach().cpu().numpy().reshape(shape)).reshape(keras_shape).copy()
        for _, tensor, shape, keras_shape in _entries(model)
    ]


@torch.no_grad()
def set_weights(model, arrays):
    """Copy arrays in Keras's order and layout into a model.

    Parameters
    ----------
    model : torch.nn.Module
        As in `get_weights`.
    arrays : list[array_like]
        As `get_weights` or `keras.Model.get_weights` return them.

    Raises
    ------
    TypeError
        As of `get_weights`.
    ValueError
        If their number or a shape does not fit; the message names the layer. Nothing is copied
        then.
    """
    entries, arrays = _entries(model), [np.asarray(array) for array in arrays]
    if len(entries) != len(arrays):
        raise ValueError(f"The model has {len(entries)} weights; got {len(arrays)} arrays.")
    for (name, _, _, keras_shape), array in zip(entries, arrays, strict=True):
        if array.shape != keras_shape:
            raise ValueError(
                f"Weight {name} must have shape {list(keras_shape)}; got {list(array.shape)}."
            )
    for (_, tensor, shape, _), array in zip(entries, arrays, strict=True):
        swapped = _to_torch(array.reshape(_swap(shape, _to_keras)))
        tensor.copy_(torch.from_numpy(np.ascontiguousarray(swapped)).reshape(tensor.shape))


def _entries(model):
    """Name, tensor, shape to transpose it in, and Keras shape of each weight."""
    entries, used = [], set()
    for path, layer in model.named_modules():
        for tensor, shape, keras_shape, name in _of_layer(layer):
            used.add(tensor.data_ptr())
            entries.append((f"{path} ({_kind(layer)}).{name}", tensor, shape, keras_shape))
    known = {"num_batches_tracked"}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if tensor.data_ptr() not in used and name.rsplit(".", 1)[-1] not in known:
            raise TypeError(
                f"The weight {name} has no known layout in Keras; known are those of Linear, "
                "Conv2d, ConvTranspose2d, BatchNorm2d and GroupNorm."
            )
    return entries


def _kind(layer):
    return next(
        kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("torch.")
    )


def _of_layer(layer):
    if isinstance(layer, _NORMALIZATIONS):
        names = ("weight", "bias", "running_mean", "running_var")
        vectors = [(name, getattr(layer, name, None)) for name in names]
        return [(t, tuple(t.shape), tuple(t.shape), n) for n, t in vectors if t is not None]
    if not isinstance(layer, _KERNELS):
        return []
    spectral = parametrize.is_parametrized(layer, "weight")
    kernel = layer.parametrizations.weight.original if spectral else layer.weight
    found = [(kernel, tuple(kernel.shape), _swap(kernel.shape, _to_keras), "weight")]
    if layer.bias is not None:
        found.append((layer.bias, tuple(layer.bias.shape), tuple(layer.bias.shape), "bias"))
    if spectral:
        (norm,) = layer.parametrizations.weight
        if not isinstance(norm, SpectralNorm):
            raise TypeError(f"The parametrisation {type(norm).__name__} has no known twin.")
        found.append((norm._u, tuple(norm._u.shape), tuple(norm._u.shape), "u"))
        # v has one number an input of the kernel: [in · h · w] here, [h · w · in] in Keras.
        found.append((norm._v, (1, *kernel.shape[1:]), tuple(norm._v.shape), "v"))
    return found


def _swap(shape, transpose):
    return transpose(np.empty(shape)).shape


def _to_keras(array):
    # [out, in, h, w] → [h, w, in, out]; a transposed convolution has its two channel axes
    # swapped in both frameworks, so that one permutation serves for it as well.
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def _to_torch(array):
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
