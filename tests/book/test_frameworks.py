"""Chapters that need both frameworks load them in the order that no machine ends the process at."""

import ast
import json
import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
TENSORFLOW = {"tensorflow", "keras", "gantutor.keras"}
TORCH = {"torch", "gantutor.torch", "gantutor.parity"}


def imports(notebook):
    """The full names of all that a chapter imports, in order."""
    names = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        code = re.sub(r"^( *)%.*", r"\1pass", "".join(cell["source"]), flags=re.MULTILINE)
        nodes = ast.walk(ast.parse(code))
        found = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        for node in sorted(found, key=lambda node: node.lineno):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names += [prefix + alias.name for alias in node.names]
    return names


def of(package, names):
    return [
        place
        for place, name in enumerate(names)
        if any(name == part or name.startswith(part + ".") for part in package)
    ]


BOTH = [
    path
    for path in sorted(BOOK.rglob("*.ipynb"))
    if of(TENSORFLOW, imports(path)) and of(TORCH, imports(path))
]


def test_chapters_with_both_frameworks_are_found():
    assert BOOK / "pytorch" / "two-frameworks.ipynb" in BOTH


@pytest.mark.parametrize("path", BOTH, ids=lambda path: path.stem)
def test_the_compiler_of_pytorch_comes_before_tensorflow(path):
    # PyTorch's first optimiser loads it, and with it Triton where that is installed; Triton 3.7
    # and newer, loaded after TensorFlow, end the process.
    names = imports(path)
    assert "torch._dynamo" in names, "needs `import torch._dynamo` before TensorFlow"
    assert names.index("torch._dynamo") < of(TENSORFLOW, names)[0]
