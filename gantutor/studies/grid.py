"""Grids of settings × seeds: run on all cores, resumed where they stopped, kept as a tidy table."""

import json
import numbers
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import filelock
import joblib
import numpy as np
import pandas as pd
from joblib.parallel import get_active_backend

from gantutor.runs.progress import progress_bar
from gantutor.studies.tables import read_rows, write_rows


def run_grid(
    function: Callable[..., dict | list[dict]],
    settings: Mapping[str | tuple[str, ...], dict],
    seeds: Iterable[int],
    path: str | Path | None = None,
    jobs: int | None = None,
    keys: tuple[str, ...] = ("setting",),
) -> pd.DataFrame:
    """Call a function for each setting and seed, several at a time, and collect what it returns.

    Parameters
    ----------
    function : callable
        ``function(seed=…, **settings[name])`` returns a dictionary of results, numbers or text
        (a truth value counts as 0 or 1); or a list of them, a row each. It depends on nothing but
        its arguments, and runs in a process of its own with one thread for NumPy and PyTorch.
    settings : dict[str or tuple of str, dict]
        Arguments of each setting by the name it has in the table. They are written as JSON, and
        the function gets what JSON keeps of them.
    seeds : iterable of int
        Seeds that every setting is run with, at least 0.
    path : path-like, optional
        A CSV file that holds the table. It is written after each run, so that an interrupted grid
        goes on where it stopped; what it holds already is not run again. Beside it lies a file
        ``.lock``, by which only one grid at a time writes there.
    jobs : int, optional
        Processes at a time; −1 uses every core, 1 runs all in this process. By default as many as
        the active `joblib.parallel_config` says, otherwise every core.
    keys : tuple of str
        What the column of the settings' names is called; if there are several, each name is a
        tuple of as many words.

    Returns
    -------
    pandas.DataFrame
        The rows of each setting and seed, in the order given: `keys`, ``seed``, ``arguments``
        (JSON), then the results.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to run, a name, a seed or a result is none, or the file holds a row of
        the same setting and seed that was made with other arguments.
    RuntimeError
        If another grid is writing to the file.

    Notes
    -----
    Where the runs go is joblib's concern. Without an active `joblib.parallel_config` they go to
    processes on this machine (loky). In a cluster of Dask, or in one of Ray after
    ``ray.util.joblib.register_ray()``, it is the same call in a context::

        client = dask.distributed.Client("scheduler:8786")
        with joblib.parallel_config("dask"):
            run_grid(study.run, study.SETTINGS, range(20), "table.csv", keys=study.KEYS)

    The workers need the package, and one thread each: start them with ``OMP_NUM_THREADS=1`` and
    ``dask worker --nthreads 1 --nworkers 16``. Only the process that called writes the file.

    Examples
    --------
    >>> table = run_grid(lambda seed, slope: {"y": slope * seed}, {"steep": {"slope": 3}}, [1, 2],
    ...                  jobs=1)
    >>> table[["setting", "seed", "y"]].values.tolist()
    [['steep', 1, 3], ['steep', 2, 6]]
    """
    arguments = {_name(name, keys): as_json(name, given) for name, given in settings.items()}
    seeds = [_seed(seed) for seed in seeds]
    cells = [(*name, seed) for name in arguments for seed in seeds]
    if not cells:
        raise ValueError("A grid needs at least one setting and one seed; got none.")
    columns = (*keys, "seed")
    if path is None:
        return _run(function, arguments, cells, columns, None, jobs)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=0):
            return _run(function, arguments, cells, columns, path, jobs)
    except filelock.Timeout:
        raise RuntimeError(
            f"Another grid is writing to {path}. Wait for its end, or give this one another file."
        ) from None


def _run(function, arguments, cells, columns, path, jobs):
    done = {}  # the rows of each cell
    if path and path.exists():
        for row in read_rows(path):
            done.setdefault(tuple(row.get(name) for name in columns), []).append(row)
    for cell in cells:
        found, asked = done.get(cell, [{}])[0].get("arguments"), arguments[cell[:-1]]
        if found is not None and json.loads(found) != json.loads(asked):
            raise ValueError(
                f"{path} holds {_words(columns, cell)}, run with {found}; asked for is {asked}. "
                "Give the setting another name or the grid another file."
            )
    missing = [cell for cell in cells if cell not in done]
    calls = (joblib.delayed(_call)(function, cell, arguments[cell[:-1]]) for cell in missing)
    backend, active = get_active_backend()
    with (
        joblib.parallel_config(
            backend,
            n_jobs=next((n for n in (jobs, active) if n is not None), -1),
            inner_max_num_threads=1 if backend.supports_inner_max_num_threads else None,
        ),
        progress_bar(len(missing), "run") as bar,
    ):
        for cell, results in joblib.Parallel(return_as="generator_unordered")(calls):
            head = dict(zip(columns, cell, strict=True)) | {"arguments": arguments[cell[:-1]]}
            results = [results] if isinstance(results, Mapping) else results
            done[cell] = [head | _plain(result, head) for result in results]
            if path:
                write_rows(path, [row for rows in done.values() for row in rows])
            bar.update()
    return pd.DataFrame([row for cell in dict.fromkeys(cells) for row in done[cell]])


def _call(function, cell, arguments):
    return cell, function(seed=cell[-1], **json.loads(arguments))


def _words(columns, cell):
    return ", ".join(f"{name} {value!r}" for name, value in zip(columns, cell, strict=True))


def _name(name, keys):
    words = name if isinstance(name, tuple) else (name,)
    if len(words) != len(keys) or not all(isinstance(word, str) for word in words):
        raise TypeError(
            f"A setting's name must be text, one for each of {', '.join(keys)}; got {name!r}."
        )
    return tuple(map(str, words))


def as_json(name: str | tuple[str, ...], arguments: Mapping) -> str:
    """Return the arguments of a setting as `run_grid` writes them."""
    try:
        return json.dumps(dict(arguments), sort_keys=True, default=np.generic.item)
    except TypeError as error:
        raise TypeError(
            f"The arguments of setting {name!r} must be what JSON can hold; got {arguments!r}."
        ) from error


def _seed(seed):
    whole = isinstance(seed, numbers.Real) and not isinstance(seed, bool) and seed % 1 == 0
    if not whole or seed < 0:
        raise ValueError(f"A seed must be a whole number of at least 0; got {seed!r}.")
    return int(seed)


def _plain(result, head):
    """The result with Python's own numbers."""
    twice = head.keys() & result.keys()
    if twice:
        raise ValueError(f"A result cannot be called {sorted(twice)[0]!r}: the table has that.")
    plain = {}
    for name, value in result.items():
        number = value.item() if isinstance(value, np.generic) else value
        number = int(number) if isinstance(number, bool) else number
        if not isinstance(number, int | float | str):
            raise TypeError(f"Result {name!r} must be a number or text; got {value!r}.")
        plain[name] = number
    return plain
