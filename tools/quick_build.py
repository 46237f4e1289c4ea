"""Sphinx extension: what the build would do many times it does once.

- pybtex would read the entry points of every installed package again for each citation;
- Sphinx would make the side bar's menu anew for each page. It is the same for all pages of a
  folder that are not in it themselves, such as those of single names of the package.
"""

import functools
import posixpath

from docutils.nodes import document
from pybtex import plugin
from sphinx.application import Sphinx


def reuse_menu(
    menus: dict[str, str],
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict,
    doctree: document | None,
) -> None:
    """Give a page that is not in the menu the menu of its folder, and keep that in `menus`."""
    listed = {name for names in app.env.toctree_includes.values() for name in names}
    if "toctree" not in context or pagename in listed | {app.config.root_doc}:
        return
    folder, make = posixpath.dirname(pagename), context["toctree"]

    def menu(**settings) -> str:
        if folder not in menus:
            menus[folder] = make(**settings)
        return menus[folder]

    context["toctree"] = menu


def setup(app: Sphinx) -> dict:
    """Register with Sphinx, ahead of the theme, which uses the menu at 500."""
    plugin._load_entry_point = functools.cache(plugin._load_entry_point)
    app.connect("html-page-context", functools.partial(reuse_menu, {}), priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
