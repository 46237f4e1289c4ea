"""Sphinx extension: the directive `{chapters}` shows a card with a picture for each chapter.

The pictures lie in `_static/cards`, each with its description inside. After a change of a chapter's
figures draw them anew from the last run: `.venv/bin/python tools/cards.py`.
"""

import base64
import io
import re
from pathlib import Path

import nbformat
import yaml
from execute import ROOT, cached_outputs
from PIL import Image, PngImagePlugin
from reading_time import minutes_to_read
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

BOOK = ROOT / "book"
PICTURES = BOOK / "_static" / "cards"
SIZE = (240, 146)
# Pages without figures of their own, with a picture among the static files.
STILLS = {
    "start/laboratory": ("play/cured-by-r1.png", "Eight groups of points, each with generated ones")
}
# Which of a chapter's figures, where it is not the first.
FIGURE = {
    "theory/building-blocks": 2,
    "applications/one-step": 3,
    "practice/watching-a-run": 3,
}


def parts() -> dict[str, list[str]]:
    """The chapters of each part but the appendix, as `part/name`, by the part's caption."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return {
        part["caption"]: [
            chapter["file"] for chapter in part["chapters"] if not chapter["file"].endswith("index")
        ]
        for part in toc["parts"]
        if part["caption"] != "Appendix"
    }


def source(name: str) -> Path:
    """The file of a chapter."""
    notebook = BOOK / f"{name}.ipynb"
    return notebook if notebook.exists() else BOOK / f"{name}.md"


def picture(name: str) -> Path:
    """The file of a chapter's picture."""
    return PICTURES / f"{name.replace('/', '-')}.png"


class Chapters(SphinxDirective):
    """Cards of all chapters, part by part."""

    def run(self):
        """Write the cards in Markdown and let the page's own parser read them."""
        text = []
        for caption, names in parts().items():
            folder = names[0].split("/")[0]
            text += [
                f"**[{caption}]({folder}/index.md)**",
                "",
                "::::{grid} 2 2 3 4",
                ":gutter: 2",
                "",
            ]
            for name in names:
                text += card(name)
            text += ["::::", ""]
        return self.parse_text_to_nodes("\n".join(text))


def card(name: str) -> list[str]:
    """The lines of one card."""
    path = source(name)
    lines = [":::{grid-item-card}", f":link: {name}", ":link-type: doc"]
    if picture(name).exists():
        with Image.open(picture(name)) as image:
            description = image.text["Description"]
        lines += [f":img-top: _static/cards/{picture(name).name}", f":img-alt: {description}"]
    if path.suffix == ".md":
        title = re.search(r"^# (.*)", path.read_text(), re.MULTILINE)[1]
        return [*lines, title, ":::", ""]
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    return [*lines, f"{title} ({minutes_to_read(notebook)} min)", ":::", ""]


def figures(notebook) -> list[tuple[str, str]]:
    """The PNG pictures of an executed notebook, in base64, with what they show."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get("image/png")
            if data:
                first = cell.source.splitlines()[0].removeprefix("# Plot: ")
                alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", first)
                found.append((data, alt))
    return found


def draw(data: bytes, description: str, path: Path) -> None:
    """Write a picture on white paper of the size of all cards."""
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    image.thumbnail(SIZE, Image.Resampling.LANCZOS)
    paper = Image.new("RGBA", SIZE, "white")
    place = ((SIZE[0] - image.width) // 2, (SIZE[1] - image.height) // 2)
    paper.alpha_composite(image, place)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("Description", description)
    paper.convert("RGB").quantize(32).save(path, optimize=True, pnginfo=text)


def main() -> None:
    """Draw a picture of each chapter that was run and shows one."""
    PICTURES.mkdir(exist_ok=True)
    for names in parts().values():
        for name in names:
            path = source(name)
            if name in STILLS:
                file, alt = STILLS[name]
                draw((BOOK / "_static" / file).read_bytes(), alt, picture(name))
                continue
            executed = path.suffix == ".ipynb" and cached_outputs(nbformat.read(path, as_version=4))
            shown = figures(executed) if executed else []
            if shown:
                data, alt = shown[FIGURE.get(name, 1) - 1]
                draw(base64.b64decode(data), alt, picture(name))
                print(name, picture(name).stat().st_size, alt)
            else:
                print(name, "has no figure")


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_directive("chapters", Chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    main()
