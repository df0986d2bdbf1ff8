"""Sound in blocks, for listening: a long file, raw samples from a pipe, or a microphone; never more than a block in memory."""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from ranvier.data.sound import EXPECTED, check_not_empty, check_samples, mono, truncated, unreadable
from ranvier.errors import BadFileError, RanvierError

SECONDS = 0.1  # of sound in a block
LARGEST = 100.0  # samples beyond this are no sound with full scale at 1
BROKEN = 0.25  # share of a block that is not finite, from which on it is no sound either
CLIPPED = 0.01  # share of a block at full scale, from which on it is called clipped
FORMATS = {"s16le": np.dtype("<i2"), "f32le": np.dtype("<f4")}
PIPE = "standard input"


@dataclass(frozen=True)
class Blocks:
    """Sound that arrives in blocks.

    name: what messages call it. rate: in Hz. raw: the blocks, float32 [n, channels], full scale at 1. seconds: length; None where it
    is not known. live: it goes on until somebody stops it.
    """

    name: str
    rate: int
    raw: Iterator[np.ndarray]
    seconds: float | None = None
    live: bool = True

    def mono(self) -> Iterator[np.ndarray]:
        """The blocks as waves [n]: channels averaged; single samples that are NaN or infinite are silence.

        Warns at the first such sample, and at the first block with more than 1 % of its samples at full scale.

        Raises:
            BadFileError: most of a block is no sound; or what `raw` raises.
        """
        heard, repaired, clipped = 0, False, False
        for block in self.raw:
            at = f"{heard / self.rate:.1f} s"
            heard += len(block)
            finite = np.isfinite(block)
            bad = block.size - int(finite.sum())
            block = np.where(finite, block, np.float32(0))
            largest = float(np.abs(block).max(initial=0))
            if bad > BROKEN * block.size or largest > LARGEST:
                raise BadFileError(
                    f"{self.name}: no sound at {at}: {bad} of {block.size} samples are NaN or infinite, the largest other is {largest:.3g}; "
                    "expected samples with full scale at 1. Export a file again as 16-bit WAV; for raw samples check --format."
                )
            if bad and not repaired:
                repaired = True
                warnings.warn(
                    f"{self.name}: {bad} of {block.size} samples at {at} are NaN or infinite; these and later ones are taken as silence.",
                    stacklevel=2,
                )
            if not clipped and np.mean(np.abs(block) >= 1 - 2**-14) > CLIPPED:
                clipped = True
                warnings.warn(
                    f"{self.name}: clipped at {at}, perhaps again later: decisions may suffer. Lower the recording level.",
                    stacklevel=2,
                )
            yield mono(block)


def file_blocks(path: str | Path) -> Blocks:
    """Blocks of a WAV, FLAC or Ogg file.

    Raises:
        BadFileError: the file is missing, empty, no sound or without samples. A file that is truncated or damaged further on raises when
            what can be read of it has been given.
    """
    name = str(path)
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            check_not_empty(head, name)
            problem = truncated(file, name)
    except OSError as error:
        raise BadFileError(f"{name}: {error.strerror or error}; {EXPECTED}. Check the path.") from error
    try:
        sound = soundfile.SoundFile(name)
    except soundfile.SoundFileError as error:
        raise problem or unreadable(head, name, error) from error
    if problem and not sound.frames:
        raise problem
    check_samples(sound.frames, name)
    known = sound.frames < 2**62  # a FLAC file written into a pipe does not say
    seconds = sound.frames / sound.samplerate if known else None
    return Blocks(name, sound.samplerate, _file(sound, head, problem), seconds, live=False)


def _file(sound: soundfile.SoundFile, head: bytes, problem: BadFileError | None) -> Iterator[np.ndarray]:
    with sound:
        try:
            while len(block := sound.read(_samples(sound.samplerate), dtype="float32", always_2d=True)):
                yield block
        except soundfile.SoundFileError as error:
            raise problem or unreadable(head, sound.name, error) from error
    if problem:
        raise problem


def pcm_blocks(pipe: BinaryIO, rate: int, sample_format: str) -> Blocks:
    """Blocks of raw mono samples from a pipe, each as soon as it is there.

    Args:
        pipe: where the bytes come from.
        rate: sampling rate in Hz.
        sample_format: "s16le" (16-bit whole numbers) or "f32le" (32-bit floating point), both little-endian.

    Raises:
        RanvierError: an unknown format or rate; later, a pipe without a byte or with a sound file in it.

    Warns:
        when the bytes end inside a sample.
    """
    if sample_format not in FORMATS:
        raise RanvierError(f"--format {sample_format}: no such format. Choose one of {', '.join(FORMATS)}.")
    if rate < 1:
        raise RanvierError(f"--rate {rate}: must be at least 1 Hz.")
    return Blocks(PIPE, rate, _pcm(pipe, rate, FORMATS[sample_format]))


def _pcm(pipe: BinaryIO, rate: int, dtype: np.dtype) -> Iterator[np.ndarray]:
    read = getattr(pipe, "read1", pipe.read)  # what is there, without waiting for all that was asked for
    size = dtype.itemsize
    least = max(4, _samples(rate) * size // 5)  # bytes that are awaited: one broken sample must not be a whole block
    held, begun = b"", False
    while data := read(_samples(rate) * size):
        held += data
        if len(held) < least:
            continue
        if not begun:
            _refuse_file(held)
        whole = len(held) // size * size
        yield _decoded(held[:whole], dtype)
        held, begun = held[whole:], True
    if not begun:
        _refuse_file(held)
        if len(held) < size:
            raise RanvierError(
                f"{PIPE}: {_bytes(held)} arrived, expected raw samples. "
                f"Type for example `arecord -t raw -f S16_LE -r {rate} -c 1 | ranvier listen RUN -`."
            )
    if len(held) >= size:
        whole = len(held) // size * size
        yield _decoded(held[:whole], dtype)
        held = held[whole:]
    if held:
        warnings.warn(
            f"{PIPE}: ended inside a sample of {dtype.itemsize} bytes; {_bytes(held)} left over. Check --format if the sound seems wrong.",
            stacklevel=2,
        )


def _decoded(data: bytes, dtype: np.dtype) -> np.ndarray:
    """Samples [n, 1] with full scale at 1."""
    samples = np.frombuffer(data, dtype).astype(np.float32)[:, None]
    return samples if dtype.kind == "f" else samples / np.float32(-np.iinfo(dtype).min)


def _bytes(data: bytes) -> str:
    return f"{len(data)} byte{'s' * (len(data) != 1)}"


def _refuse_file(start: bytes) -> None:
    kind = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg"}.get(start[:4])
    if kind:
        raise RanvierError(
            f"{PIPE}: a {kind} file, expected raw samples without a header. Give the file by its name; with arecord type `-t raw`."
        )


def microphone_blocks() -> Blocks:
    """Blocks from the default microphone, at its own rate. Needs the package sounddevice.

    Raises:
        RanvierError: sounddevice or its PortAudio is not installed, or there is no microphone.
    """
    remedy = "`arecord -t raw -f S16_LE -r 16000 -c 1 | ranvier listen RUN - --rate 16000` works without it"
    try:
        import sounddevice  # pyright: ignore[reportMissingImports]
    except (ImportError, OSError) as error:  # OSError: the package is there, the PortAudio library is not
        raise RanvierError(
            f"microphone: the package sounddevice cannot be loaded ({error}). Type `pip install sounddevice` (on Linux also the "
            f"system's libportaudio2); {remedy}."
        ) from error
    try:
        rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
        stream = sounddevice.InputStream(samplerate=rate, channels=1, dtype="float32")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise RanvierError(
            f"microphone: cannot be opened ({error}). Connect one and allow its use; {remedy} where ALSA sees it."
        ) from error
    return Blocks("microphone", rate, _microphone(stream, rate))


def _microphone(stream, rate: int) -> Iterator[np.ndarray]:
    lost = False
    with stream:
        while True:
            block, overflowed = stream.read(_samples(rate))
            if overflowed and not lost:
                lost = True
                warnings.warn("microphone: some sound was lost: this machine is too slow or too busy.", stacklevel=2)
            yield block


def _samples(rate: int) -> int:
    return max(1, math.ceil(SECONDS * rate))
