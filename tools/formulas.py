"""Formulas as HTML and MathML, set by KaTeX when the pages are written: readers need no script."""

import atexit
import functools
import html
import re
from importlib.util import find_spec
from pathlib import Path

from py_mini_racer import JSEvalException, MiniRacer

KATEX = Path(find_spec("sphinxcontrib.katex").origin).with_name("katex.min.js")
FORMULA = re.compile(
    r'(?P<tag><(?:span|div) class="math[^>]*>)\s*'
    r"(?:\\\((?P<inline>.*?)\\\)|\\\[(?P<display>.*?)\\\])\s*(?=</)",
    re.DOTALL,
)


@functools.cache
def engine() -> MiniRacer:
    """Return a JavaScript engine that has read KaTeX."""
    engine = MiniRacer()
    atexit.register(engine.close)  # its thread would keep the process alive
    engine.eval(KATEX.read_text(encoding="utf8"))
    return engine


@functools.cache
def typeset(formula: str, display: bool) -> str:
    """Return a formula as HTML, with MathML for screen readers.

    Parameters
    ----------
    formula : str
        In TeX.
    display : bool
        Whether it stands in a line of its own.

    Raises
    ------
    ValueError
        If KaTeX cannot read it.

    Examples
    --------
    >>> "<mi>x</mi>" in typeset("x", display=False)
    True
    """
    try:
        return engine().call("katex.renderToString", formula, {"displayMode": display})
    except JSEvalException as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"KaTeX cannot read {formula!r}: {reason}") from None


def with_formulas(page: str) -> str:
    """Return a page in which Sphinx's formulas are set."""

    def set_one(found: re.Match) -> str:
        display = found["inline"] is None
        formula = html.unescape(found["display" if display else "inline"])
        return found["tag"] + typeset(formula.strip(), display)

    return FORMULA.sub(set_one, page)
