"""The Colab edition as a text: what roles, directives, links and outputs become in it."""

import re
import textwrap

import colab
import nbformat
import pytest
from colab import BOOK, Prose, colab_url, edition, page_url
from execute import notebooks
from myst import MYST
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebooks import KERNEL
from pybtex.database import parse_file

from gantutor.notebook import GLUE_PREFIX

BIBLIOGRAPHY = parse_file(BOOK / "references.bib").entries
GAN = "https://arxiv.org/abs/1406.2661"
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
PIXEL = "iVBORw0KGgo="
FORMULA = re.compile(r"(?<!\\)(\$\$?).+?\1", re.S)


def prose(**glued: str) -> Prose:
    """A converter for a chapter of the book."""
    return Prose("theory/the-game", glued, BIBLIOGRAPHY)


def glued(name: str, value: str) -> nbformat.NotebookNode:
    """The output by which a cell keeps a value for the prose."""
    return new_output(
        "display_data",
        data={f"{GLUE_PREFIX}text/plain": value},
        metadata={"scrapbook": {"name": name, "mime_prefix": GLUE_PREFIX}},
    )


def written(notebook: nbformat.NotebookNode) -> str:
    """The Markdown of a notebook."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def sources(notebook: nbformat.NotebookNode) -> list[str]:
    """The code of a notebook."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def as_if_executed(path) -> nbformat.NotebookNode:
    """A committed notebook whose first code cell glues whatever the prose asks for."""
    notebook = nbformat.read(path, as_version=4)
    wanted = re.findall(r"\{glue:text\}`([^`:]+)(:?)", written(notebook))
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.outputs += [glued(name, "0.25" if spec else "'a word'") for name, spec in wanted]
    return notebook


@pytest.mark.parametrize(
    ("asked", "value", "shown"),
    [
        ("x:.2f", "3.14159", "3.14"),
        ("x:.0%", "0.934", "93%"),
        ("x:.1e", "-0.00052", "-5.2e-04"),
        ("x", "'the ring'", "the ring"),
        ("x", "16", "16"),
    ],
)
def test_a_glued_value_is_filled_in_with_its_format(asked, value, shown):
    assert prose(x=value).convert(f"It is **{{glue:text}}`{asked}`**.") == f"It is **{shown}**."


def test_a_citation_is_a_link_with_author_and_year():
    chapter = prose()
    assert chapter.convert("by {cite:t}`goodfellow2014gan`") == (
        f"by [Goodfellow et al. [2014]]({GAN})"
    )
    assert chapter.convert("so {cite}`goodfellow2014gan, arjovsky2017towards`.") == (
        f"so [[Goodfellow et al., 2014]({GAN}); "
        "[Arjovsky and Bottou, 2017](https://arxiv.org/abs/1701.04862)]."
    )
    assert list(chapter.cited) == ["goodfellow2014gan", "arjovsky2017towards"]
    title, _, first, second = chapter.references().splitlines()
    assert title == "## References"
    assert first.startswith("- Martin Arjovsky and Léon Bottou. Towards principled methods for")
    assert second.startswith("- Ian Goodfellow, ") and second.endswith(f"]({GAN}).")


@pytest.mark.parametrize("key", BIBLIOGRAPHY)
def test_every_work_of_the_bibliography_can_be_linked(key):
    assert re.fullmatch(r"https?://[^\s()]+", colab.entry_url(key, BIBLIOGRAPHY[key]))


def test_a_box_is_a_quotation_with_a_bold_title():
    box = """\
        Before.
        :::{admonition} Common mistake: `BCELoss`
        :class: warning
        One $a
        + b$, and

        $$
        a^2
        $$
        :::
        After."""
    assert prose().convert(textwrap.dedent(box)).splitlines() == [
        "Before.",
        "",
        "> **Common mistake: `BCELoss`**",
        ">",
        "> One $a + b$, and",
        ">",
        "> $$ a^2 $$",  # a quotation's marks would be read as a part of the formula
        "",
        "After.",
    ]


def test_a_named_box_without_a_title_has_its_name():
    assert prose().convert(":::{tip}\nTry it.\n:::") == "> **Tip**\n>\n> Try it."


def test_a_solution_folds_and_holds_what_it_held():
    box = """\
        ::::{admonition} Solution 1: `x`
        :class: dropdown
        See {cite}`goodfellow2014gan`.

        ```python
        print("{glue:text}`x`")
        ```
        :::{note}
        Nested.
        :::
        ::::"""
    assert prose().convert(textwrap.dedent(box)).splitlines() == [
        "<details>",
        "<summary>Solution 1: <code>x</code></summary>",
        "",
        f"See [[Goodfellow et al., 2014]({GAN})].",
        "",
        "```python",
        'print("{glue:text}`x`")',
        "```",
        "",
        "> **Note**",
        ">",
        "> Nested.",
        "",
        "</details>",
    ]


def test_a_box_in_a_list_stays_in_it():
    box = "- a\n\n  :::{note} Title\n  b\n  :::\n- c"
    assert prose().convert(box) == "- a\n\n  > **Title**\n  >\n  > b\n\n- c"


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("training-dynamics.ipynb", page_url("theory/training-dynamics")),
        ("../losses/wasserstein", page_url("losses/wasserstein")),
        ("../appendix/glossary.md#gan", page_url("appendix/glossary") + "#gan"),
        ("#summary", page_url("theory/the-game") + "#summary"),
        ("https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_link_leads_to_the_pages(target, address):
    assert prose().convert(f"[`a`]({target})") == f"[`a`]({address})"


def test_a_picture_comes_from_the_pages():
    base = page_url("").removesuffix("/.html")
    assert prose().convert("![A diagram](../_static/diagram-game.svg)") == (
        f"![A diagram]({base}/_static/diagram-game.svg)"
    )


def test_code_and_formulas_are_no_links():
    text = "`f[0](x.ipynb)` and $[0, 1](x)$ and\n\n$$\n[a](b)\n$$"
    assert prose().convert(text) == text


def test_a_label_is_not_shown():
    assert prose().convert("(the-label)=\n## Title") == "## Title"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{doc}`x`", "theory/the-game: the role 'doc'"),
        (":::{mermaid}\na\n:::", "theory/the-game: the directive 'mermaid'"),
        ("{glue:text}`x`", "theory/the-game: no cell glues 'x'"),
        ("{cite}`nobody1999`", "theory/the-game: references.bib has no 'nobody1999'"),
        ("[a](nowhere.ipynb)", "theory/the-game: the link 'nowhere.ipynb' leads nowhere"),
    ],
)
def test_what_has_no_form_in_markdown_is_refused_by_name(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        prose().convert(text)


def test_outputs_are_those_that_the_page_shows():
    picture = {"image/png": PIXEL, "text/plain": "<Figure>"}
    film = '<img alt="a" id="b"><script>frames[0] = "data:image/png;base64,AA\\\nBB"</script>'
    cell = new_code_cell(
        "code",
        outputs=[
            new_output("stream", name="stderr", text="a warning"),
            new_output("stream", name="stdout", text="a line"),
            glued("x", "1"),
            new_output("display_data", data=picture | {colab.WIDGET: {"model_id": "a"}}),
            new_output("display_data", data={"text/html": film}),
        ],
    )
    notebook = new_notebook(
        cells=[new_markdown_cell("# One"), cell],
        metadata=METADATA | {"widgets": {}},
    )
    made = edition("theory/the-game", notebook, BIBLIOGRAPHY)
    stream, still, player = next(c for c in made.cells if c.cell_type == "code").outputs
    assert stream.text == "a line"
    assert still.data == picture
    assert player.data["text/html"].startswith('<img src="data:image/png;base64,AABB" alt="a"')
    assert set(made.metadata) == {"kernelspec", "language_info"}
    assert len(cell.outputs) == 5, "the executed notebook is left as it was"


def test_what_answers_an_exercise_is_folded_and_nothing_else():
    def fold(source, tag):
        metadata = colab.fold(new_code_cell(source, metadata={"tags": [tag], "mystnb": {}}))
        assert metadata.pop("tags") == [tag]
        return metadata

    hidden = {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert fold("# Check: it is so", "hide-input") == {}
    assert fold("# Check exercise 1", "hide-cell") == hidden
    hidden["jupyter"]["outputs_hidden"] = True
    assert fold("# Solution 1", "hide-cell") == hidden | {"collapsed": True}


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_chapter_becomes_plain_markdown_with_its_code_as_it_was(path):
    name = path.relative_to(BOOK).with_suffix("").as_posix()
    notebook = as_if_executed(path)
    made = edition(name, notebook, BIBLIOGRAPHY)
    nbformat.validate(made)
    assert sources(made) == sources(notebook)
    text = written(made)
    assert not MYST.search(text), MYST.search(text)[0]
    assert "\\begin{" not in FORMULA.sub("", text), "an environment outside $$ is not shown"
    targets = re.findall(r"\]\(([^)\s]+)\)", FORMULA.sub("", re.sub(r"`+.+?`+", "", text)))
    assert targets and all(target.startswith("https://") for target in targets)
    first, last = made.cells[0].source, made.cells[-1].source
    assert f"]({page_url(name)})" in first and f"]({page_url(name)})" in last
    assert f"]({colab_url(name)})" in first
    works = set(re.findall(r"\{cite[^}]*\}`([^`]+)`", written(notebook)))
    cited = {key.strip() for group in works for key in group.split(",")}
    assert all(f"]({colab.entry_url(key, BIBLIOGRAPHY[key])})" in text for key in cited)
    assert ("## References" in text) == bool(cited)
    listed = text.partition("## References")[2]
    assert len(re.findall(r"^- ", listed, re.M)) == len(cited)


def test_a_chapter_that_has_not_been_executed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(colab, "EDITION", tmp_path)
    monkeypatch.setattr(colab, "cached_outputs", lambda notebook: None)
    with pytest.raises(SystemExit, match="appendix/status has not been executed"):
        colab.write()


def test_a_chapter_that_is_too_large_is_named(tmp_path, monkeypatch):
    def executed(notebook):
        size = 2_000_000 if "Versions" in notebook.cells[0].source else 10
        outputs = [new_output("stream", name="stdout", text="x" * size)]
        return new_notebook(cells=[new_code_cell("", outputs=outputs)], metadata=METADATA)

    monkeypatch.setattr(colab, "EDITION", tmp_path)
    monkeypatch.setattr(colab, "cached_outputs", executed)
    words = r"^appendix/status \(2\.0 MB\): at most 2 MB a notebook"
    with pytest.raises(SystemExit, match=words):
        colab.write()
