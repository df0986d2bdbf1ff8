"""Prophesee EVT 2.0 (.raw): words of 32 bits, one event each; the upper bits of the time come in words of their own.

Source: Prophesee, "EVT 2.0 Format", docs.prophesee.ai/stable/data/encoding_formats/evt2.html.
"""

from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import open_source
from ranvier.data.event_files.checking import unwrapped
from ranvier.data.event_files.prophesee import read_raw_header
from ranvier.data.event_files.raw import UNKNOWN, Stream, check_kinds, held, rank
from ranvier.data.event_files.recording import Recording

OFF, ON, TIME_HIGH, TRIGGER = 0, 1, 8, 10  # type of a word: its upper 4 bits
KNOWN = "018aef"
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
    source = open_source(path, "an EVT 2.0 recording")
    header = read_raw_header(source, "EVT2")
    source.whole(header.start, 4, "word")
    tally = np.zeros(16, np.int64)
    for offset, words in source.blocks(header.start, "<u4"):
        tally += check_kinds(source.path, offset, words >> 28, 4, KNOWN)
    stream = Stream.open(source, header, sensor, int(tally[OFF] + tally[ON]))
    high = None
    for offset, words in source.blocks(header.start, "<u4"):
        kinds = words >> 28
        is_time = kinds == TIME_HIGH
        highs = unwrapped((words[is_time] & 0x0FFF_FFFF).astype(np.int64), 28, high)
        before = UNKNOWN if high is None else high

        def times(at: np.ndarray, words=words, is_time=is_time, highs=highs, before=before) -> np.ndarray:
            return held(highs, before, rank(is_time, at)) * 64 + (words[at] >> 22 & 63)

        at = np.flatnonzero(kinds <= ON)
        x, y = (words[at] >> 11 & 2047).astype(np.int64), (words[at] & 2047).astype(np.int64)
        stream.add(x, y, times(at), kinds[at] == ON, offset + 4 * at)
        edges = np.flatnonzero(kinds == TRIGGER)
        stream.add_triggers(words[edges], times(edges))
        high = int(highs[-1]) if len(highs) else high
    return stream.recording("EVT 2.0", tally, OTHERS)
