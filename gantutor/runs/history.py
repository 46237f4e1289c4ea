"""The record of a training run: named series of numbers over steps."""


class History:
    """Losses and metrics over the steps of a run.

    Attributes
    ----------
    history : dict[str, list[float]]
        The values of each series, as in Keras.
    steps : dict[str, list[int]]
        The step at which each value was taken, from 1.

    Examples
    --------
    >>> record = History()
    >>> record.add(10, d_loss=1.4)
    >>> record.history, record.steps
    ({'d_loss': [1.4]}, {'d_loss': [10]})
    """

    def __init__(self, history=None, steps=None):
        self.history = history or {}
        self.steps = steps or {}

    def add(self, step, **values):
        """Append one value to each series named."""
        for name, value in values.items():
            self.history.setdefault(name, []).append(float(value))
            self.steps.setdefault(name, []).append(int(step))

    def plot(self):
        """Return a Matplotlib figure of all series over the steps."""
        from gantutor import plots

        return plots.loss_curves(self)

    def to_dict(self):
        """Return the record as a dictionary that JSON can hold; ``History(**d)`` reads it."""
        return {"history": self.history, "steps": self.steps}
