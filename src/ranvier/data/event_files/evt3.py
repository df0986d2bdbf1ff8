"""Prophesee EVT 3.0 (.raw): words of 16 bits, each of which changes one thing: row, column, a vector of columns, the time.

Source: Prophesee, "EVT 3.0 Format", docs.prophesee.ai/stable/data/encoding_formats/evt3.html.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ranvier.data.event_files.raw import EDGE, Encoding, State, read_raw
from ranvier.data.event_files.recording import Recording
from ranvier.kernels.cpu.compile import kernel

# Type of a word: its upper 4 bits.
ADDR_Y, ADDR_X, BASE_X, VECT_12, VECT_8, TIME_LOW, TIME_HIGH = 0, 2, 3, 4, 5, 6, 8
OTHERS = {7: "continued 4", 14: "others", 15: "continued 12"}
ONES = np.array([mask.bit_count() for mask in range(1 << 12)], np.int8)


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
    return read_raw(path, sensor, Encoding("EVT3", "<u2", "02345678aef", OTHERS, _count, _decode))


@kernel
def _count(words, tally):
    count = 0
    for word in words:
        kind = word >> 12
        tally[kind] += 1
        if kind == ADDR_X:
            count += 1
        elif kind == VECT_12:
            count += ONES[word & 0xFFF]
        elif kind == VECT_8:
            count += ONES[word & 0xFF]
    return count


@kernel
def _decode(words, state, width, height, slack, events, edges):
    row, base, p, high, low, newest, late, latest, lost, filled = state
    t, triggers = high * 4096 + low if high >= 0 else -1, 0
    for k in range(len(words)):
        word: Any = np.int64(words[k])
        kind, bits = word >> 12, word & 0xFFF
        if kind == ADDR_X or kind == VECT_12 or kind == VECT_8:
            mask, begin, sign = 1, bits & 0x7FF, bits >> 11
            if kind != ADDR_X:
                mask, begin, sign = bits & (0xFFF if kind == VECT_12 else 0xFF), base, p
                if base >= 0:
                    base += 12 if kind == VECT_12 else 8
            if t < 0 or row < 0 or begin < 0:
                lost += ONES[mask]
                continue
            while mask:
                x = begin + ONES[(mask & -mask) - 1]  # the place of the lowest bit is the number of those below it
                if row >= height or x >= width or newest - t > slack or filled == len(events):
                    return State(row, base, p, high, low, newest, late, latest, lost, filled), k, x, row, t
                if newest > t:
                    late, latest = late + 1, max(latest, newest - t)
                else:
                    newest = t
                event = events[filled]
                event.x, event.y, event.t, event.p = x, row, t, sign != 0
                filled += 1
                mask &= mask - 1
        elif kind == ADDR_Y:
            row = bits & 0x7FF
        elif kind == TIME_LOW:
            low = bits
            t = high * 4096 + low if high >= 0 else -1
        elif kind == TIME_HIGH:
            wraps = high >= 0 and bits - (high & 0xFFF) < -2048  # a fall by more than half of its range
            before, high = high, (max(high, 0) >> 12) + wraps << 12 | bits
            low = low if high == before else 0
            t = high * 4096 + low
        elif kind == BASE_X:
            base, p = bits & 0x7FF, bits >> 11
        elif kind == EDGE:
            edges[triggers] = t
            triggers += 1
    return State(row, base, p, high, low, newest, late, latest, lost, filled), -1, 0, row, t
