"""One training in several processes: what each of them takes, and what they average.

All processes hold the same weights. Each takes an equal slice of every batch and of its noise; the
gradients and the losses are averaged before each update. So N processes compute what one computes
with the whole batch, up to rounding.
"""

import atexit
import functools

import torch

from gantutor.runs import feeding
from gantutor.torch.alone import Alone


class Processes(Alone):
    """The processes that `accelerate launch` or `torchrun` started, through HF Accelerate.

    Gradients are averaged by hand, as one vector after each backward pass, in the manner of
    StyleGAN3's training loop. `DistributedDataParallel` averages in hooks, which wait for all
    parameters: where one takes no part in a backward pass, as the last bias in that of a penalty
    alone, the gradients stay each process's own, and the next forward pass raises. Batch
    normalisation takes its means over all slices, so that its running statistics agree, too
    (`SyncBatchNorm` does so on GPUs only).

    Other things that mix the examples of a batch, such as a layer that compares them, see only
    the slice: results differ from those of one process then, and nothing warns.

    Parameters
    ----------
    accelerator : accelerate.Accelerator, optional
        If not given, a new one, which leaves the others when this process ends. If you give one,
        call its ``end_training`` yourself. Mixed precision is not used.
    every : int
        How often, in steps, processes ask each other whether to stop.

    Raises
    ------
    ModuleNotFoundError
        If Accelerate is not installed.
    """

    def __init__(self, accelerator=None, every=10):
        if accelerator is None:
            try:
                from accelerate import Accelerator
            except ModuleNotFoundError as error:
                raise ModuleNotFoundError(
                    "Training in several processes needs Hugging Face Accelerate. Install it "
                    'with: pip install "gantutor[practice]"'
                ) from error
            accelerator = Accelerator(cpu=torch.accelerator.current_accelerator(True) is None)
            # A process that ends as a member of the group may be aborted, even after a good end.
            atexit.register(accelerator.end_training)
        self.accelerator, self.every = accelerator, every
        self.rank, self.count = accelerator.process_index, accelerator.num_processes
        self.is_main, self.device = accelerator.is_main_process, accelerator.device

    def join(self, game, batch_size):
        """Let batch normalisation see the whole batch; refuse a batch of unequal slices.

        Raises
        ------
        ValueError
            If the batch cannot be cut into equal slices.
        """
        if batch_size % self.count:
            raise ValueError(
                f"batch_size is that of all processes together, and each takes an equal slice; "
                f"got {batch_size} for {self.count} processes."
            )
        for layer in game.modules():
            is_norm = isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)
            if is_norm and not isinstance(layer, torch.nn.SyncBatchNorm) and self.count > 1:
                layer.forward = functools.partial(normalise, layer)

    def align(self, trainer, steps):
        """Give all processes the weights and moments of the first one.

        Raises
        ------
        ValueError
            If they stand at different steps, are to train for unequal ones, or hold different
            data.
        """
        from accelerate.utils import broadcast_object_list, gather_object

        said = gather_object([(trainer.step, trainer.step + steps, trainer._fed)])
        if any(one != said[0] for one in said):
            froms, ends, data = map(list, zip(*said, strict=True))
            raise ValueError(
                "All processes must go on from the same step to the same step with the same data; "
                f"got steps {froms} to {ends} and data {data}."
            )
        (trainer.id,) = broadcast_object_list([trainer.id])
        for value in trainer._state().values():
            sent = value.detach().to(self.device).contiguous()
            if self.count > 1:
                torch.distributed.broadcast(sent, 0)
            with torch.no_grad():
                value.copy_(sent)

    def compare(self, batch):
        """Refuse first batches of loaders that are of unequal sizes or hold the same examples.

        Raises
        ------
        ValueError
            If each process does not have a share of its own.
        """
        from accelerate.utils import gather_object

        said = gather_object([feeding.fingerprint(batch)])
        sizes = [[mark["shape"][0] for mark in one.values()] for one in said]
        if any(one != sizes[0] for one in sizes):
            raise ValueError(f"The loaders' batches must be of equal sizes; got {sizes}.")
        if any(one == said[0] for one in said[1:]):
            raise ValueError(
                "The loaders of several processes gave the same first batch. Give each a share "
                "of its own, as torch.utils.data.DistributedSampler does."
            )

    def first(self, function):
        """Call a function in the first process; what it raises there is raised in all."""
        from accelerate.utils import broadcast_object_list

        failure = None
        if self.is_main:
            try:
                function()
            except Exception as error:  # whatever it is, the others must not wait for more
                failure = error
        (failure,) = broadcast_object_list([failure])
        if failure is not None:
            raise failure

    def rows(self, rows, batch_size):
        """Return the rows of this process among those of a step: of each batch its slice."""
        return rows.reshape(-1, self.count, batch_size // self.count)[:, self.rank].ravel()

    def noise(self, game, batch, random):
        """Draw the noise of the whole batch, and return this process's slice of it."""
        size = len(next(iter(batch.values())))
        whole = {
            name: tensor[:1].expand(size * self.count, *tensor.shape[1:])
            for name, tensor in batch.items()
        }
        mine = slice(self.rank * size, (self.rank + 1) * size)
        return {name: tensor[mine] for name, tensor in game.noise(whole, random).items()}

    def average(self, parameters, terms):
        """Average the gradients in place; return the terms of the loss, averaged and detached."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        parts = gradients + [term.detach() for term in terms.values()]
        flat = torch.cat([part.flatten() for part in parts])
        means = self.accelerator.reduce(flat, "mean").split([part.numel() for part in parts])
        for gradient, mean in zip(gradients, means, strict=False):
            gradient.copy_(mean.view_as(gradient))
        last = means[len(gradients) :]
        return {name: mean[0].clone() for name, mean in zip(terms, last, strict=True)}

    def agree(self, flag, step=0):
        """Return whether the flag is set in any process; False at steps at which nobody asks."""
        if step % self.every:
            return False
        asked = torch.tensor([float(flag)], device=self.device)
        return bool(self.accelerator.reduce(asked, "sum").item())

    def wait(self):
        """Wait until all processes have come here."""
        self.accelerator.wait_for_everyone()


class _Mean(torch.autograd.Function):
    """The mean of a tensor over all processes; its derivative is such a mean, too."""

    @staticmethod
    def forward(ctx, tensor):
        total = tensor.contiguous().clone()
        torch.distributed.all_reduce(total)
        return total / torch.distributed.get_world_size()

    @staticmethod
    def backward(ctx, gradient):
        return _Mean.apply(gradient)


def normalise(layer, inputs):
    """Apply a layer of batch normalisation with the means over the slices of all processes.

    Parameters
    ----------
    layer : torch.nn.BatchNorm1d or torch.nn.BatchNorm2d
        In evaluation it normalises by its running statistics, as ever.
    inputs : torch.Tensor
        This process's slice, of the same size in all of them.

    Raises
    ------
    ValueError
        In training, if all slices together hold one value a channel.
    """
    if not (layer.training or layer.running_mean is None):
        return type(layer).forward(layer, inputs)
    over = [axis for axis in range(inputs.ndim) if axis != 1]
    shape = [1, -1] + [1] * (inputs.ndim - 2)
    count = inputs.numel() // inputs.shape[1] * torch.distributed.get_world_size()
    if count == 1:
        raise ValueError("Batch normalisation needs more than one value a channel in training.")
    mean = _Mean.apply(inputs.mean(over))
    centred = inputs - mean.view(shape)
    variance = _Mean.apply(centred.square().mean(over))
    if layer.training and layer.track_running_stats:
        layer.num_batches_tracked += 1
        momentum = layer.momentum
        if momentum is None:
            momentum = 1 / float(layer.num_batches_tracked)
        with torch.no_grad():
            layer.running_mean.lerp_(mean, momentum)
            layer.running_var.lerp_(variance * (count / (count - 1)), momentum)
    outputs = centred * torch.rsqrt(variance + layer.eps).view(shape)
    if layer.affine:
        outputs = outputs * layer.weight.view(shape) + layer.bias.view(shape)
    return outputs
