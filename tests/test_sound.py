"""Players of sounds: what the file holds, what is said, what is refused."""

import base64
import io
import re
import wave

import numpy as np
import pytest

from gantutor import plots


def samples(player):
    data = re.search(r"base64,([^\"]+)", player.data)[1]
    with wave.open(io.BytesIO(base64.b64decode(data))) as file:
        assert file.getnchannels() == 1 and file.getframerate() == 4000
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


@pytest.mark.parametrize("scale", [0.001, 1, 100])
def test_every_sound_is_equally_loud_and_fades(scale):
    heard = samples(plots.listen([scale * np.ones(400)], 4000, ["hum"]))
    assert len(heard) == 400 and heard[0] == heard[-1] == 0
    np.testing.assert_allclose(heard[40:360], 0.5, atol=1e-3)


def test_silence_stays_silent():
    assert not samples(plots.listen([np.zeros(100)], 4000, ["rest"])).any()


def test_titles_are_escaped_and_spoken():
    page = plots.listen([np.ones(9)] * 2, 4000, ['<b> & "c"', "two"]).data
    assert page.count("<audio controls") == page.count('preload="none"') == 2
    assert 'aria-label="&lt;b&gt; &amp; &quot;c&quot;"' in page and "<b>" not in page


def test_what_is_refused():
    for waves, titles, words in (
        ([], [], "at least one"),
        ([np.ones(9)], ["a", "b"], "1 waves and 2 titles"),
        ([np.ones((2, 9))], ["a"], r"waves\[0\].*\(2, 9\)"),
        ([np.array([1, np.nan])], ["a"], "not finite"),
        ([np.ones(200_000)], ["a"], "kB"),
    ):
        with pytest.raises(ValueError, match=words):
            plots.listen(waves, 4000, titles)
