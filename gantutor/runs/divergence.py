"""What ends a run whose numbers are finite no longer: an error that names the step."""

from collections.abc import Mapping

import numpy as np


def diverged(what: str, step: int) -> FloatingPointError:
    """Return the error of a run that has diverged.

    Parameters
    ----------
    what : str
        What is not finite.
    step : int
        The first step where it was seen.
    """
    return FloatingPointError(
        f"Step {step}: {what}. Training stopped; checkpoints of earlier steps are intact. A lower "
        "learning rate or a penalty may help."
    )


def check_losses(losses: Mapping[str, float], step: int) -> None:
    """Raise FloatingPointError if a loss of a step is NaN or infinite.

    Examples
    --------
    >>> check_losses({"d_loss": 1.4, "g_loss": 0.7}, step=3)
    """
    if not np.isfinite(list(losses.values())).all():
        raise diverged(", ".join(f"{name} is {value}" for name, value in losses.items()), step)


def check_arrays(arrays: Mapping[str, np.ndarray], step: int) -> None:
    """Raise FloatingPointError if an array of floating-point numbers is not finite."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise diverged(f"{name} is not finite", step)
