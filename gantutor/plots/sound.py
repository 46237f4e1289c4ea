"""Sounds that play in a static page."""

import base64
import html
import io
import wave
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from gantutor.validation import check_positive

if TYPE_CHECKING:
    from IPython.display import HTML

MAX_BYTES = 400_000  # of HTML in one call
PEAK = 0.5  # of the loudest sample, so that nothing is loud
FADE = 0.01  # seconds at both ends, against clicks


def listen(waves: Sequence[ArrayLike], rate: int, titles: Sequence[str]) -> "HTML":
    """Show a player for each sound, which needs no network and no kernel.

    Parameters
    ----------
    waves : sequence of array_like, shape [L]
        Each is scaled so that its loudest sample is at half of the range, and fades in and out.
    rate : int
        Samples a second.
    titles : sequence of str
        One a sound; also what a screen reader says.

    Returns
    -------
    IPython.display.HTML
        Titles and players; each sound is in the page as a 16-bit WAV file.

    Raises
    ------
    ValueError
        If there is no sound, the titles are fewer or more, a sound is not one row of finite
        numbers, or all of them are too large for a page.

    Examples
    --------
    >>> players = listen([np.sin(np.arange(4000))], rate=4000, titles=["a tone"])
    >>> 'aria-label="a tone"' in players.data
    True
    """
    from IPython.display import HTML

    rate = check_positive(rate, "rate")
    if len(waves) == 0 or len(waves) != len(titles):
        raise ValueError(
            "waves must be at least one, with as many titles; "
            f"got {len(waves)} waves and {len(titles)} titles."
        )
    players = [
        _player(_wav(samples, rate, f"waves[{i}]"), title)
        for i, (samples, title) in enumerate(zip(waves, titles, strict=True))
    ]
    page = "\n".join(players)
    if len(page) > MAX_BYTES:
        raise ValueError(
            f"The sounds take {len(page) / 1e3:.0f} kB; at most {MAX_BYTES / 1e3:g} kB fit a "
            "page. Pass fewer or shorter sounds, or a lower rate."
        )
    return HTML(page)


def _wav(samples, rate, name):
    """Return the bytes of a WAV file."""
    samples = np.array(samples, dtype=float)
    if samples.ndim != 1 or len(samples) == 0 or not np.isfinite(samples).all():
        raise ValueError(
            f"{name} must be one row of finite numbers; got shape {samples.shape}"
            f"{'' if np.isfinite(samples).all() else ' with a value that is not finite'}."
        )
    size = min(int(FADE * rate), len(samples) // 2)
    ramp = np.ones(len(samples))
    ramp[:size] = np.arange(size) / max(size, 1)
    samples = samples * ramp * ramp[::-1]
    samples = PEAK * samples / max(np.abs(samples).max(), 1e-9)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _player(file, title):
    words, data = html.escape(title), base64.b64encode(file).decode()
    return (
        '<div style="display: inline-block; margin: 4px 12px 4px 0; max-width: 100%">'
        f"<div>{words}</div>"
        f'<audio controls preload="none" aria-label="{words}" style="width: 260px; '
        f'max-width: 100%" src="data:audio/wav;base64,{data}"></audio></div>'
    )
