"""The games of the ladder: one loop in which each step towards R3GAN is an argument."""

import copy
import math
import time

import numpy as np
import torch
from torch.nn.functional import softplus

from gantutor.runs import seeds
from gantutor.studies.modern_gan.networks import LATENT_DIM, dcgan_networks, residual_networks

BATCH_SIZE = 32
AVERAGE = 0.98  # decay of the averaged weights
EPSILON = 0.01  # step of the finite differences


def cosine(progress: float, start: float, end: float) -> float:
    """Return what lies between `start` and `end`, along half a wave of a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2


def squared_slopes(logits, images):
    """Return the mean over images of ‖∇D‖², by a gradient that can be differentiated again."""
    (slopes,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return slopes.flatten(1).square().sum(1).mean()


def squared_differences(discriminator, logits, images):
    """Return an estimate of `squared_slopes` from one more pass, in a random direction each."""
    probe = torch.randn_like(images)
    moved = discriminator(images.detach() + EPSILON * probe)
    return ((moved - logits) / EPSILON).square().mean()


class Game:
    """Two networks and what they are trained by.

    Parameters
    ----------
    seed : int
    residual, fixed_up, tanh : bool
        Residual networks in place of DCGAN's, and their start and output.
    normalized, normalized_d, he : bool
        Of DCGAN's networks, as in `dcgan_networks`.
    pairs : bool
        The relativistic loss of pairs in place of the non-saturating one.
    r1, r2 : float
        Weight γ of the penalties: γ/2 times the mean of ‖∇D‖² is added.
    finite : bool
        Finite differences in place of gradients of gradients.
    rate, betas
        Of Adam, for both networks.
    scheduled : bool
        Along a cosine over the run, the rate falls to a quarter and γ to a tenth, and β₂ moves
        to 0.99.
    blocks : int
        Residual blocks at each size.
    width : int, optional
    device : str
    half : bool
        Forward passes in bfloat16, by `torch.autocast`.
    """

    def __init__(
        self,
        seed,
        residual=False,
        normalized=True,
        normalized_d=True,
        he=False,
        fixed_up=True,
        tanh=True,
        pairs=False,
        r1=0.0,
        r2=0.0,
        finite=False,
        rate=2e-3,
        betas=(0.0, 0.9),
        scheduled=False,
        blocks=1,
        width=None,
        device="cpu",
        half=False,
    ):
        size = {} if width is None else {"width": width}
        if residual:
            networks = residual_networks(seed, blocks=blocks, fixed_up=fixed_up, tanh=tanh, **size)
        else:
            networks = dcgan_networks(
                seed, normalized=normalized, normalized_d=normalized_d, he=he, **size
            )
        self.generator, self.discriminator = (network.to(device) for network in networks)
        self.average = copy.deepcopy(self.generator)
        self.g_adam, self.d_adam = (
            torch.optim.Adam(network.parameters(), rate, betas)
            for network in (self.generator, self.discriminator)
        )
        self.pairs, self.finite, self.scheduled = pairs, finite, scheduled
        self.r1, self.r2, self.rate, self.half = r1, r2, rate, half
        self.gammas, self.device = (r1, r2), device
        self.random = torch.Generator().manual_seed(seeds.number(seed, "noise"))

    def set_schedule(self, progress):
        """Set the rate, β₂ and γ for a share of the run that is done."""
        if not self.scheduled:
            return
        for adam in (self.g_adam, self.d_adam):
            adam.param_groups[0]["lr"] = cosine(progress, self.rate, self.rate / 4)
            adam.param_groups[0]["betas"] = (0.0, cosine(progress, 0.9, 0.99))
        self.r1, self.r2 = (cosine(progress, gamma, gamma / 10) for gamma in self.gammas)

    def discriminator_loss(self, real, fake):
        """Return the loss of the discriminator, with its penalties."""
        real, fake = real.detach().requires_grad_(), fake.detach().requires_grad_()
        on_real, on_fake = self.judge(real), self.judge(fake)
        if self.pairs:
            loss = softplus(on_fake - on_real).mean()
        else:
            loss = softplus(-on_real).mean() + softplus(on_fake).mean()
        for gamma, logits, images in ((self.r1, on_real, real), (self.r2, on_fake, fake)):
            if gamma and self.finite:
                loss = loss + gamma / 2 * squared_differences(self.judge, logits, images)
            elif gamma:
                loss = loss + gamma / 2 * squared_slopes(logits, images)
        return loss

    def generator_loss(self, real, fake):
        """Return the loss of the generator."""
        on_fake = self.judge(fake)
        if self.pairs:
            return softplus(self.judge(real) - on_fake).mean()
        return softplus(-on_fake).mean()

    def judge(self, images):
        """Return logits [N] of images, in float32."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            return self.discriminator(images).float()

    def update(self, real):
        """Train both networks for one step on images [N, 1, 28, 28]."""
        z = torch.randn(len(real), LATENT_DIM, generator=self.random).to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            fake = self.generator(z).float()
        step(self.d_adam, self.discriminator_loss(real, fake))
        step(self.g_adam, self.generator_loss(real, fake))
        follow(self.average, self.generator)

    def train(self, images, steps, stages=(), batch_size=BATCH_SIZE):
        """Train for some steps; return copies of the generator at stages, and seconds of a step.

        Parameters
        ----------
        images : torch.Tensor, shape [N, 1, 28, 28]
        steps : int
        stages : sequence of int
            Steps after which a pair of generators is kept, live and averaged.
        batch_size : int
        """
        kept, begin = {}, time.process_time()
        for done in range(steps):
            self.set_schedule(done / steps)
            rows = torch.randint(len(images), (batch_size,), generator=self.random)
            self.update(images[rows.to(images.device)])
            if done + 1 in stages:
                kept[done + 1] = copy.deepcopy((self.generator, self.average))
        return kept, (time.process_time() - begin) / steps


def step(adam, loss):
    """Move an optimiser's parameters down the gradient of a loss."""
    adam.zero_grad()
    loss.backward()
    adam.step()


@torch.no_grad()
def follow(average, network):
    """Move the average of a network a little towards the network."""
    pairs = zip(average.state_dict().values(), network.state_dict().values(), strict=True)
    for mean, value in pairs:
        if value.is_floating_point():
            mean.lerp_(value, 1 - AVERAGE)


@torch.no_grad()
def sample(generator, count, seed) -> np.ndarray:
    """Return images [count, 28, 28, 1], cut off at −1 and 1.

    Batch normalisation measures its statistics anew, on other latent vectors: those of averaged
    weights would be the averages of other networks' statistics.
    """
    device = next(generator.parameters()).device
    random = torch.Generator().manual_seed(seeds.number(seed, "latents"))
    generator = copy.deepcopy(generator).train()
    torch.optim.swa_utils.update_bn(
        torch.randn(20, 64, LATENT_DIM, generator=random).to(device), generator
    )
    z = torch.randn(count, LATENT_DIM, generator=random).to(device)
    images = torch.cat([generator.eval()(part) for part in z.split(500)])
    return images.clamp(-1, 1).permute(0, 2, 3, 1).cpu().numpy()
