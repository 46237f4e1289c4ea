"""Sphinx extension: the finished pages load what they use, and nothing else.

The theme's pages load every icon twice, a search index and formulas that they do not show; films
and pictures are large. Here each page is gone over once after it was written:

- icons come from a font that holds only those in use, inside the style sheet;
- formulas are set here, so that no page loads KaTeX, and only pages with formulas its style sheet;
- the search index is loaded by the page that searches;
- words of code that have no colour of their own lose their elements, up to a quarter of a page's;
- one style sheet holds the rules that the book uses, and scripts are loaded behind the text;
- a film stands outside its page and is loaded when the reader asks for it;
- pictures are stored as WebP, and their size is known before they arrive.
"""

import base64
import hashlib
import io
import math
import re
from concurrent.futures import ThreadPoolExecutor
from os.path import relpath
from pathlib import Path
from urllib.parse import unquote

from fontTools import subset
from formulas import with_formulas
from PIL import Image
from sheets import Sheets, named
from sphinx.application import Sphinx

ICON = re.compile(r"fa-[a-z0-9-]+")
ICON_FONT = re.compile(r"url\(\.\./vendor/fontawesome/(webfonts/[\w-]+)\.woff2\)[^;}]*")
ICON_SCRIPT = re.compile(r"\s*<script[^>]*/fontawesome\.js[^>]*></script>")
SEARCH = re.compile(
    r'\s*<script[^>]*[/"](?:searchtools|language_data|searchindex)\.js[^>]*></script>'
)
KATEX_SCRIPT = re.compile(r"\s*<script[^>]*/(?:katex[\w.]*|auto-render\.min)\.js[^>]*></script>")
HEAD_SCRIPT = re.compile(
    r"\s*<script(?![^>]*\b(?:async|data-cfasync|defer)\b)[^>]*>.*?</script>", re.DOTALL
)
PRELOAD = re.compile(r'\s*<link rel="preload" as="script"[^>]*>')
KATEX_STYLE = re.compile(r"\s*<link[^>]*/katex[\w.-]*\.css[^>]*>")
PICTURE = re.compile(r'<img\b(?![^>]*\bwidth=)[^>]*\bsrc="(?P<address>[^":]+)"[^>]*>')
PNG = re.compile(r'"([^":]*_images/[^":]+\.png)"')
MOVING = re.compile(
    r'(?:<a [^>]*>)?(?P<image><img [^>]*src="(?P<address>[^":]+\.gif)"[^>]*>)(?:</a>)?'
)
FRAME = re.compile(r'"data:image/png;base64,([^"]+)"')
FILM = re.compile(
    r'<script language="javascript">(?P<player>(?:(?!</script>).)*function Animation.*?)</script>'
    r'(?P<between>.*?)(?P<image><img [^>]*)(?P<controls>>\s*<div class="anim-controls")'
    r'(?P<rest>.*?)<script language="javascript">(?P<frames>.*?)</script>',
    re.DOTALL,
)
CODE = re.compile(r'(?<=<div class="highlight"><pre>).*?(?=</pre>)', re.DOTALL)
WORD_OF_CODE = re.compile(r'<span class="(\w+)">([^<]*)</span>')
COLOUR = re.compile(r"(html\[[^]]+\]) \.highlight (?:\.(\w+) )?{(?:[^}]*;)? color: (#\w+) }")
SMALL = 4_000  # bytes of a picture that stays as it is
BITS = 1.2  # a pixel; a picture that needs more without losses is like a photograph


def icon_font(font: Path, codes: set[int]) -> str:
    """Return the address, as data, of a font that holds the given characters only."""
    options = subset.Options()
    options.flavor = "woff"
    small = subset.load_font(font, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(small)
    file = io.BytesIO()
    subset.save_font(small, file, options)
    return f"data:font/woff;base64,{base64.b64encode(file.getvalue()).decode()}"


def lighten_icons(static: Path, used: set[str]) -> None:
    """Put the icons of the given classes, and those of the theme's rules, into its style sheet."""
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    rules = sheet.read_text(encoding="utf8")
    codes = {int(code, 16) for code in re.findall(r'--[\w-]+:\s*"\\(f[0-9a-f]{3})"', rules)}
    for names, code in re.findall(r'([^{}]+){content:"\\([0-9a-f]{4})"}', rules):
        if used & set(ICON.findall(names)):
            codes.add(int(code, 16))
    fonts = static / "vendor" / "fontawesome"
    sheet.write_text(
        ICON_FONT.sub(
            lambda found: f'url({icon_font(fonts / f"{found[1]}.ttf", codes)}) format("woff")',
            rules,
        ),
        encoding="utf8",
    )


def as_webp(png: bytes) -> bytes:
    """Return a picture as WebP without losses."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).save(file, "WEBP", lossless=True, method=1, quality=50)
    return file.getvalue()


def lighten_picture(png: Path) -> Path:
    """Write a picture as WebP if that is smaller; return the file that pages should show."""
    if png.stat().st_size <= SMALL:
        return png
    picture, small = Image.open(png), as_webp(png.read_bytes())
    if 8 * len(small) > BITS * picture.width * picture.height:
        file = io.BytesIO()
        picture.convert("RGB").save(file, "WEBP", quality=80, method=4)
        small = min(small, file.getvalue(), key=len)
    if len(small) >= png.stat().st_size:
        return png
    webp = png.with_suffix(".webp")
    webp.write_bytes(small)
    png.unlink()
    return webp


def button(address: str, size: int) -> str:
    """Return a button with which a reader asks for a film; `film.js` answers it."""
    label = f"Play the film ({math.ceil(size / 1000)} kB)"
    return f'<button type="button" class="film-button" data-film="{address}">{label}</button>'


def without_films(page: str, here: Path, films: Path) -> str:
    """Move a page's films into files; their last pictures stay, with a button for each film."""

    def move(film: re.Match) -> str:
        frames = [as_webp(base64.b64decode(frame)) for frame in FRAME.findall(film["frames"])]
        data = iter(f'"data:image/webp;base64,{base64.b64encode(f).decode()}"' for f in frames)
        program = film["player"] + ";\n" + FRAME.sub(lambda frame: next(data), film["frames"])
        name = hashlib.sha256(program.encode()).hexdigest()[:16]
        films.mkdir(exist_ok=True)
        (films / f"{name}.js").write_text(program, encoding="utf8")
        (films / f"{name}.webp").write_bytes(frames[-1])
        address = relpath(films / name, here)
        return (
            f'{film["between"]}{film["image"]} src="{address}.webp"'
            f"{film['controls'].replace('<div', '<div hidden')}{film['rest']}"
            f"{button(f'{address}.js', len(program))}"
        )

    return FILM.sub(move, page)


def with_scripts_last(page: str) -> str:
    """Move scripts for which the page would wait from its head to its end, in their order."""
    head, end, body = page.partition("</head>")
    before, close, after = body.rpartition("</body>")
    scripts = "".join(HEAD_SCRIPT.findall(head))
    head = PRELOAD.sub("", HEAD_SCRIPT.sub("", head))
    return f"{head}{end}{before}{scripts}\n{close}{after}"


def colourless(sheet: str) -> set[str]:
    """Return the classes of words that have the colour of the code around them in each theme."""
    colours: dict[str, dict[str, str]] = {}  # by theme, then by class; the code's own under ""
    for theme, name, colour in COLOUR.findall(sheet):
        colours.setdefault(theme, {})[name] = colour
    alike = [{n for n, colour in of.items() if n and colour == of[""]} for of in colours.values()]
    return set.intersection(*alike)


def with_plain_code(page: str, plain: set[str]) -> str:
    """Take words of the given classes out of their elements."""

    def unwrap(word: re.Match) -> str:
        return word[2] if word[1] in plain else word[0]

    return CODE.sub(lambda code: WORD_OF_CODE.sub(unwrap, code[0]), page)


def svg_size(file: Path) -> tuple[int, int]:
    """Return width and height of a drawing."""
    box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', file.read_text(encoding="utf8"))
    return round(float(box[1])), round(float(box[2]))


def with_light_pictures(page: str, here: Path) -> str:
    """Show a page's pictures as `lighten_picture` left them, and say how large they are."""

    def known(tag: re.Match) -> str:
        file = here / unquote(tag["address"])
        if file.suffix not in {".png", ".svg", ".webp"}:
            return tag[0]
        width, height = svg_size(file) if file.suffix == ".svg" else Image.open(file).size
        return f'<img width="{width}" height="{height}"{tag[0][4:]}'

    def moving(tag: re.Match) -> str:
        gif = here / tag["address"]
        still = Image.open(gif)
        still.seek(still.n_frames - 1)
        still.convert("RGB").save(gif.with_suffix(".webp"), lossless=True)
        image = tag["image"].replace(".gif", ".webp")
        return f"{image}<br>{button(tag['address'], gif.stat().st_size)}"

    def smaller(address: re.Match) -> str:
        webp = address[1].removesuffix("png") + "webp"
        return f'"{webp}"' if (here / unquote(webp)).exists() else address[0]

    page = PNG.sub(smaller, page)
    return PICTURE.sub(known, MOVING.sub(moving, page))


def light_page(file: Path, html: Path, plain: set[str]) -> str:
    """Return one page: what it does not use is gone, what is large waits."""
    page = ICON_SCRIPT.sub("", file.read_text(encoding="utf8"))
    if file.name != "search.html":
        page = SEARCH.sub("", page)
    page = with_formulas(KATEX_SCRIPT.sub("", page))
    if 'class="katex' not in page:
        page = KATEX_STYLE.sub("", page)
    page = with_scripts_last(with_plain_code(page, plain))
    page = without_films(page, file.parent, html / "_static" / "films")
    return with_light_pictures(page, file.parent)


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Go over what was written, once all of it stands."""
    if exception or app.builder.name != "html":
        return
    html = Path(app.outdir)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lighten_picture, (html / "_images").glob("*.png")))
    files = [file for file in html.rglob("*.html") if "_static" not in file.parts]
    plain = colourless((html / "_static" / "pygments.css").read_text(encoding="utf8"))
    pages = {file: light_page(file, html, plain) for file in files}
    lighten_icons(html / "_static", set().union(*map(ICON.findall, pages.values())))
    scripts = (file.read_text(encoding="utf8") for file in (html / "_static").rglob("*.js"))
    sheets = Sheets(html, named(pages.values(), scripts))
    for file, page in pages.items():
        file.write_text(sheets.of(page, file.parent), encoding="utf8")


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, behind whatever else works on the finished pages."""
    app.connect("build-finished", lighten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
