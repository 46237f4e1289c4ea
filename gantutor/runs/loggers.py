"""Loggers: a run's record and samples, written where TensorBoard or Weights & Biases shows them.

They are callbacks for both frameworks, and load the package that they write for only when they are
made: ``pip install "gantutor[practice]"``.
"""

import contextlib
import io
import os
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from gantutor.runs.callbacks import Every
from gantutor.runs.reading import events, is_restart, is_whole, needed, read_wandb

_OPEN: set[str] = set()  # what loggers of this process write to now
_RUN = "run"  # TensorBoard's tag for the text that names the run
_SAMPLES = "samples"


class Logger(Every):
    """Hands a writer what is new in the record, and a grid of samples, every `every` steps.

    What the record gets after the logger's turn, from callbacks behind it in the list, follows at
    the next turn or at the end. A run that goes on, in a second `fit` or from a checkpoint, is
    continued: no entry of a series is written twice.

    Parameters
    ----------
    every : int
        Steps between two turns.
    latents : int or array_like
        What `run.sample` maps for the grid; how many samples, or latent vectors. The same each
        time. Points have no grid.
    seed : int
        Seed of the latent vectors.

    Raises
    ------
    ValueError
        If another logger of this process writes to the same place, or if a series is called
        ``step``, ``run`` or ``samples`` or begins with ``_``, which the writers use themselves.
    """

    def __init__(self, every, latents=16, seed=0):
        super().__init__(every)
        self.latents, self.seed, self._written, self._place = latents, seed, None, None

    def on_train_begin(self, run, steps):
        """Open, and write what the record has; show the generator as it is."""
        super().on_train_begin(run, steps)
        place = self.place(run)
        if place in _OPEN:
            raise ValueError(f"Another {type(self).__name__} writes to {place} at the same time.")
        self._written = self.open(run)
        if place:
            _OPEN.add(place)
            self._place = place
        self.act(run)

    def act(self, run):
        """Write what is new."""
        self._write_record(run)
        if self._written.get(_SAMPLES, -1) < run.step:
            samples = run.sample(self.latents, self.seed)
            if samples.ndim == 4:
                self.image(_SAMPLES, run.step, _grid(samples))
                self._written[_SAMPLES] = run.step

    def on_train_end(self, run):
        """Write the rest, and close."""
        try:
            self.act(run)
        finally:
            self._close(failed=False)

    def on_exception(self, run):
        """Write what the record still has, without samples, and close."""
        if self._written is None:
            return
        try:
            self._write_record(run)
        finally:
            self._close(failed=True)

    def _close(self, failed):
        self._written = None
        _OPEN.discard(self._place)
        self.close(failed)

    def _write_record(self, run):
        fresh = {}
        for name, values in run.record.history.items():
            if name in ("step", _RUN, _SAMPLES) or name.startswith("_"):
                raise ValueError(f"A logged series may not be called {name!r}: choose another.")
            last = self._written.get(name, -1)
            for step, value in zip(run.record.steps[name], values, strict=True):
                if step > last:
                    fresh.setdefault(step, {})[name] = value
                    self._written[name] = step
        for step in sorted(fresh):
            self.scalars(step, fresh[step])

    def place(self, run) -> str | None:
        """Return what only one logger may write to at a time, if there is such a thing."""

    def open(self, run) -> dict[str, int]:
        """Open the writer; return the last step written of each series, where there is one."""
        raise NotImplementedError

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Write numbers of a step by name."""
        raise NotImplementedError

    def image(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Write an image, uint8 [H, W] or [H, W, 3]."""
        raise NotImplementedError

    def close(self, failed: bool) -> None:
        """Write out what waits, and close."""
        raise NotImplementedError


class TensorBoard(Logger):
    """Writes event files that ``tensorboard --logdir FOLDER`` shows.

    Numbers become float32. Only this computer's disk is written to, at the end of every turn. A run
    that goes on from a checkpoint takes back what was written after it.

    The events are written with TensorBoard's `RecordWriter`. Its `EventFileWriter` would load
    TensorFlow where it is installed, also beside a training in PyTorch, and
    `tensorboard.summary.Writer` has no images.

    Parameters
    ----------
    folder : path-like
        Where the event files of this run lie; it may be made. Folders of several runs side by side
        in one are shown together.
    every, latents, seed
        As in `Logger`.

    Raises
    ------
    ModuleNotFoundError
        If the package ``tensorboard`` is not there.
    ValueError
        At the beginning of training, if the folder holds event files of another run.
    """

    def __init__(self, folder, every=100, latents=16, seed=0):
        super().__init__(every, latents, seed)
        needed("tensorboard")
        self.folder = Path(folder)

    def open(self, run):
        """Look for what the folder has of this run, and begin a new file."""
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING
        from tensorboard.summary.writer.record_writer import RecordWriter

        written, names = set(), set()
        for event in events(self.folder):
            if is_restart(event):
                written = {(tag, step) for tag, step in written if step < event.step}
            for value in event.summary.value:
                written.add((value.tag, event.step))
                if value.tag == _RUN:
                    names.update(text.decode() for text in value.tensor.string_val)
        if written and names != {run.id}:
            raise ValueError(
                f"{self.folder} holds event files of another run. Choose an empty folder, or "
                "restore a checkpoint of that run to go on with it."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        now = time.time_ns()
        name = f"events.out.tfevents.{now // 10**9:010d}.{now % 10**9:09d}"
        self._file = (self.folder / name).open("xb")
        self._writer = RecordWriter(self._file)
        self._event(0, file_version="brain.Event:2")
        text = TensorProto(dtype=DT_STRING, string_val=[run.id.encode()])
        kind = SummaryMetadata(plugin_data={"plugin_name": "text"})
        self._event(run.step, values=[{"tag": _RUN, "tensor": text, "metadata": kind}])
        if any(step > run.step for _, step in written):
            self._event(run.step + 1, session_log=SessionLog(status=SessionLog.START))
        self._file.flush()
        return {tag: step for tag, step in sorted(written) if step <= run.step}

    def place(self, run):
        """Return the folder."""
        return str(self.folder.resolve())

    def act(self, run):
        """Write what is new, to the disk."""
        super().act(run)
        self._file.flush()

    def scalars(self, step, values):
        """Write numbers of a step by name."""
        self._event(step, [{"tag": name, "simple_value": v} for name, v in values.items()])

    def image(self, name, step, pixels):
        """Write an image, uint8 [H, W] or [H, W, 3]."""
        encoded = io.BytesIO()
        Image.fromarray(pixels).save(encoded, "PNG")
        about = {
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "colorspace": 1 if pixels.ndim == 2 else 3,
            "encoded_image_string": encoded.getvalue(),
        }
        self._event(step, [{"tag": name, "image": about}])

    def close(self, failed):
        """Close the file."""
        self._file.close()

    def _event(self, step, values=(), **more):
        from tensorboard.compat.proto.event_pb2 import Event

        if values:
            more["summary"] = {"value": list(values)}
        event = Event(wall_time=time.time(), step=step, **more)
        self._writer.write(event.SerializeToString())


class WeightsAndBiases(Logger):
    """Writes a run of Weights & Biases, by default offline: nothing leaves this computer.

    Every entry holds the ``step`` of the run, which is the axis of all curves, so that the order
    in which entries arrive does not matter. The run has the run's own id, and files of a run that
    goes on have the same one. If it goes on from a checkpoint, what was written after that stays in
    the files; a warning says so. Of what ``wandb`` can gather, the console's output, the state of
    git, the code, the load of the machine and its name are left off; the versions of Python and the
    list of installed packages are not. It needs a place for its settings and logs; this is the
    folder, too.

    Parameters
    ----------
    folder : path-like
        Where ``wandb`` makes its folder of the same name.
    every, latents, seed
        As in `Logger`.
    project : str
        The project that the run belongs to.
    name : str, optional
        What the run is called there; ``wandb`` makes a name up if not given.
    config : dict, optional
        Settings to keep with the run.
    mode : {"offline", "online"}
        ``"online"`` sends all of it to a server while the run goes on, for which one must have
        logged in. Offline files are sent later by ``wandb sync``, if at all.

    Raises
    ------
    ModuleNotFoundError
        If the package ``wandb`` is not there.
    ValueError
        If `mode` is not one of the two.
    """

    def __init__(
        self,
        folder,
        every=100,
        latents=16,
        seed=0,
        project="gantutor",
        name=None,
        config=None,
        mode="offline",
    ):
        super().__init__(every, latents, seed)
        if mode not in ("offline", "online"):
            raise ValueError(f"mode must be 'offline' or 'online'; got {mode!r}.")
        needed("wandb")
        self.folder = Path(folder).absolute()  # a parent process may write it, from elsewhere
        self.about = {"project": project, "name": name, "config": config, "mode": mode}

    def open(self, run):
        """Look for what the folder has of this run, and begin a new part of it."""
        import wandb

        steps = read_wandb(self.folder, run.id).steps
        last = {name: some[-1] for name, some in steps.items()}
        if max(last.values(), default=0) > run.step:
            warnings.warn(
                f"{self.folder} holds entries of this run after step {run.step}, which stay there.",
                stacklevel=2,
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = wandb.Settings(
            silent=True,
            console="off",
            host="",
            disable_git=True,
            save_code=False,
            x_disable_stats=True,
            x_disable_meta=True,
        )
        with _places(self.folder):
            self._run = wandb.init(
                dir=str(self.folder),
                id=run.id,
                reinit="create_new",
                resume="allow" if self.about["mode"] == "online" else None,
                settings=settings,
                **self.about,
            )
        self._run.define_metric("*", step_metric="step")
        return last

    def place(self, run):
        """Return the run, of which `wandb` allows one at a time."""
        return f"the run {run.id} of wandb"

    def scalars(self, step, values):
        """Write numbers of a step by name."""
        self._run.log({"step": step, **values})

    def image(self, name, step, pixels):
        """Write an image, uint8 [H, W] or [H, W, 3]."""
        import wandb

        self._run.log({"step": step, name: wandb.Image(pixels)})

    def close(self, failed):
        """End the run, and wait until its file is whole: offline, `finish` returns earlier."""
        path, begin = Path(self._run.settings.sync_file), time.monotonic()
        self._run.finish(exit_code=int(failed))
        while not is_whole(path):
            if time.monotonic() - begin > 30:
                warnings.warn(f"{path} was not finished within 30 s.", stacklevel=2)
                return
            time.sleep(0.02)


def _grid(samples):
    """Return samples [N, H, W, C] in [−1, 1] side by side as uint8 [H, W] or [H, W, 3]."""
    from gantutor.plots.images import tiles

    canvas, _ = tiles(np.clip(samples, -1, 1))
    pixels = np.round((canvas + 1) * 127.5).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


@contextlib.contextmanager
def _places(folder):
    """Let `wandb` keep its caches in a folder and report no errors, unless the environment does."""
    names = ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR")
    wanted = dict.fromkeys(names, str(folder / "wandb" / "cache"))
    wanted["WANDB_ERROR_REPORTING"] = "false"
    missing = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]
