"""Train on stacked digits, count the modes on the way, and log them.

    python benchmarks/stacked_digits.py       # about half an hour; goes on if interrupted
    python benchmarks/stacked_digits.py --samples FILE.npy --name "my GAN" --step 5000 --seconds 90

The second form scores images from any framework, float32 [26000, 28, 28, 3] in [-1, 1], and adds
the row. The table is gantutor/results/stacked_digits.csv; the chapter "Benchmarks" reads it.
"""

import argparse

import numpy as np
import pandas as pd

from gantutor.torch.benchmarks import (
    COLUMNS,
    SAMPLES,
    SETTINGS,
    TABLES,
    check_table,
    fill_table,
    load_table,
    score,
)


def add(options):
    """Score the images of a file, and append the row."""
    images = np.load(options.samples, allow_pickle=False)
    if len(images) != SAMPLES["stacked"]:
        raise SystemExit(f"The protocol takes {SAMPLES['stacked']} images; got {len(images)}.")
    given = {name: getattr(options, name) for name in ("seed", "step", "seconds")}
    row = {"setting": options.name, **given, **score("stacked", images)}
    table = pd.concat([load_table("stacked"), pd.DataFrame([row])], ignore_index=True)
    check_table(table, COLUMNS["stacked"], ("setting", "seed", "step"))
    table.to_csv(TABLES["stacked"], index=False)
    print(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, help="of each setting (default: as shipped)")
    parser.add_argument("--samples", help="score this file instead of training")
    parser.add_argument("--name", help="what made the samples")
    parser.add_argument("--seed", type=int, default=0, help="the seed that they were made with")
    parser.add_argument("--step", type=int, help="updates of their generator")
    parser.add_argument("--seconds", type=float, help="processor time of its training")
    options = parser.parse_args()
    if options.samples:
        if None in (options.name, options.step, options.seconds):
            parser.error("--samples needs --name, --step and --seconds")
        add(options)
        return
    shipped = {"DCGAN": 2, "minute": 2, "relativistic + R1 + R2": 1}
    fill_table("stacked", {name: options.seeds or shipped[name] for name in SETTINGS["stacked"]})


if __name__ == "__main__":
    main()
