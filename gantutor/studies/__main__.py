"""The command ``python -m gantutor.studies``: make a table of the book anew, or check it."""

import argparse
import ast
import os
import sys
from pathlib import Path

from gantutor.studies.record import confirm_table, faults, load_study, make_table
from gantutor.studies.tables import FOLDER, names

# One thread for each run: the cores are shared out between runs. TensorFlow and PyTorch are
# loaded after this.
_ONE_THREAD = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code: 0 done, 1 the table is not sound, 2 bad input."""
    options = _parser().parse_args(arguments)
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        return _run(options)
    except KeyboardInterrupt:
        print("Stopped; finished runs are kept: the same command goes on.", file=sys.stderr)
        return 130
    except (ValueError, RuntimeError, ImportError, OSError) as error:
        print(f"gantutor.studies: {error}", file=sys.stderr)
        return 2


def _run(options):
    if options.name is None:
        for name in names():
            print(f"{name:15} {_title(name)}")
        return 0
    if options.check:
        wrong = faults(options.name, options.folder)
        print(*wrong or ["the table is whole, and made by today's sources and settings"], sep="\n")
        return 1 if wrong else 0
    if options.confirm:
        differing = confirm_table(options.name, options.jobs, options.folder)
        print(*differing or ["the table holds, and its record is new"], sep="\n")
        return 1 if differing else 0
    table = make_table(options.name, options.seeds, options.jobs, options.folder)
    keys = [*load_study(options.name).KEYS, *(["step"] if "step" in table else [])]
    means = table.drop(columns=["seed"]).groupby(keys, sort=False).mean(numeric_only=True)
    print(means.round(3).to_string())
    return 0


def _title(name):
    tree = ast.parse((FOLDER / name / "study.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree).splitlines()[0]


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m gantutor.studies",
        description="Make the table of a study: run what it lacks, each run on one thread. "
        "Ctrl-C keeps finished runs, and the same command goes on.",
    )
    parser.add_argument("name", nargs="?", choices=names(), help="without it: list the studies")
    parser.add_argument("--jobs", type=int, default=-1, help="runs at a time; -1: one a core")
    parser.add_argument("--seeds", type=int, help="of each setting (default: the study's)")
    parser.add_argument("--folder", type=Path, help="where the table lies (default: as shipped)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="run nothing; exit 1 if not in order")
    what.add_argument(
        "--confirm",
        action="store_true",
        help="after a change that moves no number: repeat the first seed of each setting, and "
        "record the new sources if all numbers are those of the table",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
