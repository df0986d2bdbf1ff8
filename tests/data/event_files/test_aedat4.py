import base64
import struct
import sys
import types
import zlib
from importlib.util import find_spec

import pytest

from ranvier.data.event_files import read_aedat4, room
from ranvier.errors import BadFileError, RanvierError

TWO = (
    '<node name="0"><attr key="typeIdentifier">EVTS</attr></node><node name="3"><attr key="originalOutputName">right</attr>'
    '<attr key="typeIdentifier">EVTS</attr></node><node name="1"><attr key="typeIdentifier">FRME</attr></node>'
)


def test_rows_come_back(save, aedat4, rows):
    recording = read_aedat4(save("a.aedat4", aedat4(rows)))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]
    assert recording.sensor_size == (30, 20, 2) and recording.start == rows[0][2] and recording.format == "AEDAT 4.0"
    assert recording.notes == ("stream 1, imu (IMUS): not read, packets: 1",)


def test_the_table_at_the_end_is_not_read_as_packets(save, aedat4, rows):
    data = aedat4(rows, table=0)
    full = aedat4(rows, table=len(data))
    assert len(read_aedat4(save("a.aedat4", full + b"a table"))) == 40
    with pytest.raises(
        BadFileError,
        match=rf"truncated: the header tells a table at offset {len(data)}, expected it between \d+ and the end, {len(data) - 9}",
    ):
        read_aedat4(save("a.aedat4", full[:-9]))


def test_a_recording_stopped_by_force_is_read_up_to_its_end(save, aedat4, rows):
    data = aedat4(rows)
    with pytest.raises(
        BadFileError,
        match=rf"truncated or damaged: offset (\d+) begins a packet of 190 bytes, expected a packet that ends by offset {len(data) - 9}",
    ) as caught:
        read_aedat4(save("a.aedat4", data[:-9]))
    whole = int(str(caught.value).split("truncate -s ")[1].split()[0])
    assert len(read_aedat4(save("a.aedat4", data[:whole]))) == 30
    with pytest.raises(BadFileError, match=f"offset {whole} begins 3 bytes, expected a packet"):
        read_aedat4(save("a.aedat4", data[: whole + 3]))


def test_several_streams_of_events(save, aedat4, rows):
    path = save("a.aedat4", aedat4(rows, streams=TWO))
    with pytest.raises(
        RanvierError,
        match=r"several or no streams of events; its streams are 0: unnamed \(EVTS\); 3: right \(EVTS\); 1: .*stream=0\)",
    ):
        read_aedat4(path)
    assert len(read_aedat4(path, stream=0)) == 40 and read_aedat4(path, stream=0).width is None
    with pytest.raises(RanvierError, match="no stream of events 7; its streams are"):
        read_aedat4(path, stream=7)
    with pytest.raises(BadFileError, match="no event in"):
        read_aedat4(path, stream=3)
    with pytest.raises(RanvierError, match="several or no streams of events; its streams are none"):
        read_aedat4(save("b.aedat4", aedat4(rows, streams="")))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: b"", r"empty \(0 bytes\), expected an AEDAT 4.0 recording"),
        (lambda d: b"#!AER-DAT3.1\r\n" + d[14:], r"offset 0 holds b'#!AER-DAT3.1\\r\\n', expected b'#!AER-DAT4.0\\r\\n'"),
        (lambda d: d[:16], r"truncated: the header reaches from offset 14 to \d+, expected an end within 16 bytes"),
        (lambda d: d[:14] + b"\xff\xff\xff\xff" + d[18:], r"the header reaches from offset 14 to 4294967313, expected an end within \d+ bytes"),
        (lambda d: d.replace(b"IOHE", b"XXXX"), r"the header at offset 14 is damaged \(position 8 holds b'XXXX', expected b'IOHE'\)"),
        (lambda d: d.replace(b"</dv>", b"</vd>"), r"the header at offset 14 is damaged \(mismatched tag.*expected a description in XML"),
        (lambda d: d.replace(b"<dv v", b"<!v v"), r"the header at offset 14 is damaged \(the XML holds a declaration"),
        (lambda d: d.replace(b">30<", b">3x<"), r"the header at offset 14 is damaged \(invalid literal for int"),
        (lambda d: d.replace(b"EVTS\6", b"EVTX\6", 1), r"offset \d+ begins a damaged packet of 190 bytes \(position 8 holds b'EVTX'"),
        (lambda d: d.replace(b"EVTS\6\0\x08\0\4", b"EVTS\6\0\x08\0\xf0"), r"190 bytes \(a position 258 is told, expected one within 190 bytes\)"),
        (lambda d: d.replace(b"\4\0\0\0\x0a\0\0\0", b"\4\0\0\0\x0b\0\0\0"), r"\(position 26 tells 176 bytes, expected at most the 160 that follow\)"),
        (lambda d: d.replace(b">20<", b">10<"), r"offset \d+ holds an event at x = \d+, y = 1\d, expected .* 30 x 10 pixels"),
    ],
)  # fmt: skip
def test_damaged_files(save, aedat4, rows, change, text):
    with pytest.raises(BadFileError, match=text):
        read_aedat4(save("a.aedat4", change(aedat4(rows))))


def test_an_unknown_compression(save, aedat4, rows):
    with pytest.raises(BadFileError, match="the header at offset 14 tells compression 9, expected 0 to 4"):
        read_aedat4(save("a.aedat4", aedat4(rows, compression=9)))


def test_a_packet_of_no_event(save, aedat4_header, event_packet, rows):
    bodies = [
        event_packet([]),
        event_packet(rows),
        struct.pack("<I", 20) + struct.pack("<I4sHHi", 12, b"EVTS", 4, 4, 4) + bytes(4),
    ]
    data = aedat4_header() + b"".join(struct.pack("<ii", 0, len(body)) + body for body in bodies)
    assert len(read_aedat4(save("a.aedat4", data))) == 40


def test_unpacked_sizes_are_checked_before_they_are_asked_for(save, aedat4, rows, monkeypatch):
    path = save("a.aedat4", aedat4(rows, pack=lambda body: struct.pack("<I", 1 << 30) + body[4:]))
    with pytest.raises(
        BadFileError,
        match=r"a damaged packet of 190 bytes \(it tells 1073741824 bytes unpacked, expected at most 268435456\)",
    ):
        read_aedat4(path)
    monkeypatch.setattr(room, "SMALL", 0)
    monkeypatch.setattr(room, "available", lambda: 100)
    with pytest.raises(BadFileError, match=r"the header at offset 14 need .* of memory, .* are available"):
        read_aedat4(save("b.aedat4", aedat4(rows)))
    answers = iter([1000, 150])  # for the header, for the packet
    monkeypatch.setattr(room, "available", lambda: next(answers))
    with pytest.raises(BadFileError, match=r"the packet at offset \d+ need .* of memory, .* are available"):
        read_aedat4(save("b.aedat4", aedat4(rows)))
    path = save("c.aedat4", aedat4(rows, pack=lambda body: struct.pack("<I", 300) + body[4:]))
    monkeypatch.setattr(room, "available", lambda: 1000)
    with pytest.raises(BadFileError, match=r"a damaged packet of 190 bytes \(186 bytes unpacked, expected 300\)"):
        read_aedat4(path)
    monkeypatch.setattr(room, "available", lambda: 600)
    with pytest.raises(BadFileError, match="30 events or more need"):
        read_aedat4(save("d.aedat4", aedat4(rows)))


class Damaged(Exception):
    pass


class Packed:
    """Stands for a package that unpacks: zlib, some bytes at a time."""

    def __init__(self, file):
        try:
            self.rest = zlib.decompress(file.read())
        except zlib.error as error:
            raise Damaged(str(error)) from error

    def read(self, size: int) -> bytes:
        part, self.rest = self.rest[: min(size, 50)], self.rest[min(size, 50) :]
        return part


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_packed_packets(save, aedat4, rows, monkeypatch, compression):
    lz4, zstandard = types.ModuleType("lz4.frame"), types.ModuleType("zstandard")
    vars(lz4).update(LZ4FrameFile=Packed)
    unpacker = types.SimpleNamespace(stream_reader=Packed)
    vars(zstandard).update(ZstdError=Damaged, ZstdDecompressor=lambda max_window_size: unpacker)
    monkeypatch.setitem(sys.modules, "lz4", types.ModuleType("lz4"))
    monkeypatch.setitem(sys.modules, "lz4.frame", lz4)
    monkeypatch.setitem(sys.modules, "zstandard", zstandard)
    data = aedat4(rows, pack=zlib.compress, compression=compression)
    recording = read_aedat4(save("a.aedat4", data))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]
    if compression >= 3:
        with pytest.raises(BadFileError, match=r"a damaged packet of \d+ bytes \(Error -3 .*compressed with ZSTD"):
            read_aedat4(save("a.aedat4", data.replace(zlib.compress(b"")[:2], b"??")))


@pytest.mark.parametrize(("compression", "name", "package"), [(1, "LZ4", "lz4"), (3, "ZSTD", "zstandard")])
def test_a_missing_package(save, aedat4, rows, monkeypatch, compression, name, package):
    for part in (package, "lz4.frame"):
        monkeypatch.setitem(sys.modules, part, None)
    path = save("a.aedat4", aedat4(rows, compression=compression))
    with pytest.raises(
        RanvierError,
        match=rf"compressed with {name}, expected the package {package} .*`pip install 'ranvier\[events\]'` or",
    ):
        read_aedat4(path)


# A packet of the events (k % 30, k % 20, 1000 + k, k % 2), k below 30, as packed by lz4 4.4.5 and zstandard 0.25.0, in base 64.
LZ4 = (
    "BCJNGGhA/gEAAAAAAAC5PwEAAPkS+gEAAA4AAABFVlRTBgAIAAQABgAAAAQAAAAeAAAA6AMAAQAT6RAAEQECADMAAOoQADECAAIoABPrEAAxAw"
    "ADIAAT7BAAEQRSADMAAO0QADEFAAUgABPuEAARBnYAMwAA7xAAMQcAByAAE/AQADAIAAgfACMA8RAAMQkACSAAE/IQADEKAAogABPzEAAxCwAL"
    "IAAT9BAAMQwADCAAE/UQADENAA0gABP2EAARDgQBMwAA9xAAMQ8ADyAAE/gQADAQABAfACMA+RAAMREAESAAE/oQADESABIgABP7EAAxEwATIA"
    "AT/BAAERQeADMAAP0QABMVQAET/hAAExZAARP/EAATF0ABAzcBIwAYCQAQAZkBQwAAABlAARMCEAATGkABEwMQABMbQAETBBAAExxAARMFEACA"
    "HQAJAAEAAAAAAAAA"
)
ZSTD = (
    "KLUv/WD+AI0GABZfMiKAO8wBUPpD6Q+loCiKoiiKoihWld6I3EPpD6U/lP4E2WQKLAAnACYABwf/M90VFPyv9AMD/yPdfd//Rh8Q8D/RXdf9L/"
    "SBvnngg4GFg47nw/liJwuL/7nuKir+1/qJif+x7iIi/rf6h4f/qe4aGv6X+oWF/6HuEhL+d/r/bHddyf9q/8j/aHchIf+b/cfH/2R3HR3/i/3G"
    "xv9gdxkZ/3v9xXcNNX9A8AszfyBwlxDzB94fvPwBwF1Byx9wP7DyB959Kf+7fcDJAQEAOcAT"
)


@pytest.mark.parametrize(("compression", "packed", "package"), [(1, LZ4, "lz4"), (3, ZSTD, "zstandard")])
def test_real_packets(save, aedat4_header, compression, packed, package):
    """With the package of the extra `events`; without it the refusal, whose remedy is to install it."""
    body = base64.b64decode(packed)
    head = aedat4_header(compression=compression)
    path = save("a.aedat4", head + struct.pack("<ii", 0, len(body)) + body)
    if find_spec(package) is None:
        with pytest.raises(RanvierError, match=f"pip install {package}"):
            read_aedat4(path)
        return
    assert read_aedat4(path).events.tolist() == [(k, k % 20, 1000 + k, bool(k % 2)) for k in range(30)]
    for damage in (body[:-40], body[:20] + b"\xff" * 40 + body[60:], b"\0" * len(body)):
        path = save("b.aedat4", head + struct.pack("<ii", 0, len(damage)) + damage)
        with pytest.raises(BadFileError, match=rf"offset {len(head)} begins a damaged packet of {len(damage)} bytes"):
            read_aedat4(path)
