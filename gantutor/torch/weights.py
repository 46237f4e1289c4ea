"""A PyTorch model's weights as a list of arrays in Keras's order and layout.

This is the layout in which weights ship and cross between the frameworks: for each layer, kernel
and bias; γ, β, mean and variance of a batch normalisation; u and v of a spectral normalisation.
Dense kernels are [inputs, outputs], convolutions [height, width, …, …] as in Keras.
"""

import numpy as np
import torch

_NAMES = (
    "weight",
    "parametrizations.weight.original",
    "bias",
    "running_mean",
    "running_var",
    "parametrizations.weight.0._u",
    "parametrizations.weight.0._v",
)


def get_weights(model):
    """Return copies of all weights as NumPy arrays in Keras's order and layout.

    Parameters
    ----------
    model : torch.nn.Sequential

    Returns
    -------
    list[numpy.ndarray]

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
    model : torch.nn.Sequential
    arrays : list[array_like]
        As `get_weights` or `keras.Model.get_weights` return them.

    Raises
    ------
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
    entries = []
    for index, layer in enumerate(model):
        state = layer.state_dict(keep_vars=True)
        for name in _NAMES:
            if name not in state:
                continue
            tensor = state[name]
            # v has one number an input of the kernel: [in · h · w] here, [h · w · in] in Keras.
            kernel = state.get("parametrizations.weight.original")
            is_v = name.endswith("_v") and kernel.ndim == 4
            shape = (1, *kernel.shape[1:]) if is_v else tuple(tensor.shape)
            keras_shape = tuple(tensor.shape) if is_v else _swap(shape, _to_keras)
            label = f"{index} ({type(layer).__name__}).{name}"
            entries.append((label, tensor, shape, keras_shape))
    return entries


def _swap(shape, transpose):
    return transpose(np.empty(shape)).shape


def _to_keras(array):
    # [out, in, h, w] → [h, w, in, out]; a transposed convolution has its two channel axes
    # swapped in both frameworks, so that one permutation serves for it as well.
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def _to_torch(array):
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
