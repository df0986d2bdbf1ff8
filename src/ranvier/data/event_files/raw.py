"""What the readers of EVT 2.0 and EVT 3.0 share: types of words, values that hold until the next one, triggers."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ranvier.data.event_files.byte_source import Source
from ranvier.data.event_files.checking import Gate, checked_sensor
from ranvier.data.event_files.prophesee import Header
from ranvier.data.event_files.recording import Recording
from ranvier.errors import BadFileError

UNKNOWN = -(1 << 40)  # a value that no word has told yet: a recording may begin in the middle of the stream
TRIGGER = np.dtype(
    [("t", np.int64), ("id", np.uint8), ("value", np.bool_)]
)  # microseconds, channel, level after the edge
SIDE = 2048  # pixels that both formats can address along x and y


@dataclass
class Stream:
    """The events of one RAW file while they are read."""

    source: Source
    header: Header
    sensor: tuple[int, int] | None
    events: np.ndarray
    gate: Gate
    filled: int = 0
    lost: int = 0
    triggers: list[np.ndarray] = field(default_factory=list)

    @classmethod
    def open(cls, source: Source, header: Header, sensor: object, count: int) -> "Stream":
        """Room for `count` events; `sensor` is the user's (width, height), which overrules the header's."""
        size = checked_sensor(source.path, sensor) or header.sensor
        remedy = "The file is damaged, or give the true size, as in read_events(path, sensor=(1280, 720))."
        return cls(source, header, size, source.empty_events(count), Gate(source.path, size or (SIDE, SIDE), remedy))

    def add(self, x: np.ndarray, y: np.ndarray, t: np.ndarray, p: np.ndarray, offsets: np.ndarray) -> None:
        """Events of one block, with the byte offset of each; those whose place or time is not known yet are left out."""
        if min(values.min(initial=0) for values in (x, y, t)) < 0:
            known = (x >= 0) & (y >= 0) & (t >= 0)
            self.lost += len(t) - int(known.sum())
            x, y, t, p, offsets = (values[known] for values in (x, y, t, p, offsets))
        self.gate.check(x, y, t, lambda k: int(offsets[k]))
        room = self.events[self.filled : self.filled + len(t)]
        room["x"], room["y"], room["t"], room["p"] = x, y, t, p
        self.filled += len(t)

    def add_triggers(self, words: np.ndarray, t: np.ndarray) -> None:
        """External triggers: words whose bits from 8 on are the channel and whose bit 0 is the level, at times t."""
        found = np.empty(len(words), TRIGGER)
        found["t"], found["id"], found["value"] = t, words >> 8 & 15, words & 1
        self.triggers.append(found[t >= 0])

    def recording(self, name: str, tally: np.ndarray, others: dict[int, str]) -> Recording:
        """The recording, with a note for each type of word that was counted but not read."""
        if not self.filled:
            raise BadFileError(
                f"{self.source.path}: none of {self.lost} events has a time, expected a word of type 8 (the upper bits of the time) "
                f"before them, from offset {self.header.start} on. Copy the file again."
            )
        notes = [
            f"words of type {kind:x} ({what}): not read, {tally[kind]}" for kind, what in others.items() if tally[kind]
        ]
        if self.lost:
            notes.append(f"{self.lost} events left out, whose time or place no word before them tells")
        triggers = np.concatenate(self.triggers) if self.triggers else np.empty(0, TRIGGER)
        triggers = triggers[np.argsort(triggers["t"], kind="stable")]
        width, height = self.sensor or (None, None)
        return Recording(
            self.gate.ordered(self.events[: self.filled]),
            width,
            height,
            source=str(self.source.path),
            format=name,
            streams={"triggers": triggers} if len(triggers) else {},
            notes=tuple(notes),
        )


def check_kinds(path: Path, offset: int, kinds: np.ndarray, width: int, known: str) -> np.ndarray:
    """Number of words of each type [16]; `known` lists the hexadecimal digits of the types that exist.

    Raises:
        BadFileError: a word of another type.
    """
    tally = np.bincount(kinds, minlength=16)
    strange = [kind for kind in range(16) if tally[kind] and f"{kind:x}" not in known]
    if strange:
        k = int(np.flatnonzero(np.isin(kinds, strange))[0])
        raise BadFileError(
            f"{path}: offset {offset + k * width} holds a word of type {kinds[k]:x}, expected one of {', '.join(known)}. The file is "
            f"damaged or of another format: copy it again, or keep what comes before with `truncate -s {offset + k * width} {path}`."
        )
    return tally


def rank(where: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many words up to and with each word `at` [n] are those where `where` is true."""
    return np.cumsum(where)[at]


def held(values: np.ndarray, before: int, ranks: np.ndarray) -> np.ndarray:
    """The value in force at words of the given ranks [n]: values [k] come one after another, `before` ruled until the first."""
    return np.concatenate([[before], values])[ranks]
