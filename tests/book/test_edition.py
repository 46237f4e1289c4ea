"""The Colab edition that was made: compared with the runs that it shows, and run again.

`make book` and `make colab` write it; `make test` runs this file after them.
"""

import ast
import re
import subprocess
import sys

import nbformat
import pytest
from colab import BOOK, EDITION, MAX_BYTES, glued_values
from execute import cached_outputs, notebooks
from myst import MYST

MADE = sorted(path.relative_to(EDITION).as_posix() for path in EDITION.rglob("*.ipynb"))
GLUED = re.compile(
    r"(?P<before>[^`{}\[\]()$\n]{0,15})\{glue:text\}`(?P<key>[^`:]+):?(?P<spec>[^`]*)`"
    r"(?P<after>[^`{}\[\]()$\n]{0,15})"
)
# The three that run in the shortest time.
QUICK = [
    "applications/decisions.ipynb",
    "evaluation/asking-people.ipynb",
    "evaluation/perceptual-distance.ipynb",
]

pytestmark = pytest.mark.skipif(not MADE, reason="no Colab edition: run `make book colab` first")
each_notebook = pytest.mark.parametrize("name", MADE)


def pair(name: str) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """A notebook with the outputs of its run, and the edition's."""
    run = cached_outputs(nbformat.read(BOOK / name, as_version=4))
    return run, nbformat.read(EDITION / name, as_version=4)


def pictures(notebook: nbformat.NotebookNode) -> list[str]:
    """The pictures of all outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def test_every_notebook_is_in_the_edition():
    assert set(MADE) == {path.relative_to(BOOK).as_posix() for path in notebooks()}


@each_notebook
def test_code_and_pictures_are_those_of_the_run(name):
    run, made = pair(name)
    assert [cell.source for cell in made.cells if cell.cell_type == "code"] == [
        cell.source for cell in run.cells if cell.cell_type == "code"
    ]
    assert pictures(made) == pictures(run)
    assert (EDITION / name).stat().st_size <= MAX_BYTES


@each_notebook
def test_the_prose_is_markdown_and_has_the_numbers_of_the_run(name):
    run, made = pair(name)
    values = {key: ast.literal_eval(value) for key, value in glued_values(run).items()}
    texts = {cell.id: cell.source for cell in made.cells if cell.cell_type == "markdown"}
    assert not any(map(MYST.search, texts.values()))
    for cell in run.cells:
        for found in GLUED.finditer(cell.source) if cell.cell_type == "markdown" else ():
            number = format(values[found["key"]], found["spec"])
            assert found["before"] + number + found["after"] in texts[cell.id]


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_nbval_runs_a_notebook_in_an_empty_folder(name, tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # pictures go into the notebook
    file = tmp_path / "chapter.ipynb"
    file.write_bytes((EDITION / name).read_bytes())
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", file.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
