import pytest

from ranvier.data.event_files import byte_source, read_evt2
from ranvier.errors import BadFileError


@pytest.mark.parametrize("block", [3, 1000])
def test_rows_come_back(save, evt2, rows, monkeypatch, block):
    monkeypatch.setattr(byte_source, "BLOCK", block)
    recording = read_evt2(save("a.raw", evt2(rows)))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]
    assert recording.sensor_size == (30, 20, 2) and recording.start == rows[0][2] and recording.notes == ()


def test_events_before_the_first_time_are_left_out(save, evt2, rows):
    recording = read_evt2(save("a.raw", evt2(rows, extra=[1 << 28, 0])))
    assert len(recording) == 40 and recording.notes == (
        "2 events left out, whose time or place no word before them tells",
    )


def test_time_goes_on_past_its_wrap(save, evt2, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 2)
    times = [2**34 - 70, 2**34 - 1, 2**34 + 5, 2**34 + 200]
    recording = read_evt2(save("a.raw", evt2([(0, 0, t, 0) for t in times])))
    assert recording.events["t"].tolist() == times


def test_triggers_and_other_words(save, evt2, rows):
    words = [8 << 28 | rows[0][2] >> 6, 10 << 28 | 5 << 22 | 3 << 8 | 1, 14 << 28, 15 << 28, 15 << 28]
    recording = read_evt2(save("a.raw", evt2(rows, extra=words)))
    assert recording.streams["triggers"].tolist() == [(rows[0][2] // 64 * 64 + 5, 3, True)]
    assert recording.notes == ("words of type e (others): not read, 1", "words of type f (continued): not read, 2")
    assert ", 1 triggers," in repr(recording)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: b"", r"empty \(0 bytes\), expected an EVT 2.0 recording"),
        (lambda d: d[:-1], r"truncated: offset \d+ holds 3 of the 4 bytes of the last word"),
        (lambda d: d[:33], "no event in 33 bytes, expected at least one"),
        (
            lambda d: d[:41] + b"\0\0\0\x50" + d[45:],
            r"offset 41 holds a word of type 5, expected one of 0, 1, 8, a, e, f\..*truncate -s 41",
        ),
        (
            lambda d: d[:33] + b"\0\0\0\x10",
            "none of 1 events has a time, expected a word of type 8 .* from offset 33 on",
        ),
        (lambda d: d.replace(b"evt 2.0", b"evt 3.0"), r"its header \(offset 0 to 33\) tells EVT3, expected EVT2"),
        (lambda d: d.replace(b"evt 2.0", b"foo 2.0"), "tells no encoding, expected EVT2"),
        (lambda d: d.replace(b"% end", b"% endianness big\n% end"), "big-endian words, expected little"),
        (
            lambda d: d.replace(b"30x20", b"30x10"),
            r"offset \d+ holds an event at x = \d+, y = 1\d, expected .* 30 x 10 pixels",
        ),
    ],
)
def test_damaged_files(save, evt2, rows, change, text):
    with pytest.raises(BadFileError, match=text):
        read_evt2(save("a.raw", change(evt2(rows))))


def test_what_is_appended_while_it_is_read_does_not_count(save, evt2, rows, monkeypatch):
    monkeypatch.setattr(byte_source, "BLOCK", 16)
    path, data = save("a.raw", evt2(rows)), evt2(rows)
    source = byte_source.open_source(path, "a file")
    path.write_bytes(data + data)
    assert sum(len(words) for _, words in source.blocks(33, "<u4")) == (len(data) - 33) // 4


def test_the_offset_of_a_bad_place_counts_words_of_time(save, evt2):
    data = evt2([(0, 0, 0, 0), (1, 0, 100, 0), (31, 0, 101, 0)])  # header 33, time, event, time, event, event
    with pytest.raises(BadFileError, match="offset 49 holds an event at x = 31"):
        read_evt2(save("a.raw", data))
    assert read_evt2(save("a.raw", data), sensor=(32, 20)).width == 32
