"""What a table was made by: a fingerprint beside it, and how a table is made anew."""

import ast
import hashlib
import importlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from gantutor.files import whole_file
from gantutor.studies.grid import as_json, run_grid
from gantutor.studies.tables import FOLDER, check_table, read_rows, write_rows
from gantutor.validation import check_positive

# How runs are collected and written down changes no result.
_MACHINERY = {"grid", "record", "tables"}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def load_study(name: str) -> ModuleType:
    """Return the module of a study, with its framework."""
    return importlib.import_module(f"gantutor.studies.{name}.study")


def fingerprint(name: str) -> dict[str, str]:
    """Return a SHA-256 of each source file of a study, and of its settings.

    The sources are the study's own and those that it imports from `gantutor.studies`. Comments,
    docstrings, type hints and layout do not count, nor does what the rest of the package does.

    Parameters
    ----------
    name : str
        The study.

    Returns
    -------
    dict of str
        From the path of a file in `gantutor.studies`, and from ``"settings"``.
    """
    found, files = {}, [f"{name}/study.py"]
    while files:
        file = files.pop()
        if file not in found:
            tree = ast.parse((FOLDER / file).read_text(encoding="utf-8"))
            found[file] = _digest(_shape(tree))
            files += _imported(tree)
    settings = [[key, arguments] for key, arguments in load_study(name).SETTINGS.items()]
    return dict(sorted(found.items())) | {"settings": _digest(settings)}


def faults(name: str, folder: Path | None = None) -> list[str]:
    """Return what is wrong with the table of a study, in words; nothing if all is well.

    Parameters
    ----------
    name : str
        The study.
    folder : path-like, optional
        Where ``table.csv`` and ``table.json`` lie; by default those that ship.
    """
    folder, study = Path(folder or FOLDER / name), load_study(name)
    try:
        record = json.loads((folder / "table.json").read_text(encoding="utf-8"))
        table = pd.DataFrame(read_rows(folder / "table.csv"))
        check_table(table, study.COLUMNS, _row_keys(study))
    except (OSError, ValueError) as error:
        return [str(error)]
    now, then = fingerprint(name), record["made by"]
    parted = [part for part in now.keys() | then.keys() if now.get(part) != then.get(part)]
    wrong = [f"{part} has changed since the table was made" for part in sorted(parted)]
    if record["sha256"] != _file_digest(folder / "table.csv"):
        wrong.append("table.csv is not the one that table.json describes")
    cells = set(map(tuple, table[[*study.KEYS, "seed"]].values.tolist()))
    missing = [cell for cell in _cells(study, study.SEEDS) if cell not in cells]
    if missing:
        wrong.append(f"{len(missing)} runs are missing, first {missing[0]}")
    return wrong


def make_table(
    name: str, seeds: int | None = None, jobs: int | None = None, folder: Path | None = None
) -> pd.DataFrame:
    """Run what the table of a study lacks, and write the table and its record.

    Until all is done the rows are kept in ``unfinished-….csv``, named by the fingerprint, from
    where the next call goes on; what was made by other sources or settings is not used.

    Parameters
    ----------
    name : str
        The study.
    seeds : int, optional
        Seeds of each setting; by default those of the study. More that the table has are kept.
    jobs : int, optional
        As in `run_grid`.
    folder : path-like, optional
        Where the table lies or is to lie; by default where it ships from.

    Returns
    -------
    pandas.DataFrame
    """
    folder, study = Path(folder or FOLDER / name), load_study(name)
    table, unfinished = folder / "table.csv", _unfinished(name, folder)
    if not unfinished.exists() and _made_by(folder) == fingerprint(name):
        told = {key: as_json(key, given) for key, given in _settings(study).items()}
        known = [(tuple(row[name] for name in study.KEYS), row) for row in read_rows(table)]
        write_rows(unfinished, [row | {"arguments": told[key]} for key, row in known])
    seeds = range(study.SEEDS if seeds is None else check_positive(seeds, "seeds"))
    run_grid(study.run, study.SETTINGS, seeds, unfinished, jobs, study.KEYS)
    # What each setting says stands in the study; the record's fingerprint knows if it changes.
    rows = pd.DataFrame(read_rows(unfinished)).drop(columns="arguments")
    check_table(rows, study.COLUMNS, _row_keys(study))
    order = {key: place for place, key in enumerate(_settings(study))}
    rows["place"] = [order[tuple(key)] for key in rows[list(study.KEYS)].values.tolist()]
    rows = rows.sort_values(["place", "seed"], kind="stable").drop(columns="place")
    write_rows(table, rows.to_dict("records"))
    _write_record(name, folder, rows)
    _clear(unfinished)
    return rows.reset_index(drop=True)


def confirm_table(
    name: str, jobs: int | None = None, folder: Path | None = None, precision: float = 1e-6
) -> list[str]:
    """Repeat the first seed of each setting; if all is as in the table, record today's sources.

    This is for a change of sources or settings that moves no number.

    Parameters
    ----------
    name : str
        The study.
    jobs : int, optional
        As in `run_grid`.
    folder : path-like, optional
        Where the table lies; by default where it ships from.
    precision : float
        Largest relative difference of a number; times, ``…seconds``, may be any.

    Returns
    -------
    list of str
        Settings whose numbers differ. If there are none, the table has a new record.
    """
    folder, study = Path(folder or FOLDER / name), load_study(name)
    unfinished, keys = _unfinished(name, folder), _row_keys(study)
    here = run_grid(study.run, study.SETTINGS, [0], unfinished, jobs, study.KEYS)
    rows = pd.DataFrame(read_rows(folder / "table.csv"))
    known = here[keys].merge(rows, how="left", on=keys)
    numbers = [column for column in study.COLUMNS if not column.endswith("seconds")]
    same = np.isclose(here[numbers], known[numbers], rtol=precision, atol=0).all(axis=1)
    differing = here.loc[~same, list(study.KEYS)].drop_duplicates().values.tolist()
    if not differing:
        _write_record(name, folder, rows)
        _clear(unfinished)
    return [", ".join(key) for key in differing]


def _settings(study):
    named = study.SETTINGS.items()
    return {key if isinstance(key, tuple) else (key,): given for key, given in named}


def _cells(study, seeds):
    return [(*key, seed) for key in _settings(study) for seed in range(seeds)]


def _row_keys(study):
    within = [name for name in ("step", "temperature") if name in study.COLUMNS]
    return [*study.KEYS, "seed", *within]


def _made_by(folder):
    record = folder / "table.json"
    return json.loads(record.read_text(encoding="utf-8"))["made by"] if record.exists() else None


def _unfinished(name, folder):
    return folder / f"unfinished-{_digest(fingerprint(name))[:12]}.csv"


def _clear(path):
    path.unlink()
    path.with_name(f".{path.name}.lock").unlink(missing_ok=True)


def _write_record(name, folder, rows):
    record = {
        "made by": fingerprint(name),
        "sha256": _file_digest(folder / "table.csv"),
        "rows": len(rows),
        "settings": len(load_study(name).SETTINGS),
        "seeds": int(rows["seed"].nunique()),
        "versions": {"python": platform.python_version(), **_versions()},
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    with whole_file(folder / "table.json") as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def _versions():
    found = {}
    for package in ("gantutor", "numpy", "torch", "tensorflow", "keras"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _file_digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _shape(node):
    """A syntax tree as lists, without docstrings and hints, equal in all versions of Python."""
    if isinstance(node, list):
        return [_shape(part) for part in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
        fields["body"] = node.body[1:]
    # Fields that a version of Python does not know are empty in the others.
    kept = {name: value for name, value in fields.items() if value not in (None, [])}
    for hint in ("annotation", "returns"):
        kept.pop(hint, None)
    return [type(node).__name__, [[name, _shape(value)] for name, value in kept.items()]]


def _imported(tree):
    """Files of `gantutor.studies` that a module imports from, but for the machinery."""
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    paths = [m.split(".")[2:] for m in modules if m and m.startswith("gantutor.studies.")]
    return ["/".join(path) + ".py" for path in paths if path[0] not in _MACHINERY]
