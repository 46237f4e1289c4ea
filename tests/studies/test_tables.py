"""The tables of the studies: what they must hold, what they were made by, how they are made."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gantutor.studies import __main__ as command
from gantutor.studies import check_table, load_table, names, record, tables

ROW = {"setting": "mine", "seed": 0, "step": 10, "seconds": 1.0, "digit_fid": 3.0}
KEYS = ("setting", "seed", "step")
COLUMNS = {name: (0, np.inf) for name in ROW if name != "setting"}


def check(*rows):
    return check_table(pd.DataFrame(rows), COLUMNS, KEYS)


def framework(name):
    pytest.importorskip(
        "tensorflow" if name in ("augmentation", "critic_bugs", "dcgan") else "torch"
    )


@pytest.mark.parametrize("name", names())
def test_a_table_is_whole_and_made_by_the_sources_and_settings_of_its_study(name):
    framework(name)
    assert record.faults(name) == []


@pytest.mark.parametrize("name", names())
def test_a_table_holds_its_keys_and_scores_and_no_arguments(name):
    framework(name)
    table, study = load_table(name), record.load_study(name)
    assert {*study.KEYS, *study.COLUMNS} == set(table.columns)
    settings = [key if isinstance(key, tuple) else (key,) for key in study.SETTINGS]
    found = table[list(study.KEYS)].drop_duplicates().itertuples(index=False, name=None)
    assert list(found) == settings, "in the order of the settings"


def test_logs_rise():
    for name in ("stacked_digits", "digit_fid", "ring_and_grid"):
        for _, rows in load_table(name).groupby(
            ["task", "setting", "seed"] if name == "ring_and_grid" else ["setting", "seed"]
        ):
            assert rows["step"].is_monotonic_increasing and rows["seconds"].is_monotonic_increasing


def test_an_unknown_study_is_named():
    with pytest.raises(ValueError, match=r"Unknown study 'loses'. Did you mean 'losses'"):
        load_table("loses")


def test_sound_rows_pass():
    assert len(check(ROW, ROW | {"seed": 1}, ROW | {"step": 20})) == 3


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{k: v for k, v in ROW.items() if k != "seconds"}], "lacks the columns .'seconds'"),
        ([ROW, ROW], "Row 1 repeats"),
        ([ROW | {"digit_fid": -1.0}], "'digit_fid' must hold numbers from 0"),
        ([ROW | {"digit_fid": np.nan}], "row 0 has nan"),
        ([ROW | {"digit_fid": np.inf}], "row 0 has inf"),
        ([ROW | {"step": "ten"}], "row 0 has ten"),
        ([ROW, ROW | {"setting": " "}], "needs a setting; row 1 has none"),
        ([ROW | {"setting": None}], "row 0 has none"),
    ],
)
def test_unsound_rows_are_named(rows, words):
    with pytest.raises(ValueError, match=words):
        check(*rows)


# A study of our own, small enough to be made in a test.

STUDY = '''"""Areas of squares."""

import os

from gantutor.studies.tiny.sides import area

KEYS = ("setting",)
SETTINGS = {"small": {"side": 2}, "large": {"side": 5}}
SEEDS = 2
COLUMNS = {"seed": (0, 99), "area": (0, 99), "seconds": (0, 99)}


def run(side, seed):
    """Return an area."""
    with open(os.environ["TINY_CALLS"], "a") as calls:
        print(side, seed, file=calls)
    return {"area": area(side) + seed, "seconds": side}
'''
SIDES = "def area(side):\n    return side**2\n"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Change the sources of the study `tiny`, in a place of its own."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    monkeypatch.setenv("TINY_CALLS", str(tmp_path / "calls"))
    for module in (record, tables):
        monkeypatch.setattr(module, "FOLDER", tmp_path)

    def write(study=STUDY, sides=SIDES):
        (folder / "study.py").write_text(study)
        (folder / "sides.py").write_text(sides)

    def load(name):
        from types import ModuleType, SimpleNamespace

        sides, module = {}, ModuleType("study")
        exec((folder / "sides.py").read_text(), sides)
        package = ModuleType("gantutor.studies.tiny.sides")
        package.area = sides["area"]
        monkeypatch.setitem(sys.modules, "gantutor.studies.tiny", ModuleType("tiny"))
        monkeypatch.setitem(sys.modules, "gantutor.studies.tiny.sides", package)
        exec((folder / "study.py").read_text(), vars(module))
        return SimpleNamespace(**vars(module))

    monkeypatch.setattr(record, "load_study", load)
    write()
    write.folder = folder
    write.calls = lambda: (
        (tmp_path / "calls").read_text().split("\n")[:-1] if (tmp_path / "calls").exists() else []
    )
    return write


def make(**more):
    return record.make_table("tiny", jobs=1, **more)


def test_a_table_is_made_with_its_record_and_nothing_else(tiny):
    table = make()
    assert table[["setting", "seed", "area"]].values.tolist() == [
        ["small", 0, 4],
        ["small", 1, 5],
        ["large", 0, 25],
        ["large", 1, 26],
    ]
    assert record.faults("tiny") == []
    files = {file.name for file in tiny.folder.iterdir()}
    assert files == {"study.py", "sides.py", "table.csv", "table.json"}
    kept = json.loads((tiny.folder / "table.json").read_text())
    assert (kept["rows"], kept["settings"], kept["seeds"]) == (4, 2, 2)
    assert kept["versions"]["numpy"] == np.__version__


def test_what_a_table_has_is_not_run_again(tiny):
    make()
    assert len(make(seeds=3)) == 6
    assert tiny.calls() == ["2 0", "2 1", "5 0", "5 1", "2 2", "5 2"]
    assert len(make(seeds=1)) == 6, "and not thrown away"
    assert len(tiny.calls()) == 6


def test_an_interrupted_table_goes_on_and_leaves_the_old_one_alone(tiny, monkeypatch):
    make()
    old = (tiny.folder / "table.csv").read_bytes()
    stops = STUDY.replace(
        "    return {", "    if side == 5 and seed == 1 and STOP: raise STOP\n    return {"
    )
    changed = stops.replace("side**2", "side**2").replace("+ seed,", "- seed,")
    tiny(changed.replace("SEEDS = 2", "SEEDS = 2\nimport builtins\nSTOP = builtins.STOP"))
    import builtins

    monkeypatch.setattr(builtins, "STOP", KeyboardInterrupt(), raising=False)
    with pytest.raises(KeyboardInterrupt):
        make()
    assert (tiny.folder / "table.csv").read_bytes() == old
    monkeypatch.setattr(builtins, "STOP", None)
    assert make()["area"].tolist() == [4, 3, 25, 24]
    assert tiny.calls()[4:] == ["2 0", "2 1", "5 0", "5 1", "5 1"]
    assert record.faults("tiny") == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda study, sides: (study.replace("+ seed", "- seed"), sides),
            "tiny/study.py has changed",
        ),
        (lambda study, sides: (study, sides.replace("**2", "**3")), "tiny/sides.py has changed"),
        (lambda study, sides: (study.replace('": 5', '": 6'), sides), "settings has changed"),
        (
            lambda study, sides: (study.replace("SEEDS = 2", "SEEDS = 3"), sides),
            "2 runs are missing",
        ),
    ],
)
def test_a_changed_study_has_a_table_that_is_not_its_own(tiny, change, fault):
    make()
    tiny(*change(STUDY, SIDES))
    assert any(fault in wrong for wrong in record.faults("tiny"))


def test_comments_docstrings_hints_and_layout_change_no_record(tiny):
    make()
    same = STUDY.replace('"""Areas of squares."""', '"""Squares,\nand their areas."""')
    same = same.replace('    """Return an area."""\n', "    # One line less.\n")
    same = same.replace("def run(side, seed):", "def run(\n    side: int, seed: int\n) -> dict:")
    tiny(same, "# A comment.\n\n" + SIDES.replace("side**2", "(side ** 2)"))
    assert record.faults("tiny") == []


def test_a_table_changed_by_hand_is_not_the_one_described(tiny):
    make()
    path = tiny.folder / "table.csv"
    path.write_text(path.read_text().replace(",25,", ",24,"))
    assert record.faults("tiny") == ["table.csv is not the one that table.json describes"]
    path.write_text(path.read_text().replace(",24,", ",-1,"))
    assert "must hold numbers from 0 to 99; row 2 has -1" in record.faults("tiny")[0]


def test_a_missing_table_is_said(tiny):
    assert "table.json" in record.faults("tiny")[0]


def test_a_change_that_moves_no_number_is_confirmed_by_repetition(tiny):
    make()
    tiny(
        STUDY.replace("area(side) + seed", "seed + area(side)").replace('": side}', '": 2 * side}')
    )
    assert record.faults("tiny")
    assert record.confirm_table("tiny", jobs=1) == []
    assert record.faults("tiny") == []
    assert tiny.calls()[4:] == ["2 0", "5 0"], "the first seed of each"
    assert make()["seconds"].tolist() == [2, 2, 5, 5], "the table's own rows stay"


def test_a_second_time_is_no_number_to_confirm(tiny):
    timed = STUDY.replace('"seconds": side}', '"seconds": side, "own_seconds": side}')
    timed = timed.replace("COLUMNS = {", 'COLUMNS = {"own_seconds": (0, 99), ')
    assert timed.count("own_seconds") == 2
    tiny(timed)
    make()
    tiny(timed.replace('"own_seconds": side}', '"own_seconds": 2 * side}'))
    assert record.confirm_table("tiny", jobs=1) == []


def test_a_change_that_moves_a_number_is_not_confirmed(tiny):
    make()
    tiny(sides="def area(side):\n    return side**2 + (side == 5) / 100\n")
    assert record.confirm_table("tiny", jobs=1) == ["large"]
    assert any("sides.py has changed" in wrong for wrong in record.faults("tiny"))
    tiny(STUDY.replace('{"side": 5}', '{"side": 5.5}'))
    assert record.confirm_table("tiny", jobs=1) == ["large"]


@pytest.mark.slow
def test_the_command_lists_the_studies(capsys):
    assert command.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert all(line.endswith(".") for line in lines)


def test_the_command_makes_checks_and_confirms(tiny, capsys, monkeypatch):
    monkeypatch.setattr(command, "load_study", record.load_study)
    monkeypatch.setattr(command, "_parser", lambda parser=command._parser: _with_tiny(parser()))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert command.main(["tiny", "--check"]) == 1
    assert command.main(["tiny", "--jobs", "1", "--seeds", "3"]) == 0
    assert "25.0" not in capsys.readouterr().out.splitlines()[-1]
    assert len(tiny.calls()) == 6
    assert command.main(["tiny", "--check"]) == 0
    tiny(sides=SIDES.replace("**2", "**3"))
    assert command.main(["tiny", "--confirm", "--jobs", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["small", "large"]
    assert command.main(["tiny", "--seeds", "0"]) == 2
    assert "seeds must be a whole number of at least 1" in capsys.readouterr().err


def _with_tiny(parser):
    for action in parser._actions:
        if action.dest == "name":
            action.choices = [*action.choices, "tiny"]
    return parser


def test_reading_a_table_loads_no_framework():
    code = (
        "import sys; from gantutor.studies import load_table, names; "
        "print(len(load_table('losses')), {'torch', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["360", "set()"]
