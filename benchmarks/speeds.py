"""Measuring training loops in turn, and compiling networks in PyTorch."""

import time

from tqdm.auto import trange

SLICES = 6  # of one measurement, so that the machine's moods fall on both sides


def paired_speeds(first, second, images, seconds, pairs):
    """Return [steps per second of first, of second] of each pair, over about `seconds` each.

    `first` and `second` make a runner, an object with ``fit(images, steps)``. The two run in short
    slices by turns, and who begins alternates.
    """
    speeds = []
    for _ in trange(pairs, leave=False):
        runners = [first(), second()]
        for runner in runners:  # warm up
            runner.fit(images, 10)
        steps = max(1, int(20 * seconds / SLICES / sum(timed(r, images, 10) for r in runners)))
        spent = [0.0, 0.0]
        for index in range(SLICES):
            for side in ((0, 1), (1, 0))[index % 2]:
                spent[side] += timed(runners[side], images, steps)
        speeds.append([round(SLICES * steps / total, 2) for total in spent])
    return speeds


def compile_networks(game):
    """Have `torch.compile` take in both networks of a PyTorch game.

    Not ``network.compile()``: of a `torch.nn.Sequential` that leaves out the layers of `torch.nn`.
    """
    import torch

    game.generator = torch.compile(game.generator, dynamic=False)
    game.discriminator = torch.compile(game.discriminator, dynamic=False)


def timed(runner, images, steps):
    """Seconds that a runner takes for some steps."""
    begin = time.perf_counter()
    runner.fit(images, steps)
    return time.perf_counter() - begin
