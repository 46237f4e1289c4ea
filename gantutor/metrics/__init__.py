"""Scores of generated samples, in NumPy and SciPy, the same for every framework."""

from gantutor.metrics.classifiers import (
    ShareTest,
    classification_accuracy_score,
    memorisation_test,
    two_sample_test,
)
from gantutor.metrics.digits import (
    DigitClassifier,
    digit_features,
    digit_fid,
    digit_probabilities,
    digit_test_features,
    perceptual_distance,
)
from gantutor.metrics.frechet import (
    FeatureStatistics,
    FrechetExtrapolation,
    frechet_distance,
    frechet_infinity,
)
from gantutor.metrics.images import diversity, ms_ssim, psnr, ssim
from gantutor.metrics.inception import inception_score
from gantutor.metrics.intervals import bootstrap_interval
from gantutor.metrics.kernel import KernelDistance, kernel_distance
from gantutor.metrics.modes import (
    ModeCoverage,
    StackedModes,
    mode_coverage,
    stacked_digit_modes,
)
from gantutor.metrics.neighbours import NeighbourScores, nearest_distances, precision_recall
from gantutor.metrics.report import digit_report, feature_report

__all__ = [
    "DigitClassifier",
    "FeatureStatistics",
    "FrechetExtrapolation",
    "KernelDistance",
    "ModeCoverage",
    "NeighbourScores",
    "ShareTest",
    "StackedModes",
    "bootstrap_interval",
    "classification_accuracy_score",
    "digit_features",
    "digit_fid",
    "digit_probabilities",
    "digit_report",
    "digit_test_features",
    "diversity",
    "feature_report",
    "frechet_distance",
    "frechet_infinity",
    "inception_score",
    "kernel_distance",
    "memorisation_test",
    "mode_coverage",
    "ms_ssim",
    "nearest_distances",
    "perceptual_distance",
    "precision_recall",
    "psnr",
    "ssim",
    "stacked_digit_modes",
    "two_sample_test",
]
