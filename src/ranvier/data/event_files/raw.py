"""What the readers of EVT 2.0 and EVT 3.0 share: words that are counted, then decoded block by block by a kernel of the format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ranvier.data.event_files.byte_source import open_source
from ranvier.data.event_files.checking import LATE, Gate, checked_sensor
from ranvier.data.event_files.prophesee import read_raw_header
from ranvier.data.event_files.recording import Recording
from ranvier.errors import BadFileError

EDGE = 10  # type of the word of an external trigger, in both formats
TRIGGER = np.dtype(
    [("t", np.int64), ("id", np.uint8), ("value", np.bool_)]
)  # microseconds, channel, level after the edge
SIDE = 2048  # pixels that both formats can address along x and y
REMEDY = "The file is damaged, or give the true size, as in read_events(path, sensor=(1280, 720))."


class State(NamedTuple):
    """What the words before a block have told, -1 for nothing; then how their events came."""

    y: int = -1
    base: int = -1  # column at which the next vector begins
    p: int = 0
    high: int = -1  # upper bits of the time, past its wraps
    low: int = 0
    newest: int = -1  # microseconds
    late: int = 0  # events older than the newest
    latest: int = 0  # microseconds
    lost: int = 0  # events whose time or place no word before them told
    filled: int = 0


@dataclass(frozen=True)
class Encoding:
    """One format of words whose upper 4 bits are their type.

    `count(words, tally)` adds the words [n] of each type to `tally` [16] and returns their events. `decode(words, state, width, height,
    slack, events, edges)` writes those into `events`, from `state.filled` on, and the times of triggers into `edges`; it returns the
    state after the block, then the word, x, y and t of the event at which it stopped, because its place lies beyond the sensor, its
    time falls by more than `slack` microseconds, or `events` are full. The word is -1 if there is none.
    """

    name: str  # as in the header
    dtype: str
    known: str  # hexadecimal digits of the types that exist
    others: dict[int, str]  # those that are counted and not read
    count: Callable[[np.ndarray, np.ndarray], int]
    decode: Callable[..., Any]

    @property
    def title(self) -> str:
        return f"EVT {self.name[3]}.0"


def read_raw(path: str | Path, sensor: object, encoding: Encoding) -> Recording:
    """Reads a RAW file in this encoding; `sensor` is the user's (width, height), which overrules the header's."""
    source = open_source(path, f"an {encoding.title} recording")
    header = read_raw_header(source, encoding.name)
    source.whole(header.start, np.dtype(encoding.dtype).itemsize, "word")
    tally, count = np.zeros(16, np.int64), 0
    for offset, words in source.blocks(header.start, encoding.dtype):
        count += encoding.count(words, tally)
        _check_types(source.path, offset, words, tally, encoding.known)
    size = checked_sensor(source.path, sensor) or header.sensor
    events, state, triggers = source.empty_events(count), State(), []
    gate = Gate(source.path, size or (SIDE, SIDE), REMEDY)
    for offset, words in source.blocks(header.start, encoding.dtype):
        marked = words[_types(words) == EDGE] if tally[EDGE] else words[:0]
        edges = np.empty(len(marked), np.int64)
        state, k, x, y, t = encoding.decode(words, state, *gate.sensor, LATE, events, edges)
        if k >= 0:
            gate.newest = state.newest if state.newest >= 0 else None
            at = offset + k * words.itemsize
            gate.check(np.array([x]), np.array([y]), np.array([t]), lambda _, at=at: at)
            raise BadFileError(
                f"{source.path}: offset {at} has changed while it was read. Read it again when it is whole."
            )
        found = np.empty(len(marked), TRIGGER)
        found["t"], found["id"], found["value"] = edges, marked >> 8 & 15, marked & 1
        triggers.append(found[edges >= 0])
    if not state.filled:
        raise BadFileError(
            f"{source.path}: none of {state.lost} events has a time, expected a word of type 8 (the upper bits of the time) before "
            f"them, from offset {header.start} on. Copy the file again."
        )
    gate.late, gate.latest = state.late, state.latest
    edges = np.concatenate(triggers)
    return Recording(
        gate.ordered(events[: state.filled]),
        *(size or (None, None)),
        source=str(source.path),
        format=encoding.title,
        streams={"triggers": edges[np.argsort(edges["t"], kind="stable")]} if len(edges) else {},
        notes=tuple(_notes(encoding, tally, state.lost)),
    )


def _notes(encoding: Encoding, tally: np.ndarray, lost: int) -> list[str]:
    """What was left out: types of words, and events."""
    notes = [f"words of type {k:x} ({what}): not read, {tally[k]}" for k, what in encoding.others.items() if tally[k]]
    return notes + [f"{lost} events left out, whose time or place no word before them tells"] * bool(lost)


def _types(words: np.ndarray) -> np.ndarray:
    return words >> (8 * words.itemsize - 4)


def _check_types(path: Path, offset: int, words: np.ndarray, tally: np.ndarray, known: str) -> None:
    """Refuses words [n] from byte `offset` on, counted in `tally` [16], if a type among them is not known."""
    strange = [kind for kind in np.flatnonzero(tally) if f"{kind:x}" not in known]
    if strange:
        kinds = _types(words)
        k = int(np.flatnonzero(np.isin(kinds, strange))[0])
        at = offset + k * words.itemsize
        raise BadFileError(
            f"{path}: offset {at} holds a word of type {kinds[k]:x}, expected one of {', '.join(known)}. The file is "
            f"damaged or of another format: copy it again, or keep what comes before with `truncate -s {at} {path}`."
        )
