"""GANs in Keras on TensorFlow: models, games, losses, training. Twin: `gantutor.torch`.

Images are float32 NHWC in [−1, 1] everywhere.
"""

from importlib.util import find_spec as _find_spec

# Triton, which PyTorch's CUDA builds bring, ends the process if it is loaded after TensorFlow
# ("Option … registered more than once"): both hold a copy of LLVM.
if _find_spec("triton"):
    import triton as _triton  # noqa: F401

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
