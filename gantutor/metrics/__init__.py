"""Scores of generated samples, in NumPy and SciPy, the same for every framework.

What is real comes first and what is generated comes last: ``(real, fake)``, ``(train, held_out,
fake)``, ``(real, real_labels, fake, fake_labels)``. What judges one set takes that set first
(`mode_coverage`, `inception_score`, `diversity`, `digit_fid`, whose real digits ship with it).
Pairs of images are ``(first, second)`` and may be exchanged.

A score is a float, or a small result whose `value` is its number and that converts to it:
``float(kernel_distance(real, fake))``. Only `precision_recall` has four numbers and no value.
"""

from gantutor.metrics.classifiers import (
    ShareTest,
    classification_accuracy_score,
    memorization_test,
    two_sample_test,
)
from gantutor.metrics.digits import (
    StackedModes,
    digit_fid,
    digits_found,
    perceptual_distance,
    stacked_digit_modes,
)
from gantutor.metrics.features.digits import (
    digit_features,
    digit_probabilities,
    digit_test_features,
)
from gantutor.metrics.frechet import (
    FeatureStatistics,
    FrechetExtrapolation,
    frechet_distance,
    frechet_infinity,
)
from gantutor.metrics.images import diversity, ms_ssim, psnr, ssim
from gantutor.metrics.inception import InceptionScore, inception_score
from gantutor.metrics.intervals import bootstrap_interval, holm
from gantutor.metrics.kernel import KernelDistance, KernelSum, kernel_distance, squared_mmd
from gantutor.metrics.modes import ModeCoverage, mode_coverage
from gantutor.metrics.neighbors import NeighborScores, nearest_distances, precision_recall
from gantutor.metrics.report import digit_report, feature_report
from gantutor.metrics.sliced import sliced_wasserstein_distance

__all__ = [
    "FeatureStatistics",
    "FrechetExtrapolation",
    "InceptionScore",
    "KernelDistance",
    "KernelSum",
    "ModeCoverage",
    "NeighborScores",
    "ShareTest",
    "StackedModes",
    "bootstrap_interval",
    "classification_accuracy_score",
    "digit_features",
    "digit_fid",
    "digit_probabilities",
    "digit_report",
    "digit_test_features",
    "digits_found",
    "diversity",
    "feature_report",
    "frechet_distance",
    "frechet_infinity",
    "holm",
    "inception_score",
    "kernel_distance",
    "memorization_test",
    "mode_coverage",
    "ms_ssim",
    "nearest_distances",
    "perceptual_distance",
    "precision_recall",
    "psnr",
    "sliced_wasserstein_distance",
    "squared_mmd",
    "ssim",
    "stacked_digit_modes",
    "two_sample_test",
]
