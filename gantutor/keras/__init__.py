"""GANs in Keras on TensorFlow: models, losses, penalties, training. Same names as `gantutor.torch`.

Images are float32 NHWC in [−1, 1] everywhere.
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

from gantutor.keras.trainer import GAN, batches, load_generator, sample, train

__all__ = ["GAN", "batches", "load_generator", "sample", "train"]
