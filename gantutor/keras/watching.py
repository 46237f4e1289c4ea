"""What looks at each step of `fit`: losses are kept, callbacks told, and a run ended in time."""

import keras

from gantutor.runs.divergence import check_losses


class Watch(keras.callbacks.Callback):
    """Keeps the losses, tells the package's own callbacks, and stops at Ctrl-C or NaN.

    Parameters
    ----------
    tell : callable
        Tells the callbacks of a step.
    interrupt : gantutor.runs.interrupt.Interrupt
    last : int or None
        The last step of this `fit`, where it is known.
    """

    def __init__(self, tell, interrupt, last):
        super().__init__()
        self.tell, self.interrupt, self.last = tell, interrupt, last
        self._recorded = None

    def on_train_begin(self, logs=None):
        """Count from where the run stands."""
        self._recorded = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        """Look at the losses; record them at multiples of `log_every`."""
        model, step = self.model, self.model.step
        check_losses(logs, step)
        counted = {name: value for name, value in logs.items() if model.counted(name, step - 1)}
        model._unrecorded = {**model._unrecorded, **counted}
        if step // model.log_every > self._recorded // model.log_every or step == self.last:
            self._record()
        self.tell()
        if self.interrupt.requested:
            model.stop_training = True

    def on_train_end(self, logs=None):
        """Record the last losses."""
        if self._recorded != self.model.step:
            self._record()

    def _record(self):
        model, self._recorded = self.model, self.model.step
        model.record.add(model.step, **model._unrecorded)
        model._unrecorded = {}
