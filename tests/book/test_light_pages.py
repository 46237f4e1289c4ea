"""What is done to the finished pages so that they load only what they use."""

import base64
import io
import re
from importlib.util import find_spec
from pathlib import Path

import formulas
import light_pages
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from gantutor.plots import replay

WEBFONTS = (
    Path(find_spec("pydata_sphinx_theme").origin).parent
    / "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts"
)


def test_a_film_leaves_its_page_and_its_last_picture_stays(tmp_path):
    page = tmp_path / "part" / "page.html"
    page.parent.mkdir()
    frames = [np.full((1, 8, 8, 1), grey) for grey in (-1.0, 1.0)]
    film = replay(frames, titles=["first", "last"]).data
    light = light_pages.without_films(
        f"<p>before</p>{film}<p>after</p>", page.parent, tmp_path / "f"
    )
    assert "data:image" not in light and "<script" not in light
    assert light.startswith("<p>before</p>") and light.endswith("<p>after</p>")
    assert 'alt="A film from “first” to “last”."' in light
    (program,) = (tmp_path / "f").glob("*.js")
    assert f'data-film="../f/{program.name}"' in light
    shown = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))).convert("L"))
        for frame in re.findall(r'"data:image/webp;base64,([^"]+)"', program.read_text())
    ]
    assert len(shown) == 2
    assert shown[0].mean() < shown[1].mean()  # black, then white
    still = np.asarray(Image.open(program.with_suffix(".webp")).convert("L"))
    np.testing.assert_array_equal(still, shown[1])


def test_a_moving_picture_stands_still_until_it_is_asked_for(tmp_path):
    first, last = (Image.fromarray(np.full((4, 6), grey, np.uint8)) for grey in (0, 255))
    first.save(tmp_path / "m.gif", save_all=True, append_images=[last])
    light = light_pages.with_light_pictures('<a href="m.gif"><img src="m.gif"></a>', tmp_path)
    assert '<img width="6" height="4" src="m.webp">' in light
    assert 'data-film="m.gif"' in light and "<a " not in light
    assert np.asarray(Image.open(tmp_path / "m.webp").convert("L")).min() == 255


@pytest.mark.parametrize("noise", [0, 255])
def test_a_picture_is_stored_in_the_smaller_form(tmp_path, noise):
    pixels = np.random.default_rng(0).integers(0, noise + 1, (200, 200, 3)).astype(np.uint8)
    png = tmp_path / "_images" / "a.png"
    png.parent.mkdir()
    Image.fromarray(pixels).save(png)
    size = png.stat().st_size
    file = light_pages.lighten_picture(png)
    assert [file] == list(png.parent.iterdir())
    assert file.stat().st_size <= size
    assert file.suffix == (".webp" if size > light_pages.SMALL else ".png")
    page = light_pages.with_light_pictures('<img src="_images/a.png">', tmp_path)
    assert page == f'<img width="200" height="200" src="_images/{file.name}">'


def test_an_icon_font_holds_the_icons_in_use():
    data = light_pages.icon_font(WEBFONTS / "fa-solid-900.ttf", {0xF002, 0xF0C9})
    file = io.BytesIO(base64.b64decode(data.partition(",")[2]))
    assert set(TTFont(file).getBestCmap()) == {0xF002, 0xF0C9}


def test_a_page_without_formulas_or_search_loads_neither(tmp_path):
    head = (
        '<script defer src="_static/scripts/fontawesome.js?digest=1"></script>'
        '<script src="searchindex.js"></script><script src="_static/searchtools.js"></script>'
        '<link rel="stylesheet" href="_static/katex/katex.min.css?v=1" />'
        '<script src="_static/katex.min.js?v=1"></script>'
        '<script src="_static/katex_autorenderer.js?v=1"></script>'
        '<script src="_static/auto-render.min.js"></script>'
        '<script src="_static/film.js"></script>'
    )
    for name, body, kept in [
        ("a", "", ["film"]),
        ("b", r'<span class="math">\(x\)</span>', ["katex.min.css", "film"]),
        ("search", "", ["searchindex", "searchtools", "film"]),
    ]:
        page = tmp_path / f"{name}.html"
        page.write_text(head + body)
        light = light_pages.light_page(page, tmp_path, set())
        found = re.findall(
            r"searchindex|searchtools|katex.min.css|auto-?render|film|fontawesome", light
        )
        assert set(found) == set(kept)


def test_formulas_are_set_as_they_stand_in_the_page():
    page = (
        r'<p class="math">\(no\)</p><span class="math">\(a &lt; b\)</span>'
        '<div class="math" id="f">\n\\[\\begin{aligned}x\\end{aligned}\\]</div>'
    )
    light = formulas.with_formulas(page)
    assert light.startswith(r'<p class="math">\(no\)</p><span class="math"><span class="katex">')
    assert "<mo>&lt;</mo>" in light
    assert '<div class="math" id="f"><span class="katex-display">' in light
    assert light.endswith("</div>")


def test_a_wrong_formula_stops_the_build():
    with pytest.raises(ValueError, match=r"KaTeX cannot read 'x_'"):
        formulas.typeset("x_", display=False)


def test_scripts_for_which_a_page_would_wait_stand_at_its_end_in_their_order():
    page = """<head><script data-cfasync="false">theme()</script>
<link rel="preload" as="script" href="b.js" />
<script src="a.js"></script><script>a.set();</script>
<script defer="defer" src="play.js"></script></head><body><p>text</p></body>"""
    assert light_pages.with_scripts_last(page) == (
        '<head><script data-cfasync="false">theme()</script>\n'
        '<script defer="defer" src="play.js"></script></head><body><p>text</p>\n'
        '<script src="a.js"></script><script>a.set();</script>\n</body>'
    )


def test_a_drawings_size_is_known(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="x" viewBox="0 0 240.4 64">')
    light = light_pages.with_light_pictures('<img alt="A" src="a.svg">', tmp_path)
    assert light == '<img width="240" height="64" alt="A" src="a.svg">'


def test_words_of_code_are_elements_only_if_they_have_a_colour_of_their_own_in_some_theme():
    sheet = """
html[data-theme="light"] .highlight { background: #fff; color: #111 }
html[data-theme="light"] .highlight .n { color: #111 } /* Name */
html[data-theme="light"] .highlight .p { color: #111 } /* Punctuation */
html[data-theme="light"] .highlight .k { color: #f00 } /* Keyword */
html[data-theme="light"] .highlight .gs { font-weight: bold } /* Strong */
html[data-theme="dark"] .highlight { background: #000; color: #eee }
html[data-theme="dark"] .highlight .n { color: #eee } /* Name */
html[data-theme="dark"] .highlight .p { color: #aaa } /* Punctuation */
html[data-theme="dark"] .highlight .k { color: #eee } /* Keyword */
"""
    plain = light_pages.colourless(sheet)
    assert plain == {"n"}
    code = (
        '<span class="k">if</span> <span class="n">a</span><span class="p">[</span>'
        '<a href="#b"><span class="n">b</span></a><span class="p">]</span>'
    )
    lighter = code.replace('<span class="n">a</span>', "a").replace('<span class="n">b</span>', "b")
    page = '<span class="n">N</span><div class="highlight"><pre>{}</pre></div>'
    assert light_pages.with_plain_code(page.format(code), plain) == page.format(lighter)
