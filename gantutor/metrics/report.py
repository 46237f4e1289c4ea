"""All metrics of generated digits at once."""

from gantutor.data import load_digits
from gantutor.metrics.classifiers import (
    classification_accuracy_score,
    memorisation_test,
    two_sample_test,
)
from gantutor.metrics.digits import (
    digit_features,
    digit_fid,
    digit_probabilities,
    digit_test_features,
)
from gantutor.metrics.frechet import frechet_infinity
from gantutor.metrics.images import diversity
from gantutor.metrics.inception import inception_score
from gantutor.metrics.kernel import kernel_distance
from gantutor.metrics.neighbours import precision_recall


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
        By the names of the functions of this package; `precision`, `recall`, `density`, `coverage`
        with 5 neighbours, ``kernel_distance_error`` its standard error, ``memorisation`` the share
        of images nearer to the 5,000 training digits of `gantutor.data.load_digits` than to as many
        test digits, ``two_sample`` the share told apart, ``diversity`` the mean MS-SSIM of pairs.

    Raises
    ------
    TypeError, ValueError
        If the images or labels are not as above.
    """
    features = digit_features(images)
    real, real_labels = digit_test_features()
    neighbours = precision_recall(real, features)
    kernel = kernel_distance(real, features)
    report = {
        "images": len(features),
        "digit_fid": digit_fid(images),
        "digit_fid_infinity": frechet_infinity(features, real).value,
        "kernel_distance": kernel.value,
        "kernel_distance_error": kernel.standard_error,
        "inception_score": inception_score(digit_probabilities(images)),
        **vars(neighbours),
        "two_sample": two_sample_test(real, features).share,
        "memorisation": memorisation_test(features, digit_features(load_digits()[0]), real).share,
        "diversity": diversity(images),
    }
    if labels is not None:
        report["classification_accuracy_score"] = classification_accuracy_score(
            features, labels, real, real_labels
        )
    return report
