"""What holds for all metrics: results are numbers, settings and seeds may be of any whole kind."""

import numpy as np
import pytest

from gantutor import metrics
from gantutor.data import ring
from gantutor.runs.history import History

REAL, FAKE = np.random.default_rng(0).normal(size=(2, 40, 3)) + np.array([0, 0.5]).reshape(2, 1, 1)
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(3), size=40)
IMAGES = np.random.default_rng(2).uniform(-1, 1, (6, 12, 14, 1))

RESULTS = {
    "kernel_distance": lambda: metrics.kernel_distance(REAL, FAKE, subsets=3),
    "frechet_infinity": lambda: metrics.frechet_infinity(REAL, FAKE),
    "inception_score": lambda: metrics.inception_score(PROBABILITIES, 4),
    "two_sample_test": lambda: metrics.two_sample_test(REAL, FAKE),
    "memorization_test": lambda: metrics.memorization_test(REAL[:20], REAL[20:], FAKE),
    "mode_coverage": lambda: metrics.mode_coverage(FAKE[:, :2], ring()),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_a_number_where_one_is_expected(name):
    result = RESULTS[name]()
    record = History()
    record.add(1, score=result)
    assert record.history["score"] == [result.value] == [float(result)]
    assert np.isfinite(result.value)
    assert {result} == {result}  # also where it holds arrays, which have no hash


@pytest.mark.parametrize(
    "call",
    [
        lambda n, seed: metrics.kernel_distance(REAL, FAKE, n(3), n(20), seed).value,
        lambda n, seed: metrics.frechet_infinity(REAL, FAKE, n(5), seed).value,
        lambda n, seed: metrics.precision_recall(REAL, FAKE, n(3)).density,
        lambda n, seed: metrics.inception_score(PROBABILITIES, n(4)).spread,
        lambda n, seed: metrics.two_sample_test(REAL, FAKE, seed).value,
        lambda n, seed: metrics.memorization_test(REAL, REAL[:9], FAKE, seed).value,
        lambda n, seed: metrics.diversity(IMAGES, n(5), seed),
        lambda n, seed: metrics.bootstrap_interval(np.mean, FAKE, resamples=n(9), seed=seed),
    ],
)
def test_whole_numbers_may_be_of_any_type(call):
    expected = call(int, 3)
    assert call(float, np.int64(3)) == expected
    assert call(np.int32, np.uint8(3)) == expected
