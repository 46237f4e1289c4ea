"""All metrics at once, of any features and of digits."""

from gantutor.data import load_digits
from gantutor.metrics.classifiers import (
    classification_accuracy_score,
    memorisation_test,
    two_sample_test,
)
from gantutor.metrics.digits import (
    digit_features,
    digit_probabilities,
    digit_test_features,
    digit_test_statistics,
)
from gantutor.metrics.frechet import frechet_distance, frechet_infinity
from gantutor.metrics.images import diversity
from gantutor.metrics.inception import inception_score
from gantutor.metrics.kernel import kernel_distance
from gantutor.metrics.neighbours import precision_recall


def feature_report(real, fake, probabilities, splits=1):
    """Score generated samples by every metric that needs features and class probabilities only.

    Compare two reports only if they are of the same features and of the same number of samples.

    Parameters
    ----------
    real : array_like, shape [N, d]
        Features of real samples that the generator was not trained on.
    fake : array_like, shape [M, d]
        Features of the generated ones; at least six.
    probabilities : array_like, shape [M, C]
        Of the generated ones' classes.
    splits : int
        Parts of the Inception Score.

    Returns
    -------
    dict[str, float]
        By the names of the functions of this package; ``kernel_distance_error`` is the standard
        error, ``two_sample`` the share told apart, and `precision`, `recall`, `density`,
        `coverage` have 5 neighbours.

    Raises
    ------
    ValueError
        If features or probabilities are not as above.
    """
    kernel = kernel_distance(real, fake)
    return {
        "samples": len(fake),
        "frechet_distance": frechet_distance(real, fake),
        "frechet_infinity": frechet_infinity(fake, real).value,
        "kernel_distance": kernel.value,
        "kernel_distance_error": kernel.standard_error,
        "inception_score": inception_score(probabilities, splits),
        **vars(precision_recall(real, fake)),
        "two_sample": two_sample_test(real, fake).share,
    }


def digit_report(images, labels=None):
    """Score digits by every metric on digit features, against MNIST's 10,000 test digits.

    Compare two reports only if they are of the same number of images.

    Parameters
    ----------
    images : array_like, float, shape [N, 28, 28, 1]
        Grey digits in [−1, 1]; at least six.
    labels : array_like of int, shape [N], optional
        The digits that they were generated to show; without them there is no
        ``classification_accuracy_score``.

    Returns
    -------
    dict[str, float]
        What `feature_report` returns, where ``frechet_distance`` is `digit_fid`, and
        ``memorisation``, the share of images nearer to the 5,000 training digits of
        `gantutor.data.load_digits` than to as many test digits, and ``diversity``, the mean MS-SSIM
        of pairs.

    Raises
    ------
    TypeError, ValueError
        If the images or labels are not as above.
    """
    features = digit_features(images)
    real, real_labels = digit_test_features()
    statistics = digit_test_statistics()  # in full precision, which the shipped features are not
    report = feature_report(real, features, digit_probabilities(images)) | {
        "frechet_distance": frechet_distance(features, statistics),
        "memorisation": memorisation_test(features, digit_features(load_digits()[0]), real).share,
        "diversity": diversity(images),
    }
    if labels is not None:
        report["classification_accuracy_score"] = classification_accuracy_score(
            features, labels, real, real_labels
        )
    return report
