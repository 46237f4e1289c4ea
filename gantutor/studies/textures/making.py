"""Ways to make a texture from one example: noise, quilting, Gram matrices, a small GAN."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d

from gantutor.studies.descent import descend
from gantutor.torch.averaging import copies, follow
from gantutor.torch.losses import non_saturating

BLOCK, OVERLAP = 32, 8  # of quilting, in pixels
CANDIDATES = 3  # blocks among which quilting chooses: those that fit best
FILTERS, SIZE = 32, 7  # random filters of the Gram matrices, on each of three scales
ITERATIONS = 60  # of L-BFGS
STEPS = 850  # updates of each network of the GAN
SHIFT = 8  # the discriminator sees the example without so many rows and columns, chosen anew
WIDTH = 24  # channels of the layers of the GAN, times 1 to 3
LATENT = 16  # channels of the map of noise
LEARNING_RATE = 2e-3  # of Adam with β₁ = 0.5, for both networks
AVERAGE = 0.98  # share of the old weights in the moving average of the generator


def shuffled(example: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return the pixels of an example [H, W, C] in random places."""
    pixels = example.reshape(-1, example.shape[-1])
    return random.permutation(pixels).reshape(example.shape)


def random_phase(example: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return an image of the same power spectrum, whose waves have random phases."""
    noise = np.fft.fft2(random.normal(size=example.shape[:2]))[..., None]
    wave = np.fft.fft2(example - example.mean((0, 1)), axes=(0, 1))
    image = np.fft.ifft2(wave * noise / np.abs(noise), axes=(0, 1)).real
    return (image + example.mean((0, 1))).astype(np.float32)


def quilt(example: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Cover an image of the example's size with blocks of the example (Efros and Freeman 2001).

    Each block is one of the `CANDIDATES` that agree best with what lies there already, and is cut
    along the path on which both agree best.
    """
    height, width = example.shape[:2]
    step = BLOCK - OVERLAP
    rows, columns = (-(-(length - OVERLAP) // step) for length in (height, width))
    canvas = np.zeros((rows * step + OVERLAP, columns * step + OVERLAP, example.shape[2]))
    blocks = np.lib.stride_tricks.sliding_window_view(example, (BLOCK, BLOCK), (0, 1))
    blocks = blocks[::2, ::2].reshape(-1, example.shape[2], BLOCK, BLOCK).transpose(0, 2, 3, 1)
    for row in range(rows):
        for column in range(columns):
            there = canvas[row * step :, column * step :][:BLOCK, :BLOCK]
            known = np.zeros((BLOCK, BLOCK), bool)
            known[:, :OVERLAP] |= column > 0
            known[:OVERLAP] |= row > 0
            costs = ((blocks[:, known] - there[known]) ** 2).sum(axis=(1, 2))
            order = np.argsort(costs)[:CANDIDATES] if known.any() else np.arange(len(blocks))
            block = blocks[random.choice(order)]
            error = ((block - there) ** 2).sum(axis=-1)
            new = np.ones((BLOCK, BLOCK), bool)
            if column:
                new[:, :OVERLAP] &= beyond_cut(error[:, :OVERLAP])
            if row:
                new[:OVERLAP] &= beyond_cut(error[:OVERLAP].T).T
            there[new] = block[new]
    return canvas[:height, :width].astype(np.float32)


def beyond_cut(error: np.ndarray) -> np.ndarray:
    """Return where a strip [H, W] lies right of its cheapest path from top to bottom, bool."""
    total = error.copy()
    for row in range(1, len(total)):
        before = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    path = [int(total[-1].argmin())]
    for row in range(len(total) - 2, -1, -1):
        low = max(path[-1] - 1, 0)
        path.append(low + int(total[row, low : path[-1] + 2].argmin()))
    return np.arange(error.shape[1]) >= np.array(path[::-1])[:, None]


class RandomFeatures(nn.Module):
    """One layer of random filters and ReLU, on the image and on two smaller copies of it.

    Parameters
    ----------
    channels : int
        Of the images.
    seed : int
        Seed of the filters.
    """

    def __init__(self, channels: int, seed: int):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        filters = torch.randn(FILTERS, channels, SIZE, SIZE, generator=generator)
        filters -= filters.mean(dim=(2, 3), keepdim=True)  # blind to the colour
        filters[:8] += torch.randn(8, channels, 1, 1, generator=generator)  # but a few are not
        self.filters = nn.Parameter(filters / filters.flatten(1).norm(dim=1)[:, None, None, None])
        self.requires_grad_(False)

    def forward(self, images):
        """Return the features of images [N, C, H, W], a tensor [N, F, H', W'] a scale."""
        scales = []
        for _ in range(3):
            scales.append(torch.relu(conv2d(images, self.filters)))
            images = avg_pool2d(images, 2)
        return scales


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return how strongly each two features [N, F, H, W] occur together: [N, F, F]."""
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


def imitate(style, network, start, content=0.0, iterations=ITERATIONS):
    """Change an image until its Gram matrices are those of the style.

    Parameters
    ----------
    style : numpy.ndarray, float32, shape [H, W, C]
    network : callable
        From images [N, C, H, W] to a list of features.
    start : numpy.ndarray, float32, shape [H', W', C]
        Where the search begins; with `content`, also what must be kept.
    content : float
        Weight of the squared difference between the features of the image and those of `start`.
    iterations : int
        Of L-BFGS.

    Returns
    -------
    numpy.ndarray, float32, shape [H', W', C]
    """
    image, target = as_batch(start), as_batch(style)
    with torch.no_grad():
        wanted = [gram(features) for features in network(target)]
        kept = network(image)
    image.requires_grad_()
    optimizer = torch.optim.LBFGS([image], max_iter=iterations, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        now = network(image)
        loss = sum(relative(gram(f), g) for f, g in zip(now, wanted, strict=True))
        if content:
            loss = loss + content * sum(relative(f, g) for f, g in zip(now, kept, strict=True))
        loss.backward()
        return loss

    optimizer.step(closure)
    return image.detach()[0].permute(1, 2, 0).numpy().clip(-1, 1)


def as_batch(image: np.ndarray) -> torch.Tensor:
    """Return an image [H, W, C] as a batch [1, C, H, W]."""
    return torch.tensor(image).permute(2, 0, 1)[None].contiguous()


def relative(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return the squared difference as a share of the square of what is wanted."""
    return ((found - wanted) ** 2).sum() / (wanted**2).sum()


def style_loss(image: np.ndarray, style: np.ndarray, network) -> float:
    """Return how far the Gram matrices of an image [H, W, C] are from those of a style."""
    both = zip(network(as_batch(image)), network(as_batch(style)), strict=True)
    return sum(relative(gram(f), gram(g)).item() for f, g in both)


def build_generator() -> nn.Sequential:
    """Return a generator: noise [N, 16, h, w] → images [N, 1, 8h, 8w]."""
    layers, before = [], LATENT
    for after, factor in ((2 * WIDTH, 1), (3 * WIDTH // 2, 2), (WIDTH, 2)):
        layers += [nn.Conv2d(before, after * factor**2, 3, padding=1), nn.PixelShuffle(factor)]
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
        before = after
    return nn.Sequential(*layers, nn.Conv2d(before, 4, 3, padding=1), nn.PixelShuffle(2), nn.Tanh())


def build_discriminator() -> nn.Sequential:
    """Return a discriminator: images [N, 1, H, W] → logits, one for each patch of 34 × 34."""
    layers, before = [nn.PixelUnshuffle(2)], 4
    for after, stride in ((WIDTH, 1), (2 * WIDTH, 2), (3 * WIDTH, 2), (3 * WIDTH, 1)):
        layers += [nn.Conv2d(before, after, 3, stride, padding=1), nn.LeakyReLU(0.2)]
        before = after
    return nn.Sequential(*layers, nn.Conv2d(before, 1, 1), nn.Flatten(1))


def noise(count: int, side: int, random: np.random.Generator) -> torch.Tensor:
    """Return noise for images with a border of 8 pixels, which `inner` cuts off."""
    cells = side // 8 + 2
    return torch.from_numpy(random.normal(size=(count, LATENT, cells, cells)).astype(np.float32))


def inner(images: torch.Tensor) -> torch.Tensor:
    """Return images without the border, where the generator sees less noise."""
    return images[..., 8:-8, 8:-8]


def train_gan(example: np.ndarray, random: np.random.Generator, steps: int = STEPS):
    """Train on all patches of one example [H, W, C]; return the generator's moving average."""
    torch.manual_seed(int(random.integers(2**31)))
    photo = torch.from_numpy(example).permute(2, 0, 1)[None]
    side = len(example) - SHIFT
    generator, discriminator = build_generator(), build_discriminator()
    networks = {"generator": generator}
    averages = copies(networks, 1)
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.5, 0.99))
        for network in (generator, discriminator)
    )
    for step in range(steps):
        top, left = random.integers(SHIFT, size=2)
        real = photo[..., top : top + side, left : left + side]
        fake = inner(generator(noise(1, side, random)))
        on_real, on_fake = discriminator(real), discriminator(fake.detach())
        descend(d_adam, non_saturating.discriminator(on_real, on_fake))
        descend(g_adam, non_saturating.generator(discriminator(fake), on_real))
        follow(averages, networks, [AVERAGE], step)
    return averages[0]["generator"].train()


def draw(generator: nn.Module, side: int, random: np.random.Generator) -> np.ndarray:
    """Return a texture [side, side, C] of a trained generator."""
    with torch.no_grad():
        image = inner(generator(noise(1, side, random)))[0]
    return image.permute(1, 2, 0).numpy().copy()
