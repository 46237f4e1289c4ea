"""What a penalty costs: its own passes, the loss's pass, finite differences, and compiled.

    python benchmarks/penalties.py                   # about five minutes
    python benchmarks/penalties.py --only torch      # Keras's results stay as they are
    python benchmarks/penalties.py --device cuda     # PyTorch alone
    python benchmarks/penalties.py --seconds 0.3     # a smoke test

One training step of the recipe "dcgan" with the relativistic loss and R1 + R2, in PyTorch and in
Keras. All ways of one framework alternate, round after round, so that what else the machine does
falls on all alike; a ratio is the median over rounds of a way's time over that of the step without
a penalty in the same round: processor time, on a GPU elapsed time. In PyTorch the operations of a
step are counted, too.
"""

import argparse
import datetime
import json
import os
import statistics
import time

from common import RESULTS, write_results
from speeds import compile_networks

from gantutor import recipes
from gantutor.data import load_digits

PLAIN = recipes.get("dcgan").replace(loss="relativistic")
EXACT = PLAIN.replace(penalties={"r1": 1.0, "r2": 1.0})
FINITE = PLAIN.replace(penalties={"finite_r1": 1.0, "finite_r2": 1.0})
LAZY = EXACT.replace(game={"penalty_every": 8})


def torch_ways(device):
    """Functions that train some steps, by name; and the operations of a step in GFLOPs."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    from gantutor.torch import Trainer, penalties

    images, _ = load_digits()

    class Counter(TorchDispatchMode):
        """Adds up operations; PyTorch's own counter does not bear gradients within a pass."""

        total = 0

        def __torch_dispatch__(self, function, types, arguments=(), settings=None):
            result = function(*arguments, **(settings or {}))
            if function._overloadpacket in flop_registry:
                count = flop_registry[function._overloadpacket]
                self.total += count(*arguments, **(settings or {}), out_val=result)
            return result

    def passes_of_their_own(judge, real, fake, noise):
        return penalties.r1(judge, real) + penalties.r2(judge, fake)

    def trainer(recipe, compiled=False, own=False):
        made = Trainer.from_recipe(recipe, device=device)
        if own:
            made.game.penalties = {passes_of_their_own: 1.0}
        if compiled:
            compile_networks(made.game)
        return made

    made = {
        "no penalty": trainer(PLAIN),
        "passes of their own": trainer(PLAIN, own=True),
        "the loss's pass": trainer(EXACT),
        "every eighth step": trainer(LAZY),
        "finite differences": trainer(FINITE),
        "no penalty, compiled": trainer(PLAIN, compiled=True),
        "finite differences, compiled": trainer(FINITE, compiled=True),
    }
    operations = {}
    for name, one in made.items():
        if "compiled" not in name:
            with Counter() as counter:
                one.fit(images, 8)
            operations[name] = counter.total / 8e9
    ways = {name: lambda n, one=one: one.fit(images, n) for name, one in made.items()}
    return ways, operations, torch.__version__


def keras_ways():
    """As `torch_ways`, with XLA's compiler in the place of PyTorch's."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    from gantutor.keras import Trainer

    images, _ = load_digits()
    made = {}
    for name, recipe in (
        ("no penalty", PLAIN),
        ("the loss's pass", EXACT),
        ("every eighth step", LAZY),
        ("finite differences", FINITE),
    ):
        for compiled in (False, True):
            game = Trainer.from_recipe(recipe)
            game.jit_compile = compiled
            made[name + ", compiled" * compiled] = game
    ways = {
        name: lambda n, game=game: game.fit(images, steps_per_epoch=n, verbose=0)
        for name, game in made.items()
    }
    return ways, {}, f"{keras.__version__} on TensorFlow {tf.__version__}"


def measure(ways, seconds, clock, rounds=7):
    """Milliseconds a step by `clock`, for each way and round."""
    for train in ways.values():
        train(3)  # compiles
    begin = time.perf_counter()
    ways["no penalty"](5)
    steps = max(2, round(5 * seconds / (time.perf_counter() - begin)))
    took = {name: [] for name in ways}
    for _ in range(rounds):
        for name, train in ways.items():
            begin = clock()
            train(steps)
            took[name].append(1000 * (clock() - begin) / steps)
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="length of one measurement")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, …")
    parser.add_argument("--only", choices=("torch", "keras"), help="measure one framework")
    options = parser.parse_args()
    device, results = options.device, {}
    frameworks = {"torch": lambda: torch_ways(device), "keras": keras_ways}
    if device != "cpu":
        del frameworks["keras"]
    elif options.only:
        old = json.loads((RESULTS / "penalties.json").read_text(encoding="utf-8"))
        results = {name: old[name] for name in frameworks}
        frameworks = {options.only: frameworks[options.only]}
    clock = time.process_time if device == "cpu" else time.perf_counter
    for framework, make in frameworks.items():
        ways, operations, version = make()
        took = measure(ways, options.seconds, clock)
        base = took["no penalty"]
        today = datetime.date.today().isoformat()
        results[framework] = {"version": version, "date": today}
        print(f"{framework} {version}")
        for name, times in took.items():
            ratio = statistics.median(a / b for a, b in zip(times, base, strict=True))
            entry = {"ms_a_step": [round(ms, 2) for ms in times], "ratio": round(ratio, 3)}
            text = f"  {name:30} × {ratio:.2f}"
            if name in operations:
                entry["gflops"] = round(operations[name], 3)
                share = operations[name] / operations["no penalty"]
                text += f"   {operations[name]:.2f} GFLOPs, × {share:.2f}"
            results[framework][name] = entry
            print(text)
    write_results("penalties", results, device)


if __name__ == "__main__":
    main()
