"""Files of 5 bytes an event without a header: 2 bytes of place, a bit of polarity, 23 bits of time (big-endian, microseconds)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import check_binary, open_source
from ranvier.data.event_files.checking import Gate
from ranvier.data.event_files.fixed_size import read_fixed_size
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

    def unpacked(words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        parts = words.astype(np.int64)  # [n, 5]
        t = (parts[:, 2] & 127) << 16 | parts[:, 3] << 8 | parts[:, 4]
        return *place(parts[:, :2]), t, parts[:, 2] >> 7

    events = read_fixed_size(source, 0, "5u1", Gate(source.path, sensor, remedy), 23, unpacked)
    return Recording(events, *sensor, start=0, source=str(source.path), format=name)
