"""Mode collapse and its cures, on points in the plane: several seeds train at once.

Data, networks and scores are those of Lin et al. (2018), PacGAN, section 4.1, with the widths as
settings. The networks of all seeds lie side by side in one stack, whose weights have shape
[S, inputs, outputs]; the seeds share nothing but the time that it takes to train them.
"""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from torch import nn
from torch.nn.functional import normalize

from gantutor import metrics
from gantutor.data import grid, ring
from gantutor.recipes import check_penalties
from gantutor.runs.progress import progress_bar
from gantutor.torch import losses, penalties
from gantutor.validation import check_choice, check_positive

#: The mixtures of the published protocol.
TASKS = {"ring": ring(modes=8, radius=1.0, std=0.01), "grid": grid(side=5, spacing=2.0, std=0.05)}

#: What may help against mode collapse, as settings, by the names of the table.
CURES = {
    "plain": {},
    "few data: 200 points": {"examples": 200},
    "learning rates ÷ 10": {"generator_rate": 1e-4, "discriminator_rate": 1e-4},
    "learning rate of D × 4": {"generator_rate": 2.5e-4},
    "learning rate of G × 4": {"discriminator_rate": 2.5e-4},
    "β₁ = 0": {"beta1": 0.0},
    "β₁ = 0.5": {"beta1": 0.5},
    "D four times as wide": {"discriminator_width": 128},
    "D a quarter as wide": {"discriminator_width": 8},
    "G four times as wide": {"generator_width": 256},
    "noise on real points only": {"augmentation": "real"},
    "noise on both kinds": {"augmentation": "both"},
    "minimax": {"loss": "minimax"},
    "least squares": {"loss": "least_squares"},
    "hinge": {"loss": "hinge"},
    "Wasserstein + penalty, 5 steps": {
        "loss": "wasserstein",
        "penalties": {"gradient_penalty": 1.0},
        "discriminator_steps": 5,
    },
    "gradient penalty": {"penalties": {"gradient_penalty": 1.0}},
    "R1": {"penalties": {"r1": 1.0}},
    "spectral norm": {"spectral_norm": True},
    "relativistic": {"loss": "relativistic"},
    "relativistic + R1 + R2": {"loss": "relativistic", "penalties": {"r1": 1.0, "r2": 1.0}},
    "unrolled, 3 steps": {"unrolled": 3},
    "PacGAN-2": {"packing": 2},
    "PacGAN-4": {"packing": 4},
    "mini-batch discrimination": {"minibatch": "discrimination"},
    "mini-batch deviation": {"minibatch": "deviation"},
    "feature matching": {"feature_matching": True},
}

#: Updates of the generator.
STEPS = 2000

#: The table of all tasks and cures, made by `benchmarks/mode_collapse.py`.
TABLE = Path(__file__).parents[1] / "results" / "mode_collapse.csv"

AUGMENTATIONS = ("real", "both")
MINIBATCH = ("discrimination", "deviation")


def load_table(name="mode_collapse"):
    """Return shipped results.

    Parameters
    ----------
    name : {"mode_collapse", "ring_and_grid"}
        Made by the script of that name in `benchmarks`.

    Returns
    -------
    pandas.DataFrame
        A row for each task, setting and seed, and each reading of the log ``ring_and_grid``: the
        scores of `Training.scores`, and ``seconds`` of processor time a seed.
    """
    check_choice(name, ("mode_collapse", "ring_and_grid"), "table")
    return pd.read_csv(TABLE.with_name(f"{name}.csv"))


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
    generator_rate, discriminator_rate, beta1 : float
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

    def __post_init__(self):
        check_choice(self.loss, losses.LOSSES, "loss")
        check_penalties(self.penalties)
        check_choice(self.minibatch, (None, *MINIBATCH), "minibatch")
        check_choice(self.augmentation, (None, *AUGMENTATIONS), "augmentation")
        for name in ("packing", "generator_width", "discriminator_width", "discriminator_steps"):
            check_positive(getattr(self, name), name)


class Layer(nn.Module):
    """A dense layer of each seed: [S, N, inputs] to [S, N, outputs]; weights from N(0, std²)."""

    def __init__(self, inputs, outputs, draws, std, spectral_norm=False):
        super().__init__()
        weight = [std * torch.randn(inputs, outputs, generator=draw) for draw in draws]
        self.weight = nn.Parameter(torch.stack(weight))
        self.bias = nn.Parameter(torch.zeros(len(draws), 1, outputs))
        self.spectral_norm = spectral_norm
        if spectral_norm:
            start = torch.stack([torch.randn(outputs, 1, generator=draw) for draw in draws])
            self.register_buffer("direction", normalize(start, dim=1))

    def forward(self, x):
        """Each seed's rows times its weight, plus its bias."""
        weight = self.weight / self._norm() if self.spectral_norm else self.weight
        return torch.baddbmm(self.bias, x, weight)

    def _norm(self):
        """The largest singular value of each weight, [S, 1, 1], by a step of power iteration."""
        with torch.no_grad():
            left = normalize(self.weight @ self.direction, dim=1)
            self.direction = normalize(self.weight.mT @ left, dim=1)
        return left.mT @ self.weight @ self.direction


class Generator(nn.Module):
    """[S, N, 2] to [S, N, 2]: four hidden layers with batch normalisation and ReLU."""

    def __init__(self, width, draws):
        super().__init__()
        sizes = [2, *[width] * 4, 2]
        self.layers = nn.ModuleList(
            Layer(a, b, draws, std=(2 / a) ** 0.5) for a, b in itertools.pairwise(sizes)
        )
        self.scale = nn.Parameter(torch.ones(4, len(draws), 1, width))

    def forward(self, z):
        """Map latent points; batches of any size N > 1."""
        # A product with 1/N is several times as fast as a mean along the axis in the middle.
        average = z.new_full((1, 1, z.shape[1]), 1 / z.shape[1]).expand(len(z), -1, -1)
        for layer, scale in zip(self.layers, self.scale, strict=False):
            h = z @ layer.weight
            h = h - average @ h
            spread = torch.sqrt(average @ h.square() + 1e-5)
            z = torch.relu(torch.addcmul(layer.bias, h, scale / spread))
        return self.layers[-1](z)


class Discriminator(nn.Module):
    """[S, N, 2·packing] to logits [S, N]: three maxout layers of five pieces, and a linear one."""

    PIECES = 5

    def __init__(self, setting, draws):
        super().__init__()
        width, norm = setting.discriminator_width, setting.spectral_norm
        sizes = [2 * setting.packing, width, width, width]
        self.layers = nn.ModuleList(
            Layer(a, b * self.PIECES, draws, (1 / a) ** 0.5, norm)
            for a, b in itertools.pairwise(sizes)
        )
        self.minibatch = setting.minibatch
        more = {None: 0, "deviation": 1, "discrimination": 4}[setting.minibatch]
        if setting.minibatch == "discrimination":
            self.compare = Layer(width, 4 * 4, draws, (1 / width) ** 0.5, norm)
        self.last = Layer(width + more, 1, draws, (1 / width) ** 0.5, norm)

    def features(self, x):
        """The last hidden layer, [S, N, width]."""
        for layer in self.layers:
            x = layer(x).unflatten(2, (self.PIECES, -1)).max(dim=2).values
        return x

    def forward(self, x):
        """Logits of packs of points."""
        h = self.features(x)
        if self.minibatch == "deviation":
            spread = h.std(dim=1, correction=0).mean(dim=1)
            h = torch.cat([h, spread[:, None, None].expand(-1, h.shape[1], 1)], dim=2)
        if self.minibatch == "discrimination":
            rows = self.compare(h).unflatten(2, (4, 4))
            apart = (rows[:, :, None] - rows[:, None]).abs().sum(dim=4)
            h = torch.cat([h, torch.exp(-apart).sum(dim=2) - 1], dim=2)
        return self.last(h)[..., 0]


class Training:
    """Generators and discriminators of some seeds, and what trains them.

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

    def __init__(self, task, setting, seeds, batch_size=100):
        check_choice(task, TASKS, "task")
        self.mixture, self.setting, self.batch_size = TASKS[task], setting, batch_size
        self.count, self.draw = len(seeds), torch.Generator().manual_seed(int(seeds[0]))
        draws = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        self.generator = Generator(setting.generator_width, draws)
        self.discriminator = Discriminator(setting, draws)
        betas = (setting.beta1, 0.999)
        self.generator_optimizer = torch.optim.Adam(
            self.generator.parameters(), setting.generator_rate, betas, fused=True
        )
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), setting.discriminator_rate, betas, fused=True
        )
        self.loss = losses.get(setting.loss)
        self.centres = torch.tensor(self.mixture.centres, dtype=torch.float32)
        self.noise = self.centres.abs().max().item() / 10
        self.data = None
        if setting.examples is not None:
            self.data = self._points(setting.examples)

    def fit(self, steps):
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

    def discriminator_step(self, real, fake):
        """Update the discriminators on batches [S, N, 2·packing]."""
        loss = self._discriminator_loss(self.discriminator, real, fake)
        if self.setting.penalties:
            mix = torch.rand(real[..., 0].numel(), generator=self.draw)
            rows = (real.flatten(0, 1), fake.flatten(0, 1), mix)
            loss = loss + penalties.weighted_sum(self.setting.penalties, self._judge_rows, *rows)
        self.discriminator_optimizer.zero_grad()
        (self.count * loss).backward()  # the sum over the seeds
        self.discriminator_optimizer.step()

    def generator_step(self, real):
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

    @torch.no_grad()
    def sample(self, count, seed=0):
        """Points of each seed's generator, float32 [S, count, 2]."""
        draw = torch.Generator().manual_seed(seed)
        return self.generator(torch.randn(self.count, count, 2, generator=draw)).numpy()

    def scores(self):
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

    def _points(self, count):
        modes = torch.randint(len(self.centres), (self.count, count), generator=self.draw)
        noise = torch.randn(self.count, count, 2, generator=self.draw)
        return self.centres[modes] + self.mixture.std * noise

    def _packed(self, points, kind):
        if self.setting.augmentation in (kind, "both"):
            points = points + self.noise * torch.randn(points.shape, generator=self.draw)
        return points.reshape(self.count, self.batch_size, -1)

    def _real(self):
        count = self.batch_size * self.setting.packing
        if self.data is None:
            return self._packed(self._points(count), "real")
        chosen = torch.randint(self.data.shape[1], (self.count, count, 1), generator=self.draw)
        return self._packed(self.data.gather(1, chosen.expand(-1, -1, 2)), "real")

    def _fake(self):
        z = torch.randn(self.count, self.batch_size * self.setting.packing, 2, generator=self.draw)
        return self._packed(self.generator(z), "fake")


def _with(module, weights):
    """The module as a function of its input, with other weights."""
    return lambda x: torch.func.functional_call(module, weights, (x,))
