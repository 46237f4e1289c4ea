"""The command `gantutor`: train a GAN, draw samples from it, score them."""

import argparse
import importlib
import json
import sys
from pathlib import Path

import numpy as np

from gantutor import __version__, data, metrics, plots, recipes, shipped
from gantutor.runs.checkpoint import CheckpointError, latest_checkpoint, list_checkpoints
from gantutor.validation import check_images, check_positive

EXAMPLES = """
examples:
  gantutor train --framework torch --recipe dcgan --data digits --steps 2000 --out runs/a
  gantutor train --framework torch --recipe dcgan --data digits --steps 2000 --out runs/a --resume
  gantutor train --framework keras --data photos/ --side 32 --steps 5000 --out runs/b
  gantutor sample runs/a --count 64 --out samples.png
  gantutor score runs/a --count 10000
  gantutor score runs/b --real photos/

exit codes:
  0  done
  1  training or writing failed
  2  bad input
  130  stopped by Ctrl-C; all trained steps are kept
"""


def main(arguments=None):
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
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (FloatingPointError, CheckpointError) as error:
        print(f"gantutor: {error}", file=sys.stderr)
        return 1
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"gantutor: {error}", file=sys.stderr)
        return 2


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
    train.add_argument("--framework", choices=("torch", "keras"), default="torch")
    train.add_argument("--recipe", default="dcgan", help=f"one of {', '.join(recipes.names())}")
    train.add_argument("--data", default="digits", help="digits, mnist, or a folder of images")
    train.add_argument("--side", type=int, help="side of a folder's images in pixels")
    train.add_argument("--channels", type=int, choices=(1, 3), default=3, help="of a folder")
    train.add_argument("--steps", type=int, help="updates of the generator; the recipe's if absent")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--every", type=int, default=500, help="steps between two checkpoints")
    train.add_argument("--out", type=Path, required=True, help="folder for the run")
    train.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")

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
    score.add_argument("--side", type=int, default=28, help="to which folders' images are resized")
    score.add_argument("--weights", type=Path, help="file of Inception weights; else downloaded")
    return parser


def _train(options):
    out = options.out
    if list_checkpoints(out) and not options.resume:
        raise ValueError(f"{out} holds a run already. Add --resume, or choose another --out.")
    recipe = recipes.get(options.recipe)
    if options.data not in ("digits", "mnist"):
        if options.side is None:
            raise ValueError("A folder of images needs --side, such as --side 32.")
        recipe = recipe.replace(side=options.side, channels=options.channels)
    if options.steps is not None:
        recipe = recipe.replace(steps=options.steps)
    every = check_positive(options.every, "every")
    images, labels = _training_data(options, recipe)

    twin = importlib.import_module(f"gantutor.{options.framework}")
    callbacks = importlib.import_module(f"gantutor.{options.framework}.callbacks")
    out.mkdir(parents=True, exist_ok=True)
    run = {"framework": options.framework, "recipe": recipe.to_dict(), "seed": options.seed}
    (out / "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    trained = twin.train(
        recipe,
        images,
        seed=options.seed,
        callbacks=[callbacks.ProgressBar(), callbacks.Checkpoint(out, every)],
        resume=latest_checkpoint(out) if options.resume else None,
        labels=labels if recipe.classes else None,
    )
    trained.record.plot().savefig(out / "losses.png")
    plots.image_grid(trained.sample(64)).savefig(out / "samples.png")
    print(f"{trained.step} of {recipe.steps} steps done; checkpoints and pictures are in {out}.")
    return 0 if trained.step == recipe.steps else 130


def _training_data(options, recipe):
    """Images and labels; a folder has no labels."""
    if options.data == "digits":
        return data.load_digits()
    if options.data == "mnist":
        return data.mnist("train")
    if recipe.classes:
        raise ValueError(f"Recipe {recipe.name!r} needs labels, which a folder does not give.")
    return data.image_folder(options.data, recipe.side, recipe.channels), None


def _sample(options):
    images, labels = _generated(options.source, options.count, options.seed)
    if options.out.suffix == ".npz":
        arrays = {"images": images} | ({} if labels is None else {"labels": labels})
        np.savez_compressed(options.out, **arrays)
    elif options.out.suffix == ".png":
        plots.image_grid(images).savefig(options.out)
    else:
        raise ValueError(f"--out must end in .png or .npz; got {options.out.name!r}.")
    print(f"{len(images)} samples are in {options.out}.")
    return 0


def _score(options):
    source, labels = Path(options.source), None
    if source.suffix == ".npz":
        with np.load(source, allow_pickle=False) as file:
            images, labels = check_images(file["images"]), file.get("labels")
    elif source.is_dir() and not (source / "run.json").exists():
        images = data.image_folder(source, options.side, channels=3 if options.real else 1)
    else:
        images, labels = _generated(options.source, options.count, options.seed)
    if options.real is None:
        report = metrics.digit_report(images, labels)
    else:
        inception = importlib.import_module("gantutor.torch.inception")
        real = data.image_folder(options.real, images.shape[1])
        report = inception.inception_report(real, images, options.weights)
    print(json.dumps(report, indent=2))
    return 0


def _generated(source, count, seed):
    """Samples of a run, or of a shipped generator, as float32 NHWC, and their classes or None."""
    folder = Path(source)
    if folder.is_dir():
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        twin = importlib.import_module(f"gantutor.{run['framework']}")
        kind = {"torch": "Trainer", "keras": "GAN"}[run["framework"]]
        recipe = recipes.Recipe.from_dict(run["recipe"])
        trained = getattr(twin, kind).from_recipe(recipe, run["seed"])
        trained.restore(latest_checkpoint(folder))
        labels = _spread(count, recipe.classes)
        return trained.sample(count, seed, labels), labels
    if f"{source}.safetensors" not in shipped.manifest():
        raise ValueError(f"{source!r} is neither a run's folder nor a shipped generator.")
    twin = importlib.import_module("gantutor.torch")
    recipe, _ = shipped.load_generator_weights(source)
    labels = _spread(count, recipe.classes)
    return twin.sample(twin.load_generator(source), count, seed, recipe.classes, labels), labels


def _spread(count, classes):
    """Labels 0 … classes − 1 in turn, or None without classes."""
    return np.arange(check_positive(count, "count")) % classes if classes else None


if __name__ == "__main__":
    sys.exit(main())
