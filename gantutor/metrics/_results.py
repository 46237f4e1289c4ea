"""What the results of metrics have in common."""


class Score:
    """A result that is one number with something beside it.

    Its number is `value`, and ``float(result)`` gives it, so that a metric can stand wherever a
    number is expected, as in the callback `Metrics` of both frameworks.
    """

    value: float

    def __float__(self) -> float:
        """Return `value`."""
        return float(self.value)
