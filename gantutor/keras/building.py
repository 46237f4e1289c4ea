"""From a recipe to networks, a game and optimisers. `gantutor.torch.building` is the twin."""

import keras

from gantutor.keras import optimizers
from gantutor.runs import parts
from gantutor.validation import check_choice

_HERE = "gantutor.keras"
OPTIMIZERS = ("adam", "rmsprop", "sgd")


def generator(recipe, seed=0):
    """Return the generator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return parts.network(_HERE, "generator", recipe, seed)


def discriminator(recipe, seed=0):
    """Return the discriminator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return parts.network(_HERE, "discriminator", recipe, seed)


def build(recipe, seed=0):
    """Return the game of a `gantutor.recipes.Recipe`, with its networks, compiled.

    Raises
    ------
    ValueError
        If the recipe names a family that does not exist, or gives a part a setting that it does
        not have.
    """
    made = parts.game(_HERE, recipe, seed)
    training = recipe.training()
    made.batch_size = training.pop("batch_size")
    made.compile(
        generator_optimizer=recipe.generator_optimizer,
        discriminator_optimizer=recipe.discriminator_optimizer,
        **training,
        seed=seed,
    )
    return made


def optimizer(choice):
    """Return an optimiser.

    Parameters
    ----------
    choice : str, pair, callable or keras.optimizers.Optimizer
        A name in `gantutor.keras.optimizers`; a name and a dictionary of settings; a function
        without arguments, such as ``lambda: keras.optimizers.RMSprop(5e-5)``; or an optimiser.

    Raises
    ------
    ValueError
        If there is no such name or setting.
    """
    if isinstance(choice, str):
        choice = (choice, {})
    if isinstance(choice, tuple | list):
        name, settings = choice
        make = getattr(optimizers, check_choice(name, OPTIMIZERS, "optimizer"))
        return parts.call(make, what=f"the optimizer {name!r}", settings=settings)
    return choice if isinstance(choice, keras.optimizers.Optimizer) else choice()
