"""Sphinx extension: the buttons that fold the side bar have names that can be read aloud."""

import re

from docutils.nodes import document
from sphinx.application import Sphinx

TOGGLE = re.compile(r"(<a [^>]*>([^<]+)</a>\s*<details[^>]*>)<summary>")


def name_the_toggles(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: document | None
) -> None:
    """Wrap the function with which the theme's templates make the list."""
    make = context.get("generate_toctree_html")
    if make:
        context["generate_toctree_html"] = lambda *arguments, **settings: TOGGLE.sub(
            r'\1<summary aria-label="Pages of \2">', str(make(*arguments, **settings))
        )


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, behind the theme, which makes the function at 500."""
    app.connect("html-page-context", name_the_toggles, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
