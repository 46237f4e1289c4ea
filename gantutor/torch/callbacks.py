"""What can be done during training in PyTorch. `gantutor.keras.callbacks` is the twin."""

from gantutor.runs.checkpoint import checkpoint_path, list_checkpoints
from gantutor.runs.progress import progress_bar
from gantutor.validation import check_positive


class Callback:
    """Is told of the steps of a `gantutor.torch.Trainer`; does nothing by itself."""

    def on_train_begin(self, trainer, steps):
        """Before the first of `steps` steps."""

    def on_step_end(self, trainer):
        """After each step; `trainer.step` counts them from 1."""

    def on_train_end(self, trainer):
        """After the last step, also when Ctrl-C was pressed."""


class ProgressBar(Callback):
    """A progress bar with the losses; quiet where there is neither terminal nor notebook."""

    def on_train_begin(self, trainer, steps):
        """Show the bar."""
        self._bar = progress_bar(steps)

    def on_step_end(self, trainer):
        """Move the bar, and update the losses when new ones are in the history."""
        self._bar.update()
        if trainer.step % trainer.log_every == 0:
            losses = {name: trainer.record.history[name][-1] for name in ("d_loss", "g_loss")}
            self._bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()})

    def on_train_end(self, trainer):
        """Remove the bar."""
        self._bar.close()


class SampleGrid(Callback):
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
        self.every = check_positive(every, "every")
        self.latents, self.seed = latents, seed
        self.frames, self.steps = [], []

    def on_train_begin(self, trainer, steps):
        """Keep the first frame."""
        self._keep(trainer)

    def on_step_end(self, trainer):
        """Keep a frame if it is time."""
        if trainer.step % self.every == 0:
            self._keep(trainer)

    def _keep(self, trainer):
        self.frames.append(trainer.sample(self.latents, self.seed))
        self.steps.append(trainer.step)


class Metrics(Callback):
    """Compute metrics on samples every `every` steps and add them to the history.

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
        self.every = check_positive(every, "every")
        self.functions, self.count, self.seed = functions, check_positive(count, "count"), seed

    def on_train_begin(self, trainer, steps):
        """Evaluate the generator as it is."""
        self._evaluate(trainer)

    def on_step_end(self, trainer):
        """Evaluate if it is time."""
        if trainer.step % self.every == 0:
            self._evaluate(trainer)

    def _evaluate(self, trainer):
        samples = trainer.sample(self.count, self.seed)
        values = {name: function(samples) for name, function in self.functions.items()}
        trainer.record.add(trainer.step, **values)


class Checkpoint(Callback):
    """Save the trainer every `every` steps and at the end; keep the newest two files.

    Parameters
    ----------
    directory : path-like
        Where ``step-….safetensors`` are written.
    every : int
        Steps between two files.
    """

    def __init__(self, directory, every):
        self.directory, self.every = directory, check_positive(every, "every")

    def on_step_end(self, trainer):
        """Save if it is time."""
        if trainer.step % self.every == 0:
            self._save(trainer)

    def on_train_end(self, trainer):
        """Save the last step."""
        self._save(trainer)

    def _save(self, trainer):
        trainer.save_checkpoint(checkpoint_path(self.directory, trainer.step))
        for path in list_checkpoints(self.directory)[:-2]:
            path.unlink()
