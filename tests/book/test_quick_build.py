"""What the build does once in place of many times."""

from types import SimpleNamespace

import quick_build


def build(toctree, pages):
    """The menus of some pages, and how often one was made."""
    made, menus = [], {}
    app = SimpleNamespace(
        env=SimpleNamespace(toctree_includes=toctree), config=SimpleNamespace(root_doc="index")
    )

    def menu_of(page):
        def make(**settings):
            made.append(page)
            return f"menu of {page}"

        context = {"toctree": make}
        quick_build.reuse_menu(menus, app, page, "page.html", context, None)
        return context["toctree"](maxdepth=2)

    return {page: menu_of(page) for page in pages}, made


def test_pages_outside_of_the_menu_share_their_folders():
    pages = ["index", "a/listed", "a/x", "a/y", "b/x", "b/y"]
    menus, made = build({"index": ["a/listed"]}, pages)
    assert made == ["index", "a/listed", "a/x", "b/x"]
    assert menus["a/y"] == menus["a/x"] and menus["b/y"] == menus["b/x"] != menus["a/x"]
    assert menus["a/listed"] == "menu of a/listed"


def test_pybtex_finds_a_plugin_once(monkeypatch):
    from pybtex import plugin

    found = []
    monkeypatch.setattr(
        plugin, "_load_entry_point", lambda *name, **more: found.append(name) or object()
    )
    quick_build.setup(SimpleNamespace(connect=lambda *given, **more: None))
    assert plugin.find_plugin("pybtex.backends", "text") is plugin.find_plugin(
        "pybtex.backends", "text"
    )
    assert len(found) == 1
