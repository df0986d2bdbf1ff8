import numpy as np
import pytest

from ranvier.data.event_files import byte_source, read_evt3
from ranvier.data.event_files import evt3 as evt3_file
from ranvier.data.event_files.raw import Encoding, read_raw
from ranvier.errors import BadFileError

Y, X, BASE, V12, V8, LOW, CONTINUED, HIGH, TRIGGER = 0, 2, 3, 4, 5, 6, 7, 8, 10
ON = 1 << 11


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_rows_come_back(save, evt3, rows, monkeypatch, block):
    monkeypatch.setattr(byte_source, "BLOCK", block)
    recording = read_evt3(save("a.raw", evt3(rows)))
    assert recording.events.tolist() == [(x, y, t, bool(p)) for x, y, t, p in rows]
    assert recording.sensor_size == (30, 20, 2) and recording.start == rows[0][2]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
def test_vectors_move_their_base_on(save, raw3, monkeypatch, block):
    monkeypatch.setattr(byte_source, "BLOCK", block)
    words = [
        (HIGH, 2),
        (LOW, 7),
        (Y, 4),
        (BASE, 3 | ON),
        (V12, 0b1000_0000_0001),
        (X, 9),
        (V8, 0b1_0000_0010),
        (Y, 5),
        (V8, 1),
        (BASE, 0),
        (V12, 0),
        (V8, 1),
    ]
    recording = read_evt3(save("a.raw", raw3(words)))
    assert recording.events["x"].tolist() == [3, 14, 9, 16, 23, 12]
    assert recording.events["y"].tolist() == [4, 4, 4, 4, 5, 5]
    assert recording.events["p"].tolist() == [True, True, False, True, True, False]
    assert set(recording.events["t"].tolist()) == {2 * 4096 + 7}


@pytest.mark.parametrize("block", [1, 4, 1000])
def test_time_goes_on_past_its_wrap_and_a_new_high_clears_the_low(save, raw3, monkeypatch, block):
    monkeypatch.setattr(byte_source, "BLOCK", block)
    words = [
        (LOW, 1),
        (HIGH, 4095),
        (LOW, 4000),
        (Y, 0),
        (X, 0),
        (HIGH, 4095),
        (X, 1),
        (HIGH, 0),
        (X, 2),
        (LOW, 9),
        (X, 3),
        (HIGH, 4095),
        (HIGH, 0),
        (X, 4),
    ]
    recording = read_evt3(save("a.raw", raw3(words)))
    last = 4095 * 4096 + 4000
    assert recording.events["t"].tolist() == [last, last, 2**24, 2**24 + 9, 2**25]


def test_what_comes_before_time_row_or_base_is_left_out(save, raw3):
    words = [(X, 1), (HIGH, 1), (X, 1), (V12, 0b11), (Y, 2), (V8, 1), (X, 5), (V12, 0b1)]
    recording = read_evt3(save("a.raw", raw3(words)))
    assert recording.events.tolist() == [(5, 2, 4096, False)]
    assert recording.notes == ("6 events left out, whose time or place no word before them tells",)


def test_triggers_and_other_words(save, raw3):
    words = [(TRIGGER, 1), (HIGH, 1), (LOW, 3), (TRIGGER, 2 << 8 | 1), (CONTINUED, 0), (14, 0), (Y, 0), (X, 0)]
    recording = read_evt3(save("a.raw", raw3(words)))
    assert recording.streams["triggers"].tolist() == [(4099, 2, True)]
    assert recording.notes == ("words of type 7 (continued 4): not read, 1", "words of type e (others): not read, 1")


def test_small_steps_back_are_sorted_and_large_ones_refused(save, raw3):
    late = [(HIGH, 9), (Y, 0), (LOW, 100), (X, 0), (LOW, 90), (X, 1)]
    with pytest.warns(UserWarning, match="1 of 2 events come late, by up to 10 us; sorted by time"):
        assert read_evt3(save("a.raw", raw3(late))).events["x"].tolist() == [1, 0]
    with pytest.raises(BadFileError, match="offset 57 holds an event at 0 us, after one at 36964 us"):
        read_evt3(save("a.raw", raw3([*late, (HIGH, 0), (X, 2)])))


def test_the_first_of_two_faults_is_named(save, raw3):
    words = [(HIGH, 9), (Y, 0), (X, 0), (HIGH, 0), (X, 1), (HIGH, 9), (X, 40)]
    with pytest.raises(BadFileError, match="offset 51 holds an event at 0 us, after one at 36864 us"):
        read_evt3(save("a.raw", raw3(words)))
    with pytest.raises(BadFileError, match="offset 51 holds an event at x = 40, y = 0"):
        read_evt3(save("a.raw", raw3([*words[:4], words[6], *words[4:6]])))


def test_a_vector_beyond_the_edge(save, raw3):
    words = [(HIGH, 0), (Y, 0), (BASE, 25), (V12, 1 << 4), (V12, 0), (V12, 1 << 11)]
    with pytest.raises(BadFileError, match=r"offset 53 holds an event at x = 60, y = 0, expected .* 30 x 20 pixels"):
        read_evt3(save("a.raw", raw3(words)))
    bare = save("b.raw", raw3(words, "% evt 3.0\n"))
    assert read_evt3(bare).width is None and read_evt3(bare).events["x"].tolist() == [29, 60]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: b"", r"empty \(0 bytes\), expected an EVT 3.0 recording"),
        (lambda d: d[:-1], r"truncated: offset \d+ holds 1 of the 2 bytes of the last word"),
        (
            lambda d: d[:47] + b"\0\x90" + d[49:],
            "offset 47 holds a word of type 9, expected one of 0, 2, 3, 4, 5, 6, 7, 8, a, e, f",
        ),
        (lambda d: d[:47] + b"\xff\x07" + d[49:], r"offset \d+ holds an event at x = \d+, y = 2047"),
    ],
)
def test_damaged_files(save, evt3, rows, change, text):
    with pytest.raises(BadFileError, match=text):
        read_evt3(save("a.raw", change(evt3(rows))))


def test_a_file_that_changes_while_it_is_read(save, evt3, rows):
    few = Encoding(
        "EVT3", "<u2", "02345678aef", {}, lambda words, tally: evt3_file._count(words, tally) - 1, evt3_file._decode
    )
    with pytest.raises(BadFileError, match=r"offset \d+ has changed while it was read. Read it again"):
        read_raw(save("a.raw", evt3(rows)), None, few)


def test_random_words_never_read_out_of_bounds(save, raw3):
    random = np.random.default_rng(1)
    for _ in range(20):
        kinds = random.choice([Y, X, BASE, V12, V8, LOW, TRIGGER], 200)
        words = [(HIGH, 1), *zip(kinds.tolist(), random.integers(0, 4096, 200).tolist(), strict=True)]
        with pytest.raises(BadFileError, match=r"offset \d+ holds an event at x = -?\d+, y = -?\d+"):
            read_evt3(save("a.raw", raw3(words)))
