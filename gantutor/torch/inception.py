"""Features of the Inception network behind published values of FID, through torch-fidelity."""

import tempfile
from pathlib import Path

import numpy as np
import scipy.special
import torch

from gantutor.metrics import feature_report
from gantutor.runs.progress import progress_bar
from gantutor.validation import check_images, check_positive


def inception_features(images, weights=None, batch_size=64):
    """Return what torch-fidelity's Inception network says of images.

    Pixels are rounded to 256 levels, as in a file; the network resizes images to 299 × 299.

    Parameters
    ----------
    images : array_like, float, shape [N, H, W, C]
        In [−1, 1]; grey ones are repeated to RGB.
    weights : str or pathlib.Path, optional
        A file with the network's weights; downloaded (90 MB) by default, and checked.
    batch_size : int
        Images in a pass.

    Returns
    -------
    features : numpy.ndarray, float32, shape [N, 2048]
        The last pooling layer.
    probabilities : numpy.ndarray, float64, shape [N, 1008]
        Softmax of the last layer without its bias, as in the published Inception Scores.

    Raises
    ------
    ModuleNotFoundError
        If torch-fidelity is missing.
    TypeError, ValueError
        If `images` are not such images, or `batch_size` is not positive.

    References
    ----------
    Heusel et al. (2017); Obukhov et al. (2020), torch-fidelity.
    """
    images = check_images(images)
    size = check_positive(batch_size, "batch_size")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = _network(weights).to(device)
    features, logits = [], []
    with torch.inference_mode(), progress_bar(len(images), "image") as bar:
        for start in range(0, len(images), size):
            pixels = np.rint((images[start : start + size] + 1) * 127.5).clip(0, 255)
            batch = torch.from_numpy(pixels.astype(np.uint8)).permute(0, 3, 1, 2)
            found = network(batch.expand(-1, 3, -1, -1).to(device))
            for kept, part in zip((features, logits), found, strict=True):
                kept.append(part.cpu().numpy())
            bar.update(len(batch))
    return np.concatenate(features), scipy.special.softmax(np.concatenate(logits, dtype=float), 1)


def inception_report(images, real_images, weights=None):
    """Score generated images against real ones by `gantutor.metrics.feature_report`.

    ``frechet_distance`` is the FID of torch-fidelity, ``kernel_distance`` its KID with the seed 0,
    ``inception_score`` that of the images in the order given, in ten parts.

    Parameters
    ----------
    images, real_images : array_like, float, shape [N, H, W, C]
        In [−1, 1]; at least ten generated ones.
    weights : str or pathlib.Path, optional
        As in `inception_features`.

    Returns
    -------
    dict[str, float]
    """
    features, probabilities = inception_features(images, weights)
    real, _ = inception_features(real_images, weights)
    return feature_report(real, features, probabilities, splits=10)


def _network(weights):
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (
            URL_INCEPTION_V3,
            FeatureExtractorInceptionV3,
        )
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'Inception features need torch-fidelity. Install: pip install "gantutor[inception]"'
        ) from error
    if weights is None:
        state = torch.hub.load_state_dict_from_url(
            URL_INCEPTION_V3, map_location="cpu", check_hash=True, weights_only=True
        )
    else:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    # The extractor's own way of reading would run code that a file hides; a copy has tensors only.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "weights.pth"
        torch.save(state, copy)
        return FeatureExtractorInceptionV3(
            "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(copy)
        )
