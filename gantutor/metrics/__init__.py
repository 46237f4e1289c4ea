"""Scores of generated samples, in NumPy and SciPy, the same for every framework."""

from gantutor.metrics.digits import (
    DigitClassifier,
    digit_features,
    digit_fid,
    digit_probabilities,
    digit_test_features,
)
from gantutor.metrics.frechet import (
    FeatureStatistics,
    FrechetExtrapolation,
    frechet_distance,
    frechet_infinity,
)
from gantutor.metrics.inception import inception_score
from gantutor.metrics.kernel import KernelDistance, kernel_distance
from gantutor.metrics.modes import ModeCoverage, mode_coverage
from gantutor.metrics.neighbours import NeighbourScores, nearest_distances, precision_recall

__all__ = [
    "DigitClassifier",
    "FeatureStatistics",
    "FrechetExtrapolation",
    "KernelDistance",
    "ModeCoverage",
    "NeighbourScores",
    "digit_features",
    "digit_fid",
    "digit_probabilities",
    "digit_test_features",
    "frechet_distance",
    "frechet_infinity",
    "inception_score",
    "kernel_distance",
    "mode_coverage",
    "nearest_distances",
    "precision_recall",
]
