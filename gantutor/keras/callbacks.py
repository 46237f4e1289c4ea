"""What can be done during training in Keras. `gantutor.torch.callbacks` is the twin."""

import keras
import numpy as np

from gantutor.runs.checkpoint import checkpoint_path, list_checkpoints
from gantutor.runs.progress import progress_bar
from gantutor.validation import check_positive


class Recorder(keras.callbacks.Callback):
    """Keeps the losses, stops at Ctrl-C, and stops with an error if a loss is not finite.

    `gantutor.keras.GAN.fit` adds it by itself, before all others, so that no later callback
    sees weights that are spoilt.
    """

    def __init__(self, interrupt):
        super().__init__()
        self.interrupt = interrupt

    def on_train_batch_end(self, batch, logs=None):
        """Look at the losses of the step."""
        step = self.model.step
        if not np.isfinite(list(logs.values())).all():
            raise FloatingPointError(
                f"Step {step}: d_loss is {logs['d_loss']}, g_loss is {logs['g_loss']}. Training "
                "stopped; checkpoints of earlier steps are intact. A lower learning rate or a "
                "penalty may help."
            )
        self._last = logs
        if step % self.model.log_every == 0:
            self.model.record.add(step, **logs)
        if self.interrupt.requested:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Keep the last step's losses too."""
        if self.model.step % self.model.log_every:
            self.model.record.add(self.model.step, **self._last)


class ProgressBar(keras.callbacks.Callback):
    """A progress bar with the losses; quiet where there is neither terminal nor notebook."""

    def on_train_begin(self, logs=None):
        """Show the bar."""
        self._bar = progress_bar(self.params["epochs"] * self.params["steps"])

    def on_train_batch_end(self, batch, logs=None):
        """Move the bar, and update the losses now and then."""
        self._bar.update()
        if self.model.step % self.model.log_every == 0:
            self._bar.set_postfix({name: f"{value:.3f}" for name, value in logs.items()})

    def on_train_end(self, logs=None):
        """Remove the bar."""
        self._bar.close()


class SampleGrid(keras.callbacks.Callback):
    """Keep samples from the same latent vectors every `every` steps, and from before the first.

    Parameters
    ----------
    every : int
        Steps between two sets of samples.
    latents : int or array_like, shape [N, latent_dim]
        How many samples, or the latent vectors.
    seed : int
        Seed of the latent vectors.

    Attributes
    ----------
    frames : list[numpy.ndarray]
        Samples as float32 NHWC in [−1, 1], or points.
    steps : list[int]
        The step of each frame, from 0.
    """

    def __init__(self, every, latents=16, seed=0):
        super().__init__()
        self.every = check_positive(every, "every")
        self.latents, self.seed = latents, seed
        self.frames, self.steps = [], []

    def on_train_begin(self, logs=None):
        """Keep the first frame."""
        self._keep()

    def on_train_batch_end(self, batch, logs=None):
        """Keep a frame if it is time."""
        if self.model.step % self.every == 0:
            self._keep()

    def _keep(self):
        self.frames.append(self.model.sample(self.latents, self.seed))
        self.steps.append(self.model.step)


class Metrics(keras.callbacks.Callback):
    """Compute metrics on samples every `every` steps and add them to the record.

    Parameters
    ----------
    every : int
        Steps between two evaluations; one more happens before the first step.
    functions : dict[str, callable]
        Each maps samples, float32 NHWC in [−1, 1] or points, to a number.
    count : int
        How many samples each function sees.
    seed : int
        Seed of their latent vectors.
    """

    def __init__(self, every, functions, count=1000, seed=0):
        super().__init__()
        self.every = check_positive(every, "every")
        self.functions, self.count, self.seed = functions, check_positive(count, "count"), seed

    def on_train_begin(self, logs=None):
        """Evaluate the generator as it is."""
        self._evaluate()

    def on_train_batch_end(self, batch, logs=None):
        """Evaluate if it is time."""
        if self.model.step % self.every == 0:
            self._evaluate()

    def _evaluate(self):
        samples = self.model.sample(self.count, self.seed)
        values = {name: function(samples) for name, function in self.functions.items()}
        self.model.record.add(self.model.step, **values)


class Checkpoint(keras.callbacks.Callback):
    """Save the model every `every` steps and at the end; keep the newest two files.

    Parameters
    ----------
    directory : path-like
        Where ``step-….safetensors`` are written.
    every : int
        Steps between two files.
    """

    def __init__(self, directory, every):
        super().__init__()
        self.directory, self.every = directory, check_positive(every, "every")

    def on_train_batch_end(self, batch, logs=None):
        """Save if it is time."""
        if self.model.step % self.every == 0:
            self._save()

    def on_train_end(self, logs=None):
        """Save the last step."""
        self._save()

    def _save(self):
        self.model.save_checkpoint(checkpoint_path(self.directory, self.model.step))
        for path in list_checkpoints(self.directory)[:-2]:
            path.unlink()
