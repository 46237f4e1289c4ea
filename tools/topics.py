"""Sphinx extension: from a topic of the documents to the pages that cover it.

A chapter names its topics in the notebook's metadata, `"covers": ["C01", "E07"]`, a page of text in
its front matter, `covers: [C01, E07]`. On any page ``{covered-by}`E07` `` becomes links to the
pages that do, in the order of the contents. What stands behind a label such as `(e07)=` can be
linked to from other pages as `corrections.md#e07`; MyST by itself knows headings only.
"""

import re
from pathlib import Path

import nbformat
import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole


def topics_of(path: Path) -> list[str]:
    """Topics that a page says it covers; none if it says nothing.

    Parameters
    ----------
    path : Path
        A notebook, or a page in Markdown.

    Returns
    -------
    list of str
        As the page lists them.
    """
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4).metadata.get("covers", [])
    front = re.match(r"---\n(.*?\n)---\n", path.read_text(encoding="utf-8"), re.DOTALL)
    return yaml.safe_load(front[1]).get("covers", []) if front else []


def pages_by_topic(book: Path, order: list[str]) -> dict[str, list[str]]:
    """Pages that cover each topic.

    Parameters
    ----------
    book : Path
        The folder of the book.
    order : list of str
        The pages in the order of the contents, as paths in that folder without endings.

    Returns
    -------
    dict
        Pages by topic, in that order.
    """
    found: dict[str, list[str]] = {}
    for name in order:
        for path in (book / f"{name}.ipynb", book / f"{name}.md"):
            for topic in topics_of(path) if path.exists() else []:
                found.setdefault(topic, []).append(name)
    return found


def read_topics(app: Sphinx, env: BuildEnvironment, *_) -> None:
    """Look the topics up once, before the pages are read."""
    env.pages_by_topic = pages_by_topic(Path(app.srcdir), list(env.external_site_map))


class CoveredBy(SphinxRole):
    """The role `covered-by`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return links to the pages that cover the topic."""
        links: list[nodes.Node] = []
        for name in self.env.pages_by_topic.get(self.text, []):
            link = pending_xref(
                "",
                nodes.inline("", ""),
                refdomain="std",
                reftype="doc",
                reftarget=f"/{name}",
                refdoc=self.env.docname,
                refexplicit=False,
                refwarn=True,
            )
            links += [nodes.Text(", "), link] if links else [link]
        if links:
            return links, []
        message = self.inliner.reporter.warning(f"no page covers {self.text}", line=self.lineno)
        return [], [message]


def open_labels(app: Sphinx, doctree: nodes.document) -> None:
    """Let Markdown links find the labels of a page as they find its headings."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for name, explicit in doctree.nametypes.items():
        if explicit and doctree.nameids[name]:
            slugs.setdefault(name, (0, doctree.nameids[name], ""))


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.add_role("covered-by", CoveredBy())
    app.connect("env-before-read-docs", read_topics)
    app.connect("doctree-read", open_labels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
