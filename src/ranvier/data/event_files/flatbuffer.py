"""The little of FlatBuffers that AEDAT 4 needs: fields of a root table, each position held against the end of the buffer.

Source: "FlatBuffers internals", flatbuffers.dev/internals: a table points back to its vtable, which lists where its fields stand.
"""

import struct

import numpy as np


class MalformedError(Exception):
    """Bytes that are no such buffer: what stands where, as "position, what, expected"."""


class Table:
    """The root table of a buffer that begins with its own length (u32), then the table's place and a mark of 4 bytes.

    Raises:
        MalformedError: a position outside the buffer, or another mark.
    """

    def __init__(self, data: bytes, mark: bytes) -> None:
        self.data = data
        if len(data) < 12 or data[8:12] != mark:
            raise MalformedError(f"position 8 holds {data[8:12]!r}, expected {mark!r}")
        self.at = 4 + self._number("<I", 4)
        self.fields = self.at - self._number("<i", self.at)  # of the vtable
        self.end = self.fields + self._number("<H", self.fields)

    def number(self, index: int, form: str, default: int) -> int:
        """Field `index` as a number of the given struct format; `default` if it is left out."""
        at = self._field(index)
        return default if at is None else self._number(form, at)

    def text(self, index: int) -> str:
        """Field `index` as text; empty if it is left out."""
        return self._vector(index, 1).decode("utf-8", "replace")

    def array(self, index: int, dtype: np.dtype) -> np.ndarray:
        """Field `index` as an array of structures; empty if it is left out."""
        return np.frombuffer(self._vector(index, dtype.itemsize), dtype)

    def _vector(self, index: int, width: int) -> bytes:
        at = self._field(index)
        if at is None:
            return b""
        at += self._number("<I", at)
        length = self._number("<I", at) * width
        if at + 4 + length > len(self.data):
            raise MalformedError(
                f"position {at} tells {length} bytes, expected at most the {len(self.data) - at - 4} that follow"
            )
        return self.data[at + 4 : at + 4 + length]

    def _field(self, index: int) -> int | None:
        at = self.fields + 4 + 2 * index
        away = self._number("<H", at) if at + 2 <= self.end else 0
        return self.at + away if away else None

    def _number(self, form: str, at: int) -> int:
        if not 0 <= at <= len(self.data) - struct.calcsize(form):
            raise MalformedError(f"a position {at} is told, expected one within {len(self.data)} bytes")
        return struct.unpack_from(form, self.data, at)[0]
