"""What every event has to pass: its place lies on the sensor, its time does not fall. Refusals name the byte offset."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ranvier.data.event_files.room import lacking
from ranvier.errors import BadFileError

LATE = 10_000  # microseconds that an event may come late and still be sorted in: read-out jitter, not a damaged file


def checked_sensor(where: str | Path, sensor: object) -> tuple[int, int] | None:
    """(width, height) as a user gave it, or None.

    Raises:
        ValueError: not two whole numbers of pixels that int16 addresses can count.
    """
    if sensor is None:
        return None
    sizes = tuple(sensor) if isinstance(sensor, list | tuple) else ()
    if len(sizes) != 2 or any(type(n) is not int or not 0 < n <= 2**15 for n in sizes):
        raise ValueError(
            f"{where}: sensor must be (width, height), two ints from 1 to 32768, got {sensor!r}. Use for example sensor=(128, 128)."
        )
    return sizes


class Gate:
    """Passes the events of one file, block by block: places on the sensor, times that rise or come at most `LATE` late.

    Args:
        path: named in refusals.
        sensor: (width, height).
        remedy: what to type if a place lies beyond the sensor.
    """

    def __init__(self, path: Path, sensor: tuple[int, int], remedy: str) -> None:
        self.path, self.sensor, self.remedy = path, sensor, remedy
        self.newest: int | None = None
        self.late, self.latest = 0, 0

    def check(self, x: np.ndarray, y: np.ndarray, t: np.ndarray, offset: Callable[[int], int]) -> None:
        """Refuses events x, y, t [n] (t in microseconds); `offset` tells the byte at which the k-th of them stands.

        Raises:
            BadFileError: a place beyond the sensor, or a time that falls by more than `LATE`.
        """
        width, height = self.sensor
        if not len(t):
            return
        if x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height:
            k = int(np.flatnonzero((x < 0) | (y < 0) | (x >= width) | (y >= height))[0])
            raise BadFileError(
                f"{self.path}: offset {offset(k)} holds an event at x = {x[k]}, y = {y[k]}, expected a place on a sensor of "
                f"{width} x {height} pixels. {self.remedy}"
            )
        before = t[0] if self.newest is None else self.newest
        if t[0] < before or (t[1:] < t[:-1]).any():
            behind = np.maximum(np.maximum.accumulate(t), before) - t
            if behind.max() > LATE:
                k = int(np.flatnonzero(behind > LATE)[0])
                raise BadFileError(
                    f"{self.path}: offset {offset(k)} holds an event at {t[k]} us, after one at {t[k] + behind[k]} us; expected "
                    f"times that rise (an event up to {LATE} us late is sorted in). Copy the file again; if two recordings "
                    f"were joined, read the first alone after `truncate -s {offset(k)} {self.path}`."
                )
            self.late += int((behind > 0).sum())
            self.latest = max(self.latest, int(behind.max()))
        self.newest = max(int(t.max()), int(before))

    def ordered(self, events: np.ndarray) -> np.ndarray:
        """All events that passed, sorted by time with a warning where some came late; those of one time keep their order."""
        if not self.late:
            return events
        short = lacking(len(events) * (8 + events.itemsize))  # an order, and the events in it
        if short:
            raise BadFileError(
                f"{self.path}: {self.late} events come late, and to sort all {len(events)} needs {short}. Read a part of the recording."
            )
        warnings.warn(
            f"{self.path}: {self.late} of {len(events)} events come late, by up to {self.latest} us; sorted by time.",
            stacklevel=4,
        )
        return events[np.argsort(events["t"], kind="stable")]


def unwrapped(values: np.ndarray, bits: int, last: int | None) -> np.ndarray:
    """Values [n] int64 of a counter of so many bits, continued past its wraps: a fall by more than half of its range is one.

    `last` is the value before them as continued so far, None at the beginning.
    """
    span = 1 << bits
    first = values[:1] if last is None else np.array([last % span])
    loops = 0 if last is None else last // span
    return values + (loops + np.cumsum(np.diff(values, prepend=first) < -(span // 2))) * span
