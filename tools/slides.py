"""Sphinx extension: slides for teachers, one page for each chapter, made from its last run.

A chapter gives its promise, its goals, and for each section the first sentence, the displayed
formulas, the figures and the first table; then its summary and the names of its exercises. The role
`{slides}` links to them.
"""

import base64
import html
import multiprocessing
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from colab import BOOK, CONFIG, edition
from docutils import nodes
from execute import cached_outputs
from formulas import typeset
from light_pages import as_webp
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pybtex.database import parse_file
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole

FORMULAS = 2  # of a section
FIGURES = 4  # of a section; a slide for each
LOOKS = ("slides.css", "slides.js")
SKIPPED = {"Exercises", "Further reading", "References", "Summary"}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – slides</title>
<link rel="stylesheet" href="../../_static/katex/katex.min.css">
<link rel="stylesheet" href="../slides.css">
<script defer src="../slides.js"></script>
</head>
<body>
<main>
{slides}
</main>
</body>
</html>
"""


def set_formula(content: str, options: dict) -> str:
    """Return a formula as HTML, for the parser of Markdown."""
    return typeset(content, options["display_mode"])


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=set_formula)


def sections(notebook: NotebookNode) -> Iterator[tuple[str, list[NotebookNode]]]:
    """Return the headings of a chapter's sections, each with its cells; the title comes first."""
    heading, cells = "", []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            cells.append(cell)
            continue
        for text in re.split(r"^(?=##? )", cell.source, flags=re.MULTILINE):
            if found := re.match(r"##? (.*)\n?", text):
                if heading:
                    yield heading, cells
                heading, cells, text = found[1], [], text[found.end() :]
            cells.append(NotebookNode(cell, source=text))
    yield heading, cells


def first_sentence(text: str) -> str:
    """Return the first sentence of a text in Markdown; nothing if it begins with no sentence."""
    paragraph = text.strip().partition("\n\n")[0]
    if not re.match(r"[\w“*\[`$]", paragraph):
        return ""
    found = re.match(r".*?[^.\d][.?!:](?=\s|$)", paragraph, re.DOTALL)
    return (found[0] if found else paragraph).rstrip(":")


def figure(output: NotebookNode, alt: str) -> str:
    """Return a picture of an output with its description."""
    data = base64.b64encode(as_webp(base64.b64decode(output.data["image/png"]))).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/webp;base64,{data}">'


def shown(cells: list[NotebookNode]) -> Iterator[str]:
    """Return what a section's cells show: figures, and its first table."""
    tables = 0
    for cell in cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                first = cell.source.splitlines()[0].removeprefix("# Plot: ")
                yield figure(output, output.metadata.get("alt", f"Figure: {first}"))
            elif "<table" in data.get("text/html", "") and not tables:
                tables = 1
                yield str(BeautifulSoup(data["text/html"], "html.parser").table)


def slide(heading: str, *parts: str) -> str:
    """Return one slide."""
    content = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{MARKDOWN.renderInline(heading)}</h2>\n{content}\n</section>"


def section_slides(heading: str, cells: list[NotebookNode]) -> Iterator[str]:
    """Return a section's slides."""
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    formulas = re.findall(r"^\$\$.+?\$\$$", prose, re.DOTALL | re.MULTILINE)[:FORMULAS]
    opening = MARKDOWN.render(first_sentence(prose))
    pictures = list(shown(cells))[:FIGURES]
    if pictures and formulas:
        pictures.insert(0, "")
    for i, picture in enumerate(pictures or [""]):
        said = [opening, MARKDOWN.render("\n\n".join(formulas))] if i == 0 else []
        yield slide(heading, *said, picture)


def deck(name: str, notebook: NotebookNode) -> str:
    """Return the page of a chapter's slides.

    Parameters
    ----------
    name : str
        The chapter, as `part/name`.
    notebook : NotebookNode
        Its Colab edition, where roles and directives have become Markdown.
    """
    (title, opening), *others = sections(notebook)
    text = "\n\n".join(cell.source for cell in opening if cell.cell_type == "markdown").strip()
    promise = text.partition("\n\n")[0]
    goals = re.search(r"\*\*You will\*\*\n\n(.*?)\n\n(?=\S)", text + "\n\n.", re.DOTALL)
    link = f'<p><a href="../../{name}.html">The chapter</a> in <em>{CONFIG["title"]}</em></p>'
    slides = [slide(title, MARKDOWN.render(promise), link)]
    if goals:
        slides.append(slide("You will", MARKDOWN.render(goals[1])))
    for heading, cells in others:
        if heading not in SKIPPED:
            slides.extend(section_slides(heading, cells))
    for heading, cells in others:
        prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        if heading == "Summary":
            slides.append(slide(heading, MARKDOWN.render(prose)))
        elif heading == "Exercises":
            tasks = re.split(r"^\*\*Exercise \d+", prose, flags=re.MULTILINE)[1:]
            names = [task.partition("**")[2] for task in tasks]
            asked = "\n".join(f"1. {first_sentence(name)}" for name in names)
            slides.append(slide(heading, MARKDOWN.render(asked)))
    return PAGE.format(title=html.escape(title), slides="\n".join(slides))


def keep_descriptions(notebook: NotebookNode) -> None:
    """Note a figure's description with the figure, since the Colab edition drops the cell's."""
    for cell in notebook.cells:
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        for output in cell.get("outputs", []) if alt else []:
            if "image/png" in output.get("data", {}):
                output.metadata["alt"] = alt


def write_decks(names: list[str], folder: Path) -> None:
    """Write the slides of those chapters that were executed."""
    bibliography = parse_file(BOOK / "references.bib").entries
    for name in names:
        executed = cached_outputs(nbformat.read(BOOK / f"{name}.ipynb", as_version=4))
        if executed and "covers" in executed.metadata:
            keep_descriptions(executed)
            file = folder / f"{name}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(deck(name, edition(name, executed, bibliography)), encoding="utf8")


def begin(app: Sphinx, env: BuildEnvironment) -> None:
    """Have a second process make the slides while Sphinx, which has run all, writes the pages."""
    if app.builder.name != "html":
        return
    made = Path(app.doctreedir) / "slides"
    made.mkdir(parents=True, exist_ok=True)  # also for a book without chapters
    notebooks = [name for name in env.found_docs if env.doc2path(name).endswith(".ipynb")]
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    written = pool.submit(write_decks, notebooks, made)
    pool.shutdown(wait=False)

    def place(app: Sphinx, exception: Exception | None) -> None:
        """Put the slides beside the pages."""
        if exception:
            return
        written.result()
        for file in LOOKS:  # not among the static files, which every page of the book would load
            shutil.copy(Path(__file__).with_name(file), made)
        shutil.copytree(made, Path(app.outdir) / "slides", dirs_exist_ok=True)

    app.connect("build-finished", place, priority=950)  # behind what lightens the pages


class Slides(SphinxRole):
    """A link to a chapter's slides, such as {slides}`theory/the-game`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, from this page to that one."""
        up = "../" * self.env.docname.count("/")
        link = nodes.reference("", "slides", refuri=f"{up}slides/{self.text}.html", internal=True)
        return [link], []


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_role("slides", Slides())
    app.connect("env-updated", begin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
