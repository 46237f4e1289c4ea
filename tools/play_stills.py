"""Draw the still pictures of the laboratory that chapters show where nothing can play.

Run it after a change of `book/_static/play`: `.venv/bin/python tools/play_stills.py`.
"""

import base64
import io
import re
from pathlib import Path

import chromium
from PIL import Image
from playwright.sync_api import Page, sync_playwright

PLAY = Path(__file__).parents[1] / "book" / "_static" / "play"
LABORATORY = """
(state) => {
  const laboratory = new GanTutorPlay.Laboratory(document.querySelector(".play"), state);
  for (let i = 0; i < 2000; i++) laboratory.advance();
  laboratory.picture();
  return laboratory.plane.toDataURL();
}
"""
DIRAC = """
() => {
  const dirac = new GanTutorPlay.Dirac(document.querySelector(".play"));
  for (let i = 0; i < 150; i++) dirac.advance();
  dirac.picture();
  return dirac.plane.toDataURL();
}
"""

DIGITS = """
() => {
  const digits = new GanTutorPlay.Digits(document.querySelector(".play"));
  const images = Array.from({ length: 40 }, (_, i) => digits.generator.draw(
    digits.random.normals(64), Array.from({ length: 10 }, (_, k) => Number(k === i % 10))));
  return digits.paint(images, 10).toDataURL();
}
"""


def scripts() -> list[str]:
    """Return the names of all scripts that play, in the order in which `start.js` loads them."""
    start = (PLAY / "start.js").read_text(encoding="utf8")
    files = re.search(r"const FILES = \{(.*?)\};", start, re.DOTALL)
    assert files, "start.js has no list of the files that it loads"
    return list(dict.fromkeys(re.findall(r'"([\w-]+)"', files[1])))


def save(name: str, address: str) -> None:
    """Write a canvas as a small picture."""
    image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    paper.convert("RGB").quantize(64).save(PLAY / f"{name}.png", optimize=True)


def draw(page: Page) -> None:
    """Draw each state that a chapter shows."""
    page.set_content("<!doctype html><title>play</title><div class=play></div>")
    page.add_style_tag(path=PLAY / "play.css")
    for name in scripts():
        page.add_script_tag(path=PLAY / f"{name}.js")
    for state in page.evaluate("Object.keys(GanTutorPlay.STATES)"):
        save(state, page.evaluate(LABORATORY, state))
    save("the-dirac-gan", page.evaluate(DIRAC))
    save("the-digit-generator", page.evaluate(DIGITS))


if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        draw(browser.new_page(device_scale_factor=2))
