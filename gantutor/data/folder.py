"""Your own images: a folder of PNG and JPEG files as one array."""

import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from gantutor.runs.progress import progress_bar
from gantutor.validation import check_choice, check_positive, check_size

ENDINGS = (".png", ".jpg", ".jpeg")
RUN = "run.json"  # what marks the folder of a training run

_ORIENTATION = 0x0112  # the EXIF entry that says how the camera was held, and what undoes each
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def image_folder(
    path: str | os.PathLike[str],
    size: int | Sequence[int],
    channels: int = 3,
    on_error: Literal["raise", "skip"] = "raise",
) -> np.ndarray:
    """Load all PNG and JPEG files in a folder and its subfolders.

    Each picture is turned as its camera's orientation says, laid on white where it is
    transparent, cropped around its centre to the shape of `size` and resized.

    Left out are hidden files and folders (names that begin with a dot), and every folder below
    `path` that holds a file ``run.json``: the pictures of a training run are results, not data.
    Linked folders are read like others, each real folder once.

    Parameters
    ----------
    path : path-like
        The folder.
    size : int or (int, int)
        Side of square images, or height and width, in pixels.
    channels : {3, 1}
        3 for RGB, 1 for grey.
    on_error : {"raise", "skip"}
        What to do about files and subfolders that cannot be read: refuse all, or warn and leave
        them out. Whatever is no regular file (a pipe, a device) cannot be read, nor can pictures
        with 32 bits in a channel, whose range no file states.

    Returns
    -------
    numpy.ndarray, float32, shape [N, height, width, channels]
        In [−1, 1], in the order of the files' paths.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder holds no image or is that of a run, a file or a subfolder cannot be read, or
        an argument is not as above.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (40, 30), 255).save(f"{folder}/white.png")
    ...     image_folder(folder, size=16).shape
    (1, 16, 16, 3)
    """
    height, width = check_size(size)
    channels = check_positive(channels, "channels")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (RGB); got {channels}.")
    check_choice(on_error, ("raise", "skip"), "on_error")
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"No folder {path}: image_folder needs one with PNG or JPEG files.")
    if (path / RUN).exists():
        raise ValueError(
            f"{path} is the folder of a training run: it holds a {RUN}. Its pictures are results; "
            "give the folder of the data."
        )
    broken: list[str] = []
    files = list(_files(path, broken, seen=set()))
    images = np.empty((len(files), height, width, channels), np.float32)
    count = 0
    with progress_bar(len(files), unit="image") as bar:
        for file in files:
            try:
                images[count] = _read(file, height, width, channels)
                count += 1
            except Exception as error:  # damaged files make decoders raise nearly everything
                broken.append(f"{file} ({str(error) or type(error).__name__})")
            bar.update()
    if broken:
        message = (
            f"Images read: {count}. Files or folders that cannot be read: {len(broken)}.\n  "
            + "\n  ".join(broken)
        )
        if on_error == "raise":
            raise ValueError(message + '\nMend or remove them, or pass on_error="skip".')
        warnings.warn(message, stacklevel=2)
    if count == 0:
        raise ValueError(
            f"{path} holds no image that can be read ({', '.join(ENDINGS)}). Hidden files and "
            f"folders, and folders with a {RUN}, are left out."
        )
    return images[:count]


def _files(folder: Path, broken: list[str], seen: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the files to read, in order of their paths; add the folders that fail to `broken`.

    `seen` are the devices and numbers of the folders that were entered, so that links cannot lead
    in a circle.
    """
    try:
        status = folder.stat()
        names = sorted(os.listdir(folder))
    except OSError as error:
        broken.append(f"{folder} ({error})")
        return
    if (status.st_dev, status.st_ino) in seen or RUN in names:
        return
    seen.add((status.st_dev, status.st_ino))
    for name in names:
        if name.startswith("."):  # .ipynb_checkpoints, .Trash-0, and macOS's ._photo.jpg
            continue
        place = folder / name
        try:
            mode = place.stat().st_mode
        except OSError as error:  # a link to nowhere, or a folder that lets nobody in
            broken.append(f"{place} ({error})")
            continue
        if stat.S_ISDIR(mode):
            yield from _files(place, broken, seen)
        elif place.suffix.lower() in ENDINGS:
            if stat.S_ISREG(mode):
                yield place
            else:  # opening a pipe would wait until somebody writes into it
                broken.append(f"{place} (not a regular file)")


def _read(file: Path, height: int, width: int, channels: int) -> np.ndarray:
    """Return one file as float32 [height, width, channels] in [−1, 1]."""
    with Image.open(file) as opened:
        opened.load()
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
        picture = _eight_bits(opened)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("L" if channels == 1 else "RGB")
    # ImageOps.exif_transpose would write the other entries anew, and fail where they are odd.
    picture = picture if turn is None else picture.transpose(turn)
    picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, dtype=np.float32).reshape(height, width, channels)
    return pixels / 127.5 - 1


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a picture whose channels have 8 bits; 16 are scaled, which Pillow would clip."""
    if picture.mode in ("I", "F"):
        kind = {"I": "whole numbers", "F": "floating-point numbers"}[picture.mode]
        raise ValueError(f"its pixels are 32-bit {kind} of unknown range; save it with 8 or 16")
    transparent = picture.info.get("transparency")  # a grey, a colour, or the alpha of a palette
    if picture.mode.startswith("I;16"):
        pixels = np.asarray(picture)
        if transparent is not None:
            pixels = np.where(pixels == transparent, 65535, pixels)  # white
        return Image.fromarray((pixels // 257).astype(np.uint8))
    if picture.mode == "RGB" and transparent is not None and max(transparent) > 255:
        # Of 16 bits in each of three channels Pillow keeps the upper eight, but not here.
        picture.info["transparency"] = tuple(value >> 8 for value in transparent)
    return picture
