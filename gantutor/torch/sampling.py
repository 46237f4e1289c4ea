"""Drawing from a trained generator in PyTorch. `gantutor.keras.sampling` is the twin."""

import numpy as np
import torch

from gantutor import shipped
from gantutor.runs.latents import as_latents, with_classes
from gantutor.torch import models
from gantutor.torch.weights import set_weights
from gantutor.validation import check_rows


def load_generator(name):
    """Return a shipped generator, in evaluation mode.

    Parameters
    ----------
    name : str
        A generator in the manifest of `gantutor.shipped`.

    Returns
    -------
    torch.nn.Sequential
        [N, latent_dim] → [N, C, H, W] in [−1, 1].
    """
    recipe, arrays = shipped.load_generator_weights(name)
    generator, _ = models.build(recipe)
    set_weights(generator, arrays)
    generator.classes = recipe.classes
    return generator.eval()


@torch.inference_mode()
def sample(generator, latents, seed=0, classes=0, labels=None):
    """Draw from a generator as it stands, in evaluation mode, 500 at a time.

    Parameters
    ----------
    generator : torch.nn.Module
        Where a number is given, one that begins with a linear layer, as those of the book do.
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
        latents = as_latents(latents, generator[0].in_features - classes, seed)
    latents = check_rows(latents, "latents")
    latents = with_classes(latents, classes, seed, labels)
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    outputs = torch.cat([generator(z.to(device)) for z in torch.from_numpy(latents).split(500)])
    generator.train(training)
    outputs = outputs.permute(0, 2, 3, 1) if outputs.ndim == 4 else outputs
    return np.ascontiguousarray(outputs.cpu().numpy())
