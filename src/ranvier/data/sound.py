"""One sound file in: WAV, FLAC or Ogg, any rate, any channel count; a mono float32 wave out, or the reason why not."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from ranvier.errors import BadFileError

SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga"})
EXPECTED = "expected a WAV, FLAC or Ogg recording"
UNKNOWN_SIZE = 0x7FFFF000  # a writer that streams into a pipe leaves a length from here up: it did not know it


@dataclass(frozen=True)
class Sound:
    """A decoded recording: wave [samples], mono, float32, full scale at 1; rate in Hz; channels that the file had."""

    wave: np.ndarray
    rate: int
    channels: int

    def at(self, rate: int) -> "Sound":
        """The same recording at another rate (polyphase low-pass filter); itself if the rate is the same."""
        if rate == self.rate:
            return self
        common = math.gcd(rate, self.rate)
        wave = resample_poly(self.wave, rate // common, self.rate // common)
        return Sound(np.asarray(wave, np.float32), rate, self.channels)


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
    if not data:
        raise BadFileError(f"{name}: the file is empty (0 bytes), {EXPECTED}. Delete it or record it again.")
    missing = _missing_bytes(data)
    if missing:
        raise BadFileError(
            f"{name}: truncated: the file has {len(data)} bytes, expected {len(data) + missing}. Copy it again."
        )
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)  # [samples, channels]
    except soundfile.SoundFileError as error:
        raise BadFileError(_unreadable(data, name, error)) from error
    if len(samples) == 0:
        raise BadFileError(f"{name}: a header but no samples (length 0), {EXPECTED}. Delete it or record it again.")
    bad = int((~np.isfinite(samples)).sum())
    if bad:
        raise BadFileError(
            f"{name}: {bad} of {samples.size} samples are NaN or infinite. Export it again as 16-bit WAV or delete it."
        )
    wave = samples.mean(1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
    if np.ptp(wave) == 0:
        raise BadFileError(
            f"{name}: silence: all {len(wave)} samples are {wave[0]:g}, expected a sound. "
            f"Check the microphone, record it again or delete it."
        )
    return Sound(wave, int(rate), samples.shape[1])


def _missing_bytes(data: bytes) -> int:
    """How many bytes the container promises and the file does not hold; libsndfile reads what is left in silence."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        chunk = 12
        while chunk + 8 <= len(data):
            size = int.from_bytes(data[chunk + 4 : chunk + 8], "little")
            if data[chunk : chunk + 4] == b"data":
                return 0 if size >= UNKNOWN_SIZE else max(0, chunk + 8 + size - len(data))
            chunk += 8 + size + size % 2
        return 0  # without the samples' chunk libsndfile refuses by itself
    if data[:4] == b"OggS":
        page = data.rfind(b"OggS")
        header = data[page : page + 27]
        if len(header) < 27:
            return 27 - len(header)
        segments = data[page + 27 : page + 27 + header[26]]
        return max(0, page + 27 + header[26] + sum(segments) - len(data))
    return 0


def _unreadable(data: bytes, name: str, error: Exception) -> str:
    known = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg"}.get(data[:4])
    if known:
        return f"{name}: a damaged or truncated {known} file ({error}). Copy it again or delete it."
    text = data[:64].decode("utf-8", "ignore")
    whole = len(text.encode()) > min(len(data), 64) - 4  # the cut may go through the last character
    if whole and all(letter.isprintable() or letter.isspace() for letter in text):
        start = text.strip()[:24].partition("\n")[0]
        return f"{name}: a text file, not a sound: it begins with {start!r}, {EXPECTED}. Delete or rename it."
    return f"{name}: not a sound file: it begins with bytes {data[:8].hex(' ')}, {EXPECTED}. Delete or convert it."
