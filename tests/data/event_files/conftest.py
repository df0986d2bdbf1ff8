"""Writers of small event files, one a format, from rows (x, y, t, p)."""

import struct
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

Row = tuple[int, int, int, int]
EXCERPTS = Path(__file__).parent / "excerpts"


@pytest.fixture
def excerpts() -> Path:
    return EXCERPTS


@pytest.fixture
def rows() -> list[Row]:
    """Forty events on 30 x 20 pixels in 2 ms, in order of time."""
    random = np.random.default_rng(0)
    t = np.sort(random.integers(70_000, 72_000, 40))
    return [(int(random.integers(30)), int(random.integers(20)), int(t[k]), int(random.integers(2))) for k in range(40)]


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes bytes under a name."""

    def write(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


@pytest.fixture
def five_bytes() -> Callable[[Iterable[Row]], bytes]:
    def encode(rows: Iterable[Row]) -> bytes:
        return b"".join(struct.pack(">BBBH", x, y, p << 7 | t >> 16, t & 0xFFFF) for x, y, t, p in rows)

    return encode


@pytest.fixture
def dat() -> Callable[..., bytes]:
    def encode(
        rows: Iterable[Row], header: str = "% Version 2\n% Width 30\n% Height 20\n", kind: bytes = b"\x0c\x08"
    ) -> bytes:
        return header.encode() + kind + b"".join(struct.pack("<II", t, x | y << 14 | p << 28) for x, y, t, p in rows)

    return encode


@pytest.fixture
def evt2() -> Callable[..., bytes]:
    """EVT 2.0; `extra` are words put before the events."""

    def encode(
        rows: Iterable[Row], header: str = "% evt 2.0\n% geometry 30x20\n% end\n", extra: Sequence[int] = ()
    ) -> bytes:
        words, high = list(extra), None
        for x, y, t, p in rows:
            if t >> 6 != high:
                high = t >> 6
                words.append(8 << 28 | high & 0x0FFF_FFFF)
            words.append(p << 28 | (t & 63) << 22 | x << 11 | y)
        return header.encode() + struct.pack(f"<{len(words)}I", *words)

    return encode


@pytest.fixture
def raw3() -> Callable[..., bytes]:
    """EVT 3.0 from (type, bits) of each word."""

    def encode(
        words: Iterable[tuple[int, int]], header: str = "% evt 3.0\n% format EVT3;height=20;width=30\n"
    ) -> bytes:
        packed = [kind << 12 | bits for kind, bits in words]
        return header.encode() + struct.pack(f"<{len(packed)}H", *packed)

    return encode


@pytest.fixture
def evt3(raw3: Callable[..., bytes]) -> Callable[..., bytes]:
    """EVT 3.0 with one word of column for each event."""

    def encode(rows: Iterable[Row]) -> bytes:
        words, high = [], None
        for x, y, t, p in rows:
            if t >> 12 != high:
                high = t >> 12
                words.append((8, high & 0xFFF))
            words += [(6, t & 0xFFF), (0, y), (2, p << 11 | x)]
        return raw3(words)

    return encode


XML = """<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">{}</node></dv>"""
STREAM = """<node name="{}"><attr key="originalOutputName">{}</attr><attr key="typeIdentifier">{}</attr>{}</node>"""
SIZE = """<node name="info"><attr key="sizeX">30</attr><attr key="sizeY">20</attr></node>"""
STREAMS = STREAM.format(0, "events", "EVTS", SIZE) + STREAM.format(1, "imu", "IMUS", "")


def _buffer(mark: bytes, vtable: Sequence[int], table: bytes, vector: bytes) -> bytes:
    """A size-prefixed FlatBuffer: the vtable at 12, its table after it, then one vector."""
    size = 4 + 2 * len(vtable)
    body = struct.pack(f"<I4s{2 + len(vtable)}H", 8 + size, mark, size, 4 + len(table), *vtable)
    body += struct.pack("<i", size) + table + vector
    return struct.pack("<I", len(body)) + body


@pytest.fixture
def event_packet() -> Callable[[Iterable[Row]], bytes]:
    """The unpacked bytes of one packet of events."""

    def encode(rows: Iterable[Row]) -> bytes:
        events = [struct.pack("<qhhB3x", t, x, y, p) for x, y, t, p in rows]
        return _buffer(b"EVTS", (4,), struct.pack("<I", 4), struct.pack("<I", len(events)) + b"".join(events))

    return encode


@pytest.fixture
def aedat4_header() -> Callable[..., bytes]:
    def encode(compression: int = 0, table: int = -1, streams: str = STREAMS, xml: str = XML) -> bytes:
        text = xml.format(streams).encode()
        fields = struct.pack("<iqI", compression, table, 4)
        return b"#!AER-DAT4.0\r\n" + _buffer(b"IOHE", (4, 8, 16), fields, struct.pack("<I", len(text)) + text)

    return encode


@pytest.fixture
def aedat4(aedat4_header: Callable[..., bytes], event_packet: Callable[..., bytes]) -> Callable[..., bytes]:
    """AEDAT 4.0 with ten events a packet on stream 0 and one packet of stream 1, each packed by `pack`."""

    def encode(rows: Sequence[Row], pack: Callable[[bytes], bytes] = bytes, **header: object) -> bytes:
        bodies = [(0, pack(event_packet(rows[k : k + 10]))) for k in range(0, len(rows), 10)]
        bodies.insert(1, (1, b"not looked at"))
        return aedat4_header(**header) + b"".join(struct.pack("<ii", n, len(body)) + body for n, body in bodies)

    return encode
