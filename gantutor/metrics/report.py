"""All metrics at once, of any features and of digits.

A report's keys are the names of the functions. What a function finds beside its value follows under
the function's name and that of the number, as in ``inception_score_spread``; the four numbers of
`precision_recall`, which has no value, stand under their own names.
"""

from numpy.typing import ArrayLike

from gantutor.metrics.classifiers import (
    classification_accuracy_score,
    memorization_test,
    two_sample_test,
)
from gantutor.metrics.features.digits import (
    SIDE,
    digit_classifier,
    digit_test_features,
    digit_test_statistics,
    digit_training_features,
)
from gantutor.metrics.frechet import frechet_distance, frechet_infinity
from gantutor.metrics.images import diversity
from gantutor.metrics.inception import inception_score
from gantutor.metrics.kernel import kernel_distance
from gantutor.metrics.neighbors import precision_recall
from gantutor.validation import check_features, check_images, check_labels, check_positive

LEAST = 6  # samples of each kind: a point and its five neighbours


def feature_report(
    real: ArrayLike, fake: ArrayLike, probabilities: ArrayLike, splits: int = 1
) -> dict[str, float]:
    """Score generated samples by every metric that needs features and class probabilities only.

    Compare two reports only if they are of the same features and of the same number of samples.

    Parameters
    ----------
    real : array_like, shape [N, d]
        Features of real samples that the generator was not trained on; at least six.
    fake : array_like, shape [M, d]
        Features of the generated ones; at least six, and at least `splits`.
    probabilities : array_like, shape [M, C]
        Of the generated ones' classes.
    splits : int
        Parts of the Inception Score.

    Returns
    -------
    dict[str, float]
        ``samples``, their number M; and by the functions' names ``frechet_distance``,
        ``frechet_infinity``, ``kernel_distance`` and its ``kernel_distance_standard_error``,
        ``inception_score`` and its ``inception_score_spread``, ``two_sample_test`` (the share told
        apart), and ``precision``, ``recall``, ``density``, ``coverage`` with 5 neighbours.

    Raises
    ------
    ValueError
        If features or probabilities are not as above.

    See Also
    --------
    digit_report : Of digits, on digit features.
    gantutor.torch.inception.inception_report : Of any images, on Inception features.
    """
    real, fake = check_features(real, "real"), check_features(fake, "fake")
    probabilities = check_features(probabilities, "probabilities")
    check_counts(len(real), len(fake), splits)
    if len(probabilities) != len(fake):
        raise ValueError(
            f"probabilities must have a row for each of the {len(fake)} fake rows; "
            f"got {len(probabilities)}."
        )
    kernel = kernel_distance(real, fake)
    score = inception_score(probabilities, splits)
    return {
        "samples": len(fake),
        "frechet_distance": frechet_distance(real, fake),
        "frechet_infinity": frechet_infinity(real, fake).value,
        "kernel_distance": kernel.value,
        "kernel_distance_standard_error": kernel.standard_error,
        "inception_score": score.value,
        "inception_score_spread": score.spread,
        **vars(precision_recall(real, fake)),
        "two_sample_test": two_sample_test(real, fake).value,
    }


def digit_report(fake: ArrayLike, labels: ArrayLike | None = None) -> dict[str, float]:
    """Score digits by every metric on digit features, against MNIST's 10,000 test digits.

    Compare two reports only if they are of the same number of images.

    Parameters
    ----------
    fake : array_like, float, shape [N, 28, 28, 1]
        Generated grey digits in [−1, 1]; at least six.
    labels : array_like of int, shape [N], optional
        The digits that they were generated to show; without them there is no
        ``classification_accuracy_score``.

    Returns
    -------
    dict[str, float]
        What `feature_report` returns, with ``digit_fid`` in place of ``frechet_distance``; and
        ``memorization_test``, the share of images nearer to the 5,000 training digits of
        `gantutor.data.load_digits` than to as many test digits, and ``diversity``, the mean MS-SSIM
        of pairs.

    Raises
    ------
    TypeError, ValueError
        If the images or labels are not as above.

    See Also
    --------
    digit_fid : The distance alone.
    feature_report : Of any features.
    """
    fake = check_images(fake, "fake", channels=1, size=SIDE)
    real, real_labels = digit_test_features()
    check_counts(len(real), len(fake))
    if labels is not None:
        labels = check_labels(labels, len(fake), 10)
    classifier = digit_classifier()
    features = classifier.features(fake)
    report = feature_report(real, features, classifier.probabilities(features))
    del report["frechet_distance"]  # the shipped features are rounded, their statistics are not
    report |= {
        "digit_fid": frechet_distance(digit_test_statistics(), features),
        "memorization_test": memorization_test(digit_training_features(), real, features).value,
        "diversity": diversity(fake),
    }
    if labels is not None:
        report["classification_accuracy_score"] = classification_accuracy_score(
            real, real_labels, features, labels
        )
    return report


def check_counts(real: int, fake: int, splits: int = 1) -> None:
    """Raise ValueError if a report has too few samples; to be asked before any are looked at."""
    least = max(LEAST, check_positive(splits, "splits"))
    if fake < least:
        raise ValueError(
            f"fake must hold at least {LEAST} samples, and as many as the splits of the Inception "
            f"Score, here {splits}; got {fake}."
        )
    if real < LEAST:
        raise ValueError(f"real must hold at least {LEAST} samples; got {real}.")
