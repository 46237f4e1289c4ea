"""Speed: the parts of a step, the levers and the cost of a sample, on two machines.

The numbers are measured by ``benchmarks/levers.py``, which leaves a record of each machine beside
this module. A study of its own would measure another machine, so that `run` only reads one round
of a record; the counts of operations can be repeated anywhere. First steps were measured once, and
their rounds are copies. ``difference`` is 0 where nothing is compared: outside of "levers" and
"graph".
"""

import json
from pathlib import Path

import numpy as np

KEYS = ("machine", "part", "setting")
SEEDS = 5  # rounds of a measurement
COLUMNS = {
    "seed": (0, np.inf),
    "operations": (0, np.inf),
    "calls": (0, np.inf),
    "difference": (0, np.inf),
    "seconds": (0, np.inf),
    "slow": (0, np.inf),
}


def records():
    """Return what was measured, by machine: ``"processor"`` and, where it ran, ``"gpu"``."""
    paths = sorted(Path(__file__).parent.glob("[!t]*.json"))  # not table.json
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


_MEASURED = {
    (machine, row["part"], row["setting"]): row
    for machine, record in records().items()
    for row in record["rows"]
}
SETTINGS = {key: dict(zip(KEYS, key, strict=True)) for key in _MEASURED}


def run(seed, machine, part, setting):
    """Return one round of a measurement.

    Returns
    -------
    dict
        ``operations``: multiplications and additions of one step or call, counted; ``calls``: of
        PyTorch's operations; ``difference``: of the weights from those of the plain way;
        ``seconds``: median of the round; ``slow``: its 95th percentile.
    """
    row = _MEASURED[machine, part, setting]
    counts = {name: row[name] for name in ("operations", "calls", "difference")}
    return counts | {name: row[name][seed] for name in ("seconds", "slow")}
