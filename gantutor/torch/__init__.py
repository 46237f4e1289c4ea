"""GANs in PyTorch: models, losses, penalties, training. Same names as `gantutor.keras`.

Public functions and methods take and return NumPy images as float32 NHWC in [−1, 1]; inside,
tensors are NCHW in channels-last memory.
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'gantutor.torch needs PyTorch. Install it with: pip install "gantutor[torch]"'
    ) from error

from gantutor.torch.sampling import load_generator, sample
from gantutor.torch.trainer import Trainer, train

__all__ = ["Trainer", "load_generator", "sample", "train"]
