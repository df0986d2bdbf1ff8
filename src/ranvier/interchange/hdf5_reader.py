"""The process that opens an HDF5 file for `hdf5.read_tree`; run as a script, so that it imports nothing but what it needs.

    python -P hdf5_reader.py FILE LARGEST SECONDS

Standard output: one line of JSON, {"tree": ...} with arrays as [type, shape, place], or {"refused": text}; then the arrays' bytes.
"""

import json
import math
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MOST_ITEMS, DEEPEST = 100_000, 16  # groups and data sets; nesting of groups
MOST_STRINGS, LONGEST = 2**18, 2**24  # strings; characters of all together
FILTERS = (1, 2, 3, 32000)  # deflate, shuffle, checksum, lzf: what needs no library loaded from elsewhere
UNREADABLE = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)


class Refused(Exception):
    """What is wrong with the file, and where."""


def read(file: str | Path, largest: int) -> dict[str, Any]:
    """The whole content of a file: groups as dicts, data sets as arrays, text or lists of text. Raises `Refused`."""
    try:
        with h5py.File(file, "r") as opened:
            return _Reader(largest).group(opened, "", 0)
    except UNREADABLE as error:
        raise Refused(
            f"cannot be opened as HDF5 ({_first_line(error)}). It is cut off, damaged, or of another format."
        ) from error


class _Reader:
    """Walks through a file and counts what it takes."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.bytes = self.items = self.texts = self.characters = 0

    def refuse(self, place: str, text: str) -> Refused:
        return Refused(f"{place or '/'}: {text}")

    def group(self, group: h5py.Group, place: str, depth: int) -> dict[str, Any]:
        """A group's members by name."""
        if depth > DEEPEST:
            raise self.refuse(place, f"groups are nested more than {DEEPEST} deep.")
        found: dict[str, Any] = {}
        for name in self.names(group, place):
            inside = f"{place}/{name}"
            self.items += 1
            if self.items > MOST_ITEMS:
                raise self.refuse(inside, f"the file holds more than {MOST_ITEMS} groups and data sets.")
            try:
                plain = isinstance(group.get(name, getlink=True), h5py.HardLink)
                member: Any = group[name] if plain else None
            except UNREADABLE as error:
                raise self.refuse(inside, f"cannot be read ({_first_line(error)}).") from error
            if not plain:
                raise self.refuse(inside, "is a link to another place or file; expected the numbers themselves.")
            if isinstance(member, h5py.Group):
                found[name] = self.group(member, inside, depth + 1)
            elif isinstance(member, h5py.Dataset):
                found[name] = self.dataset(member, inside)
            else:
                raise self.refuse(inside, f"is {type(member).__name__}; expected a group or a data set.")
        return found

    def names(self, group: h5py.Group, place: str) -> list[str]:
        try:
            names = [str(name) for name in group]
            for name in names:
                if not name.encode():  # one that is no UTF-8 cannot be shown
                    raise ValueError("one is empty")
        except (*UNREADABLE, UnicodeError) as error:
            raise self.refuse(place, f"its names cannot be read ({_first_line(error)}).") from error
        return names

    def dataset(self, data: h5py.Dataset, place: str) -> Any:
        """A data set's numbers or strings, once its size and kind are known to be harmless."""
        try:
            shape, dtype = data.shape, data.dtype
            elsewhere = data.external is not None or data.is_virtual
            chunk = math.prod(data.chunks or ()) * dtype.itemsize
            plan = data.id.get_create_plist()
            filters = [plan.get_filter(k)[0] for k in range(plan.get_nfilters())]
            text = h5py.check_string_dtype(dtype)
        except UNREADABLE as error:
            raise self.refuse(place, f"cannot be read ({_first_line(error)}).") from error
        if elsewhere:
            raise self.refuse(place, "keeps its numbers in another file; expected them in this one.")
        foreign = [k for k in filters if k not in FILTERS]
        if foreign:
            raise self.refuse(place, f"is packed with filter {foreign[0]}; expected gzip, lzf or none.")
        if shape is None:
            raise self.refuse(place, "is empty; expected numbers or text.")
        if text is None and dtype.kind not in "fiub":
            raise self.refuse(place, f"holds {dtype}; expected numbers or text.")
        self.bytes += max(math.prod(shape) * dtype.itemsize, chunk)
        if self.bytes > self.largest:
            raise self.refuse(
                place,
                f"has shape {shape}: with it the file takes more than {self.largest} bytes. Give a larger largest=.",
            )
        try:
            return self.strings(data, place) if text is not None else np.asarray(data[()])
        except (*UNREADABLE, UnicodeError) as error:
            raise self.refuse(place, f"cannot be read ({_first_line(error)}).") from error

    def strings(self, data: h5py.Dataset, place: str) -> Any:
        """One string, or lists of them. Read one by one: many may point to the same long text."""

        def one(index: tuple[int, ...]) -> str:
            value = data[index]
            self.texts, self.characters = self.texts + 1, self.characters + len(value)
            if self.texts > MOST_STRINGS or self.characters > LONGEST:
                raise self.refuse(place, f"the file holds more than {MOST_STRINGS} texts or {LONGEST} characters.")
            return value.decode("utf-8") if isinstance(value, bytes) else str(value)

        def axis(index: tuple[int, ...]) -> Any:
            if len(index) == len(data.shape):
                return one(index)
            return [axis((*index, k)) for k in range(data.shape[len(index)])]

        return axis(())


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def main(file: str, largest: int, seconds: int) -> None:
    """Reads a file within bounds of memory and time, and prints what is in it."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limits; a lower one may hold already
        import resource

        for kind, most in ((resource.RLIMIT_AS, 4 * largest + 2**31), (resource.RLIMIT_CPU, seconds)):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
    arrays: list[bytes] = []
    try:
        answer = {"tree": _plain(read(file, largest), arrays)}
    except Refused as error:
        answer, arrays = {"refused": str(error)}, []
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.writelines(arrays)


def _plain(value: Any, arrays: list[bytes]) -> Any:
    """A tree as JSON, its arrays put aside."""
    if isinstance(value, dict):
        return {name: _plain(member, arrays) for name, member in value.items()}
    if isinstance(value, np.ndarray):
        packed = np.ascontiguousarray(value)
        arrays.append(packed.tobytes())
        return {"": [packed.dtype.str, list(value.shape), len(arrays[-1])]}  # no member of a group has an empty name
    return value


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
