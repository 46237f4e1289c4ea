"""Which of several processes this one is, as a launcher says it in the environment."""

import os


def count() -> int:
    """Return how many processes `torchrun` or `accelerate launch` started; 1 without them.

    Raises
    ------
    ValueError
        If the environment says it without a sense.
    """
    return _number("WORLD_SIZE", 1)


def rank() -> int:
    """Return the number of this process among them, from 0."""
    return _number("RANK", 0)


def is_main() -> bool:
    """Return whether this is the process that writes files."""
    return rank() == 0


def _number(name, otherwise):
    text = os.environ.get(name, str(otherwise))
    if not text.isdigit() or int(text) < otherwise:
        raise ValueError(f"{name} must be a whole number of at least {otherwise}; got {text!r}.")
    return int(text)
