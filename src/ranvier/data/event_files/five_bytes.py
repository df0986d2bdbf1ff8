"""Files of 5 bytes an event without a header: 2 bytes of place, a bit of polarity, 23 bits of time (big-endian, microseconds)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import check_binary, open_source
from ranvier.data.event_files.checking import Gate, unwrapped
from ranvier.data.event_files.recording import Recording

Place = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # two bytes [n, 2] int64 -> x, y


def read_five_bytes(path: str | Path, name: str, sensor: tuple[int, int], place: Place, remedy: str) -> Recording:
    """Reads such a file; `place` tells x and y from the first two bytes. The time wraps after 8.4 s and goes on rising past it.

    Raises:
        BadFileError: missing, empty, a text, cut, a place beyond the sensor, times that fall by more than 10 ms (less is sorted with a
            warning), larger than memory.
    """
    expected = f"a {name} recording (5 bytes an event)"
    source = open_source(path, expected)
    check_binary(source, expected)
    events = source.empty_events(source.whole(0, 5, "event"))
    gate = Gate(source.path, sensor, remedy)
    last, filled = None, 0
    for offset, words in source.blocks(0, "5u1"):
        parts = words.astype(np.int64)
        x, y = place(parts[:, :2])
        t = unwrapped((parts[:, 2] & 127) << 16 | parts[:, 3] << 8 | parts[:, 4], 23, last)
        gate.check(x, y, t, lambda k, offset=offset: offset + 5 * k)
        room = events[filled : filled + len(t)]
        room["x"], room["y"], room["t"], room["p"] = x, y, t, parts[:, 2] >> 7
        last, filled = int(t[-1]), filled + len(t)
    return Recording(gate.ordered(events), *sensor, start=0, source=str(source.path), format=name)
