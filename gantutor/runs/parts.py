"""Parts of a recipe: a name and settings that become a network, a game or an optimiser.

A framework's families are the files of one folder, such as `gantutor/torch/models`, and what can
be set is what their functions take: nothing is listed twice, so that nothing can differ.
"""

import importlib
import inspect
import numbers
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np

from gantutor.runs import seeds
from gantutor.validation import check_choice


def families(package: str) -> list[str]:
    """Return the names of the families in a package: its public modules.

    Parameters
    ----------
    package : str
        Such as ``"gantutor.torch.models"``.
    """
    path = importlib.import_module(package).__path__
    return sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))


def find(package: str, family: str, kind: str) -> Callable:
    """Return what a family offers of a kind.

    Parameters
    ----------
    package : str
        Such as ``"gantutor.torch.models"``.
    family : str
        Name of a module in it.
    kind : str
        ``"generator"`` finds ``dcgan_generator`` in the module ``dcgan``; ``"game"`` finds the
        class `GAN` in the module ``gan``.

    Raises
    ------
    ValueError
        If there is no such family, or it has nothing of this kind.
    """
    check_choice(family, families(package), kind)
    module = importlib.import_module(f"{package}.{family}")
    wanted = family if kind == "game" else f"{family}_{kind}"
    for name, value in vars(module).items():
        if name.lower() == wanted:
            return value
    raise ValueError(f"The family {family!r} has no {kind}.")


def accepts(function: Callable, name: str) -> bool:
    """Return whether a function takes an argument of this name."""
    return name in inspect.signature(function).parameters


def call(function: Callable, *arguments: Any, what: str, settings, shared=None) -> Any:
    """Call a function with settings, after comparing them with its signature.

    Parameters
    ----------
    function : callable
    *arguments
        Passed on first.
    what : str
        What is being made, for the error.
    settings : mapping
        Arguments by name; each must be one of the function's.
    shared : mapping, optional
        Arguments that are passed on where the function takes them.

    Raises
    ------
    ValueError
        If the function takes no such setting.
    """
    names = list(inspect.signature(function).parameters)[len(arguments) :]
    for name in settings:
        check_choice(name, names, f"setting of {what}")
    taken = {name: value for name, value in (shared or {}).items() if name in names}
    return function(*arguments, **taken | dict(settings))


def network(package: str, kind: str, recipe: Any, seed: int) -> Any:
    """Return a network of a `gantutor.recipes.Recipe`, with first weights from a seed.

    Parameters
    ----------
    package : str
        The framework's: ``"gantutor.torch"`` or ``"gantutor.keras"``.
    kind : {"generator", "discriminator"}
    recipe : gantutor.recipes.Recipe
    seed : int
    """
    part = getattr(recipe, kind)
    return call(
        find(f"{package}.models", part.name, kind),
        what=f"the {kind} {part.name!r}",
        settings=part.settings,
        shared=recipe.shared() | {"seed": seed},
    )


def game(package: str, recipe: Any, seed: int) -> Any:
    """Return the game of a `gantutor.recipes.Recipe`, with its networks; arguments as `network`.

    Raises
    ------
    ValueError
        If the recipe names a family that does not exist, or gives a part a setting that it does
        not have.
    """
    made: Any = find(f"{package}.games", recipe.game.name, "game")
    for name in ("latent_dim", "classes"):
        if name in recipe.shared() and not accepts(made, name):
            raise ValueError(
                f"The game {recipe.game.name!r} takes no {name}; the recipe says "
                f"{getattr(recipe, name)}."
            )
    several = [seed, *(seeds.number(seed, "generator", k) for k in range(1, made.pairs))]
    networks = [
        network(package, kind, recipe, one)
        for kind in ("generator", "discriminator")
        for one in several
    ]
    return call(
        made,
        *networks,
        what=f"the game {recipe.game.name!r}",
        settings=recipe.game.settings,
        shared=recipe.shared(),
    )


def check_weights(weights, known, what: str) -> dict:
    """Return weights by name or function, if all names are known and all weights positive.

    Parameters
    ----------
    weights : mapping
        From a name in `known`, or a function, to a positive number.
    known : collection of str
    what : str
        What the names stand for, such as ``"penalty"``.

    Raises
    ------
    ValueError
    """
    labels = [label(name) for name in weights]
    if len(set(labels)) < len(labels) or "adversarial" in labels:
        raise ValueError(
            f"Each {what} needs a name of its own, other than 'adversarial'; got {labels}."
        )
    for name, weight in weights.items():
        if not callable(name):
            check_choice(name, known, what)
        is_number = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
        if not is_number or not 0 < weight < float("inf"):
            raise ValueError(
                f"The weight of {what} {label(name)!r} must be positive and finite; got {weight!r}."
            )
    return {name: float(weight) for name, weight in weights.items()}


def label(name) -> str:
    """Return what a term is called in a record: a name itself, or that of a function."""
    return name if isinstance(name, str) else getattr(name, "__name__", type(name).__name__)


def describe(value):
    """Return a setting as text or plain data for a file: objects and functions by their names."""
    if isinstance(value, dict):
        return {str(describe(key)): describe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [describe(entry) for entry in value]
    if hasattr(value, "item"):
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    name = getattr(value, "__qualname__", None) or getattr(value, "name", None)
    return str(name or type(value).__qualname__)


def check_decay(decay) -> tuple[int, int] | None:
    """Return the first and the last step of a linear fall of the learning rates, or None.

    Raises
    ------
    ValueError
        If they are not two whole numbers, the second the larger.
    """
    if decay is None:
        return None
    start, end = decay
    if not (0 <= start < end and start == int(start) and end == int(end)):
        raise ValueError(f"decay must be two steps, the second the later; got {decay!r}.")
    return int(start), int(end)


def check_ema_decays(decays) -> tuple[float, ...]:
    """Return one or several decays of moving averages as floats in [0, 1).

    Raises
    ------
    ValueError
        If one lies elsewhere, or there is none.
    """
    several = np.atleast_1d(decays).tolist()
    if not several or not all(0 <= decay < 1 for decay in several):
        raise ValueError(f"ema_decay must lie in [0, 1); got {decays!r}.")
    return tuple(float(decay) for decay in several)


def check_shape(data, shape) -> None:
    """Raise ValueError unless images or points have the shape that a recipe is made for."""
    first = data[-1] if isinstance(data, tuple) else data
    found = getattr(first, "shape", None)
    if found is not None and len(found) in (2, 4) and tuple(found[1:]) != tuple(shape):
        kinds = {1: "grey (1 channel)", 3: "RGB (3 channels)"}
        names = {
            n: " × ".join(map(str, n[:2])) + f" pixels, {kinds.get(n[2], f'{n[2]} channels')}"
            for n in (tuple(shape), tuple(found[1:]))
            if len(n) == 3
        }
        wanted, got = (names.get(n, list(n)) for n in (tuple(shape), tuple(found[1:])))
        raise ValueError(f"data must be as the recipe's shape says, {wanted}; got {got}.")


def loop(trainer: Any) -> dict[str, Any]:
    """Return what a trainer's loop was told, as plain data: the same in both frameworks."""
    return {
        "discriminator_steps": trainer.discriminator_steps,
        "decay": trainer.decay and list(trainer.decay),
        "ema_decay": list(trainer.ema_decays),
        "seed": trainer.seed,
    }
