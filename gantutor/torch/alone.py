"""What a training asks of the others that train with it, and the answers where there are none.

`gantutor.torch.distributed` is loaded only where a launcher started several processes.
"""

from gantutor.runs import launch


class Alone:
    """The only process: it takes everything, and there is nothing to average.

    Attributes
    ----------
    rank, count : int
        The number of this process, from 0, and how many there are.
    is_main : bool
        Whether this is the process that writes files.
    device : torch.device or None
        Where it trains; None leaves the choice to the trainer.
    """

    rank, count, is_main, device = 0, 1, True, None

    def join(self, game, batch_size) -> None:
        """Make a game fit for being trained in slices, or refuse it."""

    def align(self, trainer, steps) -> None:
        """Give all processes the state of the first one."""

    def compare(self, batch) -> None:
        """Refuse what was loaded for all processes, where each should have its own share."""

    def first(self, function) -> None:
        """Call a function in the first process; what it raises there is raised in all."""
        function()

    def rows(self, rows, batch_size):
        """Return the rows of this process among those of a step: of each batch its slice."""
        return rows

    def noise(self, game, batch, random):
        """Return the noise of this process's slice; `random` stands alike in all of them."""
        return game.noise(batch, random)

    def average(self, parameters, terms):
        """Average the gradients in place; return the terms of the loss, averaged and detached."""
        return {name: term.detach() for name, term in terms.items()}

    def agree(self, flag, step=0) -> bool:
        """Return whether the flag is set in any process; all ask at the same step."""
        return flag

    def wait(self) -> None:
        """Wait until all processes have come here."""


def launched():
    """Return `Processes` where a launcher started several, and `Alone` elsewhere."""
    if launch.count() == 1:
        return Alone()
    from gantutor.torch.distributed import Processes

    return Processes()
