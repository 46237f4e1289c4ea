"""GANs in PyTorch: models, games, losses, penalties, training. Same names as `gantutor.keras`.

Public functions and methods take and return NumPy images as float32 NHWC in [−1, 1]; inside,
tensors are NCHW in channels-last memory.
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'gantutor.torch needs PyTorch. Install it with: pip install "gantutor[torch]"'
    ) from error

from gantutor.torch.games import GAN, Conditional, Cycle, Game, Paired
from gantutor.torch.sampling import Sampler, Translator, load_generator
from gantutor.torch.trainer import Trainer, train

__all__ = [
    "GAN",
    "Conditional",
    "Cycle",
    "Game",
    "Paired",
    "Sampler",
    "Trainer",
    "Translator",
    "load_generator",
    "train",
]
