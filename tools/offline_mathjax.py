"""Sphinx extension: formulas render without a network.

One file of MathJax, the one with everything in it, is copied out of the installed package into
the built pages.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

NAME = "tex-svg-full.js"


def copy_mathjax(app: Sphinx) -> None:
    """Put MathJax among the static files of the pages."""
    package = Path(find_spec("mathjax").submodule_search_locations[0])
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    shutil.copy(package / "static" / "mathjax" / "es5" / NAME, static / NAME)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.connect("builder-inited", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
