"""From a recipe to networks, a game and optimisers. `gantutor.torch.building` is the twin."""

import keras

from gantutor.keras import optimizers
from gantutor.runs import parts, seeds
from gantutor.validation import check_choice

_HERE = "gantutor.keras"
OPTIMIZERS = ("adam", "rmsprop", "sgd")


def generator(recipe, seed=0):
    """Return the generator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return _network("generator", recipe, seed)


def discriminator(recipe, seed=0):
    """Return the discriminator of a `gantutor.recipes.Recipe`, with first weights from a seed."""
    return _network("discriminator", recipe, seed)


def build(recipe, seed=0):
    """Return the game of a `gantutor.recipes.Recipe`, with its networks, compiled.

    Raises
    ------
    ValueError
        If the recipe names a family that does not exist, or gives a part a setting that it does
        not have.
    """
    game = parts.find(f"{_HERE}.games", recipe.game.name, "game")
    for name in ("latent_dim", "classes"):
        if name in recipe.shared() and not parts.accepts(game, name):
            raise ValueError(
                f"The game {recipe.game.name!r} takes no {name}; the recipe says "
                f"{getattr(recipe, name)}."
            )
    several = [seed, *(seeds.number(seed, "generator", k) for k in range(1, game.pairs))]
    networks = [make(recipe, one) for make in (generator, discriminator) for one in several]
    made = parts.call(
        game,
        *networks,
        what=f"the game {recipe.game.name!r}",
        settings=recipe.game.settings,
        shared=recipe.shared(),
    )
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


def _network(kind, recipe, seed):
    part = getattr(recipe, kind)
    return parts.call(
        parts.find(f"{_HERE}.models", part.name, kind),
        what=f"the {kind} {part.name!r}",
        settings=part.settings,
        shared=recipe.shared() | {"seed": seed},
    )
