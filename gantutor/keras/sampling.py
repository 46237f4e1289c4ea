"""Drawing from a trained generator in Keras. `gantutor.torch.sampling` is the twin."""

import numpy as np

from gantutor import shipped
from gantutor.keras import models
from gantutor.runs.latents import as_latents, with_classes
from gantutor.validation import check_rows


def load_generator(name):
    """Return a shipped generator.

    Parameters
    ----------
    name : str
        A generator in the manifest of `gantutor.shipped`.

    Returns
    -------
    keras.Sequential
        [N, latent_dim] → [N, H, W, C] in [−1, 1].
    """
    recipe, arrays = shipped.load_generator_weights(name)
    generator, _ = models.build(recipe)
    generator.set_weights(arrays)
    generator.classes = recipe.classes
    return generator


def sample(generator, latents, seed=0, classes=0, labels=None):
    """Draw from a generator as it stands, in inference mode, 500 at a time.

    Parameters
    ----------
    generator : keras.Model
    latents : int or array_like, shape [N, latent_dim]
        How many samples, or the latent vectors to map.
    seed : int
        Seed of what is drawn: latent vectors where a number is given, labels where none are.
    classes : int
        Number of classes that the generator is told.
    labels : array_like of int, shape [N], optional
        The classes to draw; uniform if not given.

    Returns
    -------
    numpy.ndarray, float32
        Images [N, H, W, C] in [−1, 1], or points [N, d].

    Examples
    --------
    >>> sample(models.mlp_generator(), 3).shape
    (3, 28, 28, 1)
    """
    classes = getattr(generator, "classes", classes)  # a shipped generator knows its own
    if np.ndim(latents) == 0:
        latents = as_latents(latents, generator.input_shape[-1] - classes, seed)
    latents = check_rows(latents, "latents")
    latents = with_classes(latents, classes, seed, labels)
    chunks = [latents[i : i + 500] for i in range(0, len(latents), 500)]
    return np.concatenate([generator(chunk, training=False).numpy() for chunk in chunks])
