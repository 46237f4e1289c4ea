"""A PyTorch model's weights as a list of arrays in Keras's order and layout.

This is the layout in which weights ship and cross between the frameworks: for each layer, kernel
and bias; γ, β, mean and variance of a batch normalisation; u and v of a spectral normalisation.
Dense kernels are [inputs, outputs], convolutions [height, width, …, …] as in Keras.
"""

import numpy as np
import torch
from torch import nn

_SPECTRAL = "parametrizations.weight"


def named_weights(model):
    """Return (name, tensor) of every weight of a sequential model, in Keras's order.

    Parameters
    ----------
    model : torch.nn.Sequential

    Returns
    -------
    list[tuple[str, torch.Tensor]]
        The tensors are the model's own, in PyTorch's layout.
    """
    pairs = []
    for index, layer in enumerate(model):
        state = layer.state_dict(keep_vars=True)
        spectral = [f"{_SPECTRAL}.0._u", f"{_SPECTRAL}.0._v"]
        order = ["weight", f"{_SPECTRAL}.original", "bias", "running_mean", "running_var"]
        kind = type(layer).__name__
        pairs += [
            (f"{index} ({kind}).{name}", state[name])
            for name in [*order, *spectral]
            if name in state
        ]
    return pairs


def get_weights(model):
    """Return copies of all weights as NumPy arrays in Keras's order and layout.

    Examples
    --------
    >>> [w.shape for w in get_weights(nn.Sequential(nn.Linear(3, 2)))]
    [(3, 2), (2,)]
    """
    return [_to_keras(tensor.detach().cpu().numpy()).copy() for _, tensor in named_weights(model)]


@torch.no_grad()
def set_weights(model, arrays):
    """Copy arrays in Keras's order and layout into a model.

    Raises
    ------
    ValueError
        If their number or a shape does not fit; the message names the layer. Nothing is copied
        then.
    """
    pairs = named_weights(model)
    if len(pairs) != len(arrays):
        raise ValueError(f"The model has {len(pairs)} weights; got {len(arrays)} arrays.")
    arrays = [_to_torch(np.asarray(array)) for array in arrays]
    for (name, tensor), array in zip(pairs, arrays, strict=True):
        if tuple(tensor.shape) != array.shape:
            raise ValueError(
                f"Weight {name} has shape {list(tensor.shape)} in PyTorch's layout; "
                f"got {list(array.shape)}."
            )
    for (_, tensor), array in zip(pairs, arrays, strict=True):
        tensor.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def _to_keras(array):
    # [out, in, h, w] → [h, w, in, out]; a transposed convolution has its two channel axes
    # swapped in both frameworks, so that one permutation serves for it as well.
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def _to_torch(array):
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
