import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pooch
import pytest

from gantutor.data import digits

COUNT = 7


def idx(array):
    """The bytes of an idx file, from its definition: type 8 (bytes), axes, big-endian lengths."""
    lengths = np.array(array.shape, ">u4").tobytes()
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (COUNT, 28, 28), dtype=np.uint8)


@pytest.fixture
def files(monkeypatch, tmp_path, pixels):
    """A small stand-in for the four files, by name; the cache and GANTUTOR_DATA lead nowhere."""
    contents = {
        f"{part}-{kind}": idx(array)
        for part in ("train", "t10k")
        for kind, array in {
            "images-idx3-ubyte": pixels,
            "labels-idx1-ubyte": np.arange(COUNT, dtype=np.uint8),
        }.items()
    }
    sha256 = {
        name: (
            hashlib.sha256(content).hexdigest(),
            hashlib.sha256(gzip.compress(content, mtime=0)).hexdigest(),
        )
        for name, content in contents.items()
    }
    monkeypatch.setattr(digits, "CHECKSUMS", sha256)
    monkeypatch.setattr(digits, "MIRRORS", ("http://127.0.0.1:9/",))  # nothing listens there
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("GANTUTOR_DATA", raising=False)
    return contents


def put(folder, files, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)


def test_the_embedded_digits_are_images_in_the_convention():
    images, labels = digits.load_digits()
    assert images.shape == (5000, 28, 28, 1) and images.dtype == np.float32
    assert images.min() == -1 and images.max() == 1
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [500] * 10
    assert images[..., 0].mean() < -0.5  # white strokes on black


def test_two_calls_share_no_memory():
    first, _ = digits.load_digits()
    first[:] = 0
    assert digits.load_digits()[0].min() == -1


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("subfolder", ["", "mnist"])
def test_mnist_reads_idx_files(monkeypatch, tmp_path, files, pixels, compress, subfolder):
    put(tmp_path / "here" / subfolder, files, compress)
    monkeypatch.setenv("GANTUTOR_DATA", str(tmp_path / "here"))
    images, labels = digits.mnist("test")
    assert images.shape == (COUNT, 28, 28, 1) and images.dtype == np.float32
    assert np.array_equal(np.rint((images[..., 0] + 1) * 127.5), pixels)
    assert labels.dtype == np.int64 and labels.tolist() == list(range(COUNT))
    labels[0] = 5  # writable, although it came from bytes


def test_mnist_reads_the_cache(tmp_path, files):
    put(tmp_path / "cache" / "gantutor", files)
    assert len(digits.mnist("train")[0]) == COUNT


def test_what_is_missing_says_where_it_was_looked_for(monkeypatch, tmp_path, files):
    monkeypatch.setenv("GANTUTOR_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError) as caught:
        digits.mnist("train")
    message = str(caught.value)
    for folder in ("nowhere", "nowhere/mnist", "cache/gantutor", "cache/gantutor/mnist"):
        for ending in ("", ".gz"):
            assert f"{tmp_path / folder}/train-images-idx3-ubyte{ending}\n" in message
    assert "http://127.0.0.1:9/" in message and "set GANTUTOR_DATA" in message


def test_a_download_goes_to_the_cache_and_is_used_again(monkeypatch, tmp_path, files, http_server):
    put(tmp_path / "served", files, compress=True)
    address, requests = http_server(tmp_path / "served")
    monkeypatch.setattr(digits, "MIRRORS", ("http://127.0.0.1:9/", address))
    assert len(digits.mnist("test")[0]) == COUNT
    assert (tmp_path / "cache/gantutor/mnist/t10k-images-idx3-ubyte.gz").is_file()
    assert len(requests) == 2
    digits.mnist("test")
    assert len(requests) == 2


def test_a_tampered_download_is_refused(monkeypatch, tmp_path, files, http_server):
    put(tmp_path / "served", {name: content + b"!" for name, content in files.items()}, True)
    address, _ = http_server(tmp_path / "served")
    monkeypatch.setattr(digits, "MIRRORS", (address,))
    with pytest.raises(FileNotFoundError, match="ValueError"):
        digits.mnist("test")
    assert not list((tmp_path / "cache").rglob("*.gz"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-20], "is damaged"),
        (lambda content: b"not gzip" + content, "is damaged"),
        (lambda content: gzip.compress(b"other content"), "is not MNIST's train-images-idx3-ubyte"),
    ],
)
def test_damaged_files_are_named(monkeypatch, tmp_path, files, damage, message):
    put(tmp_path, files, compress=True)
    bad = tmp_path / "train-images-idx3-ubyte.gz"
    bad.write_bytes(damage(bad.read_bytes()))
    monkeypatch.setenv("GANTUTOR_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        digits.mnist("train")
    assert str(bad) in str(caught.value)


def test_unknown_split():
    with pytest.raises(ValueError, match=r"Unknown split 'tset'\. Did you mean 'test'\?"):
        digits.mnist("tset")


@pytest.mark.skipif(
    not any(Path(os.environ.get("GANTUTOR_DATA", "none")).rglob("train-images-idx3-ubyte*")),
    reason="GANTUTOR_DATA names no folder with the full MNIST",
)
def test_the_embedded_digits_belong_to_the_training_set():
    def rows(images):
        return {row.tobytes() for row in images}

    embedded = rows(digits.load_digits()[0])
    assert embedded <= rows(digits.mnist("train")[0])
    assert not embedded & rows(digits.mnist("test")[0])
