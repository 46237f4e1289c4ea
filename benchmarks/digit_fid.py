"""Train the book's recipes on digits, measure the digit FID on the way, and log it.

    python benchmarks/digit_fid.py            # about six minutes; goes on if interrupted

The table is gantutor/results/digit_fid.csv; the chapter "Benchmarks" reads it.
"""

import argparse

from gantutor.torch.benchmarks import SETTINGS, fill_table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    fill_table("digits", dict.fromkeys(SETTINGS["digits"], options.seeds))


if __name__ == "__main__":
    main()
