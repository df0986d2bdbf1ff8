"""Prophesee DAT, version 2 (.dat): a text header, two bytes for type and size, then 8 bytes an event.

Source: Prophesee, "DAT File Format", docs.prophesee.ai/stable/data/file_formats/dat.html.
"""

from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import Source, open_source
from ranvier.data.event_files.checking import Gate, checked_sensor
from ranvier.data.event_files.fixed_size import read_fixed_size
from ranvier.data.event_files.prophesee import read_header
from ranvier.data.event_files.recording import Recording
from ranvier.errors import BadFileError

TYPES = {0: "Event2D", 12: "EventCD"}
SIZE = 8  # bytes an event
SIDE = 1 << 14  # pixels that the format can address along x and y


def read_dat(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads a DAT file.

        event = t (32 bits, microseconds), then x (14 bits from the lowest), y (14), polarity (4)

    The time wraps after 71.6 minutes and goes on rising past it. The clock of the recording begins at 0.

    Args:
        path: the file.
        sensor: (width, height) instead of what the header tells; older files, such as those of N-CARS, tell nothing.

    Raises:
        BadFileError: missing, empty, cut, another version or type of events, a place beyond the sensor, times that fall by more than
            10 ms (less is sorted with a warning), larger than memory.
    """
    source = open_source(path, "a Prophesee DAT recording")
    header = read_header(source)
    start = _checked_start(source, header.start, header.values.get("version", "2"))
    size = checked_sensor(source.path, sensor) or header.sensor
    remedy = "The file is damaged, or give the true size, as in read_events(path, sensor=(304, 240))."
    gate = Gate(source.path, size or (SIDE, SIDE), remedy)
    events = read_fixed_size(source, start, "<u4,<u4", gate, 32, _unpacked)
    width, height = size or (None, None)
    return Recording(events, width, height, start=0, source=str(source.path), format="DAT")


def _unpacked(words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    place = words["f1"].astype(np.int64)
    return place & 0x3FFF, place >> 14 & 0x3FFF, words["f0"].astype(np.int64), place >> 28 > 0


def _checked_start(source: Source, after: int, version: str) -> int:
    """Byte offset of the first event; `after` is where the text ends."""
    kind = source.head[after : after + 2]
    if version != "2" or len(kind) < 2 or kind[0] not in TYPES or kind[1] != SIZE:
        raise BadFileError(
            f"{source.path}: not a DAT file of version 2: its header tells version {version}, and offset {after} holds "
            f"{kind.hex(' ') or 'nothing'}, expected a type of events (00 or 0c) and their size (08). Convert it with Prophesee's tools."
        )
    return after + 2
