"""Numbers of Inception features against torch-fidelity's own, with random weights."""

import json
from unittest import mock

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from gantutor import cli, metrics  # noqa: E402
from gantutor.torch.inception import inception_features  # noqa: E402


@pytest.fixture(scope="module")
def fidelity():
    # Where torch is built without CUDA and torchvision with it, torchvision's compiled part does
    # not load, and its import asks for these operators, which no feature needs.
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor a, Tensor b, float c) -> Tensor")
    return pytest.importorskip("torch_fidelity")


@pytest.fixture(scope="module")
def weights(fidelity, tmp_path_factory):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3 as Network

    torch.manual_seed(0)
    with mock.patch("torch.load"), mock.patch.object(Network, "load_state_dict"):
        network = Network("inception", ["2048"], feature_extractor_weights_path="none")
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path


def images(count, seed, channels=3):
    levels = np.random.default_rng(seed).integers(0, 256, (count, 16, 16, channels))
    return (levels / 127.5 - 1).astype(np.float32)


def folder_of(images, path):
    path.mkdir()
    for k, pixels in enumerate(np.rint((images + 1) * 127.5).astype(np.uint8)):
        Image.fromarray(pixels).save(path / f"{k:02}.png")
    return str(path)


@pytest.mark.slow
def test_the_command_prints_the_numbers_of_torch_fidelity(fidelity, weights, tmp_path, capsys):
    fake = folder_of(images(12, seed=0), tmp_path / "fake")
    real = folder_of(images(14, seed=1) * 0.5, tmp_path / "real")
    command = ["score", fake, "--real", real, "--side", "16", "--weights", str(weights)]
    assert cli.main(command) == 0
    ours = json.loads(capsys.readouterr().out)
    theirs = fidelity.calculate_metrics(
        input1=fake, input2=real, fid=True, isc=True, kid=True, cuda=False,
        samples_shuffle=False, kid_subset_size=12, rng_seed=0, verbose=False, cache=False,
        feature_extractor_weights_path=str(weights),
    )  # fmt: skip
    assert ours["samples"] == 12
    assert ours["frechet_distance"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-3)
    assert ours["inception_score"] == pytest.approx(theirs["inception_score_mean"], rel=1e-6)
    kid = theirs["kernel_inception_distance_mean"]
    assert ours["kernel_distance"] == pytest.approx(kid, rel=1e-4, abs=1e-9)


@pytest.mark.slow
def test_grey_images_are_repeated_to_rgb(fidelity, weights):
    grey = images(2, 2, channels=1)
    features, probabilities = inception_features(grey, weights, batch_size=1)
    again, _ = inception_features(np.repeat(grey, 3, axis=-1), weights)
    assert features.shape == (2, 2048) and features.dtype == np.float32
    np.testing.assert_allclose(features, again, rtol=1e-4, atol=1e-6)
    assert probabilities.shape == (2, 1008)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_file_that_hides_code_is_refused(fidelity, tmp_path):
    torch.save({"fc.bias": metrics.ModeCoverage(1, 1.0, np.ones(1))}, tmp_path / "evil.pth")
    with pytest.raises(Exception, match=r"Unsupported|weights_only"):
        inception_features(images(2, 5), tmp_path / "evil.pth")
