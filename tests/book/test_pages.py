"""The built pages, as files and in a headless browser at desktop and phone width.

`make book` writes them; `make test` runs this file after it.
"""

import functools
import gzip
import html
import itertools
import os
import re
import threading
from copy import copy
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import api_pages
import chromium
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from execute import ROOT, notebooks
from playwright.sync_api import sync_playwright
from sphinx.util.inventory import InventoryFile

HTML = ROOT / "_build" / "html"
SCREENSHOTS = ROOT / "_build" / "screenshots"
WIDTHS = {"phone": 390, "desktop": 1280}  # in this order: a page is judged as a desktop shows it
PAGES = sorted(
    page.relative_to(HTML).as_posix()
    for page in HTML.rglob("*.html")
    if not page.relative_to(HTML).parts[0].startswith(("_", "slides"))
)
MADE = {"genindex.html", "py-modindex.html", "search.html"}
NAMES = [page for page in PAGES if page.startswith("appendix/api/") and page.count("/") > 2]
READ = [page for page in PAGES if page not in {*MADE, *NAMES}]
# The pages of single names come from one template: the longest one of each module stands for all.
SHOWN = [
    *[page for page in PAGES if page not in NAMES],
    *[
        max(pages, key=lambda page: (HTML / page).stat().st_size)
        for _, pages in itertools.groupby(NAMES, key=os.path.dirname)
    ],
]

pytestmark = pytest.mark.skipif(not PAGES, reason="no built pages: run `make book` first")
in_browser = pytest.mark.skipif(not chromium.PATH, reason=chromium.MISSING)


@functools.cache
def parsed(page: str) -> BeautifulSoup:
    """A built page as a tree."""
    return BeautifulSoup((HTML / page).read_text(encoding="utf8"), "html.parser")


@functools.cache
def attributes(page: str, tag: str, name: str) -> set[str]:
    """Values of an attribute in a built page; unlike a tree, quick enough for hundreds of pages."""
    text = (HTML / page).read_text(encoding="utf8")
    return set(map(html.unescape, re.findall(rf"<{tag}\b[^>]*?\s{name}=[\"']([^\"']*)", text)))


# ---------------------------------------------------------------- as files


def test_every_notebook_and_the_landing_page_are_built():
    pages = {
        path.relative_to(ROOT / "book").with_suffix(".html").as_posix() for path in notebooks()
    }
    assert pages | {"index.html"} <= set(PAGES)


def weight(page: str) -> int:
    """Bytes that a reader's browser loads for a page, text compressed as web servers do."""
    total = 0
    files = {"link": "href", "script": "src", "img": "src"}
    for address in {a for tag, name in files.items() for a in attributes(page, tag, name)} | {page}:
        file = HTML / page if address == page else (HTML / page).parent / urlsplit(address).path
        if urlsplit(address).scheme or not file.is_file() or file.suffix in {".html", ".gif"}:
            total += len(gzip.compress(file.read_bytes())) if address == page else 0
            continue
        content = file.read_bytes()
        total += len(gzip.compress(content)) if file.suffix in {".css", ".js"} else len(content)
    return total


@pytest.fixture(scope="module", params=READ)
def read(request) -> str:
    """A page that is read; its tests follow one another, so that it is parsed once."""
    return request.param


def test_a_chapter_says_how_long_it_takes(read):
    said = [tag.get_text() for tag in parsed(read).select("h1 + .reading-time")]
    chapter = (ROOT / "book" / read).with_suffix(".ipynb").exists()
    assert len(said) == (chapter and not read.startswith("appendix/"))
    times = r"About \d+ minutes? to read, \d+ seconds? to run\."
    assert all(re.fullmatch(times, words) for words in said), said


def test_a_page_is_light(read):
    """Films wait until they are asked for; of KaTeX's fonts pages load about 80 kB."""
    fonts = 80_000 if parsed(read).select_one(".math") else 0
    assert weight(read) + fonts <= 600_000
    assert "data:image" not in (HTML / read).read_text(encoding="utf8")


def test_no_page_shows_what_a_drawing_function_returned(read):
    """A cell that ends with such a call needs a semicolon."""
    outputs = [output.get_text().strip() for output in parsed(read).select(".cell_output")]
    assert not [text for text in outputs if re.match(r"(\[?<matplotlib|\[?<Axes|Text\()", text)]


def test_no_page_shows_the_source_of_a_formula(read):
    article = copy(parsed(read).select_one("article"))
    for code in article.select("pre, code, script, style, .math"):
        code.decompose()
    assert not re.search(r"\$[^$\s\d][^$]*\$|\\[a-zA-Z]+[{^_(]|\{[a-z:]+\}`", article.get_text())


@pytest.mark.parametrize("page", PAGES)
def test_internal_links_and_anchors_lead_somewhere(page):
    links = attributes(page, "a", "href")
    assert links
    for address in links:
        link = urlsplit(address)
        if link.scheme or link.netloc:
            continue
        target = (HTML / page).parent / unquote(link.path) if link.path else HTML / page
        assert target.exists(), address
        if link.fragment and target.suffix == ".html":
            name = target.resolve().relative_to(HTML.resolve()).as_posix()
            assert unquote(link.fragment) in attributes(name, r"\w+", "id"), address


def test_every_public_name_has_a_page_and_stands_in_its_modules_table():
    with (HTML / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda _, path: path)
    objects = {name: place[2] for kind in inventory.values() for name, place in kind.items()}
    for module in (name for names in api_pages.MODULES.values() for name in names):
        page = f"appendix/api/{module}.html"
        assert objects[module] == f"{page}#module-{module}"
        table = {tag["href"] for tag in parsed(page).select("table.autosummary a[href]")}
        names = {file.stem for file in (HTML / "appendix/api" / module).glob("*.html")}
        assert names and table == {f"{module}/{name}.html#{module}.{name}" for name in names}


# ---------------------------------------------------------------- in a browser


class QuietHandler(SimpleHTTPRequestHandler):
    """A file server that does not log each request."""

    def log_message(self, *arguments):
        return


@pytest.fixture(scope="module")
def address():
    """Serve the pages on this machine."""
    handler = functools.partial(QuietHandler, directory=HTML)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    """Chromium that finds no other machine."""
    offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, offline)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser, address):
    """A window whose tabs share what they loaded: scripts, styles, fonts."""
    with browser.new_context(base_url=address) as window:
        window.add_init_script(  # what moves after a change of width would be measured half way
            """const still = new CSSStyleSheet();
            still.replaceSync("* { transition: none !important }");
            document.adoptedStyleSheets.push(still);"""
        )
        yield window


@pytest.fixture
def tab(window, address):
    """A tab that at the end must have nothing to complain about."""
    tab = window.new_page()
    complaints = []

    def note(request):
        if not request.url.startswith((address, "data:", "blob:")):
            complaints.append(f"asks for {request.url}")

    tab.on("request", note)
    tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("response", lambda r: complaints.append(r.url) if r.status >= 400 else None)
    yield tab
    tab.close()
    assert complaints == []


def typeset(tab) -> dict:
    """Wait for formulas and pictures; return how many there are and how many were drawn."""
    return tab.evaluate(
        """async () => {
          const count = selector => document.querySelectorAll(selector).length;
          if (document.readyState !== "complete")
            await new Promise(done => addEventListener("load", done));
          await document.fonts.ready;
          const pictures = [...document.querySelectorAll("main img")]
            .filter(picture => picture.checkVisibility());
          await Promise.all(pictures.map(picture => picture.decode()));
          return {
            formulas: count("main .math"), drawn: count("main .math .katex"),
            wrong: count(".katex-error"),
            empty: pictures.filter(picture => !picture.naturalWidth).length,
          };
        }"""
    )


def overflowing(tab) -> list[str]:
    """Elements that make the page scroll sideways, instead of scrolling in a box of their own."""
    return tab.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          const boxed = e => e && e !== document.body
            && (getComputedStyle(e).overflowX !== "visible" || boxed(e.parentElement));
          return document.documentElement.scrollWidth <= width ? [] :
            [...document.querySelectorAll("article *")]
              .filter(e => e.getBoundingClientRect().right > width + 1 && !boxed(e.parentElement))
              .map(e => e.outerHTML.slice(0, 120)).concat("the page scrolls sideways");
        }"""
    )


def check_pictures_are_described(tab):
    pictures = tab.eval_on_selector_all(
        "article img", "all => all.map(i => [i.alt, i.role, i.outerHTML.slice(0, 200)])"
    )
    for text, role, tag in pictures:
        assert len(text.split()) >= 3 or role == "presentation", tag
        assert not text.startswith(("_images", "..")), tag


def check_outputs_show_content(tab):
    """No output may show an object instead of what is in it, or a progress bar that stays."""
    outputs = tab.eval_on_selector_all(
        ".cell_output",
        """all => all.map(output => {
          const copy = output.cloneNode(true);
          copy.querySelectorAll("script, style").forEach(code => code.remove());
          return copy.textContent;
        })""",
    )
    for text in outputs:
        assert not re.search(r"<(?:[\w.]+ object|Figure size)|\w+Box\(children=|\d%\|", text), text


def barriers(tab) -> list[str]:
    """What axe-core calls serious or critical: names that are missing, contrast, order, …

    Hundreds of formulas and thousands of words of code look alike: the first of each kind in each
    kind of place stands for all, which halves the time. The others are gone afterwards, but not
    where a wide formula makes a box scroll. Of single letters axe-core does not judge the contrast,
    so that they do not stand for longer words.
    """
    tab.evaluate(
        """() => {
          const seen = new Set();
          for (const part of document.querySelectorAll(".katex, .highlight span[class]")) {
            if (part.closest(".katex-display, table")) continue;
            const place = part.closest("a, summary, .admonition, .cell_output, .cell_input");
            const leaves = [part, ...part.querySelectorAll(".katex-html *")]
              .filter(element => !element.children.length);
            const judged = part.checkVisibility() && leaves.some(e => e.textContent.length > 1);
            const kind = [part.className, judged, place?.tagName, place?.className].join();
            const formula = part.matches(".katex");
            if (seen.has(kind)) part.replaceWith(formula ? "" : part.textContent);
            seen.add(kind);
          }
        }"""
    )
    found = (
        Axe()
        .run(tab, options={"resultTypes": ["violations"], "preload": False})
        .response["violations"]
    )
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:120]}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
    ]


@in_browser
@pytest.mark.parametrize("page", SHOWN)
def test_a_page_fits_and_is_quiet_and_shows_what_it_should(tab, page, pytestconfig):
    """One load, both widths; a screenshot of what does not fit, or of all with --screenshots."""
    tab.set_viewport_size({"width": WIDTHS["desktop"], "height": 900})
    tab.goto(f"/{page}", wait_until="load")
    if page in READ:
        check_pictures_are_described(tab)
        check_outputs_show_content(tab)
    seen = typeset(tab)
    assert seen["drawn"] >= seen["formulas"]
    assert seen["wrong"] == seen["empty"] == 0
    wide = {}
    for name, width in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": 900})
        wide[name] = overflowing(tab)
        if wide[name] or pytestconfig.option.screenshots:
            file = Path(page).with_suffix("").as_posix().replace("/", "-")
            tab.screenshot(path=SCREENSHOTS / f"{file}-{name}.png", full_page=True)
    assert wide == {name: [] for name in WIDTHS}
    if page in READ:
        assert barriers(tab) == []


@in_browser
def test_dark_mode_can_be_chosen(tab):
    tab.goto("/index.html")
    background = "() => getComputedStyle(document.body).backgroundColor"
    seen = {}
    for _ in range(3):
        seen[tab.evaluate("document.documentElement.dataset.theme")] = tab.evaluate(background)
        tab.locator("button.theme-switch-button:visible").first.click()
    assert set(seen) == {"light", "dark"}
    assert seen["light"] != seen["dark"]


@in_browser
@pytest.mark.parametrize("page", ["index.html", "start/laboratory.html", "theory/the-game.html"])
def test_dark_pages_have_no_barriers(browser, address, page):
    with browser.new_context(base_url=address, color_scheme="dark") as window:
        tab = window.new_page()
        tab.goto(f"/{page}")
        typeset(tab)
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        assert barriers(tab) == []


@in_browser
def test_a_film_comes_when_it_is_asked_for(tab):
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto("/theory/the-game.html", wait_until="load")
    assert not any("/films/" in address and address.endswith(".js") for address in asked)
    picture = tab.locator(".animation img").first
    still = picture.get_attribute("src")
    assert not tab.get_by_role("button", name="Next frame").is_visible()
    tab.get_by_role("button", name="Play the film").click()
    tab.get_by_role("button", name="Pause").click()
    tab.get_by_role("button", name="Last frame").click()
    assert picture.get_attribute("src") != still
    assert any("/films/" in address for address in asked)

    tab.goto("/index.html")
    tab.get_by_role("button", name="Play the film").click()
    assert tab.locator("figure img").first.get_attribute("src").endswith("digits.gif")


@in_browser
def test_an_address_chooses_the_state_of_the_laboratory(tab):
    tab.goto("/start/laboratory.html#cured-by-r1")
    tab.wait_for_function("document.querySelector('.play')?.panel?.settings.r1 === 0.1")
    assert tab.get_by_label("State").input_value() == "cured-by-r1"
    tab.locator("#collapse").get_by_role("button", name="Load this state").click()
    assert tab.get_by_label("State").input_value() == "collapse"
    assert tab.evaluate("document.querySelector('.play').panel.settings.r1") == 0


@in_browser
def test_an_address_chooses_the_state_of_the_dirac_gan(tab):
    tab.goto("/start/laboratory.html#it-comes-to-rest")
    tab.wait_for_function("document.querySelector('[data-play=dirac]').panel?.settings.gamma === 1")
    tab.locator("#it-leaves").get_by_role("button", name="Load this state").click()
    updates = tab.locator("[data-play=dirac]").get_by_label("Updates")
    assert updates.input_value() == "together"


@in_browser
def test_a_chapter_opens_the_laboratory_in_its_place(tab):
    tab.goto("/evaluation/mode-collapse.html")
    assert not tab.evaluate("'GanTutorPlay' in window")  # nothing is loaded that nobody asked for
    tab.get_by_role("button", name="Play here").click()
    tab.get_by_role("button", name="One step of G").click()
    assert tab.get_by_label("State").input_value() == "collapse"
    assert tab.locator(".play-status").inner_text().startswith("Step 1.")
    assert barriers(tab) == []


@in_browser
def test_the_laboratory_plays_from_the_disk_and_on_a_phone(browser):
    with browser.new_context(viewport={"width": 390, "height": 800}) as window:
        tab = window.new_page()
        tab.goto((HTML / "start" / "laboratory.html").as_uri())
        tab.get_by_role("button", name="2,000 steps").click()
        tab.wait_for_function("document.querySelector('.play').panel.game.steps >= 100")
        assert overflowing(tab) == []


@in_browser
@pytest.mark.parametrize("page", ["index.html", "start/laboratory.html"])
def test_who_goes_by_keyboard_sees_where(tab, page):
    tab.goto(f"/{page}")
    place = """() => {
      const { activeElement: at } = document;
      const ringed = (style) => style.outlineStyle !== "none" && style.outlineWidth !== "0px";
      const after = getComputedStyle(at, "::after"); // of a card, which cuts off what is outside
      const marked = [at, ...at.children].map((part) => getComputedStyle(part))
        .some((style) => ringed(style) || style.boxShadow !== "none");
      const inside = ringed(after) && parseFloat(after.outlineOffset) < 0;
      return [at.tagName, at.innerText, marked || inside];
    }"""
    stops = []
    while not stops or (stops[-1][0] != "BODY" and len(stops) < 500):
        tab.keyboard.press("Tab")
        stops.append(tab.evaluate(place))
    assert 50 < len(stops) < 500, "the keys go through the page once"
    assert [stop for stop in stops[:-1] if not stop[2]] == []


@in_browser
def test_search_finds_the_discriminator(tab):
    tab.goto("/search.html?q=discriminator")
    tab.get_by_text("Search finished").wait_for()
    found = tab.locator("#search-results").inner_text()
    assert "Glossary" in found and "in five minutes" in found


@in_browser
def test_a_chapter_leads_to_colab_binder_and_its_source(tab):
    tab.goto("/start/five-minutes.html")
    links = tab.eval_on_selector_all("a[href]", "tags => tags.map(tag => tag.href)")
    slug = "gan-tutor/gan-tutor"
    path = "main/book/start/five-minutes.ipynb"
    edition = "colab/start/five-minutes.ipynb"
    assert f"https://colab.research.google.com/github/{slug}/blob/{edition}" in links
    assert f"https://github.com/{slug}/edit/{path}" in links
    assert any(link.startswith(f"https://mybinder.org/v2/gh/{slug}/main") for link in links)


@in_browser
def test_the_book_opens_from_the_disk(browser):
    tab = browser.new_page()
    tab.goto((HTML / "index.html").as_uri())
    tab.locator(".bd-sidebar-primary a", has_text="Glossary").first.click()
    assert tab.locator("article h1").inner_text().startswith("Glossary")
    tab.close()
