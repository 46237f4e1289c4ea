"""What can be done during training, in either framework.

A callback is told of a *run*: a `gantutor.torch.Trainer` or a game of `gantutor.keras.games`, which
have `step`, `record`, `sample` and `save_checkpoint` in common. PyTorch's trainer calls these
classes as they are; in Keras, `fit` takes them beside Keras's own.
"""

import contextlib
from pathlib import Path

from gantutor.runs.checkpoint import (
    CheckpointError,
    checkpoint_path,
    checkpoint_step,
    list_checkpoints,
    read_metadata,
)
from gantutor.runs.progress import progress_bar
from gantutor.validation import check_positive


class Callback:
    """Is told of the steps of a run; does nothing by itself."""

    def on_train_begin(self, run, steps: int) -> None:
        """Before the first of `steps` steps."""

    def on_step_end(self, run) -> None:
        """After a step; `run.step` counts them from 1. Keras's `steps_per_execution` skips some."""

    def on_train_end(self, run) -> None:
        """After the last step, also when Ctrl-C was pressed."""

    def on_exception(self, run) -> None:
        """Instead of `on_train_end`, when training ends with an error."""


@contextlib.contextmanager
def telling(callbacks, run, steps):
    """Tell callbacks of the beginning of a run and, whatever happens, of its end.

    Yields
    ------
    callable
        Tells them of a step.
    """
    begun = []
    try:
        for callback in callbacks:
            begun.append(callback)
            callback.on_train_begin(run, steps)

        def tell():
            for callback in callbacks:
                callback.on_step_end(run)

        yield tell
        while begun:
            begun.pop(0).on_train_end(run)
    except BaseException:
        for callback in begun:
            callback.on_exception(run)
        raise


class Every(Callback):
    """A callback that acts when the run passes a multiple of `every` steps.

    Parameters
    ----------
    every : int
        Steps between two actions. Where a framework tells of several steps at once, the action
        follows the first news of it.
    """

    def __init__(self, every: int):
        self.every = check_positive(every, "every")

    def on_train_begin(self, run, steps):
        """Count from where the run stands."""
        self._seen = run.step

    def on_step_end(self, run):
        """Act if it is time."""
        due = run.step // self.every > self._seen // self.every
        self._seen = run.step
        if due:
            self.act(run)

    def act(self, run) -> None:
        """Do it."""
        raise NotImplementedError


class ProgressBar(Callback):
    """A progress bar with the losses; quiet where there is neither terminal nor notebook."""

    def on_train_begin(self, run, steps):
        """Show the bar."""
        self._bar, self._seen = progress_bar(steps), run.step

    def on_step_end(self, run):
        """Move the bar, and update the losses when new ones are in the record."""
        self._bar.update(run.step - self._seen)
        self._seen = run.step
        losses = {
            name: run.record.history[name][-1]
            for name in ("d_loss", "g_loss")
            if name in run.record.history
        }
        # Redrawn with the bar, at tqdm's own pace.
        self._bar.set_postfix(
            {name: f"{value:.3f}" for name, value in losses.items()}, refresh=False
        )

    def on_train_end(self, run):
        """Remove the bar."""
        self._bar.close()

    def on_exception(self, run):
        """Remove the bar."""
        self._bar.close()


class SampleGrid(Every):
    """Keep samples from the same latent vectors every `every` steps, and from before the first.

    Parameters
    ----------
    every : int
        Steps between two sets of samples.
    latents : int or array_like
        How many samples, or what the run's `sample` maps: latent vectors [N, latent_dim], or
        images where the generator takes images.
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
        super().__init__(every)
        self.latents, self.seed = latents, seed
        self.frames, self.steps = [], []

    def on_train_begin(self, run, steps):
        """Keep the first frame, unless it is the last one of a training that goes on."""
        super().on_train_begin(run, steps)
        if self.steps[-1:] != [run.step]:
            self.act(run)

    def act(self, run):
        """Keep a frame."""
        self.frames.append(run.sample(self.latents, self.seed))
        self.steps.append(run.step)


class Metrics(Every):
    """Compute metrics on samples every `every` steps and add them to the record.

    Parameters
    ----------
    every : int
        Steps between two evaluations; one more happens before the first step.
    functions : dict[str, callable]
        Each maps samples, float32 NHWC in [−1, 1] or points, to a number, or to a result of
        `gantutor.metrics` that converts to one.
    count : int or array_like
        How many samples each function sees, or what `sample` maps.
    seed : int
        Seed of their latent vectors.
    """

    def __init__(self, every, functions, count=1000, seed=0):
        super().__init__(every)
        self.functions, self.count, self.seed = functions, count, seed

    def on_train_begin(self, run, steps):
        """Evaluate the generator as it is, unless the record has it from before."""
        super().on_train_begin(run, steps)
        if any(run.record.steps.get(name, [])[-1:] != [run.step] for name in self.functions):
            self.act(run)

    def act(self, run):
        """Evaluate."""
        samples = run.sample(self.count, self.seed)
        values = {name: float(function(samples)) for name, function in self.functions.items()}
        run.record.add(run.step, **values)


class Checkpoint(Every):
    """Save the run every `every` steps and at the end; keep the newest two files.

    It deletes no file but those that it wrote itself.

    Parameters
    ----------
    directory : path-like
        Where ``step-….safetensors`` are written.
    every : int
        Steps between two files.

    Raises
    ------
    gantutor.runs.checkpoint.CheckpointError
        If the folder holds checkpoints of another run, or of later steps.
    """

    def __init__(self, directory, every):
        super().__init__(every)
        self.directory, self._written = Path(directory), []

    def on_train_begin(self, run, steps):
        """Refuse a folder in which this run's files would stand among others."""
        super().on_train_begin(run, steps)
        self._refuse_others(run)

    def _refuse_others(self, run):
        for path in list_checkpoints(self.directory):
            if read_metadata(path).get("run") != run.id:
                raise CheckpointError(
                    f"{self.directory} holds {path.name} of another run. Choose an empty folder, "
                    "or restore that file first to go on with its run."
                )
            if checkpoint_step(path) > run.step:
                raise CheckpointError(
                    f"{self.directory} holds {path.name}, which is later than step {run.step} of "
                    "this run. Restore that file, remove it, or choose an empty folder."
                )

    def act(self, run):
        """Save, then remove all but the newest two of this callback's own files."""
        self._refuse_others(run)  # another one may have begun meanwhile
        path = checkpoint_path(self.directory, run.step)
        run.save_checkpoint(path)
        self._written = [*(old for old in self._written if old != path), path]
        for old in self._written[:-2]:
            old.unlink(missing_ok=True)
        self._written = self._written[-2:]

    def on_train_end(self, run):
        """Save the last step."""
        path = checkpoint_path(self.directory, run.step)
        if path not in self._written:
            self.act(run)
