"""One style sheet for a page, with the rules that the book uses.

The theme's sheet has rules for thousands of icons and for parts that no page has, and each
extension adds a file, for each of which a browser waits before it draws.
"""

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cache
from os.path import relpath
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Node, QualifiedRule

LINK = re.compile(r'\s*<link(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^":]+)"[^>]*>')
IMPORT = re.compile(r'@import\s+(?:url\()?"?([^")]+)"?\)?\s*;')
ADDRESS = re.compile(r"""url\(\s*(["']?)(?!data:|#|[a-z]+:|/)([^"')]+)\1\s*\)""")
CLASS = re.compile(r"""\bclass=(["'])(.*?)\1""", re.DOTALL)
SCRIPT = re.compile(r"<script[^>]*>(.+?)</script>", re.DOTALL)
WORD = re.compile(r"[\w-]+")
NESTED = {"media", "supports", "layer", "container"}
COMMA = tinycss2.parse_one_component_value(",")
BUILT = ("bs-",)  # classes that Bootstrap's scripts put together from pieces


def named(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return the classes in pages, and all that could be a class's name in scripts."""
    names: set[str] = set()
    for page in pages:
        for _, held in CLASS.findall(page):
            names.update(held.split())
        names.update(word for script in SCRIPT.findall(page) for word in WORD.findall(script))
    return names.union(*(WORD.findall(script) for script in scripts))


def used(rules: list[Node], names: set[str]) -> Iterator[Node]:
    """Leave out the rules for classes that are not among the names."""
    for rule in rules:
        if isinstance(rule, QualifiedRule):
            rule.prelude = selectors(rule.prelude, names)
            if rule.prelude:
                yield rule
        elif isinstance(rule, AtRule) and rule.lower_at_keyword in NESTED and rule.content:
            content = tinycss2.parse_rule_list(rule.content, True, True)
            rule.content = list(used(content, names))
            if rule.content:
                yield rule
        else:
            yield rule


def selectors(prelude: list[Node], names: set[str]) -> list[Node]:
    """Leave out the selectors that ask for a class that is not among the names."""
    parts: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    kept = [part for part in parts if classes(part) <= names]
    return [token for part in kept for token in [*part, COMMA]][:-1]


def classes(selector: list[Node]) -> set[str]:
    """Return the classes that a selector asks for; inside `:not()` and the like are none."""
    pairs = itertools.pairwise(selector)
    found = {after.value for dot, after in pairs if dot == "." and after.type == "ident"}
    return {name for name in found if not name.startswith(BUILT)}


def whole(file: Path, goal: Path) -> str:
    """Return a sheet with what it imports, its addresses as they are from another folder."""

    def moved(found: re.Match) -> str:
        return f'url("{relpath(file.parent / found[2], goal)}")'

    pieces = IMPORT.split(file.read_text(encoding="utf8"))
    pieces[::2] = [ADDRESS.sub(moved, text) for text in pieces[::2]]
    pieces[1::2] = [whole(file.parent / address, goal) for address in pieces[1::2]]
    return "".join(pieces)


class Sheets:
    """Writes the sheets of a book's pages, each once.

    Parameters
    ----------
    html : Path
        The built book.
    names : set of str
        What `named` found in its pages and scripts.
    """

    def __init__(self, html: Path, names: set[str]) -> None:
        self.folder, self.names = html / "_static", names
        self.rules_of = cache(self.rules_of)
        self.write = cache(self.write)

    def rules_of(self, file: Path) -> str:
        """Return what is used of a sheet."""
        rules = tinycss2.parse_stylesheet(whole(file, self.folder), True, True)
        return tinycss2.serialize(list(used(rules, self.names)))

    def write(self, files: tuple[Path, ...]) -> Path:
        """Write what is used of some sheets, in their order, into one, and return it."""
        text = "\n".join(map(self.rules_of, files))
        sheet = self.folder / f"book-{hashlib.sha256(text.encode()).hexdigest()[:16]}.css"
        sheet.write_text(text, encoding="utf8")
        return sheet

    def of(self, page: str, here: Path) -> str:
        """Return a page that loads one sheet in place of several."""
        addresses = [address.split("?")[0] for address in LINK.findall(page)]
        last = reversed(dict.fromkeys(reversed(addresses)))  # of a sheet that is there twice
        files = tuple((here / address).resolve() for address in last)
        if not files:
            return page
        link = f'\n<link rel="stylesheet" href="{relpath(self.write(files), here)}">'
        first, rest = LINK.search(page).start(), LINK.sub("", page)
        return rest[:first] + link + rest[first:]
