"""What a step and a sample cost as batch, width and resolution grow, in PyTorch.

    python benchmarks/scaling_torch.py                   # about five minutes on two cores
    python benchmarks/scaling_torch.py --device cuda     # larger grids, with half precision
    python benchmarks/scaling_torch.py --seconds 0.2     # a smoke test

The recipe "dcgan" on noise in place of images (the numbers do not change the time). One thing
varies from the recipe's setting at a time. All ways of a setting alternate, round after round, and
each time is the median of the rounds. Compilation takes long, so it is tried at two settings only.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time

import numpy as np
import torch
from common import write_results
from speeds import compile_networks, timed

from gantutor import recipes
from gantutor.torch import Trainer

ROUNDS = 5
BASE = recipes.get("dcgan").replace(shape=(32, 32, 3))
GRIDS = {
    "cpu": {"batch_size": (8, 16, 32, 64, 128), "width": (8, 16, 32, 64), "side": (16, 32, 64)},
    "cuda": {
        "batch_size": (16, 64, 256, 1024, 4096),
        "width": (16, 32, 64, 128, 256),
        "side": (16, 32, 64, 128, 256),
    },
}
SAMPLES = (1, 16, 64, 256)  # drawn in one call
COMPILED = {"cpu": ({}, {"width": 64}), "cuda": ({}, {"batch_size": 256, "width": 128})}
HALF = {"bfloat16": {"half": True}}  # slow on processors without instructions for it


def recipe_of(batch_size=64, width=32, side=32):
    return BASE.replace(
        shape=(side, side, 3),
        batch_size=batch_size,
        generator={"width": width},
        discriminator={"width": width},
    )


class Way:
    """One trainer, with what it is run under; `steps` fit into about `seconds`."""

    def __init__(self, recipe, images, device, seconds, compiled=False, half=False):
        self.trainer = Trainer.from_recipe(recipe, device=device)
        self.device, self.half = device, half
        if compiled:
            compile_networks(self.trainer.game)
        self.first = timed(self, images, 3)  # compilation and the search for kernels
        self.steps = max(3, int(3 * seconds / timed(self, images, 3) / ROUNDS))

    def fit(self, images, steps):
        context = torch.autocast(self.device.type, torch.bfloat16)
        with context if self.half else contextlib.nullcontext():
            self.trainer.fit(images, steps)


def measure(recipe, device, seconds, ways):
    """Return milliseconds of a step for each of `ways`, weights, and the memory at its highest."""
    shape = (recipe.batch_size * 2, *recipe.shape)
    images = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    torch._dynamo.reset()  # it stops compiling after some networks
    plain = Way(recipe, images, device, seconds)
    memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    made = {"plain": plain}
    made |= {name: Way(recipe, images, device, seconds, **how) for name, how in ways.items()}
    times = {name: [] for name in made}
    for _ in range(ROUNDS):
        for name, way in made.items():
            times[name].append(timed(way, images, way.steps) / way.steps)
    game = plain.trainer.game
    return {
        "milliseconds": {name: round(1e3 * statistics.median(t), 4) for name, t in times.items()},
        "first_steps_seconds": {name: round(way.first, 2) for name, way in made.items()},
        "generator_weights": sum(p.numel() for p in game.generator.parameters()),
        "discriminator_weights": sum(p.numel() for p in game.discriminator.parameters()),
        "peak_bytes": memory,
        "sample_milliseconds": sampling(plain.trainer, seconds),
    }


def sampling(trainer, seconds):
    """Milliseconds of one call of `sample`, by the number of samples drawn."""
    found = {}
    for count in SAMPLES:
        trainer.sample(count)
        times, end = [], time.perf_counter() + seconds / len(SAMPLES)
        while time.perf_counter() < end or len(times) < 3:
            begin = time.perf_counter()
            trainer.sample(count)
            times.append(time.perf_counter() - begin)
        found[count] = round(1e3 * statistics.median(times), 4)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4, help="for one way of one setting")
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu, cuda, …")
    options = parser.parse_args()
    device, seconds, rows = options.device, options.seconds, []
    half = {} if device.type == "cpu" else HALF
    compiled = {"compiled": {"compiled": True}}
    compiled |= {f"compiled, {name}": {**how, "compiled": True} for name, how in half.items()}
    settings = [
        ({name: value}, half) for name, values in GRIDS[device.type].items() for value in values
    ]
    settings += [(setting, half | compiled) for setting in COMPILED[device.type]]
    with tempfile.TemporaryDirectory() as empty:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = empty  # nothing is compiled yet
        for setting, ways in settings:
            row = measure(recipe_of(**setting), device, seconds, ways)
            rows.append({"setting": setting, **row})
            print(setting, row["milliseconds"], row["sample_milliseconds"], flush=True)
    write_results("scaling_torch", {"recipe": BASE.to_dict(), "rows": rows}, device)


if __name__ == "__main__":
    main()
