"""Where the time of a step goes, what each lever does to it, and what a sample costs.

    python benchmarks/levers.py                           # about four minutes, on one thread
    python benchmarks/levers.py --device cuda             # about two minutes
    python benchmarks/levers.py --seconds 0.02 --folder /tmp    # a smoke test
    python benchmarks/levers.py --only levers data    # these again; the record keeps its other rows

There are five rounds. Ways that are compared with each other take turns in a round, so that what
else the machine does falls on all alike; the settings of `grid` and `samples` are measured one
after another. First steps are measured once. On a processor the clock is processor time, on a GPU
elapsed time, after waiting for it. The record is written after every part, to the folder of the
study `speed`; `python -m gantutor.studies speed` makes the study's table of all records.
"""

import argparse
import functools
import io
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the libraries are loaded

import numpy as np
import torch
from common import ROOT, environment
from PIL import Image

from gantutor.data import draw_letters
from gantutor.studies.speed.training import PARTS, Counter, Levers, Loop, counted, difference

ROUNDS = 5
BIG = {"cpu": {"width": 64}, "cuda": {"batch": 1024, "width": 128}}
WAYS = {
    "plain": Levers(),
    "plain again": Levers(),
    "fakes made twice": Levers(twice=True),
    "losses read in each step": Levers(reads=True),
    "D frozen in G's step": Levers(frozen=True),
    "one pass of D": Levers(joint=True),
    "channels last": Levers(channels_last=True),
    "fused Adam": Levers(fused=True),
    "compiled": Levers(compiled="default"),
}
GRIDS = {  # what the model of the time is fitted to; then what it has to predict
    "cpu": (
        [{"batch": n} for n in (4, 8, 16, 32, 64, 128)] + [{"width": n} for n in (8, 16, 64)],
        [
            {"side": 16},
            {"side": 64},
            {"batch": 16, "width": 64},
            {"batch": 128, "width": 16},
            {"batch": 16, "side": 64},
        ],
        [{"batch": 8, "width": 8}, {"batch": 4, "side": 16}],  # added when the others were seen
        [  # chosen after that, before any of them was measured
            {"batch": 16, "width": 16},
            {"batch": 8, "width": 16, "side": 64},
            {"batch": 4, "width": 16, "side": 128},
            {"batch": 32, "width": 64, "side": 16},
            {"batch": 8, "width": 128},
        ],
    ),
    "cuda": (
        [{"batch": n} for n in (4, 16, 64, 256, 1024, 4096)]
        + [{"width": n} for n in (16, 64, 128, 256)],
        [
            {"side": 16},
            {"side": 128},
            {"side": 64, "batch": 512},
            {"batch": 512, "width": 128},
            {"batch": 2048, "width": 64},
        ],
    ),
}
KINDS = ("fit", "held out", "added", "fresh")
SIDES = (28, 32, 64, 128, 256)


class Record:
    """What was measured, written anew after every part."""

    def __init__(self, device, folder):
        self.device, self.cuda = device, device == "cuda"
        self.clock = time.perf_counter if self.cuda else time.process_time
        name = torch.cuda.get_device_name() if self.cuda else None
        self.about = {"environment": environment(), "device": name}
        self.path = Path(folder) / f"{'gpu' if self.cuda else 'processor'}.json"
        self.rows, self.kept = [], []

    def add(self, part, setting, times, operations=0, calls=0, difference=0.0):
        """Enter one way: `times` holds a list of seconds for each round."""
        self.rows.append(
            {
                "part": part,
                "setting": setting,
                "operations": operations,
                "calls": calls,
                "difference": difference,
                "seconds": [float(f"{np.median(each):.4g}") for each in times],
                "slow": [float(f"{np.percentile(each, 95):.4g}") for each in times],
            }
        )
        print(f"{part:10} {setting:34} {1e3 * np.median(times[0]):9.3f} ms", flush=True)

    def write(self):
        new = {(row["part"], row["setting"]) for row in self.rows}
        kept = [row for row in self.kept if (row["part"], row["setting"]) not in new]
        text = json.dumps(self.about | {"rows": kept + self.rows}, indent=1, ensure_ascii=False)
        self.path.write_text(text + "\n", encoding="utf-8")

    def rounds(self, actions, seconds, wait, block=None):
        """Return for each action the rounds, lists of seconds for one call each.

        In a block of calls the clock is read at its end only, which lets a GPU run behind.
        """
        lengths, times = {}, {name: [] for name in actions}
        for name, action in actions.items():
            for _ in range(3):
                action()
            wait()
            begin = self.clock()
            action()
            wait()
            once = max(self.clock() - begin, 1e-5)
            lengths[name] = max(3, int(seconds / ROUNDS / once))
        for _ in range(ROUNDS):
            for name, action in actions.items():
                size = min(lengths[name], 10) if block is None else block
                found = []
                for _ in range(max(1, lengths[name] // size)):
                    begin = self.clock()
                    for _ in range(size):
                        action()
                    wait()
                    found.append((self.clock() - begin) / size)
                times[name].append(found)
        return times


def parts(record, seconds):
    """Take one step apart, at a small and a large setting."""
    for size, setting in (("small", {}), ("large", BIG[record.device])):
        loop = Loop(device=record.device, **setting)
        counter = counted(loop)
        loop.wait()
        begin = record.clock()
        loop.step()
        loop.wait()
        steps = max(3, int(seconds / ROUNDS / (record.clock() - begin)))
        rounds = [[taken_apart(record, loop) for _ in range(steps)] for _ in range(ROUNDS)]
        for part in PARTS:
            found = [[step[part] for step in each] for each in rounds]
            record.add(f"parts, {size}", part, found, *counter.part[part])


def taken_apart(record, loop):
    """Return the seconds of each part of one step."""
    spent, last = {}, record.clock()

    def mark(part):
        nonlocal last
        loop.wait()
        now = record.clock()
        spent[part], last = now - last, now

    loop.step(mark)
    return spent


def waiting(record, seconds):
    """Stop the clock before the GPU has finished, and after."""
    loop = Loop(device=record.device, batch=4096 if record.cuda else 64)
    for _ in range(3):
        loop.step()
    times = {"without waiting": [], "with waiting": []}
    for _ in range(ROUNDS):
        for name, found in times.items():
            loop.wait()
            begin = record.clock()
            for _ in range(5):
                loop.step()
            if name == "with waiting":
                loop.wait()
            found.append([(record.clock() - begin) / 5])
    operations, calls = counted(loop).totals()
    for name, found in times.items():
        record.add("waiting", name, found, operations, calls)


def levers(record, seconds):
    """Each lever against the plain step."""
    ways = {name: way for name, way in WAYS.items() if not (record.cuda and way.compiled)}
    for size, setting in (("small", {}), ("large", BIG[record.device])):
        if not record.cuda and size == "large":
            continue
        torch._dynamo.reset()  # or it compiles for sizes that vary
        loops = {name: Loop(way, device=record.device, **setting) for name, way in ways.items()}
        actions, firsts = {}, {}
        for name, loop in loops.items():
            begin = time.perf_counter()
            try:
                loop.step()
                loop.wait()
                firsts[name] = time.perf_counter() - begin
                loop.step()
                loop.step()
                loop.wait()
            except Exception as error:  # a compiler that is not there
                print(f"{name}: {error!r:.300}")
                continue
            actions[name] = loop.step
        times = record.rounds(actions, seconds, loops["plain"].wait)
        for name in actions:
            way = ways[name]
            counts = (0, 0) if way.compiled else counted(loops[name]).totals()
            apart = difference(way, device=record.device, **setting)
            record.add(f"levers, {size}", name, times[name], *counts, apart)
        for name in ("plain", *(name for name in actions if "compiled" in name)):
            record.add(f"first, {size}", name, [[firsts[name]]] * ROUNDS)
        record.write()


def arithmetic(record, seconds):
    """Fewer bits, at a small and a large setting."""
    ways = {"float32": Levers(), "bfloat16": Levers(half="bfloat16")}
    if record.cuda:
        ways |= {"TF32": Levers(), "float16": Levers(half="float16")}
    for size, setting in (("small", {}), ("large", BIG[record.device])):
        loops = {name: Loop(way, device=record.device, **setting) for name, way in ways.items()}

        def step(name, loops=loops):
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "TF32"
            loops[name].step()

        actions = {name: lambda name=name, step=step: step(name) for name in loops}
        times = record.rounds(actions, seconds, loops["float32"].wait)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        for name, found in times.items():
            operations, calls = counted(loops[name]).totals()
            record.add(f"arithmetic, {size}", name, found, operations, calls)


def grid(record, seconds):
    """The time of a step over batch, width and resolution."""
    for kind, settings in zip(KINDS, GRIDS[record.device], strict=False):
        for setting in settings:
            whole = {"batch": 64, "width": 32, "side": 32} | setting
            loop = Loop(device=record.device, **whole)
            operations, calls = counted(loop).totals()
            times = record.rounds({"plain": loop.step}, seconds, loop.wait)["plain"]
            name = ", ".join(f"{key} {value}" for key, value in whole.items())
            record.add(kind, name, times, operations, calls)


def samples(record, seconds):
    """One call of the generator: 1 and 64 images, 28 to 256 pixels a side; and an empty call."""
    for side in SIDES:
        loop = Loop(side=side, batch=64, device=record.device)
        loop.G.eval()
        actions, counts = {}, {}
        for count in (1, 64) if side < 256 or record.cuda else (1,):
            draw = functools.partial(drawn, loop.G, loop.latents[:count])
            actions[f"side {side}, images {count}"] = draw
            with Counter() as counter:
                draw()
                counter.mark("all")
            counts[f"side {side}, images {count}"] = counter.part["all"]
        times = record.rounds(actions, seconds, loop.wait, block=1)
        for name, found in times.items():
            record.add("samples", name, found, *counts[name])
    loop = Loop(device=record.device)
    times = record.rounds({"floor": lambda: loop.latents + 1}, seconds / 4, loop.wait, block=1)
    record.add("samples", "an addition", times["floor"])


@torch.no_grad()
def drawn(generator, latents):
    return generator(latents)


def data(record, seconds):
    """Make a batch of 64 images of 32 pixels ready: from an array in memory, and from PNG files."""
    shapes = draw_letters(64)[0][0].repeat(3, axis=-1)
    images = (shapes * 127.5 + 127.5).astype(np.uint8)
    files, order = [], np.random.default_rng(0).permutation(64)
    for image in images:
        files.append(io.BytesIO())
        Image.fromarray(image).save(files[-1], "PNG")

    def ready(pixels):
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1

    actions = {
        "64 images from an array": lambda: ready(images[order]),
        "64 images from PNG files": lambda: ready(
            np.stack([np.asarray(Image.open(file)) for file in files])
        ),
    }
    for name, found in record.rounds(actions, seconds, lambda: None).items():
        record.add("data", name, found)


def keras_ways(record, seconds):
    """TensorFlow: the same step eagerly, as a graph, compiled; and three ways to call a network."""
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    import keras
    import tensorflow as tf
    from plain_keras import PlainLoop

    from gantutor import recipes
    from gantutor.keras import building

    recipe = recipes.get("dcgan").replace(shape=(32, 32, 3))
    real = tf.random.stateless_uniform([64, 32, 32, 3], [0, 0], -1, 1)
    latents = tf.random.stateless_normal([64, 100], [0, 1])
    actions = {}
    for name, wrap in {
        "eager": lambda update: update,
        "graph": tf.function,
        "compiled": lambda update: tf.function(update, jit_compile=True),
    }.items():
        loop = PlainLoop(building.generator(recipe), building.discriminator(recipe), recipe)
        for adam, network in (
            (loop.generator_optimizer, loop.generator),
            (loop.discriminator_optimizer, loop.discriminator),
        ):
            adam.build(network.trainable_variables)
        update = wrap(loop.update)
        begin = time.perf_counter()
        update(real, latents)
        record.add("first, Keras", name, [[time.perf_counter() - begin]] * ROUNDS)
        actions[name] = lambda update=update: update(real, latents)
    for name, found in record.rounds(actions, seconds, lambda: None).items():
        record.add("Keras step", name, found)
    small = keras.Sequential(
        [keras.Input((100,)), keras.layers.Dense(128, "relu"), keras.layers.Dense(784, "tanh")]
    )
    graph, noise = tf.function(small), latents[:32]
    actions = {
        "predict": lambda: small.predict(noise, verbose=0),
        "direct call": lambda: small(noise),
        "graph": lambda: graph(noise),
    }
    for name, found in record.rounds(actions, seconds, lambda: None).items():
        record.add("Keras call", name, found)


def keras_fit(record, seconds):
    """A `fit` of small steps: one step, or eight, for each call of TensorFlow's graph."""
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    import keras

    images, labels = np.zeros((64 * 128, 784), "float32"), np.zeros((64 * 128, 1), "float32")
    actions = {}
    for count in (1, 8):
        D = keras.Sequential(
            [keras.Input((784,)), keras.layers.Dense(128, "relu"), keras.layers.Dense(1)]
        )
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        D.compile("adam", loss, steps_per_execution=count)
        name = f"{count} steps for each execution"
        actions[name] = lambda D=D: D.fit(images, labels, batch_size=64, verbose=0)
    for name, found in record.rounds(actions, seconds, lambda: None, block=1).items():
        record.add("Keras fit", name, [[each / 128 for each in times] for times in found])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2, help="for one way of one setting")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--folder", default=ROOT / "gantutor" / "studies" / "speed")
    parser.add_argument("--only", nargs="+", help="measure these parts, keep the others")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(1)
    record, begin = Record(options.device, options.folder), time.perf_counter()
    measures = [parts, waiting, grid, samples, arithmetic, levers]
    if not record.cuda:
        measures += [data, keras_ways, keras_fit]
    if options.only:
        record.kept = json.loads(record.path.read_text(encoding="utf-8"))["rows"]
        measures = [measure for measure in measures if measure.__name__ in options.only]
    for measure in measures:
        measure(record, options.seconds)
        record.write()
        print(f"# {measure.__name__}: {time.perf_counter() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
