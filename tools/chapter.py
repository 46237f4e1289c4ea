"""Start a chapter of the right shape, and name it in the contents, the lists and its part's page.

What has to be written is marked TODO, and `tests/book/test_sources.py` stays red until none is left
and the metadata say which topics the chapter covers.
"""

import re
import sys
from pathlib import Path

import nbformat
from colab import colab_url
from execute import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import SETUP, normalise

OPENING = """\
# {title}

TODO: one paragraph that opens with the phenomenon, the picture, film or table that makes one ask
why, and promises what the reader will know, or be able to do, at the end.

**You will**

- TODO: see or build something;
- TODO: explain something;
- TODO: check something.

**Prerequisites**: TODO, the chapters that this one needs."""
IMPORTS = """\
from gantutor import plots
from gantutor.notebook import choose

plots.use_style()"""
SECTION = """\
## TODO: the first question

TODO: why we want it, then the equation.

$$
V(D, G) = \\mathbb E_x[\\log D(x)] + \\mathbb E_z[\\log(1 - D(G(z)))]
$$

TODO: what the next cell does."""
SEEN = """\
TODO: what you should see in the output above, and why it is so."""
SUMMARY = """\
## Summary

- TODO: each statement with its scope, as the cells above support it.

## Exercises"""
EXERCISE = """\
**Exercise {number}.** TODO: from a line to change (1) to a small study (3)."""
SOLUTION = """\
:::{{admonition}} Solution {number}
:class: dropdown
TODO
:::"""
PART = """\
# {caption}

TODO: in 100 to 250 words, which questions this part answers, for whom, in which order to read it.

"""
READING = """\
## Further reading

- {cite:t}`goodfellow2014gan`: TODO, what to read there."""


def chapter(title: str) -> nbformat.NotebookNode:
    """The cells of a chapter that nobody has written yet."""
    prose, code = new_markdown_cell, new_code_cell
    exercises = [
        cell
        for number in (1, 2, 3)
        for cell in (
            prose(EXERCISE.format(number=number)),
            code("# Your code here"),
            prose(SOLUTION.format(number=number)),
        )
    ]
    return new_notebook(
        cells=[
            prose(OPENING.format(title=title)),
            code(SETUP, metadata={"tags": ["setup"]}),
            code(IMPORTS),
            code("STEPS = choose(quick=10, full=1000)\nSEED = 0"),
            prose(SECTION),
            code("total = sum(range(STEPS))\ntotal"),
            prose(SEEN),
            code('assert total == STEPS * (STEPS - 1) // 2, "TODO: what the reader should see"'),
            prose(SUMMARY),
            *exercises,
            prose(READING),
        ],
        metadata={"covers": []},
    )


def insert(text: str, line: str, after: str, before: str) -> str:
    """Text with a line behind the last match of `after`, or else before the one of `before`."""
    places = list(re.finditer(after, text, re.MULTILINE))
    place = places[-1].end() if places else re.search(before, text, re.MULTILINE).start()
    return text[:place] + line + text[place:]


def add(part: str, name: str) -> Path:
    """Write the chapter `book/<part>/<name>.ipynb` and name it where all chapters are named.

    Parameters
    ----------
    part : str
        The folder; a new one becomes the last part before the appendix.
    name : str
        The file's name: lower-case words with hyphens.

    Raises
    ------
    SystemExit
        If a name has another form, or the chapter is there already.
    """
    for label, word in (("part", part), ("name", name)):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word):
            sys.exit(
                f"{label} must be lower-case words with hyphens, such as latent-space; got {word!r}"
            )
    path = ROOT / "book" / part / f"{name}.ipynb"
    if path.exists():
        sys.exit(f"{path.relative_to(ROOT)} is there already")
    title, caption = (word.replace("-", " ").capitalize() for word in (name, part))
    path.parent.mkdir(exist_ok=True)
    path.write_text(normalise(chapter(title)), encoding="utf8")

    page = path.with_name("index.md")
    known = page.exists()
    overview = page.read_text() if known else PART.format(caption=caption)
    item = f"- [{title}]({name}.ipynb): TODO, what it is about.\n"
    page.write_text(insert(overview, item, r"^- .*\n(?:  .*\n)*", r"\Z"))

    toc, readme = ROOT / "_toc.yml", ROOT / "README.md"
    entry = f"      - file: {part}/{name}\n"
    opening = f"  - caption: {caption}\n    chapters:\n      - file: {part}/index\n"
    opening += "        title: Overview\n"
    new = entry if known else opening + entry
    last = rf"^ +- file: {part}/.*\n(?: +title: .*\n)?"
    toc.write_text(insert(toc.read_text(), new, last, r"^  - caption: Appendix$"))
    row = f"| {title} | [Open in Colab]({colab_url(f'{part}/{name}')}) |\n"
    last = rf"^.*/colab/{part}/.*\n"
    readme.write_text(insert(readme.read_text(), row, last, r"^\nColab opens the"))
    return path


if __name__ == "__main__":
    written = add(*sys.argv[1:]).relative_to(ROOT)
    print(f"Write {written}; tests/book/test_sources.py says what is missing.")
