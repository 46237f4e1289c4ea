"""Sphinx extension: of the scripts that play, pages load only the one that starts the others.

jupyter-book puts every script among the static files into every page. `_static/play/start.js` loads
the others where a page asks for them.
"""

from sphinx.application import Sphinx
from sphinx.config import Config

FOLDER, START = "play/", "play/start.js"


def load_only_the_start(app: Sphinx, config: Config) -> None:
    """Take the folder's scripts out of the list of every page's, and defer the one that stays."""
    others = [name for name in config.html_js_files if not str(name).startswith(FOLDER)]
    config.html_js_files = [*others, (START, {"defer": "defer"})]


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    app.connect("config-inited", load_only_the_start)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
