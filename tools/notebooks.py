"""Bring every notebook to its committed form, with fresh outputs.

With --keep-outputs nothing is executed, with --check those that are not in that form are named.

Text outputs stay, taken from the last execution; pictures, widgets, HTML and what was printed to
stderr go, because the built pages have them. Cells are counted in their order, because nbval
refuses outputs of a cell without a count; metadata hold only what the book reads. The cell tagged
`setup` is the same everywhere.

On the page the code of the idea stands open and the rest folds. A cell's first line says which it
is: `# Plot: what the picture shows`, `# Check: what it checks`, `# Check exercise 1`,
`# Solution 1`; cells that only import, and the setup cell, fold too. What the picture shows is its
alternative text as well.
"""

import argparse
import copy
import re
import sys
import tomllib

import nbformat
import yaml
from execute import ROOT, cached_outputs, notebooks, run
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
NOTEBOOK_METADATA = {"covers", "budget"}
CELL_METADATA = {"tags", "mystnb"}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
SETUP = f"""\
# In Colab this installs the book's package and changes nothing that Colab has.
# Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet --no-deps git+{REPOSITORY}@v{VERSION}"""

FOLDS = (  # first line of a cell, tag that folds it, what stands on the folded cell
    (r"# Plot: (.+)", "hide-input", "Code of the plot"),
    (r"# Check: (.+)", "hide-input", r"✓ \1"),
    (r"# Check exercise (\d+)", "hide-cell", r"Check your answer to exercise \1"),
    (r"# Solution (\d+)", "hide-cell", r"Solution \1: code and output"),
)
IMPORT = re.compile(r"import |from |plots\.use_style|    \w+,$|\)$")


def folded(cell: NotebookNode) -> NotebookNode:
    """The metadata of a code cell, with the fold that its first line asks for."""
    tags = [tag for tag in cell.metadata.get("tags", []) if not tag.startswith("hide-")]
    lines = [line for line in cell.source.splitlines() if line.strip()]
    fold, prompt, settings = None, None, dict(cell.metadata.get("mystnb", {}))
    if "setup" in tags:
        fold, prompt = "hide-input", "Setup for Colab"
    elif lines and all(map(IMPORT.match, lines)):
        fold, prompt = "hide-input", "Imports"
    for pattern, tag, words in FOLDS if lines else ():
        if found := re.fullmatch(pattern, lines[0]):
            fold, prompt = tag, found.expand(words)
            if words == "Code of the plot":
                settings["image"] = {"alt": found[1]}
    if not fold:
        return NotebookNode(cell.metadata)
    settings |= {"code_prompt_show": prompt, "code_prompt_hide": prompt}
    return NotebookNode(tags=[*tags, fold], mystnb=settings)


def text_of(output: NotebookNode, count: int) -> NotebookNode | None:
    """The part of an output of cell number `count` that is committed: its text, or None."""
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
        kept.execution_count = count
    return kept


def normalise(notebook: NotebookNode) -> str:
    """The committed text of a notebook."""
    notebook = copy.deepcopy(notebook)
    kept = {key: value for key, value in notebook.metadata.items() if key in NOTEBOOK_METADATA}
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, **kept)
    count = 0
    for cell in notebook.cells:
        cell.metadata = NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in CELL_METADATA}
        )
        if "setup" in cell.metadata.get("tags", []):
            cell.source = SETUP
        if cell.cell_type == "code":
            cell.metadata = folded(cell)
            count += 1
            cell.execution_count = count
            cell.outputs = [kept for output in cell.outputs if (kept := text_of(output, count))]
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
    """Write every notebook in its committed form, with the outputs that it has."""
    for path in notebooks():
        path.write_text(normalise(nbformat.read(path, as_version=4)), encoding="utf8")


def refresh(jobs: int) -> None:
    """Write every notebook in its committed form, with the text outputs of its last execution."""
    rewrite()
    run(jobs)
    for path in notebooks():
        executed = cached_outputs(nbformat.read(path, as_version=4))
        path.write_text(normalise(executed), encoding="utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="change nothing, exit with 1")
    mode.add_argument("--keep-outputs", action="store_true", help="execute nothing")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    arguments = parser.parse_args()
    if arguments.check:
        check()
    elif arguments.keep_outputs:
        rewrite()
    else:
        refresh(arguments.jobs)
