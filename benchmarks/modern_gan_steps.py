"""Milliseconds an update of the games of the study `modern_gan`, in several ways, and wider.

    python benchmarks/modern_gan_steps.py --device cuda    # as in `gpu_steps.json`
    python benchmarks/modern_gan_steps.py --width 8 --timed 1    # a smoke test

The ways take turns, round after round. Prints JSON: for each way its time in each round.
"""

import argparse
import json
import time

import numpy as np
import torch
from speeds import compile_networks

from gantutor.studies.modern_gan import study
from gantutor.studies.modern_gan.training import Game

WIDE = {"width": 64, "rate": 1e-3}
RESIDUAL = {**study.RESIDUAL, "width": 32, "rate": 1e-3}
FINITE = {**RESIDUAL, "finite": True}
WAYS = {
    "DCGAN": WIDE,
    "3 R1 and R2": {**study.GAME, **WIDE},
    "4 residual, no penalty": {**RESIDUAL, "r1": 0.0, "r2": 0.0},
    "4 residual": RESIDUAL,
    "4 residual, finite differences": FINITE,
    "4 residual, bfloat16": {**RESIDUAL, "half": True},
    "4 residual, channels last": {**RESIDUAL, "channels_last": True},
    "4 residual, finite differences, compiled": {**FINITE, "compiled": True},
}


def game(options, compiled=False, channels_last=False, **settings):
    """A game, compiled or with channels-last maps if asked."""
    if options.width:
        settings["width"] = options.width
    made = Game(0, device=options.device, **settings)
    if channels_last:
        made.generator.to(memory_format=torch.channels_last)
        made.discriminator.to(memory_format=torch.channels_last)
    if compiled:
        compile_networks(made)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, help="of all networks (default: each its own)")
    parser.add_argument("--timed", type=int, default=20, help="updates of one timing")
    parser.add_argument("--compile", action="store_true", help="time a compiled step, too")
    parser.add_argument("--digits", help="an .npz file with uint8 `digits` [5000, 28, 28]")
    options = parser.parse_args()
    wait = torch.cuda.synchronize if options.device != "cpu" else lambda: None
    if options.digits is None:
        digits = study.split(0)[0]
    else:
        digits = np.load(options.digits)["digits"][..., None].astype(np.float32) / 127.5 - 1
    images = torch.from_numpy(digits).permute(0, 3, 1, 2).contiguous().to(options.device)
    games, took = {}, {}
    for name, settings in WAYS.items():
        if options.compile or not settings.get("compiled"):
            games[name], took[name] = game(options, **settings), []
            games[name].train(images, 4, batch_size=options.batch)
    for _ in range(5):
        for name, one in games.items():
            wait()
            begin = time.perf_counter()
            one.train(images, options.timed, batch_size=options.batch)
            wait()
            took[name].append(round(1000 * (time.perf_counter() - begin) / options.timed, 3))
    print(json.dumps(took, indent=1))


if __name__ == "__main__":
    main()
