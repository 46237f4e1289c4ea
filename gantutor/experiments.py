"""Grids of settings × seeds: run on all cores, resumed where they stopped, kept as a tidy table."""

import json
import os
from pathlib import Path

import joblib
import pandas as pd

from gantutor.runs.progress import progress_bar

_KEY = ["setting", "seed"]


def run_grid(function, settings, seeds, path=None, jobs=-1):
    """Call a function for each setting and seed, several at a time, and collect what it returns.

    Parameters
    ----------
    function : callable
        ``function(seed=…, **settings[name])`` returns a dictionary of results: numbers or text.
        It depends on nothing but its arguments, and runs in a process of its own with one thread
        for NumPy and PyTorch.
    settings : dict[str, dict]
        Arguments of each setting by the name it has in the table. They are written as JSON.
    seeds : iterable of int
        Seeds that every setting is run with.
    path : path-like, optional
        A CSV file that holds the table. It is written after each run, so that an interrupted grid
        goes on where it stopped; what it holds already is not run again.
    jobs : int
        Processes at a time; −1 uses every core, 1 runs all in this process.

    Returns
    -------
    pandas.DataFrame
        A row for each setting and seed, in the order given: ``setting``, ``seed``, ``arguments``
        (JSON), then the keys of the results.

    Raises
    ------
    ValueError
        If there is nothing to run, or if the file holds a row of the same setting and seed that was
        made with other arguments.

    Examples
    --------
    >>> table = run_grid(lambda seed, slope: {"y": slope * seed}, {"steep": {"slope": 3}}, [1, 2],
    ...                  jobs=1)
    >>> table[["setting", "seed", "y"]].values.tolist()
    [['steep', 1, 3], ['steep', 2, 6]]
    """
    wanted = {
        (name, seed): json.dumps(arguments, sort_keys=True)
        for name, arguments in settings.items()
        for seed in seeds
    }
    if not wanted:
        raise ValueError("A grid needs at least one setting and one seed; got none.")
    rows = _read(path) if path and Path(path).exists() else {}
    for key in wanted.keys() & rows.keys():
        if rows[key]["arguments"] != wanted[key]:
            raise ValueError(
                f"{path} holds setting {key[0]!r}, seed {key[1]}, run with {rows[key]['arguments']}"
                f"; asked for is {wanted[key]}. Give the setting another name or the grid another "
                "file."
            )
    missing = [key for key in wanted if key not in rows]
    calls = (joblib.delayed(_call)(function, key, settings[key[0]]) for key in missing)
    with (
        joblib.parallel_config(backend="loky", n_jobs=jobs, inner_max_num_threads=1),
        progress_bar(len(missing), "run") as bar,
    ):
        for key, results in joblib.Parallel(return_as="generator_unordered")(calls):
            rows[key] = {**dict(zip(_KEY, key, strict=True)), "arguments": wanted[key], **results}
            if path:
                _write(path, rows)
            bar.update()
    return pd.DataFrame([rows[key] for key in wanted])


def _call(function, key, arguments):
    return key, function(seed=key[1], **arguments)


def _read(path):
    rows = pd.read_csv(path).to_dict("records")
    return {tuple(row[name] for name in _KEY): row for row in rows}


def _write(path, rows):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".incomplete")
    pd.DataFrame(rows.values()).to_csv(temporary, index=False)
    os.replace(temporary, path)
