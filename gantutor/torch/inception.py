"""Features of the Inception network behind published values of FID, through torch-fidelity."""

import importlib.metadata
import tempfile
from pathlib import Path

import numpy as np
import scipy.special
import torch
from numpy.typing import ArrayLike

from gantutor.metrics import feature_report
from gantutor.metrics.report import check_counts
from gantutor.runs.progress import progress_bar
from gantutor.validation import check_images, check_positive


def inception_features(
    images: ArrayLike, weights: str | Path | None = None, batch_size: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Return what torch-fidelity's Inception network says of images.

    Pixels are rounded to 256 levels, as in a file; the network resizes images to 299 × 299, also
    those that are not square.

    Parameters
    ----------
    images : array_like, float, shape [N, H, W, C]
        In [−1, 1], grey (C = 1) or RGB (C = 3); grey ones are repeated to RGB.
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
    ImportError
        If torch-fidelity is missing, or torchvision, which it imports, does not fit PyTorch.
    TypeError, ValueError
        If `images` are not such images, or `batch_size` is not positive.

    See Also
    --------
    inception_report : All scores from them.
    gantutor.metrics.digit_features : Features of digits, without a download.

    References
    ----------
    Heusel et al. (2017); Obukhov et al. (2020), torch-fidelity.
    """
    images = check_images(images, channels=(1, 3))
    batch_size = check_positive(batch_size, "batch_size")
    return _features(_network(weights), images, batch_size)


def inception_report(
    real: ArrayLike, fake: ArrayLike, weights: str | Path | None = None, splits: int = 10
) -> dict[str, float]:
    """Score generated images against real ones by `gantutor.metrics.feature_report`.

    ``frechet_distance`` is the FID of torch-fidelity, ``kernel_distance`` its KID with the seed 0,
    ``inception_score`` that of the generated images in the order given.

    Parameters
    ----------
    real, fake : array_like, float, shape [N, H, W, C]
        In [−1, 1], grey or RGB; at least six of each, and as many generated ones as `splits`.
    weights : str or pathlib.Path, optional
        As in `inception_features`.
    splits : int
        Parts of the Inception Score; published ones have ten.

    Returns
    -------
    dict[str, float]

    Raises
    ------
    ImportError, TypeError, ValueError
        As in `inception_features`, or if there are too few images; before any of them is looked at.
    """
    real = check_images(real, "real", channels=(1, 3))
    fake = check_images(fake, "fake", channels=(1, 3))
    check_counts(len(real), len(fake), splits)
    network = _network(weights)
    features, probabilities = _features(network, fake)
    return feature_report(_features(network, real)[0], features, probabilities, splits)


def _features(network, images, batch_size=64):
    """Return features and probabilities of images that have been checked."""
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    network = network.to(device)
    features, logits = [], []
    with torch.inference_mode(), progress_bar(len(images), "image") as bar:
        for start in range(0, len(images), batch_size):
            pixels = np.rint((images[start : start + batch_size] + 1) * 127.5).clip(0, 255)
            batch = torch.from_numpy(pixels.astype(np.uint8)).permute(0, 3, 1, 2)
            found = network(batch.expand(-1, 3, -1, -1).to(device))
            for kept, part in zip((features, logits), found, strict=True):
                kept.append(part.cpu().numpy())
            bar.update(len(batch))
    return np.concatenate(features), scipy.special.softmax(np.concatenate(logits, dtype=float), 1)


def _network(weights):
    """Return the network with its weights from a file, or with the published ones."""
    url, extractor = _torch_fidelity()
    if weights is None:
        state = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", check_hash=True, weights_only=True
        )
    else:
        state = torch.load(weights, map_location="cpu", weights_only=True)
    # The extractor's own way of reading would run code that a file hides; a copy has tensors only.
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "weights.pth"
        torch.save(state, copy)
        return extractor(
            "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(copy)
        )


def _torch_fidelity():
    """Return the address of the published weights, and the class of the network."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import (
            URL_INCEPTION_V3,
            FeatureExtractorInceptionV3,
        )
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'Inception features need torch-fidelity. Install: pip install "gantutor[inception]"'
        ) from error
    except (RuntimeError, OSError, AttributeError, ImportError) as error:
        # A torchvision of another build than PyTorch: its compiled operators do not load, and a
        # second import in the same process finds it half imported.
        if "torchvision" not in str(error):
            raise
        build = torch.__version__.partition("+")[2]
        index = f" --index-url https://download.pytorch.org/whl/{build}" if build else ""
        raise ImportError(
            f"torch-fidelity imports torchvision, and {importlib.metadata.version('torchvision')} "
            f"of it does not fit torch {torch.__version__} ({error}). Install the torchvision of "
            "the same build, and restart Python: "
            f"pip install --force-reinstall --no-deps torchvision{index}"
        ) from error
    return URL_INCEPTION_V3, FeatureExtractorInceptionV3
