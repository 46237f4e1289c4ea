"""Train ring and grid under every cure of mode collapse, and score what comes out.

    python benchmarks/mode_collapse.py         # about an hour on one core; goes on if interrupted

All seeds of a setting train side by side. The table goes to gantutor/results/mode_collapse.csv,
from where the chapter "Mode collapse" reads it.
"""

import argparse
import time

import pandas as pd
import torch
from tqdm import tqdm

from gantutor.torch.collapse import CURES, STEPS, TABLE, TASKS, Setting, Training


def rows(task, name, seeds):
    """One row a seed."""
    start = time.process_time()
    training = Training(task, Setting(**CURES[name]), range(seeds))
    training.fit(STEPS)
    seconds = (time.process_time() - start) / seeds
    return [
        {"task": task, "setting": name, "seed": seed, **scores, "seconds": round(seconds, 1)}
        for seed, scores in enumerate(training.scores())
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", choices=tuple(TASKS), default=tuple(TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=["task", "setting"])
    done = set(zip(found["task"], found["setting"], strict=True))
    for task, name in tqdm([(task, name) for task in options.tasks for name in CURES]):
        if (task, name) not in done:
            fresh = pd.DataFrame(rows(task, name, options.seeds))
            fresh.to_csv(TABLE, mode="a", header=not TABLE.exists(), index=False)
    table = pd.read_csv(TABLE)
    print(table.groupby(["task", "setting"], sort=False).mean().round(2).to_string())


if __name__ == "__main__":
    main()
