"""The shape of the book as it is committed: order, chapters, citations, words."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import api_pages
import cards
import chapter
import nbformat
import notebooks as notebook_form
import pytest
import reading_time
import topics
import yaml
from colab import colab_url
from execute import ROOT, notebooks
from notebooks import SETUP
from PIL import Image
from pybtex.database import parse_file

BOOK = ROOT / "book"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
IN_TOC = [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
PARTS = {part["caption"]: [entry["file"] for entry in part["chapters"]] for part in TOC["parts"]}
APPENDIX = PARTS.pop("Appendix")
IN_PARTS = [name for names in PARTS.values() for name in names]
CHAPTERS = [path for path in notebooks() if path.parent.name != "appendix"]
PAGES = [*notebooks(), *BOOK.rglob("*.md")]
BIBLIOGRAPHY = parse_file(BOOK / "references.bib").entries
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
UNFINISHED = re.compile(r"TODO|FIXME|XXX|lorem ipsum|coming soon|NotImplementedError", re.I)
HYPE = re.compile(r"\b(?:obviously|trivially|needless to say|amazing|revolutionary|delve)\b", re.I)
MACHINE = re.compile(r"(?:/home/|/root/|/tmp/|/Users/|C:\\)")


def named(path: Path) -> str:
    """Name of a page in test reports."""
    return path.relative_to(BOOK).as_posix()


def prose(path: Path) -> str:
    """The text of a page without its code cells."""
    if path.suffix == ".md":
        return path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook."""
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def cited(path: Path) -> set[str]:
    """Keys that a page cites."""
    groups = re.findall(r"\{cite[^}]*\}`([^`]+)`", prose(path))
    return {key.strip() for group in groups for key in group.split(",")}


def section(text: str, title: str) -> str:
    """What stands under a second-level heading."""
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def assert_follow(schema: str, *paths: Path) -> None:
    """Assert that YAML files follow a schema that comes with the checker."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=named)
each_page = pytest.mark.parametrize("path", PAGES, ids=named)


def test_the_table_of_contents_lists_every_page_once():
    pages = {named(path).rsplit(".", 1)[0] for path in PAGES}
    assert sorted([TOC["root"], *IN_TOC]) == sorted(pages)


def titled(path: Path) -> str:
    """Title of a page."""
    return re.search(r"^# (.*)", prose(path), re.MULTILINE)[1]


def file_of(name: str) -> Path:
    """File of a page that the table of contents names."""
    path = BOOK / f"{name}.ipynb"
    return path if path.exists() else path.with_suffix(".md")


def test_the_readme_lists_the_book_in_the_order_of_the_contents():
    readme = (ROOT / "README.md").read_text()
    paths = [file_of(name) for name in IN_PARTS]
    rows = [
        f"| {titled(path)} | [Open in Colab]({colab_url(named(path).removesuffix('.ipynb'))}) |"
        for path in paths
        if path.suffix == ".ipynb"
    ]
    assert re.findall(r"^\|.*in Colab\].*$", readme, re.MULTILINE) == rows


def test_the_landing_page_has_a_card_with_a_picture_for_each_chapter():
    assert "```{chapters}" in section((BOOK / "index.md").read_text(), "The chapters")
    names = [name for names in cards.parts().values() for name in names]
    assert names == [name for name in IN_PARTS if not name.endswith("index")]
    shown = {cards.picture(name) for name in names if cards.picture(name).exists()}
    assert shown == set(cards.PICTURES.iterdir())
    without = {name for name in names if not cards.picture(name).exists()}
    assert without == {"start/reading-paths", "start/where-this-book-comes-from"}
    for path in shown:
        with Image.open(path) as image:
            assert image.size == cards.SIZE and len(image.text["Description"].split()) >= 3
        assert path.stat().st_size < 24_000


@pytest.mark.parametrize("caption", PARTS)
def test_a_part_opens_with_a_page_that_says_what_each_chapter_is_about(caption):
    first, *chapters = PARTS[caption]
    page = BOOK / f"{first}.md"
    folder = "start" if caption == "First steps" else caption.lower()
    assert (page.stem, page.parent.name, titled(page)) == ("index", folder, caption)
    text = page.read_text()
    about = re.sub(r"^- .*\n(?:  .*\n)*", "", text, flags=re.MULTILINE)
    assert 100 <= len(about.split()) <= 250
    lines = re.findall(r"^- \[(.+)\]\((.+?)\):\s+\w", text, re.MULTILINE)
    files = [file_of(name) for name in chapters]
    assert lines == [(titled(path), path.name) for path in files]


@each_chapter
def test_a_chapter_opens_with_title_promise_goals_and_prerequisites(path):
    cells = nbformat.read(path, as_version=4).cells
    setup = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    opening = "\n\n".join(cell.source for cell in cells[:setup])
    title, promise = opening.split("\n\n")[:2]
    assert re.fullmatch(r"# \S.*", title)
    assert not promise.startswith(("#", "*", "-")) and len(promise.split()) >= 15
    goals = re.search(r"You will\b.*?\n((?:\s*[-*] .*(?:\n(?!\s*[-*] ).+)*\n?)+)", opening)[1]
    assert 3 <= len(re.findall(r"^\s*[-*] ", goals, re.MULTILINE)) <= 5
    assert "Prerequisites" in opening


@each_chapter
def test_the_setup_cell_comes_first_and_is_the_same_everywhere(path):
    cells = code_cells(path)
    assert cells[0].source == SETUP
    assert [i for i, cell in enumerate(cells) if "setup" in cell.metadata.get("tags", [])] == [0]


@each_chapter
def test_a_chapter_ends_with_summary_exercises_and_further_reading(path):
    headings = re.findall(r"^## (.+)$", prose(path), re.MULTILINE)
    assert headings[-3:] == ["Summary", "Exercises", "Further reading"]
    assert "{cite" in section(prose(path), "Further reading")


@each_chapter
def test_exercises_have_solutions(path):
    exercises = section(prose(path), "Exercises")
    numbers = re.findall(r"^\*\*Exercise (\d+)\b", exercises, re.MULTILINE)
    assert 3 <= len(numbers) <= 6
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    folded = r"^:{3,}\{admonition\} Solution (\d+)\n:class: dropdown$"
    assert re.findall(folded, exercises, re.MULTILINE) == numbers


@each_page
def test_a_page_names_the_topics_it_covers_and_a_chapter_has_some(path):
    covers = topics.topics_of(path)
    assert all(re.fullmatch(r"C\d{2,3}|E\d{2,3}", topic) for topic in covers)
    assert covers == sorted(set(covers), key=lambda topic: (topic[0], int(topic[1:])))
    assert covers or path not in CHAPTERS


def entries(page: str) -> list[tuple[str, str]]:
    """Each entry of a page about the documents: its number, and the number behind its links."""
    text = (BOOK / "appendix" / page).read_text()
    return re.findall(r"^([CE]\d+) · .+\n: (?:.+\n|\n(?=  ))*?.*\{covered-by\}`(\w+)`", text, re.M)


@pytest.mark.parametrize(
    ("page", "letter", "count"), [("coverage.md", "C", 175), ("corrections.md", "E", 166)]
)
def test_each_topic_and_each_fault_of_the_documents_has_its_place(page, letter, count):
    listed = [f"{letter}{number:02d}" for number in range(1, count + 1)]
    assert entries(page) == [(number, number) for number in listed]
    covered = {topic for topic in topics.pages_by_topic(BOOK, IN_TOC) if topic[0] == letter}
    assert covered == set(listed)


def test_every_correction_has_a_label_of_its_number_and_a_quotation():
    text = (BOOK / "appendix" / "corrections.md").read_text()
    labelled = re.findall(r"^\((e\d+)\)=\n(E\d+) · .+\n: [“`]", text, re.MULTILINE)
    assert labelled == [(number.lower(), number) for number, _ in entries("corrections.md")]


def test_topics_lead_to_their_pages_in_the_order_of_the_contents(tmp_path):
    for name, covers in (("a", ["C01"]), ("b", ["C01", "E07"])):
        notebook = nbformat.v4.new_notebook(metadata={"covers": covers})
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    (tmp_path / "text.md").write_text("---\ncovers: [C01,\n  E08]\n---\n\n# Text\n\n---\n")
    (tmp_path / "title.md").write_text("---\ntitle: No topics\n---\n")
    (tmp_path / "plain.md").write_text("# Plain\n\n---\ncovers: [E09]\n---\n")
    order = ["b", "text", "title", "plain", "no file", "a"]
    found = {"C01": ["b", "text", "a"], "E07": ["b"], "E08": ["text"]}
    assert topics.pages_by_topic(tmp_path, order) == found


def test_the_time_to_read_counts_prose_and_open_code():
    prose, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    words, lines = "word " * reading_time.WORDS_A_MINUTE, "x = 1\n\n" * reading_time.LINES_A_MINUTE
    cells = [prose(words), code(lines), code(lines, metadata={"tags": ["hide-input"]})]
    minutes = reading_time.minutes_to_read
    assert minutes(nbformat.v4.new_notebook(cells=cells)) == 2
    assert minutes(nbformat.v4.new_notebook(cells=[*cells, prose("- one more word: $x$")])) == 3
    assert minutes(nbformat.v4.new_notebook()) == 1
    assert reading_time.sentence(1, 0.2) == "About 1 minute to read, 1 second to run."
    assert reading_time.sentence(12, 40.3) == "About 12 minutes to read, 41 seconds to run."
    assert reading_time.sentence(12, None) == "About 12 minutes to read."


@each_chapter
def test_a_chapter_checks_its_claims(path):
    claims = [re.findall(r"^\s*assert\b|\bassert_\w+\(", c.source, re.M) for c in code_cells(path)]
    assert sum(map(len, claims)) >= 5


@each_chapter
def test_cells_are_short_unless_they_import_or_show_a_whole_listing(path):
    for cell in code_cells(path):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if all(re.match(r"import |from |plots\.use_style", line) for line in lines):
            continue
        tags = cell.metadata.get("tags", [])
        longest = 30 if {"hide-input", "hide-cell"} & set(tags) else 18
        assert len(lines) <= longest or "listing" in tags, cell.source


@each_chapter
def test_no_cell_is_left_out_of_the_tests(path):
    for cell in code_cells(path):
        words = " ".join(cell.metadata.get("tags", [])) + cell.source
        assert not re.search(r"NBVAL_SKIP|NBVAL_IGNORE|nbval-skip|skip-execution", words)


@each_page
def test_every_citation_is_in_the_bibliography(path):
    assert cited(path) <= set(BIBLIOGRAPHY)


def test_the_bibliography_holds_what_is_cited_and_nothing_twice():
    assert set(BIBLIOGRAPHY) == set().union(*map(cited, PAGES))
    for name in ("title", "eprint", "doi"):
        values = [e.fields[name].lower() for e in BIBLIOGRAPHY.values() if name in e.fields]
        assert len(values) == len(set(values)), name


@pytest.mark.parametrize(
    ("part", "neighbour"),
    [("evaluation", "evaluation/benchmarks"), ("practice", "practice/more-than-one-machine")],
)
def test_a_new_chapter_has_the_right_shape_and_is_named_everywhere(
    part, neighbour, tmp_path, monkeypatch
):
    pages = [page.relative_to(ROOT).as_posix() for page in BOOK.glob("*/index.md")]
    for name in ("_toc.yml", "README.md", *pages):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(chapter, "ROOT", tmp_path)
    path = chapter.add(part, "watching-a-run")
    assert path == tmp_path / "book" / part / "watching-a-run.ipynb"
    assert notebook_form.normalise(nbformat.read(path, as_version=4)) == path.read_text()
    test_a_chapter_opens_with_title_promise_goals_and_prerequisites(path)
    test_the_setup_cell_comes_first_and_is_the_same_everywhere(path)
    test_a_chapter_ends_with_summary_exercises_and_further_reading(path)
    test_exercises_have_solutions(path)
    test_cells_are_short_unless_they_import_or_show_a_whole_listing(path)
    test_every_citation_is_in_the_bibliography(path)
    with pytest.raises(AssertionError, match="TODO"):  # until somebody has written it
        test_pages_are_finished_and_plain(path)

    toc = yaml.safe_load((tmp_path / "_toc.yml").read_text())
    (files,) = [
        [entry["file"] for entry in entries["chapters"]]
        for entries in toc["parts"]
        if entries["caption"] == part.capitalize()
    ]
    assert files[0] == f"{part}/index" and files[-2:] == [neighbour, f"{part}/watching-a-run"]
    item = "- [Watching a run](watching-a-run.ipynb): TODO, what it is about.\n"
    overview = (tmp_path / "book" / part / "index.md").read_text()
    assert (
        len(overview.split(item)) == 2
        and titled(tmp_path / "book" / part / "index.md") == part.capitalize()
    )
    assert toc["parts"][-1] == TOC["parts"][-1]
    row = f"| Watching a run | [Open in Colab]({colab_url(f'{part}/watching-a-run')}) |"
    rows = [
        line for line in (tmp_path / "README.md").read_text().splitlines() if "in Colab]" in line
    ]
    assert row in rows and len(rows) == len(CHAPTERS) + 1
    with pytest.raises(SystemExit, match="is there already"):
        chapter.add(part, "watching-a-run")


@pytest.mark.parametrize(("part", "name"), [("Practice", "x"), ("practice", "a b"), ("", "x")])
def test_a_chapter_with_an_odd_name_is_refused(part, name):
    with pytest.raises(SystemExit, match="must be lower-case words with hyphens"):
        chapter.add(part, name)


def test_every_module_of_the_package_is_documented_or_said_to_be_internal():
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "gantutor").rglob("*.py")
        if not re.match(r"_[^_]", path.name)
    }
    documented = [name for names in api_pages.MODULES.values() for name in names]
    offered, waiting = set(), list(documented)
    while waiting:  # what a package imports from its modules stands on the package's page
        name = waiting.pop()
        source = ROOT.joinpath(*name.split("."), "__init__.py")
        if source.exists():
            new = set(re.findall(rf"from ({name}\.[\w.]+) import", source.read_text())) - offered
            offered |= new
            waiting += new
    # A study may change from one edition to the next: its docstrings are all that is said of it.
    studies = {name for name in found if name.startswith("gantutor.studies.")}
    assert len(documented) == len(set(documented))
    assert found == {*documented, *(offered & found), *api_pages.INTERNAL, *studies}


def test_long_names_break_at_dots_and_underscores():
    html = '<h1>gantutor.metrics<a href="#a_b">#</a></h1><p>In squared_mmd, 0.5.</p><b>mean_of</b>'
    assert api_pages.breakable(html) == (
        '<h1>gantutor.<wbr>metrics<a href="#a_b">#</a></h1><p>In squared_mmd, 0.5.</p>'
        "<b>mean_<wbr>of</b>"
    )


def test_arxiv_identifiers_are_well_formed():
    for key, entry in BIBLIOGRAPHY.items():
        eprint = entry.fields.get("eprint", "1406.2661")
        assert re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", eprint), key


@each_page
def test_pages_are_finished_and_plain(path):
    text = path.read_text()
    for words in (UNFINISHED, HYPE, MACHINE):
        assert not words.search(text), words.search(text)[0]


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_workflows_follow_the_schema(schema):
    assert WORKFLOWS
    assert_follow(schema, *WORKFLOWS)


def test_the_citation_file_follows_the_schema():
    assert_follow("vendor.citation-file-format", ROOT / "CITATION.cff")


def test_ci_runs_the_command_of_the_readme():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make test"
    commands = {path.stem: re.findall(r"run: (make .*)", path.read_text()) for path in WORKFLOWS}
    assert commands == {
        "test": ["make test CONSTRAINTS='-c ${{ matrix.versions }}'"],
        "publish": ["make book", "make colab"],
        "newest": ["make test CONSTRAINTS=", "make rounding"],
        "release": ["make wheel"],
        "systems": [],
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_dependabot_follows_the_schema():
    assert_follow("vendor.dependabot", ROOT / ".github/dependabot.yml")


def test_the_commands_of_the_readme_exist():
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    targets = re.findall(r"^make (\w+)$", readme, re.MULTILINE)
    assert targets == ["book", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.slow
def test_the_snippet_of_the_readme_runs():
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("(64, 28, 28, 1) ")


def test_the_page_of_benchmarks_says_what_was_measured(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    written = runpy.run_path(str(ROOT / "benchmarks" / "page.py"))["page"]()
    assert (ROOT / "book" / "appendix" / "benchmarks.md").read_text(encoding="utf-8") == written
    for cell in ("| R1 + R2 from the loss's pass |", "| gantutor, PyTorch, with labels |"):
        assert written.count(cell) == 1
