"""`make book` and the tools behind it, tried on a small book with things that are wrong."""

import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from execute import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOC = "format: jb-book\nroot: index\nchapters:\n  - file: start/one\n"


@pytest.fixture
def small_book(tmp_path) -> Path:
    """A copy of the project whose book is one page and one notebook."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "_config.yml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("tools", "gantutor", "book/_static"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book/index.md").write_text("# Small\n")
    (tmp_path / "book/references.bib").touch()
    (tmp_path / "book/start").mkdir()
    write(tmp_path, "print('fine')")
    return tmp_path


def write(root: Path, *sources: str, prose: str = "# One") -> None:
    """Write the small book's notebook."""
    cells = [new_markdown_cell(prose), *map(new_code_cell, sources)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), root / "book/start/one.ipynb")


def make_book(root: Path) -> subprocess.CompletedProcess:
    """Run `make book` in the small book; the set-up counts as done."""
    command = ["make", "--old-file", ".venv/.ready", "book"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def executed(done: subprocess.CompletedProcess) -> bool:
    """Whether the run executed the notebook, instead of taking it from the cache."""
    assert done.returncode == 0, done.stderr
    return "executed book/start/one.ipynb" in done.stdout


@pytest.mark.slow
def test_a_notebook_runs_again_only_when_something_it_depends_on_changed(small_book):
    run = [".venv/bin/python", "tools/execute.py", "run"]

    def again() -> bool:
        done = subprocess.run(run, cwd=small_book, capture_output=True, text=True)
        return executed(done)

    assert again()
    assert not again()
    write(small_book, "print('fine')", prose="# Another title")
    assert not again()
    write(small_book, "print('other')")
    assert again()
    for path in ("gantutor/runs/history.py", "constraints.txt"):
        with (small_book / path).open("a") as file:
            file.write("# changed\n")
        assert again(), path
        assert not again(), path


@pytest.mark.slow
def test_a_good_book_is_built_and_its_times_are_shown(small_book):
    done = make_book(small_book)
    assert executed(done)
    page = (small_book / "_build/html/start/one.html").read_text()
    assert "fine" in page
    assert "open _build/html/index.html" in done.stdout
    assert re.search(r"book/start/one\.ipynb +\d+\.\d +60 +\d\.\d\d$", done.stdout, re.MULTILINE)
    assert re.search(r"^average \d+\.\d s of 15 s$", done.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_failing_notebook_fails_every_build_and_is_named_with_its_cell(small_book):
    write(small_book, "x = 1", "assert x == 2, 'x is not two'")
    for _ in range(2):
        done = make_book(small_book)
        assert done.returncode != 0
        assert "FAILED book/start/one.ipynb, code cell 2" in done.stderr
        assert "AssertionError: x is not two" in done.stderr
        assert not (small_book / "_build/html").exists()


@pytest.mark.slow
def test_what_points_nowhere_fails_every_build(small_book):
    prose = "# One\n\n[link](gone.md) {term}`unheard` {cite}`nobody2000` {glue:text}`number`"
    write(small_book, "print('fine')", prose=prose)
    for _ in range(2):
        done = make_book(small_book)
        assert done.returncode != 0
        for name in ("gone", "unheard", "nobody2000", "number"):
            assert re.search(rf"WARNING: .*{name}", done.stderr)


@pytest.mark.slow
def test_a_notebook_over_its_budget_fails_the_build(small_book):
    write(small_book, "import time", "time.sleep(1)")
    notebook = nbformat.read(small_book / "book/start/one.ipynb", as_version=4)
    notebook.metadata["budget"] = 1
    nbformat.write(notebook, small_book / "book/start/one.ipynb")
    run = [".venv/bin/python", "tools/execute.py"]
    subprocess.run([*run, "run"], cwd=small_book, check=True)
    for slack, code in (("1", 1), ("60", 0)):
        done = subprocess.run(
            [*run, "report"], cwd=small_book, capture_output=True, env={"GANTUTOR_SLACK": slack}
        )
        assert done.returncode == code


@pytest.mark.slow
def test_notebooks_are_brought_to_their_committed_form(small_book):
    path = small_book / "book/start/one.ipynb"
    write(
        small_book, "import matplotlib.pyplot as plt", "print('text')\nplt.plot([0, 1]);", "1 + 1"
    )
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["colab"] = {"provenance": []}
    notebook.metadata["covers"] = ["C01"]
    notebook.cells[1].outputs = [new_output("stream", name="stderr", text="noise")]
    notebook.cells[1].execution_count = 7
    notebook.cells[1].metadata["executionInfo"] = {"elapsed": 3}
    nbformat.write(notebook, path)
    check = [".venv/bin/python", "tools/notebooks.py", "--check"]
    done = subprocess.run(check, cwd=small_book, capture_output=True, text=True)
    assert done.returncode == 1 and "book/start/one.ipynb" in done.stderr

    subprocess.run(check[:2], cwd=small_book, check=True)
    subprocess.run(check, cwd=small_book, check=True)
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"covers", "kernelspec", "language_info"}
    plain, picture, number = notebook.cells[1:]
    assert plain.outputs == [] and plain.metadata == {} and plain.execution_count == 1
    assert [output.get("text") for output in picture.outputs] == ["text\n"]
    assert [output.data for output in number.outputs] == [{"text/plain": "2"}]
