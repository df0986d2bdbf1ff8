import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ranvier.data.sound import decode_sound, read_sound
from ranvier.errors import BadFileError


def wave(seconds: float = 0.5, rate: int = 8000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encoded(samples: np.ndarray, rate: int = 8000, kind: str = "WAV", **options: str) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format=kind, **options)
    return target.getvalue()


@pytest.mark.parametrize(("kind", "error"), [("WAV", 2**-15), ("FLAC", 2**-15), ("OGG", 0.05)])
def test_formats(tmp_path: Path, kind, error):
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(encoded(wave(), kind=kind))
    sound = read_sound(path)
    assert (sound.rate, sound.channels, sound.wave.dtype, sound.wave.ndim) == (8000, 1, np.float32, 1)
    assert len(sound.wave) == 4000
    assert np.abs(sound.wave - wave()).max() <= error


@pytest.mark.parametrize("channels", [2, 5])
def test_channels_are_averaged(channels):
    several = wave()[:, None] * np.linspace(0.1, 0.9, channels)
    sound = decode_sound(encoded(several, subtype="FLOAT"), "a.wav")
    assert sound.channels == channels
    np.testing.assert_allclose(sound.wave, wave() * 0.5, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_resampling_keeps_the_tone(rate):
    sound = decode_sound(encoded(wave(rate=rate), rate), "a.wav").at(16000)
    assert sound.rate == 16000 and sound.wave.dtype == np.float32
    assert abs(len(sound.wave) - 8000) <= 1
    inner = slice(500, 7500)
    np.testing.assert_allclose(sound.wave[inner], wave(rate=16000)[inner], atol=0.01)


def test_resampling_takes_away_what_the_new_rate_cannot_hold():
    high = (0.5 * np.sin(2 * np.pi * 6000 * np.arange(22050) / 22050)).astype(np.float32)
    sound = decode_sound(encoded(high, 22050), "a.wav").at(8000)
    assert np.abs(sound.wave[200:-200]).max() < 0.01
    assert sound.at(8000) is sound


NAN = wave().copy()
NAN[7] = np.nan
BAD = {
    "empty": (b"", r"the file is empty \(0 bytes\)"),
    "text": (b"this is not a sound\nreally", "a text file, not a sound: it begins with 'this is not a sound'"),
    "bytes": (bytes(range(200, 256)) * 3, "not a sound file: it begins with bytes c8 c9"),
    "cut wav": (encoded(wave())[:5000], "truncated: the file has 5000 bytes, expected 8044"),
    "cut wav header": (encoded(wave())[:30], "a damaged or truncated WAV file"),
    "cut flac": (encoded(wave(), kind="FLAC")[:1500], "a damaged or truncated FLAC file"),
    "cut ogg": (encoded(wave(), kind="OGG")[:-100], "truncated: the file has"),
    "cut ogg page": (encoded(wave(), kind="OGG")[:20], "truncated: the file has 20 bytes"),
    "nan": (encoded(NAN, subtype="FLOAT"), "1 of 4000 samples are NaN or infinite"),
    "no samples": (encoded(wave()[:0]), r"a header but no samples \(length 0\)"),
    "silence": (encoded(0 * wave()), "silence: all 4000 samples are 0"),
    "stuck": (encoded(0 * wave() + 0.5), "silence: all 4000 samples are 0.5"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_named_with_the_reason(tmp_path: Path, case):
    data, text = BAD[case]
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(BadFileError, match=rf"bad\.wav: {text}"):
        read_sound(path)


def test_missing_file(tmp_path: Path):
    with pytest.raises(BadFileError, match=r"none\.wav: No such file or directory; expected a WAV"):
        read_sound(tmp_path / "none.wav")


def test_a_streamed_wav_without_a_length_is_read():
    data = bytearray(encoded(wave()))
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    assert len(decode_sound(bytes(data), "a.wav").wave) == 4000
