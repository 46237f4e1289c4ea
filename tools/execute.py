"""Execute the book's notebooks into the cache that the pages are built from, report their times.

A notebook runs again when its code cells, the profile, the versions of what it imported, or the
files of the package that it imported or read have changed: all of that is recorded when it runs.
"""

import argparse
import functools
import hashlib
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / os.environ.get("GANTUTOR_CACHE", ".jupyter_cache")
PACKAGE = ROOT / "gantutor"
BUDGET_SECONDS = 60
AVERAGE_SECONDS = 15
BUDGET_GIB = 3
# Budgets are stated for two quiet cores of a recent laptop. Shared CI machines were measured up
# to three and a half times slower than their own best, so only what is beyond four times fails.
SLACK = float(os.environ.get("GANTUTOR_SLACK", "4"))
CELL_TIMEOUT_SECONDS = 600


def notebooks() -> list[Path]:
    """Every notebook of the book, sorted."""
    return sorted((ROOT / "book").glob("*/*.ipynb"))


def profile() -> str:
    """The length of the run that the environment asks for."""
    return os.environ.get("GANTUTOR_PROFILE", "quick")


@functools.cache
def digest(name: str) -> str | None:
    """Fingerprint of a file of the package, or None if it is gone."""
    path = PACKAGE / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


@functools.cache
def installed(name: str) -> str | None:
    """Version of a distribution, or None if it is gone."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def record(found: dict, seconds: float) -> dict:
    """What is kept of an execution, from what tools/recorder.py found in the kernel."""
    files = found["files"]
    if files is None:  # another process took part, and may have used any of them
        paths = (path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
        files = sorted(path.relative_to(PACKAGE).as_posix() for path in paths)
    providers = packages_distributions()
    names = {name for module in found["modules"] for name in providers.get(module, ())}
    return {
        "execution_seconds": seconds,
        "peak_gib": found["peak_gib"],
        "profile": profile(),
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in sorted(names)},
        "files": {name: digest(name) for name in files},
    }


def is_current(data: dict) -> bool:
    """Whether nothing that an execution depended on has changed since, besides its own cells."""
    return (
        data["profile"] == profile()
        and data["python"] == platform.python_version()
        and all(installed(name) == number for name, number in data["versions"].items())
        and all(digest(name) == wanted for name, wanted in data["files"].items())
    )


def open_cache() -> JupyterCacheAbstract:
    """Open the cache; jupyter-cache itself looks a notebook up by its code cells."""
    cache = get_cache(CACHE)
    cache.path.mkdir(parents=True, exist_ok=True)
    cache.list_cache_records()  # writes an empty one, if there was none
    return cache


def keep(cache: JupyterCacheAbstract, path: str, notebook: str, data: dict) -> None:
    """Put an executed notebook into the cache."""
    bundle = CacheBundleIn(nbformat.reads(notebook, as_version=4), path, data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def last_run(cache: JupyterCacheAbstract, notebook: NotebookNode) -> dict | None:
    """What was recorded of a notebook's last execution, or None if it has to run."""
    try:
        data = cache.match_cache_notebook(notebook).data
    except KeyError:
        return None
    return data if is_current(data) else None


def cached_outputs(notebook: NotebookNode) -> NotebookNode | None:
    """The notebook with the outputs of its last execution, or None if it has to run."""
    cache = open_cache()
    return cache.merge_match_into_notebook(notebook)[1] if last_run(cache, notebook) else None


def run(jobs: int, compare: bool = False) -> None:
    """Execute every notebook that the cache does not hold; exit with 1 if a cell fails.

    Parameters
    ----------
    jobs : int
        Notebooks at a time.
    compare : bool
        Whether outputs marked by NBVAL_CHECK_OUTPUT have to equal the committed ones.
    """
    import pytest

    arguments = [
        str(ROOT / "book"),
        *(f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"),
        *("-p", "notebook_runner", "-p", "no:cacheprovider", "--no-header", "-q"),
        *("--tb=short", f"--color={'yes' if sys.stdout.isatty() else 'no'}"),
        *("--nbval-lax", f"--nbval-cell-timeout={CELL_TIMEOUT_SECONDS}"),
        *("-n", str(jobs if jobs > 1 else 0), "--dist=loadfile"),
        *(["--compare"] if compare else []),
    ]
    if code := pytest.main(arguments):
        sys.exit(int(code))


def report() -> None:
    """Print each notebook's time and memory against its budget; exit with 1 if one is over."""
    total = over = 0
    cache = open_cache()
    print(f"{'notebook':44} seconds  budget  peak GiB")
    for path in notebooks():
        name, notebook = path.relative_to(ROOT).as_posix(), nbformat.read(path, as_version=4)
        data = last_run(cache, notebook)
        if data is None:
            sys.exit(f"{name} has not been executed")
        seconds, peak = data["execution_seconds"], data["peak_gib"]
        budget = notebook.metadata.get("budget", BUDGET_SECONDS)
        too_much = seconds > budget * SLACK or peak > BUDGET_GIB
        over += too_much
        total += seconds
        mark = "  over" if too_much else ""
        print(f"{name:44} {seconds:7.1f} {budget:7} {peak:9.2f}{mark}")
    print(f"average {total / len(notebooks()):.1f} s of {AVERAGE_SECONDS} s")
    print(
        f"A notebook fails beyond {SLACK:g} times its seconds (GANTUTOR_SLACK) or {BUDGET_GIB} GiB."
    )
    if over:
        sys.exit(f"{over} over budget")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    parser.add_argument(
        "--compare", action="store_true", help="compare marked outputs with the committed ones"
    )
    arguments = parser.parse_args()
    if arguments.command == "run":
        run(arguments.jobs, arguments.compare)
    else:
        report()
