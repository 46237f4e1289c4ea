"""Named settings from which both frameworks train: plain data, no framework.

A recipe names its parts (networks, game, optimisers) and their settings. What a part can be set to
is what the function of that name takes in `gantutor.torch` and `gantutor.keras`; a recipe is
compared with these signatures when it is built, so that it can hold no setting without effect.
"""

import dataclasses
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gantutor.validation import check_choice, check_positive


class Settings(dict):
    """A dictionary that cannot be changed, and so can be shared and hashed."""

    def __hash__(self):
        return hash(tuple(sorted(self.items())))

    def __reduce__(self):
        return Settings, (dict(self),)

    def _refuse(self, *arguments, **more):
        raise TypeError("A recipe cannot be changed; its method `replace` returns another one.")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class Part(NamedTuple):
    """What a recipe says of one part: the family's name, and its settings."""

    name: str
    settings: Settings = Settings()


PARTS = ("generator", "discriminator", "game", "generator_optimizer", "discriminator_optimizer")


@dataclass(frozen=True)
class Recipe:
    """All settings of one GAN and of its training.

    Parameters
    ----------
    name : str
        What the recipe is called.
    generator, discriminator : Part or (str, dict)
        A family in ``models``, such as ``"dcgan"``, and what its function takes besides `shape`,
        `latent_dim`, `classes` and a seed.
    game : Part or (str, dict)
        A module in ``games``, such as ``"gan"`` or ``"conditional"``, and what its class takes.
    generator_optimizer, discriminator_optimizer : Part or (str, dict)
        A function in ``optimizers``, such as ``"adam"``, and what it takes.
    shape : tuple of int
        Of one image, (height, width, channels), or of one point, (d,).
    latent_dim : int or None
        Length of the latent vector z; None where the generator takes something else.
    classes : int
        Number of classes that the networks are told, or 0.
    batch_size : int
        Examples in a mini-batch.
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
    >>> get("dcgan").replace(steps=100, loss="hinge", generator={"width": 8}).game.settings["loss"]
    'hinge'
    """

    name: str
    generator: Any
    discriminator: Any
    game: Any
    generator_optimizer: Any
    discriminator_optimizer: Any
    shape: tuple[int, ...] = (28, 28, 1)
    latent_dim: int | None = 100
    classes: int = 0
    batch_size: int = 64
    discriminator_steps: int = 1
    steps: int = 2000
    decay_start: float = 1.0
    ema_decay: float = 0.99

    def __post_init__(self):
        for name in PARTS:
            self._set(name, _as_part(getattr(self, name), name))
        self._set("shape", tuple(check_positive(side, "shape") for side in self.shape))
        if self.latent_dim is not None:
            self._set("latent_dim", check_positive(self.latent_dim, "latent_dim"))
        if self.classes:
            self._set("classes", check_positive(self.classes, "classes"))
        for name in ("batch_size", "discriminator_steps", "steps"):
            self._set(name, check_positive(getattr(self, name), name))
        for name, end in (("decay_start", "]"), ("ema_decay", ")")):
            value = _plain(getattr(self, name), name)
            inside = isinstance(value, numbers.Real) and 0 <= value <= 1
            if not inside or (value == 1 and end == ")"):
                raise ValueError(f"{name} must lie in [0, 1{end}; got {value!r}.")
            self._set(name, float(value))

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @property
    def decay(self) -> tuple[int, int] | None:
        """First and last step of the learning rates' linear fall, or None if they stay constant."""
        start = round(self.decay_start * self.steps)
        return None if start == self.steps else (start, self.steps)

    def shared(self) -> dict[str, Any]:
        """Return what several parts are told: `shape`, and `latent_dim` and `classes` if set."""
        names = ("shape", "latent_dim", "classes")
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def training(self) -> dict[str, Any]:
        """Return the settings of the training loop, by the names of its arguments."""
        names = ("batch_size", "discriminator_steps", "decay", "ema_decay")
        return {name: getattr(self, name) for name in names}

    def replace(self, **changes) -> "Recipe":
        """Return a copy with some settings changed.

        Parameters
        ----------
        **changes
            A field, such as ``steps=100``; settings of one part, such as
            ``generator={"width": 8}``, which are added to those it has; another family for a part,
            such as ``game="conditional"``, which is told the same settings, or
            ``generator=("mlp", {})``, which is told others; or a setting that the recipe's parts
            have, such as ``loss="hinge"`` or ``learning_rate=1e-3``, changed wherever it stands.

        Raises
        ------
        ValueError
            If nothing in the recipe has such a name.
        """
        fields = [field.name for field in dataclasses.fields(self)]
        inner = {name for part in PARTS for name in getattr(self, part).settings}
        new = {}
        for name, value in changes.items():
            check_choice(name, [*fields, *sorted(inner)], "recipe setting")
            if name in PARTS:
                old = getattr(self, name)
                if isinstance(value, str):
                    value = (value, old.settings)
                elif isinstance(value, Mapping):
                    value = (old.name, {**old.settings, **value})
                new[name] = value
            elif name in fields:
                new[name] = value
        recipe = dataclasses.replace(self, **new)
        for name, value in changes.items():
            if name not in fields:
                parts = [part for part in PARTS if name in getattr(recipe, part).settings]
                merged: dict[str, Any] = {
                    part: (
                        getattr(recipe, part).name,
                        {**getattr(recipe, part).settings, name: value},
                    )
                    for part in parts
                }
                recipe = dataclasses.replace(recipe, **merged)
        return recipe

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a dictionary that JSON can hold."""
        return {
            field.name: _listed(getattr(self, field.name)) for field in dataclasses.fields(self)
        }

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that `to_dict` wrote down.

        Raises
        ------
        ValueError
            If a field is missing or unknown.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        if fields != set(settings):
            raise ValueError(
                f"A recipe has the fields {sorted(fields)}; got {sorted(settings)}. It was written "
                "by another version."
            )
        return cls(**settings)


def _as_part(value, name):
    if isinstance(value, str):
        value = (value, {})
    if not (
        isinstance(value, tuple | list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], Mapping)
    ):
        raise ValueError(f"{name} must be a name and a dictionary of settings; got {value!r}.")
    return Part(value[0], _plain(value[1], name))


def _plain(value, name):
    """A setting as Python's own immutable data; NumPy's numbers become Python's."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return Settings({key: _plain(entry, f"{name} {key}") for key, entry in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_plain(entry, name) for entry in value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(
        f"{name} must be plain data, so that a file can hold it; got {type(value).__name__}. "
        "Objects and functions can be passed to the game and the trainer themselves."
    )


def _listed(value):
    if isinstance(value, Mapping):
        return {key: _listed(entry) for key, entry in value.items()}
    return [_listed(entry) for entry in value] if isinstance(value, tuple) else value


def _adam(learning_rate, betas=(0.5, 0.999)):
    return "adam", {"learning_rate": learning_rate, "betas": betas}


_RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "mlp",
            generator=("mlp", {"width": 128}),
            discriminator=("mlp", {"width": 128, "spectral_norm": False}),
            game=("gan", {"loss": "non_saturating", "penalties": {}}),
            generator_optimizer=_adam(2e-4),
            discriminator_optimizer=_adam(2e-4),
        ),
        Recipe(
            "dcgan",
            generator=("dcgan", {"width": 32, "normalization": "batch"}),
            discriminator=(
                "dcgan",
                {"width": 32, "normalization": None, "spectral_norm": False},
            ),
            game=("gan", {"loss": "non_saturating", "penalties": {}}),
            generator_optimizer=_adam(2e-4),
            discriminator_optimizer=_adam(2e-4),
        ),
        Recipe(
            "minute",
            generator=("dcgan", {"width": 32, "normalization": "batch"}),
            discriminator=("dcgan", {"width": 16, "normalization": None, "spectral_norm": True}),
            game=("conditional", {"loss": "non_saturating", "penalties": {}}),
            generator_optimizer=_adam(3e-3, (0.0, 0.9)),
            discriminator_optimizer=_adam(3e-3, (0.0, 0.9)),
            latent_dim=64,
            classes=10,
            decay_start=0.3,
            ema_decay=0.98,
        ),
    )
}


def names() -> list[str]:
    """Return the names of all recipes."""
    return list(_RECIPES)


def get(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises
    ------
    ValueError
        If there is none; the message suggests the nearest name.
    """
    return _RECIPES[check_choice(name, _RECIPES, "recipe")]
