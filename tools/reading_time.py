"""Sphinx extension: under a chapter's title, how long it takes to read and to run."""

import math
import re
from pathlib import Path

import nbformat
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx

WORDS_A_MINUTE = 200
LINES_A_MINUTE = 20
FOLDED = {"setup", "hide-input", "hide-cell", "remove-input", "remove-cell"}


def minutes_to_read(notebook: nbformat.NotebookNode) -> int:
    """Minutes that the prose of a notebook and its open code take, at least one.

    Parameters
    ----------
    notebook : NotebookNode
        Prose counts by words, a formula's parts included; cells that are folded on the page do
        not count.

    Returns
    -------
    int
        Rounded up.
    """
    minutes = 0.0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            minutes += len(re.findall(r"\S*\w\S*", cell.source)) / WORDS_A_MINUTE
        elif cell.cell_type == "code" and not FOLDED & set(cell.metadata.get("tags", [])):
            minutes += len(re.findall(r"^.*\S", cell.source, re.MULTILINE)) / LINES_A_MINUTE
    return max(1, math.ceil(minutes))


def sentence(minutes: int, seconds: float | None) -> str:
    """What is said of a chapter's times; `seconds` is None where nothing was executed."""
    read = f"About {minutes} minute{'s' if minutes > 1 else ''} to read"
    if seconds is None:
        return f"{read}."
    run = math.ceil(seconds)
    return f"{read}, {run} second{'s' if run > 1 else ''} to run."


def add_times(app: Sphinx, doctree: nodes.document) -> None:
    """Put the sentence under the title of a notebook that is a chapter."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    notebook = nbformat.read(path, as_version=4)
    if "covers" not in notebook.metadata:
        return
    executed = NbMetadataCollector.get_exec_data(app.env, app.env.docname)
    seconds = executed["runtime"] if executed else None
    text = sentence(minutes_to_read(notebook), seconds)
    title = next(doctree.findall(nodes.title))
    place = title.parent.index(title) + 1
    # Raw, since a paragraph would open the page's description.
    line = nodes.raw("", f'<p class="reading-time">{text}</p>', format="html")
    title.parent.insert(place, line)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.connect("doctree-read", add_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
