"""Execute the book's notebooks into the cache that the HTML build reads, and report their times.

A notebook runs again when its code cells changed, and every notebook when the package, the
pinned versions or the profile did.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "_build" / ".jupyter_cache"
BUDGET_SECONDS = 60
AVERAGE_SECONDS = 15
BUDGET_GIB = 3
# Budgets are stated for two quiet cores of a recent laptop. Shared CI machines were measured up
# to three and a half times slower than their own best, so only what is beyond four times fails.
SLACK = float(os.environ.get("GANTUTOR_SLACK", "4"))
CELL_TIMEOUT_SECONDS = 600
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def notebooks() -> list[Path]:
    """Every notebook of the book, sorted."""
    return sorted((ROOT / "book").glob("*/*.ipynb"))


def digest() -> str:
    """Fingerprint of all that notebooks depend on besides their own cells."""
    files = [p for p in (ROOT / "gantutor").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    fingerprint = hashlib.sha256(os.environ.get("GANTUTOR_PROFILE", "quick").encode())
    for path in [*sorted(files), ROOT / "constraints.txt"]:
        fingerprint.update(f"{path.relative_to(ROOT)} {path.stat().st_size} ".encode())
        fingerprint.update(path.read_bytes())
    return fingerprint.hexdigest()


def open_cache() -> JupyterCacheAbstract:
    """Open the cache, emptied first if the package, the versions or the profile changed."""
    stamp = CACHE / "digest.txt"
    if CACHE.exists() and (not stamp.exists() or stamp.read_text() != digest()):
        shutil.rmtree(CACHE)
    cache = get_cache(CACHE)
    cache.path.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest())
    return cache


def failing_cell(notebook: nbformat.NotebookNode) -> int:
    """Position, from 1 among the code cells, of the last cell that started."""
    started = [cell for cell in notebook.cells if cell.get("execution_count")]
    return len(started)


def execute(path: Path) -> dict:
    """Run one notebook in an empty folder; return it with its time, peak memory and error."""
    notebook = nbformat.read(path, as_version=4)
    start, error = time.perf_counter(), None
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT_SECONDS,
            record_timing=False,  # it would change the cells' metadata, and so the cache's key
            resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
            error = f"code cell {failing_cell(notebook)}: {COLOUR.sub('', str(problem))}"
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "notebook": notebook,
        "seconds": time.perf_counter() - start,
        "peak_gib": peak_kib / 2**20,
        "error": error,
    }


def run(jobs: int) -> None:
    """Execute every notebook that the cache does not hold; exit with 1 if one fails."""
    cache = open_cache()
    waiting = [path for path, record in records(cache) if record is None]
    failed = False
    # One process a notebook, so that its peak memory is its own.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        tasks = {pool.submit(execute, path): path for path in waiting}
        for task in as_completed(tasks):
            path, result = tasks[task], task.result()
            name = path.relative_to(ROOT)
            if result["error"]:
                failed = True
                print(f"FAILED {name}, {result['error']}", file=sys.stderr)
                continue
            data = {"execution_seconds": result["seconds"], "peak_gib": result["peak_gib"]}
            cache.cache_notebook_bundle(
                CacheBundleIn(result["notebook"], str(path), data=data),
                check_validity=False,
                overwrite=True,
            )
            print(f"executed {name} in {result['seconds']:.1f} s")
    if failed:
        sys.exit(1)


def records(cache: JupyterCacheAbstract) -> Iterator[tuple[Path, dict | None]]:
    """Each notebook with what was recorded of its last execution, or None."""
    for path in notebooks():
        try:
            yield path, cache.match_cache_notebook(nbformat.read(path, as_version=4)).data
        except KeyError:
            yield path, None


def report() -> None:
    """Print each notebook's time and memory against its budget; exit with 1 if one is over."""
    total = over = 0
    rows = list(records(open_cache()))
    print(f"{'notebook':44} seconds  budget  peak GiB")
    for path, record in rows:
        name = path.relative_to(ROOT).as_posix()
        if record is None:
            sys.exit(f"{name} has not been executed")
        seconds, peak = record["execution_seconds"], record["peak_gib"]
        budget = json.loads(path.read_text())["metadata"].get("budget", BUDGET_SECONDS)
        too_much = seconds > budget * SLACK or peak > BUDGET_GIB
        over += too_much
        total += seconds
        mark = "  over" if too_much else ""
        print(f"{name:44} {seconds:7.1f} {budget:7} {peak:9.2f}{mark}")
    print(f"average {total / len(rows):.1f} s of {AVERAGE_SECONDS} s")
    print(
        f"A notebook fails beyond {SLACK:g} times its seconds (GANTUTOR_SLACK) or {BUDGET_GIB} GiB."
    )
    if over:
        sys.exit(f"{over} over budget")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    arguments = parser.parse_args()
    if arguments.command == "run":
        run(arguments.jobs)
    else:
        report()
