"""A GAN's training loop as the PyTorch DCGAN example writes it, each of its habits replaceable.

One update is the same mathematics throughout: the discriminator learns from a batch of real
images and one of fakes with binary cross-entropy, then the generator from the same latent
vectors by the non-saturating loss.
"""

import contextlib
import itertools
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from gantutor.runs.order import shuffled
from gantutor.torch.layers import _FoldedConvTranspose2d


@dataclass(frozen=True)
class Levers:
    """What the project's `Trainer` does otherwise than the example; all off is the example."""

    channels_last: bool = False
    folded_convolution: bool = False
    resident_data: bool = False
    joint_pass: bool = False
    frozen_discriminator: bool = False
    fused_adam: bool = False
    no_reads: bool = False


def with_stock_layers(generator):
    """Put PyTorch's own transposed convolution, with the same weights, where the project's is."""
    layers = list(generator)
    for index, layer in enumerate(layers):
        if isinstance(layer, _FoldedConvTranspose2d):
            shape = (layer.in_channels, layer.out_channels, layer.kernel_size)
            stock = nn.ConvTranspose2d(*shape, stride=layer.stride, padding=layer.padding)
            stock.load_state_dict(layer.state_dict())
            layers[index] = stock
    return nn.Sequential(*layers)


class PlainLoop:
    """Trains two networks that end in logits [N], with Adam.

    Parameters
    ----------
    generator, discriminator : torch.nn.Module
    recipe : gantutor.recipes.Recipe
        For the batch size, the learning rates, the moments' decay rates and the length of z.
    levers : Levers
    device : torch.device
    """

    def __init__(self, generator, discriminator, recipe, levers, device):
        if not levers.folded_convolution:
            generator = with_stock_layers(generator)
        layout = torch.channels_last if levers.channels_last else torch.contiguous_format
        self.generator = generator.to(device, memory_format=layout)
        self.discriminator = discriminator.to(device, memory_format=layout)
        self.recipe, self.levers, self.device = recipe, levers, device
        self.optimizer_g, self.optimizer_d = (
            torch.optim.Adam(
                network.parameters(),
                part.settings["learning_rate"],
                part.settings["betas"],
                fused=levers.fused_adam or None,
            )
            for network, part in (
                (self.generator, recipe.generator_optimizer),
                (self.discriminator, recipe.discriminator_optimizer),
            )
        )
        self.losses = []

    def batches(self, images, seed=0):
        """Yield shuffled batches [N, C, H, W] without end."""
        size = self.recipe.batch_size
        if self.levers.resident_data:
            data = torch.from_numpy(images).to(self.device)
            for epoch in itertools.count():
                order = torch.from_numpy(shuffled(len(data), seed, epoch)).to(self.device)
                for rows in order[: len(data) // size * size].split(size):
                    yield data[rows].permute(0, 3, 1, 2)
        data = TensorDataset(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
        loader = DataLoader(data, size, shuffle=True, drop_last=True)
        while True:
            for (real,) in loader:
                yield real.to(self.device)

    def step(self, real, latents):
        """Update the discriminator, then the generator, as the example does."""
        ones = torch.ones(len(real), device=self.device)
        zeros = torch.zeros_like(ones)
        fake = self.generator(latents)
        self.optimizer_d.zero_grad()
        if self.levers.joint_pass:
            logits = self.discriminator(torch.cat([real, fake.detach()]))
            real_logits, fake_logits = logits.split(len(real))
            loss_d = cross_entropy(real_logits, ones) + cross_entropy(fake_logits, zeros)
            loss_d.backward()
        else:
            loss_real = cross_entropy(self.discriminator(real), ones)
            loss_real.backward()
            loss_fake = cross_entropy(self.discriminator(fake.detach()), zeros)
            loss_fake.backward()
            loss_d = loss_real.detach() + loss_fake.detach()
        self.optimizer_d.step()

        self.optimizer_g.zero_grad()
        with self._frozen():
            loss_g = cross_entropy(self.discriminator(fake), ones)
            loss_g.backward()
        self.optimizer_g.step()
        if self.levers.no_reads:
            self.losses.append((loss_d.detach(), loss_g.detach()))
        else:
            self.losses.append((loss_d.item(), loss_g.item()))

    def fit(self, images, steps):
        """Run `steps` updates, and wait for the last of them."""
        batches = self.batches(images)
        shape = (self.recipe.batch_size, self.recipe.latent_dim)
        for _ in range(steps):
            self.step(next(batches), torch.randn(shape, device=self.device))
        float(self.losses[-1][1])

    @contextlib.contextmanager
    def _frozen(self):
        self.discriminator.requires_grad_(not self.levers.frozen_discriminator)
        yield
        self.discriminator.requires_grad_(True)
