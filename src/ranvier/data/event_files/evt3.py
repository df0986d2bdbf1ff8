"""Prophesee EVT 3.0 (.raw): words of 16 bits, each of which changes one thing: row, column, a vector of columns, the time.

Source: Prophesee, "EVT 3.0 Format", docs.prophesee.ai/stable/data/encoding_formats/evt3.html.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import Source, open_source
from ranvier.data.event_files.checking import unwrapped
from ranvier.data.event_files.prophesee import read_raw_header
from ranvier.data.event_files.raw import UNKNOWN, Stream, check_kinds, held, rank
from ranvier.data.event_files.recording import Recording

ADDR_Y, ADDR_X, BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH, TRIGGER = (
    0,
    2,
    3,
    4,
    5,
    6,
    8,
    10,
)  # upper 4 bits of a word
KNOWN = "02345678aef"
OTHERS = {7: "continued 4", 14: "others", 15: "continued 12"}
LENGTH = np.array([{VECT_12: 12, VECT_8: 8}.get(kind, 0) for kind in range(16)])  # columns that a word stands for
MASK = np.array([{VECT_12: 0xFFF, VECT_8: 0xFF}.get(kind, 0) for kind in range(16)], np.uint16)  # its bits for them
ONES = np.array([mask.bit_count() for mask in range(1 << 12)])


@dataclass
class _State:
    """What the words before a block have told."""

    y: int = UNKNOWN
    base: int = UNKNOWN  # column at which the next vector begins
    p: int = 0
    high: int | None = None  # upper bits of the time, past its wraps
    low: int = 0


def read_evt3(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads an EVT 3.0 file.

        t = TIME_HIGH * 4096 + TIME_LOW, in microseconds (12 bits each)

    A TIME_HIGH that changes sets the lower bits to 0 until the next TIME_LOW. The counter of 24 bits wraps every 16.8 s: a TIME_HIGH
    that falls by more than half of its range is a wrap, and times go on rising past it. The event of an ADDR_X stands at its column, those
    of a vector at base + k for each bit k that is set, and the base moves on by the length of the vector (12 or 8). Events before the
    first words of time and place are left out with a note. External triggers are in `streams["triggers"]`.

    Args:
        path: the file.
        sensor: (width, height) instead of what the header tells.

    Raises:
        BadFileError: missing, empty, cut, another encoding, a type of word that does not exist, a place beyond the sensor, times
            that fall by more than 10 ms (less is sorted with a warning), larger than memory.
    """
    source = open_source(path, "an EVT 3.0 recording")
    header = read_raw_header(source, "EVT3")
    source.whole(header.start, 2, "word")
    tally, count = _count(source, header.start)
    stream, state = Stream.open(source, header, sensor, count), _State()
    for offset, words in source.blocks(header.start, "<u2"):
        _decode(words, offset, state, stream)
    return stream.recording("EVT 3.0", tally, OTHERS)


def _count(source: Source, start: int) -> tuple[np.ndarray, int]:
    """Words of each type [16] and the number of events, so that all are allocated once."""
    tally, count = np.zeros(16, np.int64), 0
    for offset, words in source.blocks(start, "<u2"):
        kinds = words >> 12
        tally += check_kinds(source.path, offset, kinds, 2, KNOWN)
        count += int(ONES[words & MASK[kinds]].sum())
    return tally, count + int(tally[ADDR_X])


def _decode(words: np.ndarray, offset: int, state: _State, stream: Stream) -> None:
    """Events and triggers of one block of words [n] into `stream`; `state` goes on to the next block."""
    kinds, values = words >> 12, (words & 0xFFF).astype(np.int64)
    is_row, is_base = kinds == ADDR_Y, kinds == BASE_X
    rows, polarities = values[is_row] & 0x7FF, values[is_base] >> 11
    passed = np.cumsum(LENGTH[kinds])  # columns that vectors have passed, with this word
    bases = (values[is_base] & 0x7FF) - passed[is_base]
    is_time = (kinds == TIME_HIGH) | (kinds == TIME_LOW)
    before = UNKNOWN if state.high is None else state.high * 4096 + state.low
    times = _times(kinds[is_time] == TIME_HIGH, values[is_time], state)

    at = np.flatnonzero((kinds == ADDR_X) | (MASK[kinds] > 0))  # words that are events
    single, base_rank = kinds[at] == ADDR_X, rank(is_base, at)
    vector = ~single
    p = np.where(single, values[at] >> 11, held(polarities, state.p, base_rank))
    begin = held(bases, state.base, base_rank) + passed[at] - LENGTH[kinds[at]]
    first = np.where(single, values[at] & 0x7FF, begin)
    y = held(rows, state.y, rank(is_row, at))
    t = held(times, before, rank(is_time, at))

    masks = words[at] & MASK[kinds[at]]
    word = np.repeat(np.arange(len(at)), np.where(single, 1, ONES[masks]))  # of each event
    bit = np.zeros(len(word), np.int64)
    pairs = masks[vector].astype("<u2").view(np.uint8).reshape(-1, 2)
    bit[vector[word]] = np.flatnonzero(np.unpackbits(pairs, axis=1, bitorder="little")) & 15  # 16 bits a vector
    stream.add(first[word] + bit, y[word], t[word], p[word], offset + 2 * at[word])

    edges = np.flatnonzero(kinds == TRIGGER)
    if len(edges):
        stream.add_triggers(words[edges], held(times, before, rank(is_time, edges)))

    state.y = int(rows[-1]) if len(rows) else state.y
    state.p = int(polarities[-1]) if len(polarities) else state.p
    state.base = int((bases[-1] if len(bases) else state.base) + passed[-1])


def _times(is_high: np.ndarray, told: np.ndarray, state: _State) -> np.ndarray:
    """The time from each of the words of time on; `told` [k] are their bits. `state` goes on to the next block."""
    if not len(told):
        return told
    before, every = UNKNOWN if state.high is None else state.high, np.arange(len(told))
    high = held(unwrapped(told[is_high], 12, state.high), before, rank(is_high, every))
    sets_low = ~is_high | (np.diff(high, prepend=before) != 0)
    low = held(np.where(is_high, 0, told)[sets_low], state.low, rank(sets_low, every))
    state.high, state.low = int(high[-1]) if high[-1] >= 0 else None, int(low[-1])
    return np.where(high < 0, UNKNOWN, high * 4096 + low)
