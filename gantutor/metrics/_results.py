"""What the results of metrics have in common."""

from typing import TYPE_CHECKING


class Score:
    """A result that is one number with something beside it.

    Its number is `value`, and ``float(result)`` gives it, so that a metric can stand wherever a
    number is expected, as in the callback `Metrics` of both frameworks.
    """

    if TYPE_CHECKING:

        @property
        def value(self) -> float:
            """A field or a property of each result."""
            ...

    def __float__(self) -> float:
        """Return `value`."""
        return float(self.value)
