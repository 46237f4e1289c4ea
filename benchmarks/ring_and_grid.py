"""Train a plain GAN and PacGAN-4 on ring and grid, by the published protocol on a small scale.

    python benchmarks/ring_and_grid.py         # about ten minutes on one core

Data, loss, batches, Adam's β₁ and scores are those of Lin et al. (2018), section 4.1; networks are
narrower, the learning rate is ten times theirs, and the updates are 10,000 in place of 400,000. The
log goes to gantutor/results/ring_and_grid.csv, from where the chapter "Benchmarks" reads it.
"""

import time

import pandas as pd
import torch
from tqdm import tqdm

from gantutor.torch.collapse import TABLE, TASKS, Setting, Training

SETTINGS = {"plain": Setting(), "PacGAN-4": Setting(packing=4)}
SEEDS = range(5)
STEPS, EVERY = 10_000, 1000


def log(task, name, bar):
    """One row a seed and reading."""
    training, rows, begin = Training(task, SETTINGS[name], SEEDS), [], time.process_time()
    for step in range(EVERY, STEPS + 1, EVERY):
        training.fit(EVERY)
        seconds = round((time.process_time() - begin) / len(SEEDS), 1)
        head = {"task": task, "setting": name, "step": step, "seconds": seconds}
        rows += [{**head, "seed": s, **found} for s, found in enumerate(training.scores())]
        bar.update(EVERY)
    return rows


def main():
    torch.set_num_threads(1)
    pairs = [(task, name) for task in TASKS for name in SETTINGS]
    with tqdm(total=STEPS * len(pairs), unit="step") as bar:
        table = pd.DataFrame([row for pair in pairs for row in log(*pair, bar)])
    table.to_csv(TABLE.with_name("ring_and_grid.csv"), index=False)
    print(table.groupby(["task", "setting", "step"]).mean().round(2).to_string())


if __name__ == "__main__":
    main()
