"""Sphinx extension: pybtex finds each of its plugins once.

It would read the entry points of every installed package again for each citation, which took a
seventh of the whole build.
"""

import functools

from pybtex import plugin
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict:
    """Register with Sphinx."""
    plugin._load_entry_point = functools.cache(plugin._load_entry_point)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
