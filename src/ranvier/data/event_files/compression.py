"""The packets of AEDAT 4 unpacked: plain, LZ4 or ZSTD, never more bytes than asked for. The packages are optional."""

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from ranvier.errors import RanvierError

NAMES = {0: "none", 1: "LZ4", 2: "LZ4", 3: "ZSTD", 4: "ZSTD"}  # numbers of the file's header
WINDOW = 1 << 27  # bytes that a ZSTD frame may ask the decoder to keep


class Reader(Protocol):
    """Unpacked bytes as a file."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        ...


Opener = Callable[[bytes], Reader]


def opener(number: int, path: object) -> tuple[Opener, tuple[type[Exception], ...]]:
    """How to open a packet of compression `number`, and what opening and reading it raise if it is damaged.

    Raises:
        RanvierError: the package is not installed.
    """
    if NAMES[number] == "LZ4":
        lz4 = _load("lz4.frame", "lz4", path, "LZ4")
        return (lambda data: lz4.LZ4FrameFile(io.BytesIO(data))), (RuntimeError, EOFError)
    if NAMES[number] == "ZSTD":
        zstandard = _load("zstandard", "zstandard", path, "ZSTD")
        return (lambda data: zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(io.BytesIO(data))), (
            zstandard.ZstdError,
        )
    return io.BytesIO, ()


def _load(module: str, package: str, path: object, name: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise RanvierError(
            f"{path}: its packets are compressed with {name}, expected the package {package} to unpack them ({error}). "
            f"Type `pip install 'ranvier[events]'` or `pip install {package}`."
        ) from error
