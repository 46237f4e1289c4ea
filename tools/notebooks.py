"""Bring every notebook to its committed form; with --check, only name those that are not in it.

Text outputs stay, taken from the last execution; pictures, widgets, HTML and what was printed to
stderr go, because the built pages have them. Cells carry no counts, and metadata only what the
book reads.
"""

import argparse
import copy
import sys

import nbformat
from execute import ROOT, notebooks, open_cache
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
NOTEBOOK_METADATA = {"covers", "budget"}
CELL_METADATA = {"tags", "mystnb"}


def text_of(output: NotebookNode) -> NotebookNode | None:
    """The part of an output that is committed: its text, or None."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if output.output_type == "error":
        # The traceback names files of the machine that ran it.
        return NotebookNode(output, traceback=[f"{output.ename}: {output.evalue}"])
    text = output.data.get("text/plain")
    is_picture = any(kind.startswith(("image/", "application/")) for kind in output.data)
    if text is None or is_picture or text.startswith("<"):
        return None
    kept = NotebookNode(output, data={"text/plain": text}, metadata={})
    if output.output_type == "execute_result":
        kept.execution_count = None
    return kept


def normalise(notebook: NotebookNode) -> str:
    """The committed text of a notebook."""
    notebook = copy.deepcopy(notebook)
    kept = {key: value for key, value in notebook.metadata.items() if key in NOTEBOOK_METADATA}
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, **kept)
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [kept for output in cell.outputs if (kept := text_of(output))]
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def check() -> None:
    """Exit with 1 if a notebook is not in its committed form."""
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in notebooks()
        if normalise(nbformat.read(path, as_version=4)) != path.read_text(encoding="utf8")
    ]
    if wrong:
        sys.exit("not in committed form (run `make notebooks`): " + ", ".join(wrong))


def rewrite() -> None:
    """Give every notebook the text outputs of its last execution, and write it."""
    cache = open_cache()
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        _, executed = cache.merge_match_into_notebook(notebook)
        path.write_text(normalise(executed), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, exit with 1")
    check() if parser.parse_args().check else rewrite()
