"""The bytes of an event file: refused while missing, empty, a text or larger than memory; then read block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ranvier.data.event_files.room import lacking
from ranvier.errors import BadFileError
from ranvier.spikes.address_events import DTYPE

BLOCK = 1 << 16  # words decoded at a time: temporaries stay in cache
HEAD = 1 << 16  # bytes in which a header must end


@dataclass(frozen=True)
class Source:
    """An event file that exists and is not empty: its size in bytes, and its first `HEAD` bytes."""

    path: Path
    size: int
    head: bytes

    def blocks(self, start: int, dtype: str) -> Iterator[tuple[int, np.ndarray]]:
        """(byte offset, words) of successive blocks from `start` on; a rest shorter than a word is left out."""
        width = np.dtype(dtype).itemsize
        for offset in range(start, self.size, BLOCK * width):
            # What is appended while we read does not count: room was made for what was there.
            words = np.fromfile(self.path, dtype, min(BLOCK, (self.size - offset) // width), offset=offset)
            if len(words):
                yield offset, words

    def whole(self, start: int, width: int, what: str) -> int:
        """Number of words of `width` bytes from `start` to the end, which must be whole.

        Raises:
            BadFileError: the last one is cut.
        """
        count, rest = divmod(self.size - start, width)
        if rest:
            end = self.size - rest
            raise BadFileError(
                f"{self.path}: truncated: offset {end} holds {rest} of the {width} bytes of the last {what}, expected all. "
                f"Copy the file again, or leave the broken {what} out with `truncate -s {end} {self.path}`."
            )
        return count

    def empty_events(self, count: int) -> np.ndarray:
        """Room for `count` events [count], uninitialised.

        Raises:
            BadFileError: none to make room for, or more than memory holds.
        """
        if not count:
            raise BadFileError(
                f"{self.path}: no event in {self.size} bytes, expected at least one. Record again or delete it."
            )
        self.check_room(count * DTYPE.itemsize, f"{count} events")
        return np.empty(count, DTYPE)

    def check_room(self, nbytes: int, what: str) -> None:
        """Refuses what memory cannot hold."""
        short = lacking(nbytes)
        if short:
            raise BadFileError(
                f"{self.path}: {what} need {short}. Cut the recording into parts and read one at a time."
            )


def open_source(path: str | Path, expected: str) -> Source:
    """Opens an event file; `expected` names the formats that it may have.

    Raises:
        BadFileError: missing, a folder, or empty.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
        size = path.stat().st_size
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror or error}; expected {expected}. Check the path.") from error
    if not size:
        raise BadFileError(f"{path}: the file is empty (0 bytes), expected {expected}. Copy it again or delete it.")
    return Source(path, size, head)


def check_binary(source: Source, expected: str) -> None:
    """Refuses a text that has the ending of an event file; formats without a header would read it as events."""
    start = source.head[:256]
    if all(32 <= byte < 127 or byte in b"\t\n\r" for byte in start):
        shown = start[:24].decode().partition("\n")[0]
        raise BadFileError(
            f"{source.path}: a text file, not events: offset 0 holds {shown!r}, expected {expected}. Rename or convert it."
        )
