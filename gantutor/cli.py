"""The command `gantutor`: train a GAN, draw samples from it, score them."""

import argparse
import contextlib
import importlib
import json
import pickle
import signal
import sys
import urllib.error
import zipfile
import zlib
from pathlib import Path

from gantutor import __version__

EXAMPLES = """
examples:
  gantutor train --framework torch --recipe dcgan --data digits --steps 2000 --out runs/a
  gantutor train --out runs/a --resume
  gantutor train --framework keras --data photos/ --size 32 --steps 5000 --out runs/b
  gantutor sample runs/a --count 64 --out samples.png
  gantutor score runs/a --count 10000
  gantutor score runs/b --real photos/

exit codes:
  0  done
  1  training or writing failed
  2  bad input
  130  stopped by Ctrl-C; all trained steps are kept
"""
BUILT_IN = ("digits", "mnist")


def main(arguments=None) -> int:
    """Run the command line; return its exit code.

    Parameters
    ----------
    arguments : list[str], optional
        What follows the command's name; those of the process if not given.

    Returns
    -------
    int
        0 done, 1 training or writing failed, 2 bad input, 130 stopped by Ctrl-C.
    """
    for output in (sys.stdout, sys.stderr):
        if hasattr(output, "reconfigure"):
            output.reconfigure(errors="replace")  # a console may know fewer letters than paths do
    options = _parser().parse_args(arguments)
    try:
        return _answered(options)
    except KeyboardInterrupt:
        return 130


def _answered(options):
    from gantutor.runs.checkpoint import CheckpointError

    try:
        return options.run(options)
    except MemoryError as error:
        return _failed(f"this needs more memory than there is. {error}", 2)
    except (FloatingPointError, CheckpointError, RuntimeError) as error:
        return _failed(error, 1)
    except (ValueError, TypeError, OSError, ImportError) as error:
        return _failed(error, 2)


def _failed(error, code):
    print(f"gantutor: {error}", file=sys.stderr)
    return code


def _parser():
    parser = argparse.ArgumentParser(
        prog="gantutor",
        description="Train a GAN, draw samples from it, score them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a recipe and write checkpoints")
    train.set_defaults(run=_train)
    train.add_argument("--framework", choices=("torch", "keras"), help="torch if absent")
    train.add_argument("--recipe", help="mlp, dcgan or minute; dcgan if absent")
    train.add_argument("--data", help="digits, mnist, or a folder of images; digits if absent")
    train.add_argument("--size", help="of a folder's images in pixels: SIDE or HEIGHTxWIDTH")
    train.add_argument("--channels", type=int, choices=(1, 3), help="of a folder's images; else 3")
    train.add_argument("--skip", action="store_true", help="leave out images that cannot be read")
    train.add_argument(
        "--batch-size", type=int, help="images in a mini-batch; the recipe's if absent"
    )
    train.add_argument("--steps", type=int, help="updates of the generator; the recipe's if absent")
    train.add_argument("--seed", type=int, help="0 if absent")
    train.add_argument("--every", type=int, help="steps between two checkpoints; 500 if absent")
    train.add_argument("--out", type=Path, required=True, help="new folder for the run")
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on from the run's last checkpoint; the run knows its other options",
    )

    sample = commands.add_parser("sample", help="draw samples into a PNG or NPZ file")
    sample.set_defaults(run=_sample)
    sample.add_argument("source", help="a run's folder, or the name of a shipped generator")
    sample.add_argument("--count", type=int, default=64)
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=Path, required=True, help="FILE.png or FILE.npz")

    score = commands.add_parser(
        "score", help="score 28×28 grey digits on digit features, or any images on Inception's"
    )
    score.set_defaults(run=_score)
    score.add_argument(
        "source", help="a run's folder, a shipped generator, an NPZ with `images`, or a folder"
    )
    score.add_argument("--count", type=int, default=10_000, help="samples of a generator")
    score.add_argument("--seed", type=int, default=0)
    score.add_argument("--real", type=Path, help="folder of real images: use Inception features")
    score.add_argument("--size", default="28", help="to which folders' images are resized")
    score.add_argument("--weights", type=Path, help="file of Inception weights; else downloaded")
    return parser


def _train(options):
    from gantutor.runs import folder

    # A scheduler's SIGTERM ends the run as Ctrl-C does.
    previous = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        if options.resume:
            folder.read(options.out)  # before the folder is made: without a run, nothing is
            with folder.locked(options.out):
                return _resume(options, folder.read(options.out))
        run = _described(options)
        _check_apart(options.out, run["data"])
        _twin(run).building.build(_recipe(run), run["seed"])  # before many images are read
        images, labels = _training_data(run)  # before the folder is made: bad data leave nothing
        with folder.locked(options.out):
            folder.create(options.out, run)
            return _fit(options, run, images, labels)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _described(options):
    """What the run is told, as its file says it."""
    from gantutor import recipes
    from gantutor.runs.seeds import check_seed
    from gantutor.validation import check_positive

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
        shape = (*_size(options.size), options.channels or 3)
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
    from gantutor.runs.checkpoint import list_checkpoints

    recipe = _recipe(run)
    data = options.data
    if data is not None and data not in BUILT_IN:
        data = str(Path(data).absolute())
    given = {
        "framework": (options.framework, run["framework"]),
        "recipe": (options.recipe, recipe.name),
        "data": (data, run["data"]),
        "size": (options.size and _size(options.size), recipe.shape[:2]),
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
    from gantutor import plots
    from gantutor.runs import callbacks

    recipe = _recipe(run)
    trained = _twin(run).train(
        recipe,
        images,
        seed=run["seed"],
        callbacks=[callbacks.ProgressBar(), callbacks.Checkpoint(options.out, run["every"])],
        resume=resume,
        labels=labels if recipe.classes else None,
        on_interrupt="stop",
    )
    trained.record.plot().savefig(options.out / "losses.png")
    plots.image_grid(trained.sample(64)).savefig(options.out / "samples.png")
    done = f"{trained.step} of {max(recipe.steps, trained.step)} steps done"
    print(f"{done}; checkpoints and pictures are in {options.out}.")
    return 130 if trained.interrupted else 0


def _recipe(run):
    from gantutor import recipes

    return recipes.Recipe.from_dict(run["recipe"])


def _twin(run):
    from gantutor.validation import check_choice

    framework = check_choice(run["framework"], ("torch", "keras"), "framework")
    return importlib.import_module(f"gantutor.{framework}")


def _check_apart(out, data):
    """Refuse a run's folder among the images, where the next run would read its pictures."""
    if data not in BUILT_IN:
        out, images = Path(out).resolve(), Path(data).resolve()
        if out == images or images in out.parents:
            raise ValueError(f"--out must lie outside of the images in {data}; got {out}.")


def _training_data(run):
    """Images and labels; a folder has no labels."""
    from gantutor import data

    if run["data"] == "digits":
        return data.load_digits()
    if run["data"] == "mnist":
        return data.mnist("train")
    recipe = _recipe(run)
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


def _size(text):
    """``"32"`` or ``"32x64"`` as (height, width)."""
    sides = text.lower().split("x")
    if len(sides) not in (1, 2) or not all(side.strip().isdigit() for side in sides):
        raise ValueError(f"--size must be SIDE or HEIGHTxWIDTH in pixels; got {text!r}.")
    return int(sides[0]), int(sides[-1])


def _sample(options):
    import numpy as np

    from gantutor import plots

    if options.out.suffix not in (".png", ".npz"):
        raise ValueError(f"--out must end in .png or .npz; got {options.out.name!r}.")
    images, labels = _generated(options.source, options.count, options.seed)
    if options.out.suffix == ".npz":
        arrays = {"images": images} | ({} if labels is None else {"labels": labels})
        np.savez_compressed(options.out, **arrays)
    else:
        plots.image_grid(images).savefig(options.out)
    print(f"{len(images)} samples are in {options.out}.")
    return 0


def _score(options):
    from gantutor import data, metrics
    from gantutor.runs import folder

    source, labels = Path(options.source), None
    if options.weights and not options.weights.is_file():
        raise ValueError(f"There is no file {options.weights} of Inception weights.")
    if source.suffix == ".npz":
        images, labels = _read_npz(source)
    elif source.is_dir() and not folder.is_run(source):
        if options.real is None:
            raise ValueError(
                f"{source} is a folder of images: --real FOLDER says what to compare them with. "
                "Digits are scored from an NPZ file, a run or a shipped generator."
            )
        images = data.image_folder(source, _size(options.size))
    else:
        images, labels = _generated(options.source, options.count, options.seed)
    if options.real is None:
        report = metrics.digit_report(images, labels)
    else:
        inception = importlib.import_module("gantutor.torch.inception")
        real = data.image_folder(options.real, images.shape[1:3])
        try:
            report = inception.inception_report(real, images, options.weights)
        except (pickle.UnpicklingError, RuntimeError, KeyError, EOFError) as error:
            if options.weights is None:
                raise
            raise ValueError(
                f"{options.weights} holds no weights of torch-fidelity's Inception network."
            ) from error
        except urllib.error.URLError as error:
            raise OSError(
                f"The weights of the Inception network could not be downloaded ({error}). Name a "
                "file of them with --weights."
            ) from error
    print(json.dumps(report, indent=2))
    return 0


def _read_npz(path):
    """The images of an NPZ file, checked, and its labels or None."""
    import numpy as np

    from gantutor.validation import check_images

    try:
        with zipfile.ZipFile(path), np.load(path) as file:
            arrays = {name: file[name] for name in file.files if name in ("images", "labels")}
            names = list(file.files)
    except (EOFError, zipfile.BadZipFile, zlib.error, OSError, ValueError) as error:
        raise ValueError(f"{path} is missing, damaged, or no NPZ file ({error}).") from error
    if "images" not in arrays:
        raise ValueError(f"{path} must hold an array `images`; it holds {names}.")
    return check_images(arrays["images"]), arrays.get("labels")


def _generated(source, count, seed):
    """Samples of a run, or of a shipped generator, as float32 NHWC, and their classes or None."""
    import numpy as np

    from gantutor import shipped
    from gantutor.runs import folder
    from gantutor.runs.checkpoint import latest_checkpoint
    from gantutor.runs.latents import draw_labels
    from gantutor.validation import check_positive

    count = check_positive(count, "count")
    if Path(source).is_dir():
        run = folder.read(source)
        trained = _twin(run).Trainer.from_recipe(_recipe(run), run["seed"])
        trained.restore(latest_checkpoint(source))
        sampler = trained.ema
    elif f"{source}.safetensors" in shipped.manifest():
        sampler = importlib.import_module("gantutor.torch").load_generator(source)
    else:
        raise ValueError(f"{source!r} is neither a run's folder nor a shipped generator.")
    labels = None
    if sampler.frequencies:
        labels = draw_labels(count, sampler.classes, seed, sampler.frequencies)
    elif sampler.classes:
        labels = np.arange(count) % sampler.classes
    return sampler.sample(count, seed, labels), labels


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
