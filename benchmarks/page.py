"""Write the book's page of benchmarks from what the benchmark left behind.

python benchmarks/page.py
"""

import json

from common import RESULTS, ROOT
from quality import CONTENDERS

PAGE = ROOT / "book" / "appendix" / "benchmarks.md"


def read(name):
    """Results of one benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def made_on(results):
    """What a result was measured on, in one sentence."""
    made = results["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    return (
        f"Measured on {made['date']} on {made['cores']} cores ({made['processor']}), "
        f"Python {made['python']}, {versions}."
    )


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def quality():
    """Score after a minute, and time to two scores."""
    results = read("quality")
    real = results["real_training_digits"]

    def after(row, bound):
        seconds = row[f"seconds_below_{bound}"]
        return f"{seconds:.0f} s" if seconds else f"not in {row['curve'][-1][0]:.0f} s"

    rows = [
        [
            CONTENDERS[name][0],
            f"**{row['score']:.1f}**",
            ", ".join(f"{score:.1f}" for score in row["scores"]),
            row["steps"][0],
            after(row, 60),
            after(row, 30),
        ]
        for name, row in results["contenders"].items()
    ]
    head = ["recipe", "digit FID", "each seed", "steps", "below 60", "below 30"]
    return f"""## Quality in a minute, and time to quality

Each recipe trains on the 60,000 training digits of MNIST for {results["seconds"]:g} seconds, seeds
0, 1, …, and is scored by the digit FID of 10,000 samples against the 10,000 test digits (scoring
stops the clock). Smaller is better: 10,000 real training digits score {real["10000"]:.2f}, and
1,000 of them {real["1000"]:.2f}. The first run of each baseline goes on until
its score is below 30, for up to ten minutes.

{table(head, rows)}

{made_on(results)}
Command: `python benchmarks/quality.py --seeds {len(rows[0][2].split())}`."""


def main():
    PAGE.write_text(
        f"""# Benchmarks

What the book's recipes reach, beside what readers are likely to know. The table is printed by one
command, from one run of all that it compares. Your numbers will differ; the order should not.

{quality()}
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
