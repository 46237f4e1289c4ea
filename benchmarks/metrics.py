"""Compare the metrics with the well-known implementations, in time, memory and value.

    pip install --no-deps torch-fidelity pytorch-fid prdc     # the implementations compared with
    python benchmarks/metrics.py                              # about seven minutes on two cores
    python benchmarks/metrics.py --dimension 64 --count 500   # a smoke test

Every comparison runs in a process of its own, so that its peak memory is its own; that is read from
Linux. Features are random, float32 as an Inception network returns them, with a spectrum that falls
as theirs does.
"""

import argparse
import importlib
import json
import re
import subprocess
import sys
import time
import types
import unittest.mock
from pathlib import Path

import numpy as np
import scipy.linalg
from common import write_results

from gantutor.metrics import FeatureStatistics, frechet_distance, kernel_distance, precision_recall

NEIGHBORS = 5
SUBSETS = 100


def features(count, dimension, seed, scale=1.0):
    """Float32 features [count, dimension] with a falling spectrum."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, dimension), dtype=np.float32)
    rows *= (scale * np.arange(1, dimension + 1) ** -0.5).astype(np.float32)
    rows += np.float32(0.5)
    return rows


def pair(count, dimension):
    return features(count, dimension, 0), features(count, dimension, 1, 1.1)


def double_pair(count, dimension):
    return [rows.astype(np.float64) for rows in pair(count, dimension)]


def reference(name):
    """Import a module of another implementation, without torchvision, which only networks need."""
    for part in ("", ".datasets", ".transforms", ".transforms.functional"):
        sys.modules.setdefault(f"torchvision{part}", unittest.mock.MagicMock())
    return importlib.import_module(name)


def frechet_ours(count, dimension):
    statistics = [FeatureStatistics.of(x) for x in pair(count, dimension)]
    return lambda: frechet_distance(*statistics)


def frechet_torch_fidelity(count, dimension):
    module = reference("torch_fidelity.metric_fid")
    moments = [moments_of(x) for x in pair(count, dimension)]
    return lambda: module.fid_statistics_to_metric(*moments, False)["frechet_inception_distance"]


def frechet_pytorch_fid(count, dimension):
    module = reference("pytorch_fid.fid_score")
    root = scipy.linalg.sqrtm
    # SciPy 1.18 no longer takes the argument `disp`, with which a pair came back.
    module.linalg = types.SimpleNamespace(sqrtm=lambda matrix, disp: (root(matrix), None))
    first, second = (moments_of(x) for x in pair(count, dimension))
    return lambda: module.calculate_frechet_distance(
        first["mu"], first["sigma"], second["mu"], second["sigma"]
    )


def few_ours(count, dimension):
    first, second = double_pair(count, dimension)
    return lambda: frechet_distance(first, second)


def few_torch_fidelity(count, dimension):
    module = reference("torch_fidelity.metric_fid")
    data = double_pair(count, dimension)
    return lambda: module.fid_statistics_to_metric(*map(moments_of, data), False)[
        "frechet_inception_distance"
    ]


def kernel_ours(count, dimension, make=pair):
    first, second = make(count, dimension)
    size = min(1000, count)
    return lambda: kernel_distance(first, second, SUBSETS, size, seed=2020).value


def kernel_torch_fidelity(count, dimension, make=pair):
    import torch

    module = reference("torch_fidelity.metric_kid")
    first, second = map(torch.from_numpy, make(count, dimension))
    settings = {"kid_subsets": SUBSETS, "kid_subset_size": min(1000, count), "verbose": False}
    return lambda: module.kid_features_to_metric(first, second, **settings)[
        "kernel_inception_distance_mean"
    ]


def kernel_double_ours(count, dimension):
    return kernel_ours(count, dimension, double_pair)


def kernel_double_torch_fidelity(count, dimension):
    return kernel_torch_fidelity(count, dimension, double_pair)


def neighbors_ours(count, dimension):
    first, second = pair(count, dimension)
    return lambda: vars(precision_recall(first, second, NEIGHBORS))


def neighbors_prdc(count, dimension):
    module = reference("prdc")
    first, second = pair(count, dimension)
    return lambda: module.compute_prdc(first, second, NEIGHBORS)


def moments_of(rows):
    rows = rows.astype(np.float64)
    return {"mu": rows.mean(axis=0), "sigma": np.cov(rows, rowvar=False)}


CASES = {
    "Fréchet distance from moments": (frechet_ours, frechet_torch_fidelity, frechet_pytorch_fid),
    "Fréchet distance of few samples": (few_ours, few_torch_fidelity),
    "kernel distance": (kernel_ours, kernel_torch_fidelity),
    "kernel distance of float64": (kernel_double_ours, kernel_double_torch_fidelity),
    "precision, recall, density, coverage": (neighbors_ours, neighbors_prdc),
}
FEW = "Fréchet distance of few samples"


def measure(name, count, dimension):
    """Run one implementation in this process; print seconds, peak memory above the start, value."""
    call = globals()[name](count, dimension)
    Path("/proc/self/clear_refs").write_text("5")  # Linux forgets the peak so far
    before = peak_kib()
    begin = time.perf_counter()
    value = call()
    seconds = time.perf_counter() - begin
    peak = (peak_kib() - before) / 1024
    value = {k: float(v) for k, v in value.items()} if isinstance(value, dict) else float(value)
    print(json.dumps({"seconds": seconds, "megabytes": peak, "value": value}))


def peak_kib():
    """Largest resident memory of this process since the last reset."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        return measure(options.only, options.count, options.dimension)

    results = {}
    for case, functions in CASES.items():
        count = min(500, options.count) if case == FEW else options.count
        runs = {function.__name__: [] for function in functions}
        for _ in range(options.repeats):  # in turn, so that the machine's moods are shared
            for name in runs:
                command = [sys.executable, __file__, "--only", name, "--count", str(count)]
                command += ["--dimension", str(options.dimension)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                runs[name].append(json.loads(done.stdout.splitlines()[-1]))
        results[case] = {
            name: {
                "seconds": min(run["seconds"] for run in each),
                "megabytes": max(run["megabytes"] for run in each),
                "value": each[0]["value"],
            }
            for name, each in runs.items()
        }
        for name, result in results[case].items():
            print(f"{case}: {name:24} {result['seconds']:8.2f} s {result['megabytes']:6.0f} MB")
    write_results(
        "metrics", {"count": options.count, "dimension": options.dimension, "cases": results}
    )
    return None


if __name__ == "__main__":
    main()
