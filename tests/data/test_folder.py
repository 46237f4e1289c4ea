import numpy as np
import pytest
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
    images = image_folder(folder, side=16)
    assert images.shape == (3, 16, 16, 3) and images.dtype == np.float32
    assert np.allclose(images[0], [1, -1, -1])
    assert np.allclose(images[1:].mean(axis=(1, 2, 3)), [1, -1], atol=0.02)


def test_grey_red_has_the_luminance_of_the_standard(folder):
    images = image_folder(folder, side=16, channels=1)
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
        ("I;16", 257 * 51, [-0.6, -0.6, -0.6]),  # 51 of 255 once it has 8 bits
    ],
)
def test_any_mode(tmp_path, mode, colour, expected):
    Image.new(mode, (24, 24), colour).save(tmp_path / "a.png")
    assert np.allclose(image_folder(tmp_path, side=8), expected, atol=1e-6)


def test_a_picture_for_print(tmp_path):
    Image.new("CMYK", (24, 24), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    assert np.allclose(image_folder(tmp_path, side=8), [1, -1, -1], atol=0.05)


def test_the_centre_is_kept(tmp_path):
    wide = Image.new("RGB", (60, 20), "black")
    wide.paste("white", (20, 0, 40, 20))
    wide.save(tmp_path / "a.png")
    assert image_folder(tmp_path, side=10)[0, :, 1:9].min() > 0.95


def test_the_orientation_of_the_camera_is_obeyed(tmp_path):
    picture = Image.new("L", (20, 20), 0)
    picture.paste(255, (0, 0, 20, 10))  # white above
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "a.jpg", exif=exif)
    image = image_folder(tmp_path, side=20, channels=1)[0]
    assert image[:8].max() < -0.9 and image[12:].min() > 0.9


def test_broken_files_are_all_named(folder):
    (folder / "b.JPG").write_bytes((folder / "b.JPG").read_bytes()[:300])  # truncated
    (folder / "empty.png").touch()
    with pytest.raises(ValueError, match="2 of 4 images cannot be read") as caught:
        image_folder(folder, side=16)
    assert "b.JPG" in str(caught.value) and "empty.png" in str(caught.value)
    assert "a.png" not in str(caught.value) and 'on_error="skip"' in str(caught.value)


def test_broken_files_are_skipped_on_request(folder):
    (folder / "b.JPG").write_bytes((folder / "b.JPG").read_bytes()[:300])
    with pytest.warns(UserWarning, match="1 of 3 images cannot be read") as warned:
        images = image_folder(folder, side=16, on_error="skip")
    assert "b.JPG" in str(warned[0].message)
    assert np.allclose(images.mean(axis=(1, 2, 3)), [-1 / 3, -1], atol=0.02)


def test_damage_of_every_kind_is_a_broken_file(tmp_path):
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    for ending in ("png", "jpg"):
        whole = tmp_path / f"whole.{ending}"
        Image.fromarray(noise).save(whole)
        content = whole.read_bytes()
        whole.unlink()
        for case in range(200):
            damaged = bytearray(content[: random.integers(len(content))])
            for place in random.integers(len(damaged), size=2) if damaged else ():
                damaged[place] = random.integers(256)
            (tmp_path / f"{case}.{ending}").write_bytes(damaged)
    with pytest.raises(ValueError, match="of 400 images cannot be read"):
        image_folder(tmp_path, side=8)


def test_damage_in_the_middle_of_a_png(tmp_path):
    # Noise fills more than one data chunk; Pillow meets a broken second one with a SyntaxError.
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    start, first, second = (tmp_path / "a.png").read_bytes().split(b"IDAT", 2)
    (tmp_path / "a.png").write_bytes(start + b"IDAT" + first + b"\0DAT" + second)
    with pytest.raises(ValueError, match=r"1 of 1 images cannot be read:\n .*a\.png"):
        image_folder(tmp_path, side=8)


def test_a_picture_of_absurd_size_is_a_broken_file(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with pytest.raises(ValueError, match="2 of 3 images cannot be read") as caught:
        image_folder(folder, side=8)
    assert "a.png" in str(caught.value)


@pytest.mark.parametrize("name", ["notes.txt", "clip.gif"])
def test_a_folder_without_images(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"holds no image that can be read \(\.png, \.jpg"):
        image_folder(tmp_path, side=16)


def test_only_broken_files_even_when_skipped(tmp_path):
    (tmp_path / "a.png").touch()
    with (
        pytest.warns(UserWarning, match="1 of 1"),
        pytest.raises(ValueError, match="holds no image"),
    ):
        image_folder(tmp_path, side=16, on_error="skip")


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No folder .*missing"):
        image_folder(tmp_path / "missing", side=16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 0}, "side must be a whole number of at least 1; got 0"),
        ({"side": 16, "channels": 4}, r"channels must be 1 \(grey\) or 3 \(RGB\); got 4"),
        ({"side": 16, "on_error": "ignore"}, "Unknown on_error 'ignore'"),
    ],
)
def test_bad_arguments(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        image_folder(folder, **arguments)
