"""GANs of points in the plane under one setting: several seeds train at once.

The scores are those of Lin et al. (2018), PacGAN, section 4.1, and so are data and networks of the
tasks ``"ring"`` and ``"grid"``, with the widths as settings. The seeds share nothing but the time
that it takes to train them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from gantutor import metrics
from gantutor.data import GaussianMixture, grid, ring
from gantutor.runs.parts import check_weights
from gantutor.runs.progress import progress_bar
from gantutor.runs.seeds import number
from gantutor.studies.mode_collapse.networks import Discriminator, Generator, glorot
from gantutor.torch import averaging, losses, penalties
from gantutor.validation import check_choice, check_positive


@dataclass(frozen=True)
class Task:
    """What is learnt, and by which networks.

    Parameters
    ----------
    mixture : gantutor.data.GaussianMixture
    latent_dim : int
        Length of z.
    generator, discriminator : dict
        What distinguishes the networks from those of the published protocol; arguments of
        `gantutor.studies.mode_collapse.networks`.
    ema_decay : float
        Decay of the moving average of the generator's weights, from which is sampled; 0 follows
        them at once.
    """

    mixture: GaussianMixture
    latent_dim: int = 2
    generator: dict = field(default_factory=dict)
    discriminator: dict = field(default_factory=dict)
    ema_decay: float = 0.0


#: The two mixtures of the published protocol, and the ring of the chapters on losses with their
#: networks and their average.
TASKS = {
    "ring": Task(ring(modes=8, radius=1.0, std=0.01)),
    "grid": Task(grid(side=5, spacing=2.0, std=0.05)),
    "wide ring": Task(
        ring(),
        16,
        {"hidden": 2, "batch_norm": False, "first": glorot},
        {"hidden": 2, "pieces": 1, "first": glorot},
        ema_decay=0.99,
    ),
}

#: The scores, with their ranges.
SCORES = {"modes": (0, 25), "good": (0, 1), "precision": (0, 1), "recall": (0, 1)}

AUGMENTATIONS = ("real", "both")
MINIBATCH = ("discrimination", "deviation")


@dataclass(frozen=True)
class Setting:
    """How to train; the defaults are the plain GAN.

    Parameters
    ----------
    loss : str
        Name of a pair in `gantutor.torch.losses`.
    penalties : dict[str, float]
        Penalties on the discriminator, by name, with their weights; not ``"clip_weights"``.
    spectral_norm : bool
        Divide each weight of the discriminator by its largest singular value.
    packing : int
        Points that the discriminator judges together (PacGAN); 1: each alone.
    minibatch : str, optional
        ``"discrimination"`` (Salimans et al. 2016) or ``"deviation"`` (Karras et al. 2018): what
        the last layer of the discriminator is told about the rest of the batch.
    feature_matching : bool
        The generator matches the means of the discriminator's last hidden layer (Salimans et al.
        2016), instead of minimising its own loss.
    unrolled : int
        Steps of plain gradient descent that the generator sees the discriminator go ahead (Metz et
        al. 2017).
    unrolled_rate : float
        Learning rate of these steps.
    augmentation : str, optional
        Noise of one tenth of the data's extent on ``"real"`` points only, or on ``"both"`` kinds.
    examples : int, optional
        Size of a fixed data set; by default each batch is new.
    generator_width, discriminator_width : int
        Hidden units; the published protocol has 400 and 200.
    discriminator_steps : int
        Updates of the discriminator for each one of the generator.
    generator_rate, discriminator_rate, beta1, beta2 : float
        Of Adam.
    """

    loss: str = "non_saturating"
    penalties: dict = field(default_factory=dict)
    spectral_norm: bool = False
    packing: int = 1
    minibatch: str | None = None
    feature_matching: bool = False
    unrolled: int = 0
    unrolled_rate: float = 1e-3
    augmentation: str | None = None
    examples: int | None = None
    generator_width: int = 64
    discriminator_width: int = 32
    discriminator_steps: int = 1
    generator_rate: float = 1e-3
    discriminator_rate: float = 1e-3
    beta1: float = 0.8
    beta2: float = 0.999

    def __post_init__(self):
        check_choice(self.loss, losses.LOSSES, "loss")
        check_weights(self.penalties, penalties.PENALTIES, "penalty")
        check_choice(self.minibatch, (None, *MINIBATCH), "minibatch")
        check_choice(self.augmentation, (None, *AUGMENTATIONS), "augmentation")
        for name in ("packing", "generator_width", "discriminator_width", "discriminator_steps"):
            check_positive(getattr(self, name), name)


class Training:
    """Generators and discriminators of some seeds, and what trains them.

    Each seed has its own streams of random numbers: the same seed gives the same training, up to
    rounding, whatever else is trained beside it.

    Parameters
    ----------
    task : str
        A name in `TASKS`.
    setting : Setting
    seeds : sequence of int
        One pair of networks each.
    batch_size : int
        Packs of points in a batch.
    """

    def __init__(self, task: str, setting: Setting, seeds: Sequence[int], batch_size: int = 100):
        check_choice(task, TASKS, "task")
        self.task, self.setting, self.batch_size = TASKS[task], setting, batch_size
        self.mixture = self.task.mixture
        self.count = len(seeds)
        self._draws = {
            purpose: [torch.Generator().manual_seed(number(seed, purpose)) for seed in seeds]
            for purpose in ("generator", "discriminator", "data", "latents", "noise")
        }
        self.generator = Generator(
            setting.generator_width,
            self._draws["generator"],
            self.task.latent_dim,
            **self.task.generator,
        )
        self.discriminator = Discriminator(
            setting.discriminator_width,
            self._draws["discriminator"],
            setting.packing,
            setting.minibatch,
            setting.spectral_norm,
            **self.task.discriminator,
        )
        betas = (setting.beta1, setting.beta2)
        self.generator_optimizer = torch.optim.Adam(
            self.generator.parameters(), setting.generator_rate, betas, fused=True
        )
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), setting.discriminator_rate, betas, fused=True
        )
        [self.average] = averaging.copies({"generator": self.generator}, 1)
        self.step = 0
        self.loss = losses.get(setting.loss)
        self.centres = torch.tensor(self.mixture.centres, dtype=torch.float32)
        self.noise = self.centres.abs().max().item() / 10
        self.data = None
        if setting.examples is not None:
            self.data = self._points(setting.examples)

    def fit(self, steps: int) -> None:
        """Update the generators `steps` times, and the discriminators as the setting says."""
        with progress_bar(steps) as bar:
            for _ in range(steps):
                for _ in range(self.setting.discriminator_steps):
                    real = self._real()
                    with torch.no_grad():
                        fake = self._fake()
                    self.discriminator_step(real, fake)
                self.generator_step(real)
                bar.update()

    def discriminator_step(self, real: torch.Tensor, fake: torch.Tensor) -> None:
        """Update the discriminators on batches [S, N, 2·packing]."""
        loss = self._discriminator_loss(self.discriminator, real, fake)
        if self.setting.penalties:
            mix = self._draw(torch.rand, "noise", self.batch_size).flatten()
            rows = (self._judge_rows, real.flatten(0, 1), fake.flatten(0, 1), {"mix": mix})
            for name, weight in self.setting.penalties.items():
                loss = loss + weight * penalties.PENALTIES[name](*rows)
        self.discriminator_optimizer.zero_grad()
        (self.count * loss).backward()  # the sum over the seeds
        self.discriminator_optimizer.step()

    def generator_step(self, real: torch.Tensor) -> None:
        """Update the generators on a fresh batch; `real` [S, N, 2·packing] is compared with it."""
        fake, setting = self._fake(), self.setting
        if setting.feature_matching:
            means = [self.discriminator.features(x).mean(dim=1) for x in (real, fake)]
            loss = (means[0] - means[1]).square().sum(dim=1).mean()
        else:
            judge = self._unrolled(real, fake) if setting.unrolled else self.discriminator
            fake_logits = judge(fake).flatten()
            real_logits = judge(real).flatten() if self.loss.paired else None
            loss = self.loss.generator(fake_logits, real_logits)
        weights = list(self.generator.parameters())
        slopes = torch.autograd.grad(self.count * loss, weights)
        for weight, slope in zip(weights, slopes, strict=True):
            weight.grad = slope
        self.generator_optimizer.step()
        decays, networks = [self.task.ema_decay], {"generator": self.generator}
        averaging.follow([self.average], networks, decays, self.step)
        self.step += 1

    @torch.no_grad()
    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Points of each averaged generator from equal latent points, float32 [S, count, 2]."""
        draw = torch.Generator().manual_seed(seed)
        latents = torch.randn(count, self.task.latent_dim, generator=draw)
        generator = self.average["generator"]
        return generator(latents.expand(self.count, -1, -1)).numpy()

    def scores(self) -> list[dict[str, float]]:
        """Modes found and share of good points among 2,500, precision and recall; one dict a seed.

        Precision and recall have 3 neighbours, and 1,000 points a side.
        """
        real = self.mixture.sample(1000, seed=10_000)
        rows = []
        for points in self.sample(2500):
            coverage = metrics.mode_coverage(points, self.mixture)
            near = metrics.precision_recall(real, points[:1000], neighbors=3)
            rows.append(
                {
                    "modes": coverage.found,
                    "good": coverage.good_share,
                    "precision": near.precision,
                    "recall": near.recall,
                }
            )
        return rows

    def _discriminator_loss(self, judge, real, fake):
        if self.setting.minibatch is None:
            real_logits, fake_logits = judge(torch.cat([real, fake], dim=1)).chunk(2, dim=1)
        else:  # real and generated points are different batches
            real_logits, fake_logits = judge(real), judge(fake)
        return self.loss.discriminator(real_logits.flatten(), fake_logits.flatten())

    def _judge_rows(self, rows):
        return self.discriminator(rows.unflatten(0, (self.count, -1))).flatten()

    def _unrolled(self, real, fake):
        """The discriminators after some steps of their own, which depend on the generators."""
        weights = dict(self.discriminator.named_parameters())
        for _ in range(self.setting.unrolled):
            judge = _with(self.discriminator, weights)
            loss = self.count * self._discriminator_loss(judge, real, fake)
            slopes = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            rate = self.setting.unrolled_rate
            weights = {
                name: weight - rate * slope
                for (name, weight), slope in zip(weights.items(), slopes, strict=True)
            }
        return _with(self.discriminator, weights)

    def _draw(self, function, purpose, *shape):
        """Random numbers of each seed from its own stream, [S, *shape]."""
        return torch.stack([function(*shape, generator=draw) for draw in self._draws[purpose]])

    def _rows(self, below, count):
        """Random row numbers of each seed, [S, count]."""

        def whole(*shape, generator):
            return torch.randint(below, shape, generator=generator)

        return self._draw(whole, "data", count)

    def _points(self, count):
        modes = self._rows(len(self.centres), count)
        noise = self._draw(torch.randn, "data", count, 2)
        return self.centres[modes] + self.mixture.std * noise

    def _packed(self, points, kind):
        if self.setting.augmentation in (kind, "both"):
            points = points + self.noise * self._draw(torch.randn, "noise", *points.shape[1:])
        return points.reshape(self.count, self.batch_size, -1)

    def _real(self):
        count = self.batch_size * self.setting.packing
        if self.data is None:
            return self._packed(self._points(count), "real")
        chosen = self._rows(self.data.shape[1], count)[..., None]
        return self._packed(self.data.gather(1, chosen.expand(-1, -1, 2)), "real")

    def _fake(self):
        count = self.batch_size * self.setting.packing
        latents = self._draw(torch.randn, "latents", count, self.task.latent_dim)
        return self._packed(self.generator(latents), "fake")


def _with(module, weights):
    """The module as a function of its input, with other weights."""
    return lambda x: torch.func.functional_call(module, weights, (x,))
