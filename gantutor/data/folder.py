"""Your own images: a folder of PNG and JPEG files as one array."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from gantutor.validation import check_choice, check_positive

ENDINGS = (".png", ".jpg", ".jpeg")
# What Pillow raises for damaged files, and for sizes that no honest picture has.
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def image_folder(path, side, channels=3, on_error="raise"):
    """Load all PNG and JPEG files in a folder and its subfolders.

    Each picture is turned as its camera's orientation says, laid on white where it is
    transparent, cropped to the square in its centre and resized.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder.
    side : int
        Height and width of the result, in pixels.
    channels : {3, 1}
        3 for RGB, 1 for grey.
    on_error : {"raise", "skip"}
        What to do about files that cannot be read: refuse all, or warn and leave them out.

    Returns
    -------
    numpy.ndarray, float32, shape [N, side, side, channels]
        In [−1, 1], in the order of the files' paths.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder holds no image, a file cannot be read, or an argument is not as above.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (40, 30), 255).save(f"{folder}/white.png")
    ...     image_folder(folder, side=16).shape
    (1, 16, 16, 3)
    """
    side = check_positive(side, "side")
    check_choice(on_error, ("raise", "skip"), "on_error")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (grey) or 3 (RGB); got {channels!r}.")
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"No folder {path}: image_folder needs one with PNG or JPEG files.")
    files = sorted(
        file
        for file in path.rglob("*")
        # macOS leaves hidden companions such as ._photo.jpg, which are no images.
        if file.suffix.lower() in ENDINGS and not file.name.startswith(".")
    )
    images, broken = [], []
    for file in tqdm(files, desc="Reading images", delay=2, disable=None):
        try:
            images.append(_read(file, side, channels))
        except UNREADABLE as error:
            broken.append(f"{file} ({error})")
    if broken:
        message = f"{len(broken)} of {len(files)} images cannot be read:\n  " + "\n  ".join(broken)
        if on_error == "raise":
            raise ValueError(message + '\nMend or remove them, or pass on_error="skip".')
        warnings.warn(message, stacklevel=2)
    if not images:
        raise ValueError(f"{path} holds no image that can be read ({', '.join(ENDINGS)}).")
    return np.stack(images)


def _read(file, side, channels):
    """Return one file as float32 [side, side, channels] in [−1, 1]."""
    with Image.open(file) as picture:
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I"):  # 16 bits: Pillow would clip them to 255, not scale
            picture = Image.fromarray((np.asarray(picture) // 257).astype(np.uint8))
        elif picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("L" if channels == 1 else "RGB")
        picture = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
    pixels = np.asarray(picture, dtype=np.float32).reshape(side, side, channels)
    return pixels / 127.5 - 1
