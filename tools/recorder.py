"""Runs in a notebook's kernel before the first cell: notes what of the package the notebook uses.

Started by `runpy.run_path`, so that it leaves no name among the notebook's own.
"""

import json
import resource
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = "gantutor"
OPENED: set[str] = set()
CHILDREN: set[str] = set()
# Modules that are there only if multiprocessing or joblib started a process.
STARTERS = ("multiprocessing.popen_", "joblib.externals.loky.backend.popen_")


def watch(event: str, arguments: tuple) -> None:
    """Note files of the package that are opened, and programs that may import it."""
    if event == "open":
        path = str(arguments[0])
        if PACKAGE in path and not path.endswith(".pyc"):
            OPENED.add(path)
    elif event in {"subprocess.Popen", "os.system", "os.posix_spawn"}:
        text = str(arguments)
        if PACKAGE in text or sys.executable in text:
            CHILDREN.add(event)
    elif event in {"os.fork", "os.forkpty"}:
        CHILDREN.add(event)


def found() -> str:
    """What was used so far, as JSON.

    `files` are those of the package that were imported or read, relative to it; None if another
    process may have used any of them. `modules` are the top-level names of all that was imported.
    """
    modules = dict(sys.modules)
    starters = [name for name in modules if name.startswith(STARTERS)]
    files = set()
    if PACKAGE in modules:
        root = Path(modules[PACKAGE].__file__).resolve().parent
        own = [module for name, module in modules.items() if name.split(".")[0] == PACKAGE]
        paths = OPENED | {module.__file__ for module in own if getattr(module, "__file__", None)}
        paths = [Path(path).resolve() for path in paths]
        files = {p.relative_to(root).as_posix() for p in paths if root in p.parents}
    unit = 2**30 if sys.platform == "darwin" else 2**20
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return json.dumps(
        {
            "files": None if CHILDREN or starters else sorted(files),
            "modules": sorted({name.split(".")[0] for name in modules}),
            "peak_gib": peak / unit,
        }
    )


sys.addaudithook(watch)
sys.modules["gantutor_recorder"] = ModuleType("gantutor_recorder")
sys.modules["gantutor_recorder"].found = found
