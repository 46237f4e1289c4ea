"""Sphinx extension: the Colab button of a page opens the chapter's Colab edition.

The theme would lead it to the chapter's source, which shows roles and directives there.
"""

from colab import colab_url
from docutils.nodes import document
from sphinx.application import Sphinx


def point_to_edition(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: document | None
) -> None:
    """Change the address of the button that the theme has made."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = colab_url(pagename)


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, behind the theme, which makes its buttons at 501."""
    app.connect("html-page-context", point_to_edition, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
