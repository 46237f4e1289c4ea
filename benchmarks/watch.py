"""A stopwatch that scores a GAN while it trains, and does not count the time of scoring."""

import time

from gantutor.metrics import digit_fid

COUNT = 10_000  # samples a score is computed from, as many as MNIST's test set has


class TimeUp(Exception):
    """Ends a training loop when its time is over."""


class Watch:
    """Told of every training step; scores samples at given times, and ends the run at its limit.

    Parameters
    ----------
    marks : iterable of float
        Seconds of training after which to score.
    limit : float
        Seconds of training after which `step` raises `TimeUp`.
    goal : tuple of float, optional
        Seconds and score: after so many seconds, a smaller score ends the run before its limit.
    """

    def __init__(self, marks, limit, goal=(float("inf"), 0)):
        self.limit, self.goal = limit, goal
        self.steps = 0
        self.scores = []  # [seconds, steps, score]
        self._marks = sorted(marks)
        self._start = time.perf_counter()

    @property
    def seconds(self):
        """Seconds of training so far."""
        return time.perf_counter() - self._start

    def step(self, sample):
        """Count a training step; `sample(count)` returns images to score if it is time."""
        self.steps += 1
        self._sample = sample
        if self._marks and self.seconds >= self._marks[0]:
            self.score()
        reached = self.scores and self.scores[-1][2] < self.goal[1]
        if self.seconds >= self.limit or (reached and self.seconds >= self.goal[0]):
            raise TimeUp

    def score(self):
        """Score the generator as it is now, while the clock stands still."""
        seconds = self.seconds
        score = digit_fid(self._sample(COUNT))
        self.scores.append([round(seconds, 2), self.steps, round(score, 2)])
        self._marks = [mark for mark in self._marks if mark > seconds]
        self._start = time.perf_counter() - seconds
