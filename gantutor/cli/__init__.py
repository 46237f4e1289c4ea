"""The command `gantutor`: train a GAN, draw samples from it, score them."""

import argparse
import importlib
import sys
from pathlib import Path

from gantutor import __version__

EXAMPLES = """
examples:
  gantutor train --framework torch --recipe dcgan --data digits --steps 2000 --out runs/a
  gantutor train --out runs/a --resume
  torchrun --nproc-per-node 2 -m gantutor.cli train --steps 2000 --out runs/c
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
    try:
        return _answered(_parser().parse_args(arguments))
    except KeyboardInterrupt:
        return 130


def _answered(options):
    from gantutor.runs.checkpoint import CheckpointError

    try:
        # Each command is a module, loaded with what it needs when it is called.
        return importlib.import_module(f"gantutor.cli.{options.command}").run(options)
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
    train.set_defaults(command="train")
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
    sample.set_defaults(command="sample")
    sample.add_argument("source", help="a run's folder, or the name of a shipped generator")
    sample.add_argument("--count", type=int, default=64)
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=Path, required=True, help="FILE.png or FILE.npz")

    score = commands.add_parser(
        "score", help="score 28×28 grey digits on digit features, or any images on Inception's"
    )
    score.set_defaults(command="score")
    score.add_argument(
        "source", help="a run's folder, a shipped generator, an NPZ with `images`, or a folder"
    )
    score.add_argument("--count", type=int, default=10_000, help="samples of a generator")
    score.add_argument("--seed", type=int, default=0)
    score.add_argument("--real", type=Path, help="folder of real images: use Inception features")
    score.add_argument("--size", default="28", help="to which folders' images are resized")
    score.add_argument("--weights", type=Path, help="file of Inception weights; else downloaded")
    return parser
