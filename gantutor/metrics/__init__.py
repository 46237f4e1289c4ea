"""Scores of generated samples, in NumPy and SciPy, the same for every framework."""

from gantutor.metrics.digits import (
    DigitClassifier,
    digit_features,
    digit_fid,
    digit_probabilities,
)
from gantutor.metrics.frechet import FeatureStatistics, frechet_distance
from gantutor.metrics.inception import inception_score
from gantutor.metrics.modes import ModeCoverage, mode_coverage

__all__ = [
    "DigitClassifier",
    "FeatureStatistics",
    "ModeCoverage",
    "digit_features",
    "digit_fid",
    "digit_probabilities",
    "frechet_distance",
    "inception_score",
    "mode_coverage",
]
