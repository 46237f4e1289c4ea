"""Sphinx extension: two barriers of the theme's pages for readers with a screen reader are gone.

The buttons that fold the side bar's list get names, and the entries of the list of references the
role that a list's parts have.
"""

import re

from docutils.nodes import document
from sphinx.application import Sphinx

TOGGLE = re.compile(r"(<a [^>]*>([^<]+)</a>\s*<details[^>]*>)<summary>")


def remove_barriers(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: document | None
) -> None:
    """Wrap the function with which the theme's templates make the list; mend the page's body."""
    make = context.get("generate_toctree_html")
    if make:
        context["generate_toctree_html"] = lambda *arguments, **settings: TOGGLE.sub(
            r'\1<summary aria-label="Pages of \2">', str(make(*arguments, **settings))
        )
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, behind the theme, which makes the function at 500."""
    app.connect("html-page-context", remove_barriers, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
