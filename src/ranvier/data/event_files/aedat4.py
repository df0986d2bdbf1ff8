"""AEDAT 4.0 (.aedat4), the format of iniVation's DV: an XML text about the streams, then packets of events, frames, IMU samples.

Source: the FlatBuffers schemas of the format as published with the package aedat (github.com/neuromorphicsystems/aedat).
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ranvier.data.event_files.byte_source import Source, open_source
from ranvier.data.event_files.checking import Gate, checked_sensor
from ranvier.data.event_files.compression import NAMES, Reader, opener
from ranvier.data.event_files.flatbuffer import MalformedError, Table
from ranvier.data.event_files.recording import Recording
from ranvier.errors import BadFileError
from ranvier.spikes.address_events import DTYPE

MAGIC = b"#!AER-DAT4.0\r\n"
EVENT = np.dtype(
    {"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "?"], "offsets": [0, 8, 10, 12], "itemsize": 16}
)
LARGEST = 1 << 28  # bytes of one packet, unpacked
SIDE = 1 << 15  # pixels that int16 counts


@dataclass(frozen=True)
class _Stream:
    """One stream as the header describes it."""

    name: str
    kind: str
    sensor: tuple[int, int] | None


def read_aedat4(path: str | Path, sensor: tuple[int, int] | None = None, stream: int | None = None) -> Recording:
    """Reads the events of an AEDAT 4.0 file.

    Packets of other streams (frames, IMU samples, triggers) are counted in the notes and not unpacked. A file whose recorder was
    stopped before it wrote the table at the end is read up to its last packet.

    Args:
        path: the file.
        sensor: (width, height) instead of what the header tells.
        stream: number of the stream of events, needed if there are several.

    Raises:
        BadFileError: missing, empty, another version, cut or damaged, a place beyond the sensor, times that fall by more than 10 ms
            (less is sorted with a warning), larger than memory.
        RanvierError: the package that unpacks it is missing (`pip install 'ranvier[events]'`), or `stream` is none of the file's.
    """
    source = open_source(path, "an AEDAT 4.0 recording")
    start, end, compression, streams = _read_header(source)
    number = _chosen(source.path, streams, stream)
    size = checked_sensor(source.path, sensor) or streams[number].sensor
    remedy = "The file is damaged, or give the true size, as in read_events(path, sensor=(346, 260))."
    gate = Gate(source.path, size or (SIDE, SIDE), remedy)
    opened, damage = opener(compression, source.path)
    parts, others, total = [], Counter(), 0
    for offset, owner, data in _packets(source, start, end, number):
        if owner != number:
            others[owner] += 1
            continue
        try:
            events = Table(_unpacked(opened(data), source, offset), b"EVTS").array(0, EVENT)
        except (MalformedError, *damage) as error:
            raise BadFileError(
                f"{source.path}: offset {offset} begins a damaged packet of {len(data)} bytes ({error}), expected events compressed "
                f"with {NAMES[compression]}. Copy the file again."
            ) from error
        total += len(events)
        source.check_room(
            total * (EVENT.itemsize + DTYPE.itemsize), f"{total} events or more"
        )  # the packets and the whole
        gate.check(events["x"], events["y"], events["t"], lambda k, offset=offset: offset)
        parts.append(events)
    whole, filled = source.empty_events(total), 0
    for part in parts:
        for name in "xytp":
            whole[name][filled : filled + len(part)] = part[name]
        filled += len(part)
    width, height = size or (None, None)
    notes = tuple(f"stream {k}, {_described(streams, k)}: not read, packets: {n}" for k, n in sorted(others.items()))
    return Recording(gate.ordered(whole), width, height, source=str(source.path), format="AEDAT 4.0", notes=notes)


def _read_header(source: Source) -> tuple[int, int, int, dict[int, _Stream]]:
    """Where packets begin and end, the number of the compression, and the streams."""
    path, at = source.path, len(MAGIC)
    if not source.head.startswith(MAGIC):
        raise BadFileError(
            f"{path}: offset 0 holds {source.head[:14]!r}, expected {MAGIC!r}. Use read_events to find its reader."
        )
    length = int.from_bytes(source.head[at : at + 4], "little")
    start = at + 4 + length
    if source.size < at + 4 or start > source.size:
        raise BadFileError(
            f"{path}: truncated: the header reaches from offset {at} to {start}, expected an end within {source.size} bytes. Copy the file again."
        )
    source.check_room(length, f"the header at offset {at}")
    with path.open("rb") as file:
        file.seek(at)
        data = file.read(4 + length)
    try:
        table = Table(data, b"IOHE")
        compression, end, text = table.number(0, "<i", 0), table.number(1, "<q", -1), table.text(2)
        streams = _described_streams(text)
    except (MalformedError, ElementTree.ParseError, ValueError) as error:
        raise BadFileError(
            f"{path}: the header at offset {at} is damaged ({error}), expected a description in XML. Copy the file again."
        ) from error
    if compression not in NAMES:
        raise BadFileError(
            f"{path}: the header at offset {at} tells compression {compression}, expected 0 to {max(NAMES)}. Copy the file again."
        )
    if end < 0:
        end = source.size
    elif not start <= end <= source.size:
        raise BadFileError(
            f"{path}: truncated: the header tells a table at offset {end}, expected it between {start} and the end, {source.size}. "
            f"Copy the file again."
        )
    return start, end, compression, streams


def _described_streams(text: str) -> dict[int, _Stream]:
    text = text.rstrip("\0")
    if "<!" in text:  # entities could grow without bound; DV writes none
        raise ValueError("the XML holds a declaration")
    streams = {}
    for node in ElementTree.fromstring(text).iterfind("./node[@name='outInfo']/node"):
        told = {a.get("key"): a.text or "" for a in node.iterfind("attr")}
        info = {a.get("key"): a.text or "" for a in node.iterfind("./node[@name='info']/attr")}
        sizes = (int(info.get("sizeX", 0)), int(info.get("sizeY", 0)))
        sensor = sizes if 0 < min(sizes) <= max(sizes) <= SIDE else None
        streams[int(node.get("name", ""))] = _Stream(
            told.get("originalOutputName", "unnamed"), told.get("typeIdentifier", "?"), sensor
        )
    return streams


def _chosen(path: Path, streams: dict[int, _Stream], stream: int | None) -> int:
    able = [number for number, described in streams.items() if described.kind == "EVTS"]
    if stream in able or (stream is None and len(able) == 1):
        return able[0] if stream is None else stream
    listed = "; ".join(f"{number}: {_described(streams, number)}" for number in streams) or "none"
    asked = "several or no streams of events" if stream is None else f"no stream of events {stream}"
    raise BadFileError(
        f"{path}: {asked}; its streams are {listed}. Use rv.data.read_aedat4(path, stream={able[0] if able else 0}) with one of kind EVTS."
    )


def _described(streams: dict[int, _Stream], number: int) -> str:
    return f"{streams[number].name} ({streams[number].kind})" if number in streams else "not described"


def _packets(source: Source, start: int, end: int, wanted: int) -> Iterator[tuple[int, int, bytes]]:
    """(byte offset, stream, packed bytes) of every packet; bytes only of the wanted stream."""
    with source.path.open("rb") as file:
        while start < end:
            file.seek(start)
            head = file.read(min(8, end - start))
            owner, length = struct.unpack("<ii", head) if len(head) == 8 else (0, -1)
            if length < 0 or start + 8 + length > end:
                told = f"a packet of {length} bytes" if len(head) == 8 else f"{len(head)} bytes"
                raise BadFileError(
                    f"{source.path}: truncated or damaged: offset {start} begins {told}, expected a packet that ends by offset {end}. "
                    f"Copy the file again; if the recorder was stopped by force, keep whole packets with `truncate -s {start} {source.path}`."
                )
            if owner == wanted:
                source.check_room(length, f"the packet at offset {start}")
            yield start, owner, file.read(length) if owner == wanted else b""
            start += 8 + length


def _unpacked(reader: Reader, source: Source, offset: int) -> bytes:
    """The unpacked bytes of a packet: their number (u32), then so many."""
    prefix = _read(reader, 4)
    length = int.from_bytes(prefix, "little")
    if length > LARGEST:
        raise MalformedError(f"it tells {length} bytes unpacked, expected at most {LARGEST}")
    source.check_room(length, f"the packet at offset {offset}")
    body = _read(reader, length)
    if len(body) < length:
        raise MalformedError(f"{len(body)} bytes unpacked, expected {length}")
    return prefix + body


def _read(reader: Reader, size: int) -> bytes:
    parts = []
    while size and (part := reader.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
