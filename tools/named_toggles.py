"""Sphinx extension: the buttons that fold the side bar have names that can be read aloud."""

from docutils.nodes import document
from sphinx.application import Sphinx

NAMED = '<summary aria-label="Pages of this section">'


def name_the_toggles(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: document | None
) -> None:
    """Wrap the function with which the theme's templates make the list."""
    make = context.get("generate_toctree_html")
    if make:
        context["generate_toctree_html"] = lambda *arguments, **settings: str(
            make(*arguments, **settings)
        ).replace("<summary>", NAMED)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, behind the theme, which makes the function at 500."""
    app.connect("html-page-context", name_the_toggles, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
