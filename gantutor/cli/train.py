"""`gantutor train`: a new run, or one that goes on."""

import contextlib
import signal
from pathlib import Path

from gantutor import __version__, data, plots, recipes
from gantutor.cli.shared import parse_size, recipe_of, twin_of
from gantutor.runs import callbacks, folder, launch
from gantutor.runs.checkpoint import list_checkpoints
from gantutor.runs.seeds import check_seed
from gantutor.validation import check_positive

BUILT_IN = ("digits", "mnist")


def run(options):
    """Train as the options say; return the exit code."""
    # A scheduler's SIGTERM ends the run as Ctrl-C does.
    previous = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        if options.resume:
            # before the folder is made: without a run, nothing is
            _check_processes(folder.read(options.out))
            with _writer(options.out):
                return _resume(options, folder.read(options.out))
        run = _described(options)
        _check_processes(run)
        _check_apart(options.out, run["data"])
        twin_of(run).building.build(recipe_of(run), run["seed"])  # before many images are read
        images, labels = _training_data(run)  # before the folder is made: bad data leave nothing
        with _writer(options.out):
            if launch.is_main():
                folder.create(options.out, run)
            return _fit(options, run, images, labels)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _check_processes(run):
    """Refuse what several processes cannot train."""
    if launch.count() > 1 and run["framework"] != "torch":
        raise ValueError(
            f"--framework {run['framework']} trains in one process; a launcher started "
            f"{launch.count()}. Leave it out, or train without a launcher."
        )


def _writer(out):
    """The lock of the folder, for the process that writes; the others read its checkpoints only."""
    return folder.locked(out) if launch.is_main() else contextlib.nullcontext()


def _described(options):
    """What the run is told, as its file says it."""
    data = options.data or "digits"
    recipe = recipes.get(options.recipe or "dcgan")
    if data in BUILT_IN:
        if Path(data).is_dir():
            raise ValueError(
                f"{data!r} is a folder here and the name of built-in data. Write ./{data} for the "
                "folder, or go elsewhere for the data."
            )
        for name in ("size", "channels", "skip"):
            if getattr(options, name):
                raise ValueError(f"--{name} is for a folder of images; {data} are 28×28 and grey.")
    else:
        if options.size is None:
            raise ValueError("A folder of images needs --size, such as --size 32 or --size 32x64.")
        shape = (*parse_size(options.size), options.channels or 3)
        recipe = recipe.replace(shape=shape)
        if recipe.classes:
            raise ValueError(f"Recipe {recipe.name!r} needs labels, which a folder does not give.")
        data = str(Path(data).absolute())
    if options.steps is not None:
        recipe = recipe.replace(steps=options.steps)
    if options.batch_size is not None:
        recipe = recipe.replace(batch_size=options.batch_size)
    every = 500 if options.every is None else check_positive(options.every, "every")
    return {
        "framework": options.framework or "torch",
        "recipe": recipe.to_dict(),
        "seed": check_seed(options.seed or 0),
        "data": data,
        "skip": options.skip,
        "every": every,
        "version": __version__,
    }


def _resume(options, run):
    """Go on with a run as its file describes it; only its length may be another one."""
    recipe = recipe_of(run)
    data = options.data
    if data is not None and data not in BUILT_IN:
        data = str(Path(data).absolute())
    given = {
        "framework": (options.framework, run["framework"]),
        "recipe": (options.recipe, recipe.name),
        "data": (data, run["data"]),
        "size": (options.size and parse_size(options.size), recipe.shape[:2]),
        "channels": (options.channels, recipe.shape[2]),
        "skip": (options.skip or None, run["skip"]),
        "seed": (options.seed, run["seed"]),
        "batch-size": (options.batch_size, recipe.batch_size),
        "every": (options.every, run["every"]),
    }
    for name, (asked, held) in given.items():
        if asked is not None and asked != held:
            raise ValueError(
                f"--{name} is {held} in {options.out}; got {asked}. Leave it out to go on with the "
                "run, or start another one in a new folder."
            )
    if options.steps is not None and options.steps != recipe.steps:
        if recipe.decay:
            raise ValueError(
                f"The learning rates of this run fall to 0 at step {recipe.steps}, so that it "
                f"cannot go on to {options.steps}. Start a run of that length in a new folder."
            )
        run = {**run, "recipe": recipe.replace(steps=options.steps).to_dict()}
    images, labels = _training_data(run)
    # A run that was killed before its first checkpoint has lost nothing, and begins anew.
    return _fit(options, run, images, labels, *list_checkpoints(options.out)[-1:])


def _fit(options, run, images, labels, resume=None):
    recipe = recipe_of(run)
    trained = twin_of(run).train(
        recipe,
        images,
        seed=run["seed"],
        callbacks=[callbacks.ProgressBar(), callbacks.Checkpoint(options.out, run["every"])],
        resume=resume,
        labels=labels if recipe.classes else None,
        on_interrupt="stop",
    )
    if launch.is_main():
        trained.record.plot().savefig(options.out / "losses.png")
        plots.image_grid(trained.sample(64)).savefig(options.out / "samples.png")
        done = f"{trained.step} of {max(recipe.steps, trained.step)} steps done"
        print(f"{done}; checkpoints and pictures are in {options.out}.")
    return 130 if trained.interrupted else 0


def _check_apart(out, data):
    """Refuse a run's folder among the images, where the next run would read its pictures."""
    if data not in BUILT_IN:
        out, images = Path(out).resolve(), Path(data).resolve()
        if out == images or images in out.parents:
            raise ValueError(f"--out must lie outside of the images in {data}; got {out}.")


def _training_data(run):
    """Images and labels; a folder has no labels."""
    if run["data"] == "digits":
        return data.load_digits()
    if run["data"] == "mnist":
        return data.mnist("train")
    recipe = recipe_of(run)
    height, width, channels = recipe.shape
    on_error = "skip" if run["skip"] else "raise"
    images = data.image_folder(run["data"], (height, width), channels, on_error)
    needed = recipe.batch_size * recipe.discriminator_steps
    if len(images) < needed:
        raise ValueError(
            f"{run['data']} holds {len(images)} images, fewer than the {needed} of one step. "
            f"Choose a smaller --batch-size, at most {len(images) // recipe.discriminator_steps}."
        )
    return images, None
