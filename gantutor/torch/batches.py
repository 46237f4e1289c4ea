"""Where a trainer's batches come from: arrays on the device, files, or a `DataLoader`."""

import itertools

import numpy as np
import torch

from gantutor.runs import feeding
from gantutor.runs.order import Order
from gantutor.torch.alone import Alone


class Arrays:
    """Batches of arrays: on the device as a whole, or, of memory maps, a batch at a time.

    Parameters
    ----------
    arrays : dict of numpy.ndarray
        Of `gantutor.runs.feeding.named_arrays`.
    batch_size, discriminator_steps : int
        A step takes `discriminator_steps` batches of `batch_size` examples.
    seed : int
        Seed of the order.
    unpaired : bool
        Whether each array has an order of its own.
    device : torch.device
    processes : gantutor.torch.alone.Alone, optional
        Of several processes each takes its slice of every batch.
    """

    def __init__(
        self, arrays, batch_size, discriminator_steps, seed, unpaired, device, processes=None
    ):
        self.batch_size, self.device = batch_size, device
        self.processes = processes or Alone()
        size = batch_size * discriminator_steps
        self._orders = {
            name: Order(len(array), size, seed, which if unpaired else 0)
            for which, (name, array) in enumerate(arrays.items())
        }
        self._arrays = {
            name: array
            if feeding.is_mapped(array)
            else torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
            for name, array in arrays.items()
        }

    def batches(self, step):
        """Return the batches of a step: dictionaries of tensors, images as [N, C, H, W]."""
        size, parts = self.batch_size // self.processes.count, {}
        for name, array in self._arrays.items():
            rows = self.processes.rows(self._orders[name].rows(step), self.batch_size)
            parts[name] = _take(array, rows, self.device).split(size)
        return [
            dict(zip(parts, values, strict=True)) for values in zip(*parts.values(), strict=True)
        ]


def _take(array, rows, device):
    if isinstance(array, np.ndarray):
        taken = torch.from_numpy(np.asarray(array[rows], dtype=np.float32)).to(device)
    else:
        taken = array[torch.from_numpy(rows).to(device)]
    return taken.permute(0, 3, 1, 2) if taken.ndim == 4 else taken


class Loaded:
    """Batches of a `torch.utils.data.DataLoader`, or of anything that can be iterated over again.

    Each of its batches is a tensor, a tuple of tensors in the order of the game's inputs, or a
    dictionary of them by name; images are [N, C, H, W] in [−1, 1], as everywhere in PyTorch. Its
    order is its own: a run that resumes begins a new pass over it. A sampler with a method
    `set_epoch`, as `torch.utils.data.DistributedSampler` has, is told the number of each pass,
    since it would else repeat the first one's order. The first batch is checked as arrays are, and
    several processes compare theirs.

    Parameters
    ----------
    loader : iterable
    game : gantutor.torch.games.Game
        Says what a batch holds.
    discriminator_steps : int
        Batches of a step.
    device : torch.device
    processes : gantutor.torch.alone.Alone, optional
        Of several processes each has a loader of its own share.
    """

    def __init__(self, loader, game, discriminator_steps, device, processes=None):
        self.game, self.count, self.device = game, discriminator_steps, device
        self.processes = processes or Alone()
        self._checked = False
        self._batches = self._endless(loader)

    def _endless(self, loader):
        in_batches = getattr(loader, "batch_sampler", None)
        sampler = getattr(in_batches, "sampler", getattr(loader, "sampler", None))
        for epoch in itertools.count():
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(epoch)
            empty = True
            for batch in loader:
                empty = False
                yield batch
            if empty:
                raise ValueError("The data loader gives no batch: has it fewer examples than one?")

    def batches(self, step):
        """Return the batches of a step."""
        return [self._named(batch) for batch in itertools.islice(self._batches, self.count)]

    def _named(self, batch):
        inputs = self.game.inputs
        if not isinstance(batch, dict):
            batch = batch if isinstance(batch, list | tuple) else (batch,)
            if len(batch) < len(inputs):
                raise ValueError(
                    f"A batch must hold {', '.join(inputs)}; got {len(batch)} tensors."
                )
            batch = dict(zip(inputs, batch, strict=False))
        batch = {name: torch.as_tensor(batch[name]) for name in inputs}
        if not self._checked:
            arrays = {name: _nhwc(tensor).numpy(force=True) for name, tensor in batch.items()}
            feeding.named_arrays(arrays, None, inputs, self.game.classes, self.game.unpaired)
            self.processes.compare(arrays)
            self._checked = True
        return {name: tensor.to(self.device) for name, tensor in batch.items()}


def _nhwc(tensor):
    return tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor
