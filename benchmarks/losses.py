"""Train one task under every loss and regulariser of the package, and score what comes out.

    python benchmarks/losses.py                # about an hour on two cores; goes on if interrupted

Networks, steps and learning rates are equal for all settings of a task. The table goes to
gantutor/results/losses.csv, from where the chapter "One task, all losses" reads it.
"""

import argparse

from gantutor.experiments import run_grid
from gantutor.torch.study import SETTINGS, TABLE, TASKS, train_and_score


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1: one a core")
    options = parser.parse_args()
    grid = {
        f"{task}, {name}": {"task": task, **setting}
        for task in TASKS
        for name, setting in SETTINGS.items()
    }
    table = run_grid(train_and_score, grid, range(options.seeds), TABLE, options.jobs)
    print(table.drop(columns="arguments").groupby("setting").mean().round(3).to_string())


if __name__ == "__main__":
    main()
