"""Carries weights between the PyTorch and the Keras model of the same recipe.

A weight's own value crosses exactly, in float32. What the two frameworks compute from it then
agrees up to rounding; `tests/test_parity.py` states the tolerances.
"""

from gantutor.torch.weights import get_weights, set_weights


def to_keras(torch_model, keras_model):
    """Copy all weights of a PyTorch model, with its batch statistics, into its Keras twin.

    Parameters
    ----------
    torch_model : torch.nn.Sequential
        Of `gantutor.torch.models`.
    keras_model : keras.Sequential
        Built by the function of the same name, with the same arguments.

    Raises
    ------
    ValueError
        If the number of weights or a shape differs; nothing is copied then.
    """
    arrays = get_weights(torch_model)
    shapes = [tuple(weight.shape) for weight in keras_model.weights]
    found = [array.shape for array in arrays]
    if shapes != found:
        raise ValueError(f"The Keras model has weights of shapes {shapes}; got {found}.")
    keras_model.set_weights(arrays)


def to_torch(keras_model, torch_model):
    """Copy all weights of a Keras model, with its batch statistics, into its PyTorch twin.

    Parameters
    ----------
    keras_model : keras.Sequential
        Of `gantutor.keras.models`.
    torch_model : torch.nn.Sequential
        Built by the function of the same name, with the same arguments.

    Raises
    ------
    ValueError
        If the number of weights or a shape differs; nothing is copied then.
    """
    set_weights(torch_model, keras_model.get_weights())
