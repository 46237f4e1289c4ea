"""Named settings from which both frameworks train: plain data, no framework."""

import dataclasses
from dataclasses import dataclass, field

from gantutor.validation import check_choice, check_positive

MODELS = ("mlp", "dcgan")
PENALTIES = ("gradient_penalty", "r1", "r2", "clip_weights")


def check_penalties(weights):
    """Return a copy of `weights` if all names are known and all weights positive.

    Raises
    ------
    ValueError
    """
    for name, weight in weights.items():
        check_choice(name, PENALTIES, "penalty")
        if not weight > 0:
            raise ValueError(f"The weight of penalty {name!r} must be positive; got {weight!r}.")
    return dict(weights)


@dataclass(frozen=True)
class Recipe:
    """All settings of one GAN and of its training.

    Parameters
    ----------
    name : str
        What the recipe is called.
    model : str
        Family of the two networks: ``"mlp"`` or ``"dcgan"``.
    side, channels : int
        Size of the square images in pixels; 1 channel (grey) or 3 (RGB).
    classes : int
        Number of classes that the networks are told, or 0: a GAN without labels (dcgan only).
    latent_dim : int
        Length of the latent vector z.
    generator_width, discriminator_width : int
        Units of a hidden layer (mlp), or channels at the highest resolution (dcgan).
    generator_normalization, discriminator_normalization : str or None
        ``"batch"``, ``"layer"`` or None (dcgan only).
    spectral_norm : bool
        Spectral normalisation of the discriminator's layers.
    loss : str
        Name of a pair in ``gantutor.torch.losses`` and ``gantutor.keras.losses``.
    penalties : dict[str, float]
        Penalty names with their weights; for ``"clip_weights"`` the limit.
    generator_rate, discriminator_rate : float
        Adam's learning rates.
    betas : tuple[float, float]
        Adam's decay rates β₁ and β₂.
    batch_size : int
        Images in a mini-batch.
    discriminator_steps : int
        Updates of the discriminator for each update of the generator.
    steps : int
        Planned updates of the generator.
    decay_start : float
        Share of the steps after which the learning rates fall linearly to 0; 1 keeps them.
    ema_decay : float
        Decay of the exponential moving average of the generator's weights, in [0, 1).

    Examples
    --------
    >>> get("dcgan").replace(steps=100).steps
    100
    """

    name: str
    model: str
    side: int = 28
    channels: int = 1
    classes: int = 0
    latent_dim: int = 100
    generator_width: int = 32
    discriminator_width: int = 32
    generator_normalization: str | None = "batch"
    discriminator_normalization: str | None = None
    spectral_norm: bool = False
    loss: str = "non_saturating"
    penalties: dict = field(default_factory=dict)
    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    batch_size: int = 64
    discriminator_steps: int = 1
    steps: int = 2000
    decay_start: float = 1.0
    ema_decay: float = 0.99

    def __post_init__(self):
        check_choice(self.model, MODELS, "model")
        check_penalties(self.penalties)
        for name in ("side", "channels", "latent_dim", "generator_width", "discriminator_width"):
            check_positive(getattr(self, name), name)
        for name in ("batch_size", "discriminator_steps", "steps"):
            check_positive(getattr(self, name), name)
        if self.classes:
            check_positive(self.classes, "classes")
        for name in ("decay_start", "ema_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1]; got {getattr(self, name)!r}.")

    @property
    def shape(self):
        """Shape of one image, (height, width, channels)."""
        return (self.side, self.side, self.channels)

    @property
    def decay(self):
        """First and last step of the learning rates' linear fall, or None if they stay constant."""
        start = round(self.decay_start * self.steps)
        return None if start == self.steps else (start, self.steps)

    def networks(self):
        """Return the settings of generator and discriminator, by the names of their arguments."""
        generator = {"latent_dim": self.latent_dim, "width": self.generator_width}
        discriminator = {"width": self.discriminator_width, "spectral_norm": self.spectral_norm}
        if self.model == "mlp":
            images = {"shape": self.shape}
        else:
            images = {"side": self.side, "channels": self.channels, "classes": self.classes}
            generator["normalization"] = self.generator_normalization
            discriminator["normalization"] = self.discriminator_normalization
        return images | generator, images | discriminator

    def training(self):
        """Return the settings that a trainer takes, under the names of its arguments."""
        same = (
            "latent_dim",
            "classes",
            "loss",
            "penalties",
            "generator_rate",
            "discriminator_rate",
            "betas",
        )
        more = ("batch_size", "discriminator_steps", "decay", "ema_decay")
        return {name: getattr(self, name) for name in same + more}

    def replace(self, **changes):
        """Return a copy with some settings changed; an unknown name raises ValueError."""
        known = [f.name for f in dataclasses.fields(self)]
        for name in changes:
            check_choice(name, known, "recipe setting")
        return dataclasses.replace(self, **changes)

    def to_dict(self):
        """Return the settings as a dictionary that JSON can hold."""
        return dataclasses.asdict(self) | {"betas": list(self.betas)}

    @classmethod
    def from_dict(cls, settings):
        """Return the recipe that `to_dict` wrote down."""
        return cls(**settings | {"betas": tuple(settings["betas"])})


_RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("mlp", "mlp", generator_width=128, discriminator_width=128),
        Recipe("dcgan", "dcgan"),
        Recipe(
            "minute",
            "dcgan",
            classes=10,
            latent_dim=64,
            discriminator_width=16,
            spectral_norm=True,
            generator_rate=3e-3,
            discriminator_rate=3e-3,
            betas=(0.0, 0.9),
            steps=2000,
            decay_start=0.3,
            ema_decay=0.98,
        ),
    )
}


def names():
    """Return the names of all recipes."""
    return list(_RECIPES)


def get(name):
    """Return the recipe called `name`.

    Raises
    ------
    ValueError
        If there is none; the message suggests the nearest name.
    """
    return _RECIPES[check_choice(name, _RECIPES, "recipe")]


def split_side(side):
    """Split an image side into a base of 4 or 7 pixels and a number of doublings.

    Parameters
    ----------
    side : int
        4, 7 or 8 times a power of two, in pixels.

    Returns
    -------
    tuple[int, int]
        ``(base, doublings)`` with ``side == base * 2**doublings``.

    Raises
    ------
    ValueError
        If there is no such split.

    Examples
    --------
    >>> split_side(28), split_side(64)
    ((7, 2), (4, 4))
    """
    check_positive(side, "side")
    for base in (4, 7):
        doublings = (side // base).bit_length() - 1
        if side >= base and base << doublings == side:
            return base, doublings
    raise ValueError(f"side must be 4, 7 or 8 times a power of two, in pixels; got {side}.")
