"""One style sheet for each kind of page, with the rules that the book uses."""

from pathlib import Path

import pytest
import tinycss2
from sheets import Sheets, named, used


def left(css, *names):
    rules = tinycss2.parse_stylesheet(css, True, True)
    return tinycss2.serialize(list(used(rules, set(names)))).replace(" ", "")


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("p{a:b}.x{a:b}.y{a:b}", "p{a:b}.x{a:b}"),
        (".x,.y,p{a:b}", ".x,p{a:b}"),
        (".x.y{a:b}.x .y{a:b}.x p{a:b}", ".xp{a:b}"),
        (".x:not(.y){a:b}", ".x:not(.y){a:b}"),
        ("@media print{.x{a:b}.y{a:b}}", "@mediaprint{.x{a:b}}"),
        ("@media print{@supports (a:b){.y{a:b}}}", ""),
        ("@keyframes k{from{a:b}}@font-face{src:url(y)}", None),
        (".bs-tooltip-auto{a:b}", ".bs-tooltip-auto{a:b}"),
        (r".x\:1{a:b}", ""),
        ('[class*="y"],#y{a:b}', '[class*="y"],#y{a:b}'),
    ],
)
def test_rules_for_classes_that_nothing_has_go(css, kept):
    assert left(css, "x") == (css.replace(" ", "") if kept is None else kept)


def test_classes_are_found_in_pages_and_in_scripts():
    page = """<p class="sd-row a_b">text <b class='c'> <script>e.className = "d"</script>"""
    found = named([page], ['e.classList.add("collapsing")'])
    assert {"sd-row", "a_b", "c", "d", "collapsing"} <= found and "text" not in found


@pytest.fixture
def html(tmp_path):
    """A built book with two sheets, the second of which imports a third."""
    for name, css in {
        "_static/a.css": ".x{c:1}",
        "_static/styles/b.css": '@import "../c.css";.x{c:3}.y{c:4}',
        "_static/c.css": ".x{c:2;background:url(i/p.png)}.z{d:url(data:x)}",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(css)
    return tmp_path


def test_a_page_gets_one_sheet_with_the_rules_in_their_order(html):
    page = """<head><title>t</title>
<link href="../_static/a.css?v=1" rel="stylesheet" />
<link rel="stylesheet" type="text/css" href="../_static/styles/b.css" />
<link rel="icon" href="i.svg"/></head>"""
    sheets = Sheets(html, {"x", "z"})
    light = sheets.of(page, html / "part")
    (sheet,) = (html / "_static").glob("book-*.css")
    assert light == (
        f'<head><title>t</title>\n<link rel="stylesheet" href="../_static/{sheet.name}">'
        '\n<link rel="icon" href="i.svg"/></head>'
    )
    text = sheet.read_text().replace(" ", "")
    order = [text.index(f"c:{k}") for k in (1, 2, 3)]
    assert order == sorted(order) and "c:4" not in text
    assert 'url("i/p.png")' in text and "url(data:x)" in text


def test_of_a_sheet_that_is_there_twice_the_last_counts(html):
    names = ("a", "c", "a")
    page = "".join(f'<link rel="stylesheet" href="_static/{name}.css">' for name in names)
    Sheets(html, {"x"}).of(page, html)
    (sheet,) = (html / "_static").glob("book-*.css")
    text = sheet.read_text().replace(" ", "")
    assert text.count("c:1") == 1 and text.index("c:2") < text.index("c:1")


def test_pages_with_the_same_sheets_share_one(html):
    sheets = Sheets(html, {"x"})
    pages = [
        sheets.of(f'<link rel="stylesheet" href="{up}_static/a.css">', html / here)
        for up, here in (("", Path()), ("../", Path("part")))
    ]
    (sheet,) = (html / "_static").glob("book-*.css")
    assert [page.strip() for page in pages] == [
        f'<link rel="stylesheet" href="{up}_static/{sheet.name}">' for up in ("", "../")
    ]


def test_a_page_without_sheets_stays_as_it_is(html):
    assert Sheets(html, set()).of("<p>", html) == "<p>"
