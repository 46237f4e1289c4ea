"""The MLP GAN of the well-known PyTorch collections, written from its published description."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def loader(images, batch_size, seed):
    """Return shuffled batches [N, 1, 28, 28] as the examples make them, with a `DataLoader`."""
    tensors = TensorDataset(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(tensors, batch_size, shuffle=True, drop_last=True, generator=generator)


def sampler(generator, latent_shape):
    """Return a function that draws images, float32 NHWC in [−1, 1], in evaluation mode."""

    @torch.inference_mode()
    def sample(count):
        noise = torch.Generator().manual_seed(0)
        generator.eval()
        chunks = [
            generator(torch.randn(500, *latent_shape, generator=noise)) for _ in range(count // 500)
        ]
        generator.train()
        return np.ascontiguousarray(torch.cat(chunks).permute(0, 2, 3, 1).numpy())

    return sample


def mlp_gan(watch, images, labels, seed, seconds):
    """Train it until `watch`, which is told of every step, ends the run.

    Generator 100–128–256–512–1024–784 with batch normalisation whose ε is 0.8, discriminator
    784–512–256–1 with a sigmoid; binary cross-entropy, batch 64, Adam 2e-4 with β₁ = 0.5; the
    generator moves first, and its samples serve the discriminator's step too.
    """
    torch.manual_seed(seed)
    layers = [nn.Linear(100, 128), nn.LeakyReLU(0.2)]
    for inputs, outputs in ((128, 256), (256, 512), (512, 1024)):
        layers += [
            nn.Linear(inputs, outputs),
            nn.BatchNorm1d(outputs, eps=0.8),
            nn.LeakyReLU(0.2),
        ]
    generator = nn.Sequential(
        *layers, nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))
    )
    discriminator = nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, 1),
        nn.Sigmoid(),
    )
    cross_entropy = nn.BCELoss()
    settings = {"lr": 2e-4, "betas": (0.5, 0.999)}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **settings)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **settings)
    batches = loader(images, 64, seed)
    ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
    sample = sampler(generator, [100])
    while True:
        for (real,) in batches:
            generator_optimizer.zero_grad()
            fake = generator(torch.randn(64, 100))
            cross_entropy(discriminator(fake), ones).backward()
            generator_optimizer.step()

            discriminator_optimizer.zero_grad()
            loss = cross_entropy(discriminator(real), ones)
            loss = (loss + cross_entropy(discriminator(fake.detach()), zeros)) / 2
            loss.backward()
            discriminator_optimizer.step()
            watch.step(sample)
