"""Sphinx extension: from a topic of the documents to the chapters that cover it.

A chapter names its topics in the notebook's metadata: `"covers": ["C01", "E07"]`. On any page
``{covered-by}`E07` `` becomes links to the chapters that do, in the order of the contents. What
stands behind a label such as `(e07)=` can be linked to from other pages as `corrections.md#e07`;
MyST by itself knows headings only.
"""

from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole


def chapters_by_topic(book: Path, order: list[str]) -> dict[str, list[str]]:
    """Chapters that cover each topic.

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
        path = book / f"{name}.ipynb"
        if path.exists():
            for topic in nbformat.read(path, as_version=4).metadata.get("covers", []):
                found.setdefault(topic, []).append(name)
    return found


def read_chapters(app: Sphinx, env: BuildEnvironment, *_) -> None:
    """Look the topics up once, before the pages are read."""
    env.chapters_by_topic = chapters_by_topic(Path(app.srcdir), list(env.external_site_map))


class CoveredBy(SphinxRole):
    """The role `covered-by`."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return links to the chapters that cover the topic."""
        links: list[nodes.Node] = []
        for name in self.env.chapters_by_topic.get(self.text, []):
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
        message = self.inliner.reporter.warning(f"no chapter covers {self.text}", line=self.lineno)
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
    app.connect("env-before-read-docs", read_chapters)
    app.connect("doctree-read", open_labels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
