"""Train a digit classifier on real, generated and classically augmented digits.

    python benchmarks/augmentation.py          # about 20 minutes; goes on if interrupted

For three numbers of labelled digits and five seeds, a conditional GAN is trained in Keras, then a
classifier in each arm. The table goes to gantutor/results/augmentation.csv, from where the chapter
"Data augmentation" reads it.
"""

import argparse

from gantutor.experiments import run_grid
from gantutor.keras.augmentation import ARMS, SIZES, TABLE, train_and_score


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1, help="processes; -1: one a core")
    options = parser.parse_args()
    grid = {f"{size} labels": {"size": size} for size in SIZES}
    table = run_grid(train_and_score, grid, range(options.seeds), TABLE, options.jobs)
    print(table.groupby("setting", sort=False)[list(ARMS)].mean().round(3).to_string())


if __name__ == "__main__":
    main()
