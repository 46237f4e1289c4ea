"""Slides that are made from the chapters."""

import base64
import io

import numpy as np
import pytest
import slides
from bs4 import BeautifulSoup
from execute import ROOT, notebooks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

MADE = ROOT / "_build" / "html" / "slides"
CHAPTERS = [
    path.relative_to(ROOT / "book").with_suffix("").as_posix()
    for path in notebooks()
    if path.parent.name != "appendix"
]


def picture() -> str:
    file = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_chapter_becomes_slides():
    shown = new_code_cell(
        "# Plot: zeros",
        outputs=[
            new_output("display_data", {"image/png": picture()}),
            new_output("display_data", {"text/html": "<div><table><td>7</td></table>more</div>"}),
        ],
    )
    notebook = new_notebook(
        cells=[
            new_markdown_cell("[badge](x)"),
            new_markdown_cell("# Title\n\nA promise of $x$.\n\n**You will**\n\n- see;\n- do.\n"),
            new_markdown_cell("## One\n\nA sentence with 0.5 in it. Another.\n\n$$\ny = 1\n$$\n"),
            shown,
            new_markdown_cell("## Summary\n\n- All is said."),
            new_markdown_cell(
                "## Exercises\n\n**Exercise 1 (by hand).** What is $z$? Think.\n\n"
                "**Exercise 2.** Do it."
            ),
            new_markdown_cell("## Further reading\n\nA paper."),
        ]
    )
    page = BeautifulSoup(slides.deck("part/name", notebook), "html.parser")
    headings = [tag.get_text() for tag in page.select("section > h2")]
    assert headings == ["Title", "You will", "One", "One", "One", "Summary", "Exercises"]
    title, goals, words, figure, table, _, exercises = page.select("section")
    assert title.select_one(".katex") and title.a["href"] == "../../part/name.html"
    assert [item.get_text() for item in goals.select("li")] == ["see;", "do."]
    assert words.p.get_text() == "A sentence with 0.5 in it."
    assert words.select_one(".katex-display") and not words.select("img, table")
    assert figure.img["alt"] == "Figure: zeros"
    assert table.select_one("td").get_text() == "7" and "more" not in table.get_text()
    assert [item.contents[0] for item in exercises.select("li")] == ["What is ", "Do it."]


@pytest.mark.skipif(not MADE.exists(), reason="no built pages: run `make book` first")
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_has_slides(name):
    page = BeautifulSoup((MADE / f"{name}.html").read_text(encoding="utf8"), "html.parser")
    assert len(page.select("section")) >= 5
    assert page.find("h2", string="You will")
    assert page.find("h2", string="Summary").parent.select("li, tr")
    assert page.find("h2", string="Exercises").parent.select("li")
    assert all(len(image["alt"].split()) >= 3 for image in page.select("img"))
    for code in page.select("code, .katex"):
        code.decompose()
    assert not {"$", "{", "}"} & set(page.main.get_text())
