"""Make the pictures of the book's parts on the landing page.

    python benchmarks/pictures.py            # about 20 seconds on a quiet core

Each shows something that a chapter of its part explains. Everything in them is computed here.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from gantutor.data import load_digits, ring
from gantutor.plots import use_style
from gantutor.plots.images import tiles
from gantutor.studies.augmentation.moves import shift_and_rotate
from gantutor.studies.mode_collapse import study
from gantutor.studies.mode_collapse.training import Training
from gantutor.torch import load_generator

FOLDER = Path(__file__).resolve().parents[1] / "book" / "_static"
SIZE = (3.2, 2.0)  # inches; all pictures have one shape, so that the cards line up
BLUE, RED = "#004488", "#BB5566"


def digits(axes, images, columns):
    """Draw digits as one picture."""
    canvas, _ = tiles(images, columns=columns)
    axes.imshow(canvas[..., 0], cmap="gray", vmin=-1, vmax=1)
    axes.axis("off")


def start(axes):
    """Samples of the shipped generator, in the order in which they are drawn."""
    digits(axes, load_generator("digits").sample(40, seed=0), columns=8)


def theory(axes):
    """The Dirac-GAN: its velocities, a game that circles, and one that R1 brings to rest."""
    theta, psi = np.meshgrid(np.linspace(-2, 2, 13), np.linspace(-1.2, 1.2, 8))
    half = 1 / (1 + np.exp(-theta * psi))
    axes.quiver(theta, psi, psi * half, -theta * half, color="#AAAAAA", width=0.004)
    for gamma, colour in ((0.0, BLUE), (0.5, RED)):
        state = np.array([1.0, 0.0])
        path = [state]
        for _ in range(400):
            slope = 1 / (1 + np.exp(-state.prod()))
            state = state + 0.2 * np.array([0, -state[0] * slope - gamma * state[1]])
            slope = 1 / (1 + np.exp(-state.prod()))
            state = state + 0.2 * np.array([state[1] * slope, 0])
            path.append(state)
        axes.plot(*np.array(path).T, color=colour, linestyle="-", linewidth=1.2)
    axes.set(xlim=(-2.1, 2.1), ylim=(-1.3, 1.3), aspect="equal")
    bare(axes)


def losses(axes):
    """The generator's losses as functions of the logit of a fake."""
    logit = np.linspace(-4, 4, 200)
    for curve in (-np.logaddexp(0, logit), np.logaddexp(0, -logit), -logit, (logit - 1) ** 2 / 6):
        axes.plot(logit, curve)
    axes.set(xlim=(-4, 4), ylim=(-4.2, 4.2))
    bare(axes)


def keras(axes):
    """One latent vector for each row, one digit for each column."""
    generator = load_generator("digits")
    latents = np.random.default_rng(1).normal(size=(5, generator.latent_dim)).repeat(10, axis=0)
    digits(axes, generator.sample(latents, labels=np.tile(np.arange(10), 5)), columns=10)


def pytorch(axes):
    """Five walks between latent vectors, each along an arc and within one class."""
    generator = load_generator("digits")
    first, last = np.random.default_rng(2).normal(size=(2, 5, 1, generator.latent_dim))
    angle = np.linspace(0, np.pi / 2, 8)[:, None]
    latents = (np.cos(angle) * first + np.sin(angle) * last).reshape(40, -1)
    digits(axes, generator.sample(latents, labels=np.repeat([2, 3, 4, 8, 9], 8)), columns=8)


def evaluation(axes):
    """A game on the ring that has collapsed, and the eight Gaussians it should have learnt."""
    training = Training("wide ring", study.Setting(**study.SETTINGS["plain"]), [10], batch_size=128)
    training.fit(1500)
    for centre in ring().centres:
        axes.plot(*centre, "o", markersize=13, fillstyle="none", color=BLUE, markeredgewidth=1)
    axes.plot(*training.sample(300)[0].T, ".", markersize=2, color=RED)
    axes.set(xlim=(-4, 4), ylim=(-2.5, 2.5), aspect="equal")
    bare(axes)


def applications(axes):
    """Digits, and below each what shifts and rotations make of it."""
    images, labels = load_digits()
    chosen = np.stack([images[labels == digit][0] for digit in range(8)])
    rows = [chosen, *(shift_and_rotate(chosen, [seed, 0]).numpy() for seed in range(4))]
    digits(axes, np.concatenate(rows), columns=8)


def practice(axes):
    """Five rows: good samples, one digit only, one sample repeated, the wrong range, negatives."""
    generator = load_generator("digits")
    made = generator.sample(8, seed=1)
    threes = generator.sample(8, seed=1, labels=np.full(8, 3))
    rows = [made, threes, threes[:1].repeat(8, axis=0), (made + 1) / 2, -made]
    digits(axes, np.concatenate(rows), columns=8)


def bare(axes):
    """Take away axes, ticks and grid."""
    axes.axis("off")


def main():
    use_style()
    parts = (start, theory, losses, keras, pytorch, evaluation, applications, practice)
    for draw in parts:
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure.subplots())
        path = FOLDER / f"part-{draw.__name__}.png"
        figure.savefig(path, dpi=150, bbox_inches=figure.bbox_inches)
        print(f"{path.name}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
