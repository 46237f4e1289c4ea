"""Compare GAN recipes by digit FID after a minute of training, and by the time to a given score.

    python benchmarks/quality.py                                     # gantutor: 12 minutes
    python benchmarks/quality.py --baselines                         # other people's: 25 minutes
    python benchmarks/quality.py --seconds 5 --limit 8 --seeds 1     # a smoke test

Each run has a process of its own, trains on MNIST's 60,000 training digits and is scored on
10,000 samples against the 10,000 test digits. The clock starts when the networks are made and
includes compilation and clustering; imports, reading the data and scoring are not counted.
"""

import argparse
import contextlib
import importlib
import json
import statistics
import subprocess
import sys
from typing import NamedTuple

import numpy as np
from common import CLUSTERS, MINUTE, write_results
from tqdm.auto import tqdm
from watch import COUNT, TimeUp, Watch

from gantutor.data import mnist
from gantutor.metrics import digit_fid

BOUNDS = (60, 30)


class Contender(NamedTuple):
    """What trains: its title, where its function is, and how many seeds it is run with."""

    title: str
    module: str
    function: str
    seeds: int


OURS = {
    "torch_labels": Contender("gantutor, PyTorch, with labels", "project_torch", "train", 3),
    "torch_clusters": Contender(
        "gantutor, PyTorch, clusters in place of labels", "project_torch", "train_on_clusters", 3
    ),
    "keras_clusters": Contender(
        "gantutor, Keras, clusters in place of labels", "project_keras", "train_on_clusters", 1
    ),
    "torch_shuffled": Contender(
        "gantutor, PyTorch, the clusters shuffled", "project_torch", "train_on_shuffled_clusters", 1
    ),
    "torch_without": Contender(
        "gantutor, PyTorch, neither labels nor clusters", "project_torch", "train_without_labels", 1
    ),
}
BASELINES = {
    "tensorflow_tutorial": Contender(
        "TensorFlow tutorial's DCGAN", "baselines_tensorflow", "tutorial_dcgan", 2
    ),
    "pytorch_mlp": Contender("MLP GAN of the PyTorch collections", "baselines_torch", "mlp_gan", 2),
}
CONTENDERS = OURS | BASELINES


def run_one(name, seed, seconds, limit):
    """Train one contender and print its scores, [seconds, steps, score], as a line of JSON."""
    contender = CONTENDERS[name]
    train = getattr(importlib.import_module(contender.module), contender.function)
    images, labels = mnist("train")
    # The first run is scored on its way, too.
    marks = [seconds] if seed else [*np.geomspace(limit / 60, limit, 10), seconds]
    # A baseline's long run ends when there is nothing more to learn from it.
    watch = Watch(marks, limit, goal=(seconds, min(BOUNDS)) if limit > seconds else (limit, 0))
    with contextlib.suppress(TimeUp):
        train(watch, images, labels, seed, seconds)
        watch.score()  # a planned run may end a little before its time
    print(json.dumps(watch.scores))


def run_in_process(name, seed, seconds, limit):
    """Return the scores of `run_one` in a fresh process."""
    command = [sys.executable, __file__, "--one", name, "--seeds", seed]
    command += ["--seconds", seconds, "--limit", limit]
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def summarise(runs, seconds):
    """Return the scores nearest to `seconds`, and when the first run went below each bound."""
    at_seconds = [min(run, key=lambda mark: abs(mark[0] - seconds)) for run in runs]
    scores = [score for _, _, score in at_seconds]
    below = {
        f"seconds_below_{bound}": next((t for t, _, score in runs[0] if score < bound), None)
        for bound in BOUNDS
    }
    return {
        "score": statistics.median(scores),
        "scores": scores,
        "steps": [steps for _, steps, _ in at_seconds],
        **below,
        "curve": runs[0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="length of the short runs")
    parser.add_argument("--limit", type=float, default=600, help="longest time to a score")
    parser.add_argument("--seeds", type=int, default=3, help="short runs of each, at most")
    parser.add_argument("--baselines", action="store_true", help="run other people's recipes")
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.seeds, options.seconds, options.limit)
        return
    results = {"seconds": options.seconds, "samples": COUNT, "contenders": {}}
    if not options.baselines:
        results |= {"ema_decay": MINUTE.ema_decay, "clusters": CLUSTERS}
        results["classes_drawn"] = "as often as the data hold them"
        images, _ = mnist("train")
        chosen = np.random.default_rng(0).permutation(len(images))
        results["real_training_digits"] = {
            str(count): digit_fid(images[chosen[:count]]) for count in (1000, COUNT)
        }
    contenders = BASELINES if options.baselines else OURS
    print(f"Digit FID after {options.seconds:g} s of training")
    for name, contender in tqdm(contenders.items()):
        limits = [options.seconds] * min(options.seeds, contender.seeds)
        # The first run of a baseline goes on to the limit: it also tells the time to a score.
        if options.baselines:
            limits[0] = options.limit
        runs = [
            run_in_process(name, seed, options.seconds, limit) for seed, limit in enumerate(limits)
        ]
        row = results["contenders"][name] = summarise(runs, options.seconds)
        times = ", ".join(
            f"below {bound} after {row[f'seconds_below_{bound}'] or '–'} s" for bound in BOUNDS
        )
        print(
            f"{contender.title:36} {row['score']:7.2f}   {row['scores']}   "
            f"{row['steps'][0]} steps; {times}",
            flush=True,
        )
    write_results("quality_baselines" if options.baselines else "quality", results)


if __name__ == "__main__":
    main()
