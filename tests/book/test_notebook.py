"""Profiles, glued numbers and versions, as a notebook uses them."""

import subprocess
import sys

import numpy as np
import pytest
from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue import extract_glue_data_cell
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from notebooks import folded

from gantutor.notebook import check_answer, choose, glue, show_error, versions


def test_the_quick_setting_is_taken_unless_the_environment_asks_for_the_full_one(monkeypatch):
    monkeypatch.delenv("GANTUTOR_PROFILE", raising=False)
    assert choose(1, 2) == 1
    monkeypatch.setenv("GANTUTOR_PROFILE", "full")
    assert choose(1, 2) == 2


def test_an_unknown_profile_is_refused_with_the_nearest_name(monkeypatch):
    monkeypatch.setenv("GANTUTOR_PROFILE", "ful")
    with pytest.raises(ValueError, match=r"Unknown GANTUTOR_PROFILE 'ful'\. Did you mean 'full'"):
        choose(1, 2)


def test_glued_numbers_reach_the_prose_and_show_nothing_in_the_cell():
    code = """
        import numpy as np
        from gantutor.notebook import glue
        glue("share", np.float32(0.25))
        glue("name", "hinge")
    """
    notebook = new_notebook(
        cells=[new_code_cell(line.strip()) for line in code.strip().split("\n")]
    )
    NotebookClient(notebook).execute()
    glued = {}
    for cell in notebook.cells:
        glued |= dict(extract_glue_data_cell(cell))
        assert not cell.outputs
    text = {name: output["data"]["text/plain"] for name, output in glued.items()}
    assert format_plain_text(text["share"], ".2f") == "0.25"
    assert format_plain_text(text["name"], "s") == "hinge"


@pytest.mark.parametrize("value", [[1], None, np.zeros(3)])
def test_only_numbers_and_texts_can_be_glued(value):
    with pytest.raises(TypeError, match="value must be a number or a text; got"):
        glue("x", value)


def test_versions_name_the_package_and_its_numbers():
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["Python"].startswith("3.")


def test_versions_load_no_framework():
    code = (
        "import sys; from gantutor.notebook import versions; versions(); "
        "print({'torch', 'tensorflow', 'keras', 'IPython'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("source", "tag", "prompt"),
    [
        ("# Plot: two curves cross\nplot()", "hide-input", "Code of the plot"),
        ("# Check: the sum is 2\nassert 1 + 1 == 2", "hide-input", "✓ the sum is 2"),
        ("# Check exercise 3\nf()", "hide-cell", "Check your answer to exercise 3"),
        ("# Solution 12\nf()", "hide-cell", "Solution 12: code and output"),
        ("import numpy as np\nfrom x import (\n    a,\n    b,\n)", "hide-input", "Imports"),
    ],
)
def test_a_cell_folds_as_its_first_line_says(source, tag, prompt):
    metadata = folded(new_code_cell(source, metadata={"tags": ["hide-output", "listing"]}))
    assert metadata.tags == ["listing", tag]
    settings = metadata["mystnb"]
    assert settings["code_prompt_show"] == settings["code_prompt_hide"] == prompt
    assert settings.get("image") == ({"alt": "two curves cross"} if "Plot" in source else None)


@pytest.mark.parametrize(
    "source", ["x = 1\n# Plot: late", "import a\na.f()", "# Your code here", ""]
)
def test_the_code_of_the_idea_stands_open(source):
    metadata = {"mystnb": {"image": {"alt": "A line"}}}
    assert folded(new_code_cell(source, metadata=metadata)) == metadata


def test_an_answer_is_missing_right_or_wrong(capsys):
    for answer in (..., 3, 4):
        check_answer(answer, lambda x: x == 4, "Think of squares.")
    missing, wrong, right = capsys.readouterr().out.splitlines()
    assert missing.startswith("No answer yet") and right == "Right."
    assert wrong == "Not yet, 3 is not it. Think of squares."


def raises(message):
    raise ValueError(message)


def test_show_error_prints_from_the_words_on_without_colours_or_other_lines(capsys):
    message = "layer 3: \x1b[1mwrong shape\x1b[0m " + "x" * 100 + "\nsecond line"
    show_error(ValueError, "wrong", lambda: raises(message))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("ValueError: wrong shape x")
    assert len(line) == len("ValueError: wrong") + 60


def test_show_error_insists_on_the_error():
    with pytest.raises(AssertionError, match="there was no ValueError"):
        show_error(ValueError, "wrong", lambda: None)
    with pytest.raises(AssertionError, match=r"wrong.*something else"):
        show_error(ValueError, "wrong", lambda: raises("something else"))
    with pytest.raises(KeyError):
        show_error(ValueError, "wrong", lambda: {}["a"])
