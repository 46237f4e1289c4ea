import errno
import os
import socket
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gantutor.data import image_folder

RED = (255, 0, 0)


@pytest.fixture
def folder(tmp_path):
    """Three plain pictures: a.png red, b.JPG white, sub/c.jpeg black."""
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (40, 30), RED).save(tmp_path / "a.png")
    Image.new("RGB", (30, 50), "white").save(tmp_path / "b.JPG")
    Image.new("RGB", (20, 20), "black").save(tmp_path / "sub" / "c.jpeg")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "._a.png").write_bytes(b"hidden, not an image")
    return tmp_path


def test_pictures_come_in_order_of_name_in_the_convention(folder):
    images = image_folder(folder, size=16)
    assert images.shape == (3, 16, 16, 3) and images.dtype == np.float32
    assert np.allclose(images[0], [1, -1, -1])
    assert np.allclose(images[1:].mean(axis=(1, 2, 3)), [1, -1], atol=0.02)


def test_numbers_of_any_type_mean_the_same(folder):
    images = image_folder(folder, size=np.float64(16), channels=np.int64(1))
    assert np.array_equal(images, image_folder(folder, (16, 16.0), channels=1.0))


def test_grey_red_has_the_luminance_of_the_standard(folder):
    images = image_folder(folder, size=16, channels=1)
    assert images.shape == (3, 16, 16, 1)
    # ITU-R 601: 0.299 of red, so 76 of 255.
    assert np.allclose(images[0], 76 / 127.5 - 1)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, [1, 1, 1]),
        ("L", 255, [1, 1, 1]),
        ("LA", (0, 255), [-1, -1, -1]),
        ("LA", (0, 0), [1, 1, 1]),  # transparent: what is under it is not seen
        ("P", 0, [-1, -1, -1]),
        ("RGB", RED, [1, -1, -1]),
        ("RGBA", (*RED, 255), [1, -1, -1]),
        ("RGBA", (*RED, 0), [1, 1, 1]),
        ("I;16", 65535, [1, 1, 1]),
        ("I;16", 51_200, [199 / 127.5 - 1] * 3),  # 51,200 / 257 = 199.2
        ("I;16", 257 * 51, [-0.6, -0.6, -0.6]),  # 51 of 255 once it has 8 bits
    ],
)
def test_any_mode(tmp_path, mode, colour, expected):
    Image.new(mode, (24, 24), colour).save(tmp_path / "a.png")
    assert np.allclose(image_folder(tmp_path, size=8), expected, atol=1e-6)


def test_a_picture_for_print(tmp_path):
    Image.new("CMYK", (24, 24), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    assert np.allclose(image_folder(tmp_path, size=8), [1, -1, -1], atol=0.05)


def test_the_centre_is_kept(tmp_path):
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste("white", (20, 0, 40, 20))
    wide.save(tmp_path / "a.png")
    assert image_folder(tmp_path, size=10)[0, :, 1:9].min() > 0.95


def test_the_orientation_of_the_camera_is_obeyed(tmp_path):
    picture = Image.new("L", (20, 20), 0)
    picture.paste(255, (0, 0, 20, 10))  # white above
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "a.jpg", exif=exif)
    image = image_folder(tmp_path, size=20, channels=1)[0]
    assert image[:8].max() < -0.9 and image[12:].min() > 0.9


def test_broken_files_are_all_named(folder):
    (folder / "b.JPG").write_bytes((folder / "b.JPG").read_bytes()[:300])  # truncated
    (folder / "empty.png").touch()
    with pytest.raises(ValueError, match=r"Images read: 2\. .* read: 2\.") as caught:
        image_folder(folder, size=16)
    assert "b.JPG" in str(caught.value) and "empty.png" in str(caught.value)
    assert "a.png" not in str(caught.value) and 'on_error="skip"' in str(caught.value)


def test_broken_files_are_skipped_on_request(folder):
    (folder / "b.JPG").write_bytes((folder / "b.JPG").read_bytes()[:300])
    with pytest.warns(UserWarning, match=r"Images read: 2\. .* read: 1\.") as warned:
        images = image_folder(folder, size=16, on_error="skip")
    assert "b.JPG" in str(warned[0].message)
    assert warned[0].filename == __file__  # where the folder was asked for
    assert np.allclose(images.mean(axis=(1, 2, 3)), [-1 / 3, -1], atol=0.02)


def test_damage_of_every_kind_is_a_broken_file(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    for ending in ("png", "jpg"):
        whole = tmp_path / f"whole.{ending}"
        Image.fromarray(noise).save(whole)
        content = whole.read_bytes()
        whole.unlink()
        for case in range(200):
            damaged = bytearray(content[: rng.integers(len(content))])
            for place in rng.integers(len(damaged), size=2) if damaged else ():
                damaged[place] = rng.integers(256)
            (tmp_path / f"{case}.{ending}").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"Files or folders that cannot be read: \d{3}\."):
        image_folder(tmp_path, size=8)


def test_damage_in_the_middle_of_a_png(tmp_path):
    # Noise fills more than one data chunk; Pillow meets a broken second one with a SyntaxError.
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    start, first, second = (tmp_path / "a.png").read_bytes().split(b"IDAT", 2)
    (tmp_path / "a.png").write_bytes(start + b"IDAT" + first + b"\0DAT" + second)
    with pytest.raises(ValueError, match=r"Images read: 0\. .* read: 1\.\n .*a\.png"):
        image_folder(tmp_path, size=8)


def test_a_picture_of_absurd_size_is_a_broken_file(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(ValueError, match=r"Images read: 1\. .* read: 2\.") as caught:
        image_folder(folder, size=8)
    assert "a.png" in str(caught.value)


@pytest.mark.parametrize("name", ["notes.txt", "clip.gif"])
def test_a_folder_without_images(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"holds no image that can be read \(\.png, \.jpg"):
        image_folder(tmp_path, size=16)


def test_only_broken_files_even_when_skipped(tmp_path):
    (tmp_path / "a.png").touch()
    with (
        pytest.warns(UserWarning, match=r"Images read: 0\. .* read: 1\."),
        pytest.raises(ValueError, match="holds no image"),
    ):
        image_folder(tmp_path, size=16, on_error="skip")


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No folder .*missing"):
        image_folder(tmp_path / "missing", size=16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be a whole number of at least 1; got 0"),
        ({"size": (16, 0)}, "size must be a whole number of at least 1; got 0"),
        ({"size": (16, 16, 3)}, r"size must be one side, or height and width; got \(16, 16, 3\)"),
        ({"size": "16"}, "size must be a whole number of at least 1; got '16'"),
        ({"size": 16, "channels": 2.5}, "channels must be a whole number of at least 1; got 2.5"),
        ({"size": 16, "channels": 4}, r"channels must be 1 \(grey\) or 3 \(RGB\); got 4"),
        ({"size": 16, "on_error": "ignore"}, "Unknown on_error 'ignore'"),
    ],
)
def test_bad_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        image_folder(folder, **arguments)


def png(path, colour="white"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)


@pytest.mark.parametrize("hidden", [".ipynb_checkpoints", ".thumbnails/normal", ".Trash-0/files"])
def test_hidden_folders_are_left_out(folder, hidden):
    png(folder / hidden / "a-checkpoint.png")
    png(folder / "sub" / hidden / "b.png")
    assert len(image_folder(folder, size=8)) == 3


def test_a_folder_may_be_hidden_itself(tmp_path):
    png(tmp_path / ".cache" / "photos" / "a.png")
    assert len(image_folder(tmp_path / ".cache" / "photos", size=8)) == 1


def test_the_pictures_of_a_training_run_are_no_data(folder):
    png(folder / "runs" / "a" / "samples.png")
    (folder / "runs" / "a" / "run.json").write_text("{}")
    png(folder / "runs" / "a" / "more" / "deeper.png")
    png(folder / "runs" / "own.png")
    assert len(image_folder(folder, size=8)) == 4
    with pytest.raises(ValueError, match=r"runs/a is the folder of a training run: it holds a run"):
        image_folder(folder / "runs" / "a", size=8)


def test_a_folder_may_be_called_like_a_picture(folder):
    png(folder / "set.png" / "inside.png", "black")
    images = image_folder(folder, size=8)
    # a.png, b.JPG, set.png/inside.png, sub/c.jpeg
    assert np.allclose(images.mean(axis=(1, 2, 3)), [-1 / 3, 1, -1, -1], atol=0.02)


def test_linked_folders_are_read_once_and_circles_end(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    png(elsewhere / "d.png")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "linked_again").symlink_to(elsewhere)
    (folder / "sub" / "up").symlink_to(folder)
    (elsewhere / "self").symlink_to(elsewhere)
    (folder / "z.png").symlink_to(elsewhere / "d.png")  # a linked file is a file
    assert len(image_folder(folder, size=8)) == 5


def test_links_to_nowhere_are_named(folder):
    (folder / "gone.png").symlink_to(folder / "missing.png")
    (folder / "album").symlink_to("/nowhere/album")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    with pytest.raises(ValueError, match=r"Images read: 3\. .* read: 3\.") as caught:
        image_folder(folder, size=8)
    for name in ("gone.png", "album", "loop.png"):
        assert f"{folder / name} (" in str(caught.value)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_folder_that_may_not_be_read_is_named(folder, monkeypatch, on_error):
    listdir = os.listdir

    def guarded(path):
        if str(path).endswith("sub"):  # the administrator may read everything, so not by its rights
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", guarded)
    message = r"Images read: 2\. Files .* read: 1\.\n  .*/sub \(.*Permission denied"
    if on_error == "raise":
        with pytest.raises(ValueError, match=message):
            image_folder(folder, size=8)
    else:
        with pytest.warns(UserWarning, match=message):
            assert len(image_folder(folder, size=8, on_error="skip")) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_sockets_and_devices_are_named_and_not_opened(folder):
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket may have 100 characters at most
        server.bind("socket.jpeg")
        os.chdir(here)
        with pytest.raises(ValueError, match=r"Images read: 3\. .* read: 3\.") as caught:
            image_folder(folder, size=8)
    for name in ("pipe.png", "zero.jpg", "socket.jpeg"):
        assert f"{folder / name} (not a regular file)" in str(caught.value)


def exif(*entries):
    """The EXIF block of a JPEG file: little-endian TIFF, entries of (tag, type, number, value)."""
    body = struct.pack("<H", len(entries))
    for tag, kind, number, value in entries:
        body += struct.pack("<HHI", tag, kind, number) + value.ljust(4, b"\0")
    # What does not fit into four bytes lies behind the entries: a fraction, −1 / 0.
    return b"Exif\0\0II*\0\x08\0\0\0" + body + bytes(4) + struct.pack("<ii", -1, 0)


UPSIDE_DOWN = (0x0112, 3, 1, struct.pack("<H", 3))


@pytest.mark.parametrize(
    "odd",
    [
        (0x011A, 10, 1, struct.pack("<I", 8 + 2 + 2 * 12 + 4)),  # XResolution, −1 / 0
        (0x0132, 4, 1, struct.pack("<I", 2**31)),  # the date as a number
        (0x010F, 7, 4, b"\xff\xfe\xfd\xfc"),  # the maker as bytes
        (0x8769, 2, 4, b"text"),  # a text for the place of the EXIF entries
        (0x8825, 4, 1, struct.pack("<I", 2**32 - 1)),  # a place that is not in the file
    ],
)
def test_odd_entries_of_the_camera_do_no_harm(tmp_path, odd):
    picture = Image.new("L", (20, 20), 0)
    picture.paste(255, (0, 0, 20, 10))  # white above
    picture.save(tmp_path / "a.jpg", exif=exif(*sorted([UPSIDE_DOWN, odd])))
    image = image_folder(tmp_path, size=20, channels=1)[0]
    assert image[:8].max() < -0.9 and image[12:].min() > 0.9


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation(tmp_path, orientation):
    upright = np.zeros((12, 12), np.uint8)
    upright[:6, :6], upright[:6, 6:], upright[6:, :6] = 255, 170, 85
    entry = (0x0112, 3, 1, struct.pack("<H", orientation))
    for name, pixels in {
        "plain": upright,
        "turned": _as_the_camera_saw(upright, orientation),
    }.items():
        Image.fromarray(pixels).save(
            tmp_path / f"{name}.jpg", quality=100, exif=exif(entry) if name == "turned" else b""
        )
    plain, turned = image_folder(tmp_path, size=12, channels=1)
    assert np.abs(plain - turned).max() < 0.05


def _as_the_camera_saw(upright, orientation):
    """Undo what the EXIF standard says of each value: where row 0 and column 0 of the file are."""
    return {
        1: upright,  # top, left
        2: upright[:, ::-1],  # top, right
        3: upright[::-1, ::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: upright.T,  # left, top
        6: upright.T[::-1],  # right, top
        7: upright.T[::-1, ::-1],  # right, bottom
        8: upright.T[:, ::-1],  # left, bottom
    }[orientation]


@pytest.mark.parametrize(
    "error",
    [RuntimeError("AVIF"), struct.error("range"), AttributeError(), MemoryError(), KeyError("x")],
)
def test_whatever_a_decoder_raises_is_a_broken_file(folder, monkeypatch, error):
    opened = Image.open

    def fails(file):
        if file.name == "b.JPG":
            raise error
        return opened(file)

    monkeypatch.setattr(Image, "open", fails)
    with pytest.raises(ValueError, match=r"Images read: 2\. .* read: 1\.\n  .*b\.JPG \(.+\)"):
        image_folder(folder, size=8)


def test_ctrl_c_is_no_broken_file(folder, monkeypatch):
    def interrupted(file):
        raise KeyboardInterrupt

    monkeypatch.setattr(Image, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        image_folder(folder, size=8, on_error="skip")


@pytest.mark.parametrize(("mode", "kind"), [("I", "whole"), ("F", "floating-point")])
def test_pixels_of_32_bits_are_refused(tmp_path, mode, kind):
    Image.new(mode, (8, 8), 1000).save(tmp_path / "a.png", format="TIFF")
    with pytest.raises(ValueError, match=rf"a\.png \(its pixels are 32-bit {kind} numbers of unk"):
        image_folder(tmp_path, size=8)


def write_png(path, rows, colour_type, transparent):
    """Write a PNG file of 16 bits a channel, from the definition of the format."""

    def chunk(kind, data):
        content = kind + data
        return struct.pack(">I", len(data)) + content + struct.pack(">I", zlib.crc32(content))

    height, width = rows.shape[:2]
    content = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
        + chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
        + chunk(b"IDAT", zlib.compress(content))
        + chunk(b"IEND", b"")
    )


def test_the_transparent_grey_of_16_bits_is_white(tmp_path):
    rows = np.full((8, 8), 40_000)
    rows[:, 4:] = 257 * 51
    write_png(tmp_path / "a.png", rows, colour_type=0, transparent=40_000)
    image = image_folder(tmp_path, size=8)[0]
    assert np.allclose(image[:, :3], 1) and np.allclose(image[:, 5:], -0.6, atol=0.02)


def test_the_transparent_colour_of_16_bits_is_white(tmp_path):
    rows = np.full((8, 8, 3), [40_000, 1_000, 300])
    rows[:, 4:] = [65_535, 0, 0]
    write_png(tmp_path / "a.png", rows, colour_type=2, transparent=[40_000, 1_000, 300])
    image = image_folder(tmp_path, size=8)[0]
    assert np.allclose(image[:, :3], 1) and np.allclose(image[:, 5:], [1, -1, -1], atol=0.02)


def test_images_that_are_not_square_are_cut_to_the_shape(tmp_path):
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste("white", (10, 0, 50, 20))  # the middle 40 × 20
    wide.save(tmp_path / "a.png")
    image = image_folder(tmp_path, size=(10, 20))[0]
    assert image.shape == (10, 20, 3) and image[:, 1:19].min() > 0.95


PIXELS = st.integers(1, 40)


@given(width=PIXELS, height=PIXELS, size=st.tuples(PIXELS, PIXELS), grey=st.integers(0, 255))
@settings(max_examples=50)
def test_any_picture_fits_any_size(width, height, size, grey):
    with tempfile.TemporaryDirectory() as folder:
        Image.new("L", (width, height), grey).save(f"{folder}/a.png")
        images = image_folder(folder, size, channels=1)
    assert images.shape == (1, *size, 1)
    assert np.allclose(images, grey / 127.5 - 1, atol=1e-6)


NAMES = st.sampled_from(["a", "b", ".c", "d.png", "e.JPEG", ".f.jpg", "g.gif", "h.jpg.txt"])
TREES = st.recursive(
    st.just("file"), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def _grow(path, tree):
    if tree == "file":
        Image.new("L", (2, 2)).save(path, format="PNG")
    else:
        path.mkdir()
        for name, inner in tree.items():
            _grow(path / name, inner)


def _expected(tree):
    """How many pictures a reader would count who follows the rules by hand."""
    return sum(
        name in ("d.png", "e.JPEG") if inner == "file" else _expected(inner)
        for name, inner in tree.items()
        if not name.startswith(".")
    )


@given(tree=st.dictionaries(NAMES, TREES, max_size=4))
@settings(max_examples=50)
def test_every_picture_is_found_and_nothing_else(tree):
    with tempfile.TemporaryDirectory() as folder:
        _grow(Path(folder) / "data", tree)
        if _expected(tree):
            assert len(image_folder(Path(folder) / "data", size=2)) == _expected(tree)
        else:
            with pytest.raises(ValueError, match="holds no image that can be read"):
                image_folder(Path(folder) / "data", size=2)
