"""Make the Colab edition: the executed chapters in Markdown that Colab and GitHub can show.

A chapter is written for its page. Numbers of the run, citations and boxes stand in it as roles and
directives, which only jupyter-book knows. Here each is replaced by what it stands for: a number by
its value, a citation by a link, a box by a quotation, a folded solution by `<details>`, a link to
another chapter by one to its page. Code cells keep every byte, outputs are those of the page.

The files go to `_build/colab`; the publish workflow makes them the branch that `colab_url` names.
"""

import posixpath
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import quote

import nbformat
import yaml
from execute import ROOT, cached_outputs, notebooks
from markdown_it import MarkdownIt
from myst_nb.core.variables import format_plain_text
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from pybtex.backends import markdown
from pybtex.database import BibliographyData, Entry, parse_file
from pybtex.style.formatting.plain import Style

from gantutor.notebook import GLUE_PREFIX

BOOK = ROOT / "book"
EDITION = ROOT / "_build" / "colab"
BRANCH = "colab"
MAX_BYTES = 2_000_000  # of a file; GitHub and Colab are slow to show more
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
WIDGET = "application/vnd.jupyter.widget-view+json"
BOXES = {"admonition", "note", "tip", "hint", "important", "warning", "caution"}

FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>:{3,}|`{3,}|~{3,})(?![:`~])(?P<info>.*)\n"
    r"(?P<body>(?:.*\n)*?)(?P=indent)(?P=fence)$",
    re.MULTILINE,
)
OPTIONS = re.compile(r"(?::[\w-]+:.*\n)*")
LABEL = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
ROLE = re.compile(r"\{(?P<name>[a-z][\w:.-]*)\}`(?P<content>[^`]*)`")
SPAN = re.compile(  # code, a formula, or the target of a link
    r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|(?<!\\)(?P<dollars>\$\$?)(?:(?!\n\n).)+?(?P=dollars)"
    r"|(?<=\]\()(?P<target>[^)\s]+)(?=\))",
    re.DOTALL,
)


def page_url(name: str) -> str:
    """Address of a page of the book, such as `theory/the-game`."""
    return f"{CONFIG['html']['baseurl']}/{name}.html"


def colab_url(name: str) -> str:
    """Address that opens a chapter of the Colab edition in Colab."""
    repository = CONFIG["repository"]["url"].removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{name}.ipynb"


class Reference(markdown.Backend):
    """Entries of the list of references in Markdown that is pleasant to read as a source, too."""

    symbols = MappingProxyType({"ndash": "–", "newblock": " ", "nbsp": "\N{NO-BREAK SPACE}"})

    def format_str(self, text: str) -> str:
        """Leave the text as it is: no title of the bibliography has a mark-up character."""
        return text


def entry_url(key: str, entry: Entry) -> str:
    """Where a work can be read: on arXiv, else by its DOI, else at the address of its entry."""
    for field, prefix in (("eprint", "https://arxiv.org/abs/"), ("doi", "https://doi.org/")):
        if field in entry.fields:
            return prefix + quote(entry.fields[field], safe="/:")
    if "url" not in entry.fields:
        raise ValueError(f"references.bib: {key} needs an eprint, a doi or a url to be linked")
    return entry.fields["url"]


def short_authors(entry: Entry) -> str:
    """Authors as a citation names them: one, two, or the first one "et al."."""
    names = [
        " ".join(str(name) for name in [*person.rich_prelast_names, *person.rich_last_names])
        for person in entry.persons["author"]
    ]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} et al."


class Prose:
    """Turns the Markdown cells of one chapter into plain Markdown.

    Parameters
    ----------
    name : str
        The chapter, as `part/name`.
    glued : dict of str
        What the chapter's run keeps for the prose, as Python literals.
    bibliography : dict of Entry
        The works that can be cited, by key.

    Attributes
    ----------
    cited : dict of Entry
        What the cells converted so far cite.
    """

    def __init__(self, name: str, glued: dict[str, str], bibliography: dict[str, Entry]):
        self.name = name
        self.glued = glued
        self.bibliography = bibliography
        self.cited: dict[str, Entry] = {}

    def convert(self, text: str) -> str:
        """Return a cell's source, or a part of it, without roles, directives and relative links.

        Raises
        ------
        ValueError
            If it has a role, a directive or a link that has no form in Markdown; the message
            names the chapter.
        """
        parts, start = [], 0
        for fence in FENCE.finditer(text):
            parts += [self.paragraphs(text[start : fence.start()]), self.block(fence)]
            start = fence.end()
        parts.append(self.paragraphs(text[start:]))
        return "\n\n".join(part for part in (part.strip("\n") for part in parts) if part)

    def paragraphs(self, text: str) -> str:
        """Convert text without blocks."""
        return SPAN.sub(self.span, ROLE.sub(self.role, LABEL.sub("", text)))

    def block(self, fence: re.Match) -> str:
        """Convert a directive; a block of code stays as it is."""
        directive = re.fullmatch(r"\{([\w-]+)\} *(.*)", fence["info"])
        if not directive:
            return fence[0]
        name, title = directive.groups()
        body = textwrap.dedent(fence["body"])
        options = OPTIONS.match(body)[0]
        content = self.convert(body[len(options) :])
        if name == "nb-exec-table":  # it is made when the pages are
            box = f"The table is [on the page]({page_url(self.name)}#times)."
        elif name not in BOXES:
            raise ValueError(f"{self.name}: the directive {name!r} has no form in Markdown")
        elif "dropdown" in options:
            summary = MarkdownIt().renderInline(title)
            box = f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"
        else:
            # Jupyter takes formulas out before it sees a quotation's marks, so none may hold one.
            content = SPAN.sub(lambda span: one_line(span) if span["dollars"] else span[0], content)
            heading = self.paragraphs(title) or name.capitalize()
            box = textwrap.indent(f"**{heading}**\n\n{content}", "> ", lambda line: True)
            box = re.sub(r"^> $", ">", box, flags=re.MULTILINE)
        return textwrap.indent(box, fence["indent"])

    def role(self, found: re.Match) -> str:
        """Convert a role."""
        name, content = found["name"], found["content"]
        if name == "glue:text":
            key, _, spec = content.partition(":")
            if key not in self.glued:
                raise ValueError(f"{self.name}: no cell glues {key!r}")
            return format_plain_text(self.glued[key], spec)
        if name not in {"cite", "cite:p", "cite:t"}:
            raise ValueError(f"{self.name}: the role {name!r} has no form in Markdown")
        works = []
        for key in content.replace(" ", "").split(","):
            if key not in self.bibliography:
                raise ValueError(f"{self.name}: references.bib has no {key!r}")
            entry = self.cited[key] = self.bibliography[key]
            year = entry.fields["year"]
            label = f" [{year}]" if name == "cite:t" else f", {year}"
            works.append(f"[{short_authors(entry)}{label}]({entry_url(key, entry)})")
        return ", ".join(works) if name == "cite:t" else f"[{'; '.join(works)}]"

    def span(self, found: re.Match) -> str:
        """Lead a relative link to the pages, keep a short formula on one line."""
        if found["dollars"] == "$":
            return one_line(found)
        return self.address(found["target"]) if found["target"] else found[0]

    def address(self, target: str) -> str:
        """Where a link leads from outside the book."""
        if re.match(r"[a-z]+:", target):
            return target
        path, hash_, anchor = target.partition("#")
        if not path:
            return page_url(self.name) + target
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), path))
        if path.startswith("_static/") and (BOOK / path).exists():
            return f"{CONFIG['html']['baseurl']}/{path}"
        page = re.sub(r"\.(ipynb|md)$", "", path)
        if not any((BOOK / (page + suffix)).exists() for suffix in (".ipynb", ".md")):
            raise ValueError(f"{self.name}: the link {target!r} leads nowhere")
        return page_url(page) + hash_ + anchor

    def references(self) -> str:
        """The list of what was cited."""
        entries = Style().format_bibliography(BibliographyData(self.cited))
        lines = [f"- {entry.text.render(Reference())}" for entry in entries]
        return "\n".join(["## References", "", *lines])


def one_line(found: re.Match) -> str:
    """What was found, without line breaks."""
    return " ".join(found[0].split())


def glued_values(notebook: NotebookNode) -> dict[str, str]:
    """What a run keeps for the prose: Python literals by name."""
    return {
        output.metadata.scrapbook.name: output.data[f"{GLUE_PREFIX}text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
    }


def visible(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """The outputs that the page shows, as it shows them: a control by its still picture."""
    for output in outputs:
        if output.get("name") == "stderr" or "scrapbook" in output.get("metadata", {}):
            continue
        if "data" in output:
            data = {kind: value for kind, value in output.data.items() if kind != WIDGET}
            if "text/html" in data:
                data["text/html"] = with_a_still(data["text/html"])
            output = NotebookNode(output, data=data)
        yield output


def with_a_still(page: str) -> str:
    """A film whose first frame is seen where no script may run, as on GitHub."""
    frame = re.search(r'frames\[0\] = "(data:image/png;base64,[^"]*)"', page)
    if not frame:
        return page
    still = re.sub(r"[\\\s]", "", frame[1])
    return page.replace("<img ", f'<img src="{still}" ', 1)


def fold(cell: NotebookNode) -> dict:
    """Metadata by which JupyterLab and Colab fold what answers an exercise.

    Other cells stay open: their first line says what they are.
    """
    tags = cell.metadata.get("tags", [])
    metadata = {"tags": tags} if tags else {}
    if "hide-cell" in tags:
        metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
        if cell.source.startswith("# Solution"):  # what a check says is meant to be seen
            metadata["collapsed"] = metadata["jupyter"]["outputs_hidden"] = True
    return metadata


def edition(name: str, notebook: NotebookNode, bibliography: dict[str, Entry]) -> NotebookNode:
    """The Colab edition of an executed chapter.

    Parameters
    ----------
    name : str
        The chapter, as `part/name`.
    notebook : NotebookNode
        With the outputs of its run.
    bibliography : dict of Entry
        The works that can be cited, by key.

    Raises
    ------
    ValueError
        If something in the prose has no form in Markdown.
    """
    prose = Prose(name, glued_values(notebook), bibliography)
    badge = f"[![Open in Colab]({BADGE})]({colab_url(name)})"
    cells = [
        new_markdown_cell(
            f"{badge} [Read this chapter on the page]({page_url(name)})", id="to-the-page"
        )
    ]
    for cell in notebook.cells:
        cell = NotebookNode(cell)
        if cell.cell_type == "markdown":
            cell.source = prose.convert(cell.source)
        else:
            cell.outputs = list(visible(cell.outputs))
            cell.metadata = NotebookNode(fold(cell))
        cells.append(cell)
    if prose.cited:
        cells.append(new_markdown_cell(prose.references(), id="references"))
    back = f"[Back to the page of this chapter]({page_url(name)}) in *{CONFIG['title']}*."
    cells.append(new_markdown_cell(f"---\n\n{back}", id="back-to-the-page"))
    metadata = {key: notebook.metadata[key] for key in ("kernelspec", "language_info")}
    return NotebookNode(notebook, cells=cells, metadata=NotebookNode(metadata))


def write() -> None:
    """Write the Colab edition; exit with 1 if a chapter was not run or is too large."""
    bibliography = parse_file(BOOK / "references.bib").entries
    shutil.rmtree(EDITION, ignore_errors=True)
    sizes = {}
    for path in notebooks():
        name = path.relative_to(BOOK).with_suffix("").as_posix()
        executed = cached_outputs(nbformat.read(path, as_version=4))
        if executed is None:
            sys.exit(f"{name} has not been executed: run `make book` first")
        file = EDITION / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(edition(name, executed, bibliography), file)
        sizes[name] = file.stat().st_size
    large = [f"{name} ({size / 1e6:.1f} MB)" for name, size in sizes.items() if size > MAX_BYTES]
    if large:
        sys.exit(
            f"{', '.join(large)}: at most {MAX_BYTES / 1e6:g} MB a notebook. "
            "Draw fewer or smaller pictures, or fewer frames."
        )
    print(
        f"{len(sizes)} notebooks in {EDITION.relative_to(ROOT)}, "
        f"{sum(sizes.values()) / 1e6:.1f} MB, the largest {max(sizes.values()) / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    write()
