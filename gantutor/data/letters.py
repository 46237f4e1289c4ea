"""Letters in several typefaces: the same letter at the same place, so that pairs are exact."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gantutor.runs.seeds import as_rng
from gantutor.validation import check_choice, check_positive, check_size

#: Files of matplotlib's fonts by the typefaces' names.
TYPEFACES = {
    "DejaVu Sans": "DejaVuSans",
    "DejaVu Sans Bold": "DejaVuSans-Bold",
    "DejaVu Sans Mono": "DejaVuSansMono",
    "DejaVu Serif": "DejaVuSerif",
    "DejaVu Serif Italic": "DejaVuSerif-Italic",
    "STIX": "STIXGeneral",
    "STIX Italic": "STIXGeneralItalic",
    "STIX Bold": "STIXGeneralBol",
    "STIX Bold Italic": "STIXGeneralBolIta",
}

_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθικλμνξπρσςτυφχψω"
_CYRILLIC = "БДЖЗИЛУЦЧШЩЪЫЬЭЮЯ"

#: Latin letters and digits, and those Greek and Cyrillic ones that are not copies of them.
LETTERS = _LATIN + _GREEK + _CYRILLIC

#: Those that are, in a sans serif, each other's copies, at another size or nearly so.
LOOK_ALIKES = ("Cc", "Il", "Kκ", "Oo", "Ss", "Vv", "Ww", "Xx", "Zz", "pρ", "uυ", "yУ", "3З")

_FINE = 4  # letters are drawn this many times larger, and then averaged
_CAPITALS = 0.5  # height of H, of an image's
_BASELINE = 0.7  # where letters stand, of an image's height from its top
_SHIFT = 1 / 20  # the largest, of an image's size
_SMALLEST = 0.85  # the smallest scale; the largest is 1


def draw_letters(
    count: int,
    letters: str = LETTERS,
    typefaces: Sequence[str] = ("DejaVu Sans", "STIX Italic"),
    size: int = 32,
    seed: int | np.random.Generator = 0,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw letters in several typefaces, each letter at the same place and scale in all of them.

    White on black. Capitals are equally high in all typefaces. Scale and shift are random, and the
    whole letter lies inside the image.

    Parameters
    ----------
    count : int
        How many images in each typeface; at least 1. Image i shows letter i, and the letters
        repeat.
    letters : str
        Of `LETTERS`.
    typefaces : sequence of str
        Of `TYPEFACES`, whose fonts come with matplotlib.
    size : int
        Side of the images in pixels; at least 16.
    seed : int or numpy.random.Generator

    Returns
    -------
    images : list of numpy.ndarray, float32, shape [count, size, size, 1]
        In [−1, 1], for each typeface.
    labels : numpy.ndarray, int64, shape [count]
        Indices into `letters`.

    Raises
    ------
    TypeError, ValueError
        If `count` is not positive, a letter or a typeface is none of ours, `size` is less than 16,
        or `seed` is no seed.

    Examples
    --------
    >>> (sans, italic), labels = draw_letters(3, "gR")
    >>> sans.shape, italic.shape, labels.tolist()
    ((3, 32, 32, 1), (3, 32, 32, 1), [0, 1, 0])
    """
    count = check_positive(count, "count")
    size = check_size(size)[0]
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels; got {size}.")
    if not letters or set(letters) - set(LETTERS):
        raise ValueError(f"letters must be some of LETTERS; got {letters!r}.")
    for typeface in typefaces:
        check_choice(typeface, tuple(TYPEFACES), "typeface")
    rng = as_rng(seed)
    labels = np.arange(count) % len(letters)
    scales = rng.uniform(_SMALLEST, 1, size=count)
    places = np.array([0.5, _BASELINE]) + rng.uniform(-_SHIFT, _SHIFT, size=(count, 2))
    images = []
    for typeface in typefaces:
        pixels = [
            _pixels(letters[label], typeface, size, scale, place)
            for label, scale, place in zip(labels, scales, places, strict=True)
        ]
        images.append(np.stack(pixels)[..., None] / np.float32(127.5) - np.float32(1))
    return images, labels.astype(np.int64)


def split_letters(held_out: int = 24, seed: int | np.random.Generator = 0) -> tuple[str, str]:
    """Deal `LETTERS` out to training and test; look-alikes stay together.

    Parameters
    ----------
    held_out : int
        Letters of the test, or one or two more where the last of them have look-alikes.
    seed : int or numpy.random.Generator

    Returns
    -------
    tuple of str
        Letters to train on and letters to test on, each in the order of `LETTERS`.

    Raises
    ------
    TypeError, ValueError
        If `held_out` is not positive or leaves none to train on, or `seed` is no seed.

    Examples
    --------
    >>> training, test = split_letters(20)
    >>> len(training) + len(test) == len(LETTERS), ("S" in test) == ("s" in test)
    (True, True)
    """
    held_out = check_positive(held_out, "held_out")
    if held_out > len(LETTERS) - 3:
        raise ValueError(f"held_out must leave letters to train on; got {held_out}.")
    alone = set(LETTERS) - set("".join(LOOK_ALIKES))
    families = [*LOOK_ALIKES, *sorted(alone)]
    test = ""
    for k in as_rng(seed).permutation(len(families)):
        if len(test) < held_out:
            test += families[k]
    training = "".join(letter for letter in LETTERS if letter not in test)
    return training, "".join(letter for letter in LETTERS if letter in test)


def _pixels(letter, typeface, size, scale, place):
    """Return one letter that stands at a place (x, y), as bytes of shape [size, size]."""
    fine = size * _FINE
    height = _capital_height(typeface)
    font = _font(typeface).font_variant(size=_CAPITALS * fine * scale / height)
    canvas = Image.new("L", (fine, fine))
    pen = ImageDraw.Draw(canvas)
    pen.text(tuple(fine * place), letter, fill=255, font=font, anchor="ms")
    return np.asarray(canvas.reduce(_FINE))


@cache
def _font(typeface):
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{TYPEFACES[typeface]}.ttf")
    return ImageFont.truetype(str(path), size=1000, layout_engine=ImageFont.Layout.BASIC)


@cache
def _capital_height(typeface):
    """Return the height of H, in font sizes."""
    _, top, _, bottom = _font(typeface).getbbox("H", anchor="ls")
    return (bottom - top) / 1000
