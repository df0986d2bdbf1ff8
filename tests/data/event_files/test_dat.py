import pytest

from ranvier.data.event_files import byte_source, read_dat
from ranvier.errors import BadFileError

OLD = "% Data file containing Event2D events.\n% Version 2\n"


def test_rows_come_back(save, dat, rows, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 7)
    recording = read_dat(save("a.dat", dat(rows)))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]
    assert recording.sensor_size == (30, 20, 2) and recording.start == 0 and recording.format == "DAT"


def test_a_header_without_size(save, dat, rows):
    path = save("a.dat", dat(rows, OLD, b"\x00\x08"))
    recording = read_dat(path)
    assert recording.width is None and "sensor unknown" in repr(recording)
    with pytest.raises(ValueError, match=r"does not tell the size of its sensor; its events reach x = 2\d, y = 1\d"):
        recording.to_events(1e-3)
    assert read_dat(path, sensor=(304, 240)).sensor_size == (304, 240, 2)


def test_time_goes_on_past_its_wrap(save, dat):
    recording = read_dat(save("a.dat", dat([(0, 0, 2**32 - 1, 0), (0, 0, 4, 1)])))
    assert recording.events["t"].tolist() == [2**32 - 1, 2**32 + 4]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: b"", r"empty \(0 bytes\), expected a Prophesee DAT recording"),
        (lambda d: d[:-3], r"truncated: offset 349 holds 5 of the 8 bytes of the last event"),
        (lambda d: d.replace(b"Version 2", b"Version 1"), "not a DAT file of version 2: its header tells version 1"),
        (
            lambda d: d.replace(b"\x0c\x08", b"\x0e\x08"),
            r"offset 35 holds 0e 08, expected a type of events \(00 or 0c\)",
        ),
        (lambda d: d[:35], "offset 35 holds nothing, expected a type of events"),
        (lambda d: d[:37], "no event in 37 bytes, expected at least one"),
        (
            lambda d: d[:16],
            "truncated: the header line that begins at offset 12 has no end in 4 bytes, expected a line feed",
        ),
        (
            lambda d: d.replace(b"Width 30", b"Width 10"),
            r"offset \d+ holds an event at x = \d\d, .*expected a place on a sensor of 10 x 20",
        ),
    ],
)
def test_damaged_files(save, dat, rows, change, text):
    with pytest.raises(BadFileError, match=text):
        read_dat(save("a.dat", change(dat(rows))))
