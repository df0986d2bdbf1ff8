"""One sound file in: WAV, FLAC or Ogg, any rate, any channel count; a mono float32 wave out, or the reason why not."""

import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ranvier.errors import BadFileError

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga"})
EXPECTED = "expected a WAV, FLAC or Ogg recording"
OGG_PAGE = 65307  # bytes, at most
UNKNOWN_SIZE = 0x7FFFF000  # a writer that streams into a pipe leaves a length from here up: it did not know it


@dataclass(frozen=True)
class Sound:
    """A decoded recording: wave [samples], mono, float32, full scale at 1; rate in Hz; channels that the file had."""

    wave: np.ndarray
    rate: int
    channels: int

    def at(self, rate: int) -> "Sound":
        """The same recording at another rate (polyphase low-pass filter); itself if the rate is the same."""
        return self if rate == self.rate else Sound(resample(self.wave, self.rate, rate), rate, self.channels)


def resample(wave: np.ndarray, given: int, wanted: int) -> np.ndarray:
    """The wave [samples] of rate `given` at the rate `wanted`, float32."""
    common = math.gcd(given, wanted)
    return np.asarray(resample_poly(wave, wanted // common, given // common), np.float32)


def mono(samples: np.ndarray) -> np.ndarray:
    """Mean over the channels of samples [n, channels]."""
    return samples.mean(1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]


def read_sound(path: str | Path) -> Sound:
    """Reads one recording and averages its channels.

    Raises:
        BadFileError: the file is missing, empty, truncated, not a sound, without samples, silent, or holds NaN.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror or error}; {EXPECTED}. Check the path.") from error
    return decode_sound(data, str(path))


def decode_sound(data: bytes, name: str) -> Sound:
    """As `read_sound`, of the bytes of a file; `name` is what errors call it."""
    check_not_empty(data, name)
    shortened = truncated(io.BytesIO(data), name)
    if shortened:
        raise shortened
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)  # [samples, channels]
    except soundfile.SoundFileError as error:
        raise unreadable(data, name, error) from error
    check_samples(len(samples), name)
    bad = int((~np.isfinite(samples)).sum())
    if bad:
        raise BadFileError(
            f"{name}: {bad} of {samples.size} samples are NaN or infinite. Export it again as 16-bit WAV or delete it."
        )
    wave = mono(samples)
    if np.ptp(wave) == 0:
        raise BadFileError(
            f"{name}: silence: all {len(wave)} samples are {wave[0]:g}, expected a sound. "
            f"Check the microphone, record it again or delete it."
        )
    return Sound(wave, int(rate), samples.shape[1])


def check_not_empty(data: bytes, name: str) -> None:
    """Refuses a file without a byte."""
    if not data:
        raise BadFileError(f"{name}: the file is empty (0 bytes), {EXPECTED}. Delete it or record it again.")


def check_samples(count: int, name: str) -> None:
    """Refuses a file without a sample."""
    if count == 0:
        raise BadFileError(f"{name}: a header but no samples (length 0), {EXPECTED}. Delete it or record it again.")


def truncated(file: BinaryIO, name: str) -> BadFileError | None:
    """The error for a WAV or Ogg file that is shorter than it says, if it is; libsndfile reads what is left in silence."""
    size = file.seek(0, os.SEEK_END)
    missing = _missing_bytes(file, size)
    if not missing:
        return None
    return BadFileError(f"{name}: truncated: the file has {size} bytes, expected {size + missing}. Copy it again.")


def _missing_bytes(file: BinaryIO, total: int) -> int:
    """How many bytes the container promises and the file, of `total` bytes, does not hold."""

    def read(at: int, count: int) -> bytes:
        file.seek(at)
        return file.read(count)

    start = read(0, 12)
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        chunk = 12
        while chunk + 8 <= total:
            head = read(chunk, 8)
            size = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                return 0 if size >= UNKNOWN_SIZE else max(0, chunk + 8 + size - total)
            chunk += 8 + size + size % 2
        return 0  # without the samples' chunk libsndfile refuses by itself
    if start[:4] == b"OggS":
        tail = max(0, total - 2 * OGG_PAGE)
        page = tail + max(0, read(tail, total - tail).rfind(b"OggS"))
        header = read(page, 27)
        if len(header) < 27:
            return 27 - len(header)
        return max(0, page + 27 + header[26] + sum(read(page + 27, header[26])) - total)
    return 0


def unreadable(data: bytes, name: str, error: Exception) -> BadFileError:
    """What is wrong with a file that libsndfile refuses; `data`: its bytes, or the first 64."""
    return BadFileError(_guess(data, name, error))


def _guess(data: bytes, name: str, error: Exception) -> str:
    known = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg"}.get(data[:4])
    if known:
        return f"{name}: a damaged or truncated {known} file ({error}). Copy it again or delete it."
    text = data[:64].decode("utf-8", "ignore")
    whole = len(text.encode()) > min(len(data), 64) - 4  # the cut may go through the last character
    if whole and all(letter.isprintable() or letter.isspace() for letter in text):
        start = text.strip()[:24].partition("\n")[0]
        return f"{name}: a text file, not a sound: it begins with {start!r}, {EXPECTED}. Delete or rename it."
    return f"{name}: not a sound file: it begins with bytes {data[:8].hex(' ')}, {EXPECTED}. Delete or convert it."
