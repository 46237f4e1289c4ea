"""One step of a DCGAN in several ways of writing it, and what a step costs: operations, calls."""

import contextlib
from collections import defaultdict
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from gantutor.torch.models.dcgan import dcgan_discriminator, dcgan_generator

LATENT_DIM = 100
#: The parts of a step, in their order.
PARTS = (
    "G makes fakes",
    "D judges both",
    "backward, D",
    "Adam of D",
    "D judges fakes",
    "backward, D and G",
    "Adam of G",
)


@dataclass(frozen=True)
class Levers:
    """How a step is written; all off is the plain one.

    Attributes
    ----------
    twice : bool
        Make the fakes twice, and let the gradient of D's loss run into G (nothing is detached).
    reads : bool
        Read both losses as Python numbers in each step.
    frozen : bool
        Compute no gradients of D's weights in G's step.
    joint : bool
        Judge real images and fakes in one pass of D.
    channels_last : bool
        Keep the channels of a pixel side by side in memory.
    fused : bool
        Update all weights of a network in one kernel.
    compiled : str
        A mode of ``torch.compile``, or nothing.
    half : str
        ``"bfloat16"`` or ``"float16"``: the type of `torch.autocast`, or nothing.
    """

    twice: bool = False
    reads: bool = False
    frozen: bool = False
    joint: bool = False
    channels_last: bool = False
    fused: bool = False
    compiled: str = ""
    half: str = ""


class Loop:
    """Two networks, their optimisers, and a step of the non-saturating game.

    Parameters
    ----------
    levers : Levers
    side, batch, width : int
        Pixels along a side of the RGB images, images in a batch, channels of D's first layer.
    device : str
    normalization : str or None
        Of the discriminator.
    epsilon : float
        Of Adam.
    """

    def __init__(
        self,
        levers=Levers(),
        side=32,
        batch=64,
        width=32,
        device="cpu",
        normalization=None,
        epsilon=1e-8,
    ):
        shape = (side, side, 3)
        layout = torch.channels_last if levers.channels_last else torch.contiguous_format
        self.levers, self.device = levers, torch.device(device)
        self.G = dcgan_generator(shape, width=width).to(device, memory_format=layout)
        self.D = dcgan_discriminator(shape, width, normalization=normalization)
        self.D = self.D.to(device, memory_format=layout)
        self.adams = [
            torch.optim.Adam(
                network.parameters(), 2e-4, (0.5, 0.999), epsilon, fused=levers.fused or None
            )
            for network in (self.D, self.G)
        ]
        random = torch.Generator().manual_seed(0)
        self.real = torch.rand(batch, 3, side, side, generator=random) * 2 - 1
        self.real = self.real.to(device, memory_format=layout)
        self.latents = torch.randn(batch, LATENT_DIM, generator=random).to(device)
        self.scaler = torch.amp.GradScaler(device, enabled=levers.half == "float16")
        if levers.compiled:
            # not self.G.compile(), which leaves out the layers of torch.nn in a Sequential
            self.G = torch.compile(self.G, mode=levers.compiled, dynamic=False)
            self.D = torch.compile(self.D, mode=levers.compiled, dynamic=False)

    def step(self, mark=lambda part: None):
        """Update D, then G; call `mark` after each part."""
        levers, (adam_d, adam_g) = self.levers, self.adams
        with self.arithmetic():
            fake = self.G(self.latents)
        mark(PARTS[0])
        with self.arithmetic():
            d_loss = self._d_loss(fake if levers.twice else fake.detach())
        mark(PARTS[1])
        self._backward(adam_d, d_loss)
        mark(PARTS[2])
        self.scaler.step(adam_d)
        mark(PARTS[3])
        with self.arithmetic(), self._frozen():
            if levers.twice:
                fake = self.G(self.latents)
            g_loss = softplus(-self.D(fake)).mean()
        mark(PARTS[4])
        with self._frozen():
            self._backward(adam_g, g_loss)
        mark(PARTS[5])
        self.scaler.step(adam_g)
        self.scaler.update()
        mark(PARTS[6])
        if levers.reads:
            d_loss.item(), g_loss.item()

    def wait(self):
        """Wait until the device has done all that it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def weights(self):
        """Return all weights of G and D as one vector, in float64 on the processor."""
        both = [*self.G.parameters(), *self.D.parameters()]
        return torch.cat([weight.detach().cpu().double().flatten() for weight in both])

    def arithmetic(self):
        """Return the context of the forward passes."""
        if not self.levers.half:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.levers.half))

    def _d_loss(self, fake):
        if self.levers.joint:
            right, wrong = self.D(torch.cat([self.real, fake])).chunk(2)
        else:
            right, wrong = self.D(self.real), self.D(fake)
        return softplus(-right).mean() + softplus(wrong).mean()

    def _backward(self, adam, loss):
        adam.zero_grad()
        self.scaler.scale(loss).backward()

    @contextlib.contextmanager
    def _frozen(self):
        self.D.requires_grad_(not self.levers.frozen)
        yield
        self.D.requires_grad_(True)


class Counter(TorchDispatchMode):
    """Counts multiplications and additions, and calls of PyTorch's operations, part by part."""

    def __init__(self):
        super().__init__()
        self.part = defaultdict(lambda: [0, 0])
        self._now = [0, 0]

    def __torch_dispatch__(self, function, types, arguments=(), settings=None):
        result = function(*arguments, **(settings or {}))
        count = flop_registry.get(function._overloadpacket)
        if count:
            self._now[0] += count(*arguments, **(settings or {}), out_val=result)
        self._now[1] += 1
        return result

    def mark(self, part):
        """Book what came since the last mark to a part."""
        self.part[part][0] += self._now[0]
        self.part[part][1] += self._now[1]
        self._now = [0, 0]

    def totals(self):
        """Return operations and calls of all parts."""
        return tuple(map(sum, zip(*self.part.values(), strict=True)))


def counted(loop):
    """Return the operations and calls of a loop's step, part by part.

    Examples
    --------
    >>> operations, calls = counted(Loop(side=16, batch=2, width=4)).totals()
    >>> operations
    991744
    """
    loop.step()  # Adam prepares its averages in the first one
    with Counter() as counter:
        loop.step(counter.mark)
    return counter


def difference(levers, steps=3, epsilon=1e-3, **settings):
    """Return how far a way leaves the plain one: 0 is equal, 1 as far as the weights moved.

    The largest difference of a weight after some steps from the same numbers, relative to the
    largest distance that a weight went. By default Adam's epsilon is large here: with the usual
    one, rounding decides where the smallest gradients lead.
    """
    plain, other = (Loop(way, epsilon=epsilon, **settings) for way in (Levers(), levers))
    start = plain.weights()
    for _ in range(steps):
        plain.step()
        other.step()
    apart = (plain.weights() - other.weights()).abs().max()
    return float(apart / (plain.weights() - start).abs().max())
