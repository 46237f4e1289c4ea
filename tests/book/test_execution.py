"""`make book` and the tools behind it, tried on a small book with things that are wrong."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import execute
import nbformat
import pytest
from bs4 import BeautifulSoup
from execute import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TOC = "format: jb-book\nroot: index\nchapters:\n  - file: start/one\n"


@pytest.fixture
def small_book(tmp_path, monkeypatch) -> Path:
    """A copy of the project whose book is one page and one notebook; its path has a space."""
    tmp_path = tmp_path / "my book"
    tmp_path.mkdir()
    monkeypatch.delenv("MPLBACKEND", raising=False)  # notebooks draw into the page
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # its own package, not the installed one
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


def report(root: Path, **environment: str) -> subprocess.CompletedProcess:
    """Show the small book's times."""
    command = [".venv/bin/python", "tools/execute.py", "report"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


def executed(done: subprocess.CompletedProcess) -> bool:
    """Whether the run executed the notebook, instead of taking it from the cache."""
    assert done.returncode == 0, done.stdout + done.stderr
    return "executed book/start/one.ipynb" in done.stdout


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the small book's notebook if it has to be, without building pages."""
    command = [".venv/bin/python", "tools/execute.py", "run", "--jobs=1", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def change(path: Path) -> None:
    """Change a file of the package without changing what it does."""
    with path.open("a") as file:
        file.write("# changed\n")


@pytest.mark.slow
def test_a_notebook_runs_again_only_when_something_it_depends_on_changed(small_book, monkeypatch):
    cell = "from gantutor import plots\nplots.use_style()"
    write(small_book, cell)
    assert executed(run(small_book))
    assert not executed(run(small_book))
    write(small_book, cell, prose="# Another title")
    assert not executed(run(small_book))
    write(small_book, cell + "  # other")
    assert executed(run(small_book))
    # A module that it imported, and a file that such a module read.
    for name in ("plots/style.py", "gantutor.mplstyle"):
        change(small_book / "gantutor" / name)
        assert executed(run(small_book)), name
    # Modules that it never loads, and a module that is new.
    for name in ("metrics/kernel.py", "runs/callbacks.py", "new.py"):
        change(small_book / "gantutor" / name)
    assert not executed(run(small_book))
    monkeypatch.setenv("GANTUTOR_PROFILE", "full")
    assert executed(run(small_book))


@pytest.mark.slow
def test_rounding_runs_every_notebook_with_older_instructions_and_keeps_the_cache(small_book):
    torch = pytest.importorskip("torch")
    if torch.backends.cpu.get_cpu_capability() not in {"AVX2", "AVX512"}:
        pytest.skip("needs a processor with AVX2")
    cell = (
        "import os\nimport torch\nfound = torch.backends.cpu.get_cpu_capability()\n"
        "assert found == os.environ['ATEN_CPU_CAPABILITY'].upper(), found"
    )
    write(small_book, cell)
    command = ["make", "--old-file", ".venv/.ready", "rounding"]
    done = subprocess.run(command, cwd=small_book, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("executed book/start/one.ipynb") == 2
    assert sorted(path.name for path in (small_book / "_build").iterdir()) == ["rounding"]
    write(small_book, cell.replace("==", "!="))
    done = subprocess.run(command, cwd=small_book, capture_output=True, text=True)
    assert done.returncode != 0 and "AVX2" in done.stdout


@pytest.mark.slow
def test_a_notebook_that_starts_programs_depends_on_the_whole_package(small_book):
    write(
        small_book,
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import gantutor.metrics'], check=True)",
    )
    assert executed(run(small_book))
    change(small_book / "gantutor/metrics/kernel.py")
    assert executed(run(small_book))


@pytest.mark.slow
def test_other_versions_and_other_interpreters_make_an_execution_stale(monkeypatch):
    found = {"files": ["notebook.py"], "modules": ["numpy", "gantutor"], "peak_gib": 0.1}
    data = execute.record(found, seconds=1.0)
    assert set(data["versions"]) == {"numpy", "gantutor"}
    assert execute.is_current(data)
    assert not execute.is_current(data | {"versions": {"numpy": "1.0"}})
    assert not execute.is_current(data | {"versions": {"not-there": "1.0"}})
    assert not execute.is_current(data | {"python": "3.0.0"})
    assert not execute.is_current(data | {"files": {"gone.py": "0" * 64}})


@pytest.mark.slow
def test_marked_outputs_are_compared_whether_or_not_the_notebook_ran(small_book):
    path = small_book / "book/start/one.ipynb"
    write(small_book, "# NBVAL_CHECK_OUTPUT\nprint(1 + 1)", "print('unmarked')")

    def commit(text: str) -> None:
        notebook = nbformat.read(path, as_version=4)
        for cell, output in zip(notebook.cells[1:], (text, "anything"), strict=True):
            cell.outputs, cell.execution_count = [new_output("stream", text=output)], 1
        nbformat.write(notebook, path)

    commit("3\n")
    for _ in range(2):  # executed, then from the cache
        done = run(small_book, "--compare")
        assert done.returncode == 1
        assert "one.ipynb::code cell 1 - Cell outputs differ" in done.stdout
    assert run(small_book).returncode == 0
    commit("2\n")
    assert not executed(run(small_book, "--compare"))


@pytest.mark.slow
def test_every_output_is_kept_in_its_order_and_reaches_the_page(small_book):
    write(
        small_book,
        "from IPython.display import display, Markdown\n"
        "from gantutor.notebook import glue\n"
        "print('first'); display(Markdown('*second*')); print('third')\n"
        "glue('number', 0.25)",
        "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()\nprint('after')",
        prose="# One\n\nThe number is {glue:text}`number:.3f`.",
    )
    assert make_book(small_book).returncode == 0
    page = (small_book / "_build/html/start/one.html").read_text()
    outputs = " ".join(map(str, BeautifulSoup(page, "html.parser").select(".cell_output")))
    for text in ("first", "<em>second</em>", "third", "<img ", "after"):
        assert text in outputs
    (kept,) = (small_book / "_build/.jupyter_cache/executed").glob("*/base.ipynb")
    words, picture = nbformat.read(kept, as_version=4).cells
    assert [output.output_type for output in words.outputs] == [
        *("stream", "display_data", "stream", "display_data")
    ]
    assert [output.output_type for output in picture.outputs] == ["display_data", "stream"]
    assert "The number is <span" in page and "0.250" in page


@pytest.mark.slow
def test_a_kernel_that_dies_fails_its_notebook_at_once(small_book):
    write(small_book, "import os; os._exit(1)", "1 + 1")
    start = time.perf_counter()
    done = run(small_book)
    assert time.perf_counter() - start < 60
    assert done.returncode == 1
    assert "one.ipynb::code cell 1 - The kernel died with status 1." in done.stdout
    assert "1 failed, 1 skipped" in done.stdout
    assert "has not been executed" in report(small_book).stderr


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
        assert (
            "FAILED book/start/one.ipynb::code cell 2 - AssertionError: x is not two" in done.stdout
        )
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
    assert executed(run(small_book))
    assert report(small_book, GANTUTOR_SLACK="1").returncode == 1
    assert report(small_book, GANTUTOR_SLACK="60").returncode == 0


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
    assert plain.outputs == [] and plain.execution_count == 1
    assert plain.metadata["tags"] == ["hide-input"] and "executionInfo" not in plain.metadata
    assert [output.get("text") for output in picture.outputs] == ["text\n"]
    assert picture.metadata == {}
    assert [output.data for output in number.outputs] == [{"text/plain": "2"}]
