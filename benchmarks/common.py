"""What every benchmark shares: where results go, and what they say about their making."""

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gantutor import recipes

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "gantutor" / "weights"
RESULTS = ROOT / "benchmarks" / "results"
RECIPE = "minute"  # the recipe that the comparisons train
CLUSTERS = 200  # of the images, where they stand for labels
# A longer average than the recipe's own scores better after thousands of steps.
MINUTE = recipes.get(RECIPE).replace(ema_decay=0.995)


def told(labels, classes):
    """Return `MINUTE` for these classes, drawn as often as the labels hold them."""
    frequencies = np.bincount(labels, minlength=classes)
    return MINUTE.replace(classes=classes, game={"frequencies": frequencies})


def record_weights(name, **facts):
    """Enter a shipped weights file into the manifest, with its SHA-256 and `facts`."""
    path = WEIGHTS / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    digest = hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest()
    entries[name] = {"sha256": digest, **facts}
    text = json.dumps(dict(sorted(entries.items())), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def environment():
    """Return what a timing depends on: date, processor, cores, threads, versions."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return {
        "date": datetime.date.today().isoformat(),
        "processor": models[0] if models else platform.processor(),
        "vector_instructions": [
            flag for flag in ("avx2", "avx512f", "avx512_bf16") if flag in flags
        ],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("numpy", "torch", "tensorflow", "keras")
            if find_spec(name)
        },
    }


def write_results(name, results, device=None):
    """Write `results` with the environment to benchmarks/results/NAME.json.

    Of a timing on a PyTorch `device` the file also says on which one, or on how many threads; of
    another one than the processor it is NAME_DEVICE.json.
    """
    kind = str(device or "cpu").partition(":")[0]
    if kind != "cpu":
        name = f"{name}_{kind}"
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    results = {"environment": environment(), **(_where(device) if device else {}), **results}
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Written to {path.relative_to(ROOT)}.")


def _where(device):
    import torch

    if str(device) == "cpu":
        return {"threads": torch.get_num_threads()}
    return {"device": torch.cuda.get_device_name(device)}
