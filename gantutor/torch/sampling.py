"""Drawing from a trained generator in PyTorch. `gantutor.keras.sampling` is the twin."""

import contextlib

import numpy as np
import torch

from gantutor import shipped
from gantutor.runs.latents import as_latents, check_frequencies, with_classes
from gantutor.torch import building
from gantutor.torch.weights import set_weights
from gantutor.validation import check_images

CHUNK = 500  # examples at a time


@contextlib.contextmanager
def evaluating(network):
    """Put a network into evaluation mode, and afterwards each of its modules where it was."""
    before = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


@torch.inference_mode()
def apply(network, inputs):
    """Map arrays through a network in evaluation mode, a part at a time.

    Parameters
    ----------
    network : torch.nn.Module
    inputs : numpy.ndarray, float32
        Rows [N, d], or images [N, H, W, C].

    Returns
    -------
    numpy.ndarray, float32
        Images [N, H, W, C], rows [N, d] or numbers [N].
    """
    device = next(network.parameters()).device
    outputs = []
    with evaluating(network):
        for start in range(0, len(inputs), CHUNK):
            rows = np.require(inputs[start : start + CHUNK], requirements=["C", "W"])
            part = torch.from_numpy(rows).to(device)
            output = network(part.permute(0, 3, 1, 2) if part.ndim == 4 else part)
            output = output.permute(0, 2, 3, 1) if output.ndim == 4 else output
            outputs.append(output.float().cpu().numpy())
    return np.ascontiguousarray(np.concatenate(outputs))


class Sampler:
    """A generator that is drawn from: a network, the length of its z, and its classes.

    Parameters
    ----------
    network : torch.nn.Module
        [N, latent_dim + classes] → [N, C, H, W] in [−1, 1], or points [N, d].
    latent_dim : int
        Length of z, which is drawn from 𝒩(0, I).
    classes : int
        Number of classes that the network is told behind z, or 0.
    frequencies : array_like of float, shape [classes], optional
        How often each class is drawn, in proportion; equally often if not given.

    Examples
    --------
    >>> from gantutor.torch import models
    >>> Sampler(models.mlp_generator(), latent_dim=100).sample(3).shape
    (3, 28, 28, 1)
    """

    def __init__(self, network, latent_dim, classes=0, frequencies=None):
        self.network, self.latent_dim, self.classes = network, latent_dim, classes
        self.frequencies = check_frequencies(frequencies, classes)

    def sample(self, latents, seed=0, labels=None):
        """Draw in evaluation mode, a part at a time.

        Parameters
        ----------
        latents : int or array_like, shape [N, latent_dim]
            How many samples, or the latent vectors to map.
        seed : int
            Seed of what is drawn: latent vectors where a number is given, labels where none are.
        labels : array_like of int, shape [N], optional
            The classes to draw, where there are classes; drawn by `frequencies` if not given.

        Returns
        -------
        numpy.ndarray, float32
            Images [N, H, W, C] in [−1, 1], or points [N, d].

        Raises
        ------
        ValueError
            If the latent vectors or the labels do not fit the network.
        """
        latents = as_latents(latents, self.latent_dim, seed)
        inputs = with_classes(latents, self.classes, seed, labels, self.frequencies)
        return apply(self.network, inputs)


class Translator:
    """A generator that makes images from images.

    Parameters
    ----------
    network : torch.nn.Module
        [N, S, H, W] → [N, C, H, W] in [−1, 1].
    """

    def __init__(self, network):
        self.network = network

    def sample(self, images, seed=0):
        """Translate images in evaluation mode, a part at a time.

        Parameters
        ----------
        images : array_like, float32, shape [N, H, W, S]
            In [−1, 1].
        seed : int
            Not used: the translation has no noise.

        Returns
        -------
        numpy.ndarray, float32, shape [N, H, W, C]
        """
        return apply(self.network, check_images(images))


def load_generator(name):
    """Return a shipped generator.

    Parameters
    ----------
    name : str
        A generator in the manifest of `gantutor.shipped`.

    Returns
    -------
    Sampler
    """
    recipe, arrays = shipped.load_generator_weights(name)
    generator = building.generator(recipe)
    set_weights(generator, arrays)
    frequencies = recipe.game.settings.get("frequencies")
    return Sampler(generator.eval(), recipe.latent_dim, recipe.classes, frequencies)
