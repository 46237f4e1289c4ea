"""Measuring two training loops in turn."""

import time

from tqdm.auto import trange


def speed(runner, images, seconds):
    """Return `runner`'s steps per second, over about `seconds`, after a warm-up."""
    runner.fit(images, 5)
    begin = time.perf_counter()
    runner.fit(images, 10)
    steps = max(10, int(10 * seconds / (time.perf_counter() - begin)))
    begin = time.perf_counter()
    runner.fit(images, steps)
    return steps / (time.perf_counter() - begin)


def paired_speeds(first, second, images, seconds, pairs):
    """Return [speed of first, speed of second] of each pair; who begins alternates.

    `first` and `second` make a runner, an object with ``fit(images, steps)``.
    """
    speeds = []
    for pair in trange(pairs, leave=False):
        order = (first, second) if pair % 2 == 0 else (second, first)
        values = [round(speed(make(), images, seconds), 2) for make in order]
        speeds.append(values if pair % 2 == 0 else values[::-1])
    return speeds
