"""Files in which every event is one word of the same size: unpacked block by block, checked, in order of time."""

from collections.abc import Callable

import numpy as np

from ranvier.data.event_files.byte_source import Source
from ranvier.data.event_files.checking import Gate, unwrapped

Unpack = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]


def read_fixed_size(source: Source, start: int, dtype: str, gate: Gate, bits: int, unpack: Unpack) -> np.ndarray:
    """All events [count] from byte `start` on, each a word of `dtype`.

    `unpack` tells x, y, t and p of words [n] in int64; t is a counter of `bits` bits, continued past its wraps.

    Raises:
        BadFileError: no event, a cut one, one that `gate` does not pass, or more than memory holds.
    """
    width = np.dtype(dtype).itemsize
    events = source.empty_events(source.whole(start, width, "event"))
    last, filled = None, 0
    for offset, words in source.blocks(start, dtype):
        x, y, t, p = unpack(words)
        t = unwrapped(t, bits, last)
        gate.check(x, y, t, lambda k, offset=offset: offset + width * k)
        room = events[filled : filled + len(t)]
        room["x"], room["y"], room["t"], room["p"] = x, y, t, p
        last, filled = int(t[-1]), filled + len(t)
    return gate.ordered(events)
