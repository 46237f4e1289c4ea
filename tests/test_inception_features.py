"""Numbers of Inception features against torch-fidelity's own, with random weights."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from gantutor import cli, metrics  # noqa: E402
from gantutor.torch import inception  # noqa: E402
from gantutor.torch.inception import inception_features  # noqa: E402


@pytest.fixture(scope="module")
def fidelity():
    # Where torch is built without CUDA and torchvision with it, torchvision's compiled part does
    # not load, and its import asks for these operators, which no feature needs. Where that part
    # does load, it registers them itself, and a second registration would end the process.
    torchvision = find_spec("torchvision")
    if torchvision is None:
        pytest.skip("torchvision is not installed")
    try:
        torch.ops.load_library(next(Path(torchvision.origin).parent.glob("_C*.*")))
    except OSError:
        for name in ("nms", "qnms"):
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
    command = ["score", fake, "--real", real, "--size", "16", "--weights", str(weights)]
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
    spread = theirs["inception_score_std"]
    assert ours["inception_score_spread"] == pytest.approx(spread, rel=1e-3, abs=1e-9)
    kid = theirs["kernel_inception_distance_mean"]
    assert ours["kernel_distance"] == pytest.approx(kid, rel=1e-4, abs=1e-9)


def test_the_score_and_its_spread_are_those_of_torch_fidelity(fidelity):
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = np.random.default_rng(0).normal(size=(53, 7))
    exponentials = np.exp(logits)
    found = metrics.inception_score(exponentials / exponentials.sum(axis=1, keepdims=True), 10)
    theirs = isc_features_to_metric(torch.from_numpy(logits), splits=10, shuffle=False)
    assert found.value == pytest.approx(theirs["inception_score_mean"], rel=1e-12)
    assert found.spread == pytest.approx(theirs["inception_score_std"], rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "settings", "message"),
    [
        ((20, 5), {}, "fake must hold at least 6 samples, and as many as the splits .* here 10"),
        ((20, 9), {}, "here 10; got 9"),
        ((3, 20), {}, "real must hold at least 6 samples; got 3"),
        ((20, 20), {"splits": 0}, "splits must be a whole number of at least 1; got 0"),
    ],
)
def test_too_few_images_are_refused_before_any_is_looked_at(monkeypatch, counts, settings, message):
    monkeypatch.setattr(inception, "_network", lambda weights: pytest.fail("the work has begun"))
    real, fake = (images(count, seed=0) for count in counts)
    with pytest.raises(ValueError, match=message):
        inception.inception_report(real, fake, **settings)


def test_pictures_with_other_channels_are_refused_before_the_network_is_read(monkeypatch):
    monkeypatch.setattr(inception, "_network", lambda weights: pytest.fail("the work has begun"))
    with pytest.raises(ValueError, match=r"images must be grey .* or RGB .*; got 4 channels"):
        inception_features(images(2, 0, channels=4))
    with pytest.raises(ValueError, match=r"real must be grey .* or RGB .*; got 2 channels"):
        inception.inception_report(images(9, 0, channels=2), images(12, 0))


def test_a_report_reads_the_network_once(monkeypatch):
    read, seen = [], []

    def network(pixels):
        rows = pixels.float().mean(dim=(2, 3))
        seen.append(len(pixels))
        return rows, rows

    network.to = lambda device: network
    monkeypatch.setattr(inception, "_network", lambda weights: read.append(weights) or network)
    report = inception.inception_report(images(14, 1), images(12, 0), "file.pth", splits=4)
    assert read == ["file.pth"] and sorted(seen) == [12, 14]
    assert report["samples"] == 12 and report["inception_score_spread"] > 0


CLASHES = [
    'RuntimeError("operator torchvision::nms does not exist")',
    "AttributeError(\"partially initialized module 'torchvision' has no attribute 'extension'\")",
]


@pytest.mark.parametrize("clash", CLASHES)
def test_a_torchvision_of_another_build_is_named(monkeypatch, tmp_path, clash):
    module = "torch_fidelity.feature_extractor_inceptionv3"
    for name in ("torch_fidelity", module):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "torch_fidelity").mkdir()
    (tmp_path / "torch_fidelity" / "__init__.py").write_text("")
    (tmp_path / f"{module.replace('.', '/')}.py").write_text(f"raise {clash}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match=r"does not fit torch 2.*--no-deps torchvision") as caught:
        inception_features(images(2, 5))
    assert torch.__version__ in str(caught.value)


def test_other_failures_of_torch_fidelity_keep_their_own_words(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "torch_fidelity", raising=False)
    monkeypatch.delitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", raising=False)
    (tmp_path / "torch_fidelity.py").write_text('raise RuntimeError("out of memory")\n')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match="out of memory"):
        inception_features(images(2, 5))


@pytest.mark.slow
def test_grey_images_are_repeated_to_rgb(fidelity, weights):
    grey = images(2, 2, channels=1)
    features, probabilities = inception_features(grey, weights, batch_size=1)
    again, _ = inception_features(np.repeat(grey, 3, axis=-1), weights)
    wide, _ = inception_features(np.repeat(grey, 2, axis=2), weights)
    assert wide.shape == (2, 2048)
    assert features.shape == (2, 2048) and features.dtype == np.float32
    np.testing.assert_allclose(features, again, rtol=1e-4, atol=1e-6)
    assert probabilities.shape == (2, 1008)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_file_that_hides_code_is_refused(fidelity, tmp_path):
    torch.save({"fc.bias": metrics.ModeCoverage(1, 1.0, np.ones(1))}, tmp_path / "evil.pth")
    with pytest.raises(Exception, match=r"Unsupported|weights_only"):
        inception_features(images(2, 5), tmp_path / "evil.pth")
