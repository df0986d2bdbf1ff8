"""Prophesee EVT 2.0 (.raw): words of 32 bits, one event each; the upper bits of the time come in words of their own.

Source: Prophesee, "EVT 2.0 Format", docs.prophesee.ai/stable/data/encoding_formats/evt2.html.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ranvier.data.event_files.raw import EDGE, Encoding, State, read_raw
from ranvier.data.event_files.recording import Recording
from ranvier.kernels.cpu.compile import kernel

OFF, ON, TIME_HIGH = 0, 1, 8  # type of a word: its upper 4 bits
OTHERS = {14: "others", 15: "continued"}


def read_evt2(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads an EVT 2.0 file.

    word = type (4 bits), time (6), x (11), y (11);  t = (28 bits of the last TIME_HIGH) * 64 + time, in microseconds

    The counter of 34 bits wraps every 4.8 hours; times go on rising past it. Events before the first TIME_HIGH are left out with a
    note. External triggers are in `streams["triggers"]`.

    Args:
        path: the file.
        sensor: (width, height) instead of what the header tells.

    Raises:
        BadFileError: missing, empty, cut, another encoding, a type of word that does not exist, a place beyond the sensor, times
            that fall by more than 10 ms (less is sorted with a warning), larger than memory.
    """
    return read_raw(path, sensor, Encoding("EVT2", "<u4", "018aef", OTHERS, _count, _decode))


def _count(words: np.ndarray, tally: np.ndarray) -> int:
    found = np.bincount(words >> 28, minlength=16)
    tally += found
    return int(found[OFF] + found[ON])


@kernel
def _decode(words, state, width, height, slack, events, edges):
    _, base, p, high, low, newest, late, latest, lost, filled = state
    triggers = 0
    for k in range(len(words)):
        word: Any = np.int64(words[k])
        kind = word >> 28
        t = high * 64 + (word >> 22 & 63) if high >= 0 else -1
        if kind == OFF or kind == ON:
            x, y = word >> 11 & 2047, word & 2047
            if t < 0:
                lost += 1
                continue
            if y >= height or x >= width or newest - t > slack or filled == len(events):
                return State(-1, base, p, high, low, newest, late, latest, lost, filled), k, x, y, t
            if newest > t:
                late, latest = late + 1, max(latest, newest - t)
            else:
                newest = t
            event = events[filled]
            event.x, event.y, event.t, event.p = x, y, t, kind == ON
            filled += 1
        elif kind == TIME_HIGH:
            bits = word & 0x0FFF_FFFF
            wraps = high >= 0 and bits - (high & 0x0FFF_FFFF) < -(1 << 27)  # a fall by more than half of its range
            high = (max(high, 0) >> 28) + wraps << 28 | bits
        elif kind == EDGE:
            edges[triggers] = t
            triggers += 1
    return State(-1, base, p, high, low, newest, late, latest, lost, filled), -1, 0, 0, 0
