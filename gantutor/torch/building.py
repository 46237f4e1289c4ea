"""From a recipe to networks, a game and optimisers. `gantutor.keras.building` is the twin."""

import torch

from gantutor.runs import parts
from gantutor.torch import optimizers
from gantutor.validation import check_choice

_HERE = "gantutor.torch"
OPTIMIZERS = ("adam", "rmsprop", "sgd")


def generator(recipe, seed=0):
    """Return the generator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return parts.network(_HERE, "generator", recipe, seed)


def discriminator(recipe, seed=0):
    """Return the discriminator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return parts.network(_HERE, "discriminator", recipe, seed)


def build(recipe, seed=0):
    """Return the game of a `gantutor.recipes.Recipe`, with its networks.

    Raises
    ------
    ValueError
        If the recipe names a family that does not exist, or gives a part a setting that it does
        not have.
    """
    return parts.game(_HERE, recipe, seed)


def optimizer(choice, parameters):
    """Return an optimiser of parameters.

    Parameters
    ----------
    choice : str, pair, callable or torch.optim.Optimizer
        A name in `gantutor.torch.optimizers`; a name and a dictionary of settings; a function of
        the parameters, such as ``lambda parameters: torch.optim.RMSprop(parameters, lr=5e-5)``;
        or an optimiser of these very parameters.
    parameters : list[torch.nn.Parameter]

    Raises
    ------
    ValueError
        If there is no such name or setting, or the optimiser has other parameters.
    """
    if isinstance(choice, str):
        choice = (choice, {})
    if isinstance(choice, tuple | list):
        name, settings = choice
        make = getattr(optimizers, check_choice(name, OPTIMIZERS, "optimizer"))
        what = f"the optimizer {name!r}"
        return parts.call(make, parameters, what=what, settings=settings)
    made = choice if isinstance(choice, torch.optim.Optimizer) else choice(parameters)
    held = {id(p) for group in made.param_groups for p in group["params"]}
    if held != {id(p) for p in parameters}:
        raise ValueError(
            "The optimizer must hold the parameters of its side of the game, and no others; it has "
            f"{len(held)} tensors, and the side {len(parameters)}."
        )
    return made
