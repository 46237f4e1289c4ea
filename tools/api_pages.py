"""Sphinx extension: writes the pages of the package, one for each module and public name.

`MODULES` is the list of what is documented. The pages are made anew at every build, in
`book/appendix/api/`, and are not committed.
"""

import importlib
import inspect
import re
import shutil
from pathlib import Path
from types import ModuleType

from sphinx.application import Sphinx
from sphinx.config import Config

# A module's public names are its `__all__` or, without one, what it defines itself.
MODULES = {
    "Data": ["gantutor.data"],
    "Metrics": ["gantutor.metrics"],
    "Pictures and controls": ["gantutor.plots", "gantutor.widgets"],
    "Settings": ["gantutor.recipes"],
    "PyTorch": [
        "gantutor.torch",
        "gantutor.torch.models",
        "gantutor.torch.layers",
        "gantutor.torch.losses",
        "gantutor.torch.penalties",
        "gantutor.torch.optimizers",
        "gantutor.torch.distributed",
        "gantutor.torch.probes",
        "gantutor.torch.inception",
        "gantutor.torch.stack",
        "gantutor.torch.weights",
    ],
    "Keras": [
        "gantutor.keras",
        "gantutor.keras.models",
        "gantutor.keras.layers",
        "gantutor.keras.losses",
        "gantutor.keras.penalties",
        "gantutor.keras.optimizers",
        "gantutor.keras.distributed",
        "gantutor.keras.probes",
    ],
    "Between the frameworks": ["gantutor.parity"],
    "What a run consists of": [
        "gantutor.runs.callbacks",
        "gantutor.runs.checkpoint",
        "gantutor.runs.history",
        "gantutor.runs.loggers",
        "gantutor.runs.order",
        "gantutor.runs.probes",
        "gantutor.runs.reading",
        "gantutor.runs.seeds",
    ],
    "Studies": ["gantutor.studies"],
    "In a notebook, on the command line": ["gantutor.notebook", "gantutor.cli"],
}
# Modules that hold no public name of their own, or none that a reader needs.
INTERNAL = {
    "gantutor",
    "gantutor.cli.__main__",
    "gantutor.cli.sample",
    "gantutor.cli.score",
    "gantutor.cli.shared",
    "gantutor.cli.train",
    "gantutor.files",
    "gantutor.keras.averaging",
    "gantutor.keras.building",
    "gantutor.keras.compiling",
    "gantutor.keras.saving",
    "gantutor.keras.watching",
    "gantutor.metrics.features",
    "gantutor.metrics.features.digits",
    "gantutor.runs",
    "gantutor.runs.divergence",
    "gantutor.runs.feeding",
    "gantutor.runs.folder",
    "gantutor.runs.interrupt",
    "gantutor.runs.latents",
    "gantutor.runs.launch",
    "gantutor.runs.parts",
    "gantutor.runs.progress",
    "gantutor.shipped",
    "gantutor.sizes",
    "gantutor.torch.averaging",
    "gantutor.torch.batches",
    "gantutor.torch.building",
    "gantutor.torch.saving",
    "gantutor.validation",
}
FOLDER = "appendix/api"


def public_names(module: ModuleType) -> list[str]:
    """Names that a module offers, in the order of its `__all__` or of its source."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def titled(title: str, *lines: str) -> str:
    """A page in reStructuredText."""
    return "\n".join([title, "=" * len(title), "", *lines, ""])


def module_page(module: ModuleType) -> str:
    """A module's docstring and a table of its names."""
    names = [f"   {name}" for name in public_names(module)]
    table = [".. autosummary::", "   :nosignatures:", "", *names] if names else []
    return titled(
        module.__name__,
        f".. automodule:: {module.__name__}",
        "",
        f".. currentmodule:: {module.__name__}",
        "",
        *table,
    )


def name_page(module: ModuleType, name: str) -> str:
    """All that the docstrings say of one name; the only way to it is its module's table."""
    value = getattr(module, name)
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "data"
    members = ["   :members:", *inherited(value)] if kind == "class" else []
    return ":orphan:\n\n" + titled(
        name,
        f"In :mod:`{module.__name__}`.",
        "",
        f".. currentmodule:: {module.__name__}",
        "",
        f".. auto{kind}:: {name}",
        *members,
    )


def inherited(value: type) -> list[str]:
    """The option for members of internal bases, which have no page of their own."""
    internal = [base for base in value.__mro__[1:] if base.__module__ in INTERNAL]
    others = [base.__name__ for base in value.__mro__[1:] if base.__module__ not in INTERNAL]
    return [f"   :inherited-members: {others[0]}"] if internal else []


def overview() -> str:
    """Tables of all modules, under the titles of `MODULES`."""
    parts = []
    for title, names in MODULES.items():
        rows = [f"   {name}" for name in names]
        parts += [f".. rubric:: {title}", "", ".. autosummary::", "", *rows, ""]
    return "\n".join(parts)


def remove_pages(app: Sphinx, config: Config) -> None:
    """Remove the last build's pages before files outside the table of contents are excluded."""
    shutil.rmtree(Path(app.srcdir) / FOLDER, ignore_errors=True)


def write_pages(app: Sphinx) -> None:
    """Write the overview, a page for each module, and in a folder beside it one for each name."""
    folder = Path(app.srcdir) / FOLDER
    if not folder.with_suffix(".md").exists():
        return  # a book without the page that leads to them
    folder.mkdir()
    (folder / "overview.txt").write_text(overview())
    for module in (importlib.import_module(name) for names in MODULES.values() for name in names):
        (folder / f"{module.__name__}.rst").write_text(module_page(module))
        for name in public_names(module):
            page = folder / module.__name__ / f"{name}.rst"
            page.parent.mkdir(exist_ok=True)
            page.write_text(name_page(module, name))


def breakable(html: str) -> str:
    """Let long names break after dots and underscores, and so nowhere else."""
    return re.sub(
        r">(\w+(?:[._]\w+)+)<", lambda name: re.sub(r"(?<=[._])(?=\w)", "<wbr>", name[0]), html
    )


def break_names(
    app: Sphinx, page: str, template: str, context: dict, doctree: object | None
) -> None:
    """Make the names on the pages of the package breakable."""
    if page.startswith(FOLDER):
        context["body"] = breakable(context["body"])


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, ahead of what reads the table of contents."""
    app.connect("config-inited", remove_pages, priority=100)
    app.connect("builder-inited", write_pages)
    app.connect("html-page-context", break_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
