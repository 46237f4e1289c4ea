"""GANs in Keras on TensorFlow: models, games, losses, training. Twin: `gantutor.torch`.

Images are float32 NHWC in [−1, 1] everywhere.

A program that also trains with PyTorch imports ``torch._dynamo`` first. PyTorch's first optimiser
imports it, and it imports Triton where that is installed (as with PyTorch's CUDA wheels); Triton
3.7 or newer, imported after TensorFlow, ends the process, for both hold a copy of LLVM.
"""

try:
    import keras as _keras
    import tensorflow as _tensorflow  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "gantutor.keras needs TensorFlow and Keras 3. Install them with: "
        'pip install "gantutor[keras]"'
    ) from error

if _keras.backend.backend() != "tensorflow":
    raise ImportError(
        "gantutor.keras needs Keras's TensorFlow backend; got "
        f"{_keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow before Keras is imported."
    )

from gantutor.keras.batches import batches
from gantutor.keras.games import GAN, Conditional, Cycle, Game, Paired
from gantutor.keras.sampling import Sampler, Translator, load_generator
from gantutor.keras.trainer import Trainer, train

__all__ = [
    "GAN",
    "Conditional",
    "Cycle",
    "Game",
    "Paired",
    "Sampler",
    "Trainer",
    "Translator",
    "batches",
    "load_generator",
    "train",
]
