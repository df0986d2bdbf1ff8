"""A recording of an event sensor as a value, its windows and crops, and the ways from there into a network."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ranvier.checks import positive_time, steps_at_least
from ranvier.data.event_files.checking import checked_sensor
from ranvier.data.event_files.room import lacking
from ranvier.spikes.address_events import DTYPE
from ranvier.spikes.conversion import TOLERANCE, binned
from ranvier.spikes.events import Events
from ranvier.units import us


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Address events of one recording, in order of time. A value: every method gives a new one.

    Its clock: `window` and the steps of `to_events` and `to_frames` count from `start`, which is 0 us where the file was
    cut and its times begin anew (N-MNIST, DAT, N-TIDIGITS), and the first event where a camera's clock runs on (AEDAT 4,
    EVT 2.0, EVT 3.0).

    Args:
        events: structured array [count] with x, y (pixels, from the upper left corner), t (microseconds) and p, such as
            tonic's; p is 0 for OFF (darker), 1 for ON (brighter). Kept as int16 x and y, int64 t, bool p.
        width: pixels of the sensor along x, None if unknown.
        height: pixels along y, None if unknown.
        start: where the clock shows 0, in microseconds of `t`; None is the first event.
        stop: end of the recording in microseconds of `t`, exclusive; None is just after the last event.
        source: where it comes from: a path.
        format: name of the file format.
        streams: what else was read, by name, such as `triggers`.
        notes: what was left out or continued, in sentences.

    Raises:
        TypeError: `events` lacks a field, or one is not of integers.
        ValueError: times that fall, events off the sensor or outside [start, stop), no event and no start and stop.

    Example:
        >>> import numpy as np, ranvier as rv
        >>> events = np.array([(1, 0, 200, 1), (1, 0, 900, 1), (0, 2, 1500, 0)], [("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "?")])
        >>> recording = rv.data.Recording(events, width=2, height=3, start=0)
        >>> recording.to_frames(1 * rv.ms)[:, 0, 1, 0, 1]
        tensor([2., 0.])
    """

    events: np.ndarray
    width: int | None = None
    height: int | None = None
    start: int | None = None
    stop: int | None = None
    source: str = "array"
    format: str = "array"
    streams: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        events = _own_dtype(self.events)
        if not len(events) and (self.start is None or self.stop is None):
            raise ValueError(
                "Recording: events is empty. Give start= and stop= in microseconds for a silent recording."
            )
        t = events["t"]
        if (t[1:] < t[:-1]).any():
            k = int(np.flatnonzero(t[1:] < t[:-1])[0])
            raise ValueError(
                f"Recording: times must not fall, got {t[k]} us before {t[k + 1]} us at [{k + 1}]. "
                "Use events[np.argsort(events['t'], kind='stable')]."
            )
        start = int(t[0]) if self.start is None else self.start
        stop = int(t[-1]) + 1 if self.stop is None else self.stop
        if start >= stop or (len(t) and (t[0] < start or t[-1] >= stop)):
            held = f"events from {t[0]} to {t[-1]} us" if len(t) else "no event"
            raise ValueError(
                f"Recording: events must lie in [start, stop), got [{start}, {stop}) us and {held}. Use start=None and stop=None."
            )
        if self.width is not None or self.height is not None:
            sensor = checked_sensor("Recording", (self.width, self.height))
            for name, size in zip("xy", sensor or (), strict=True):
                if len(t) and not 0 <= events[name].min() <= events[name].max() < size:
                    raise ValueError(
                        f"Recording: {name} must lie in [0, {size}), got {events[name].min()} to {events[name].max()}. "
                        "Give the true width and height, or use crop."
                    )
        events.flags.writeable = False
        for name, value in (("events", events), ("start", start), ("stop", stop)):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        """Number of events."""
        return len(self.events)

    def __repr__(self) -> str:
        sensor = f"{self.width} x {self.height} pixels" if self.width is not None else "sensor unknown"
        others = "".join(f", {len(values)} {name}" for name, values in self.streams.items())
        return f"Recording({self.format}, {len(self)} events{others}, {self.duration:.6g} s, {sensor}, {self.source!r})"

    @property
    def duration(self) -> float:
        """Seconds from `start` to `stop`."""
        return (self._stop - self._start) * us

    @property
    def sensor_size(self) -> tuple[int, int, int]:
        """(width, height, 2), tonic's order.

        Raises:
            ValueError: the file did not tell.
        """
        if self.width is None or self.height is None:
            reach = f"x = {self.events['x'].max()}, y = {self.events['y'].max()}" if len(self) else "nowhere"
            raise ValueError(
                f"{self.source}: the file does not tell the size of its sensor; its events reach {reach}. "
                "Give it, as in read_events(path, sensor=(128, 128)) or dataclasses.replace(recording, width=128, height=128)."
            )
        return self.width, self.height, 2

    def window(self, start: float, stop: float) -> "Recording":
        """The part from `start` to `stop` (exclusive), in seconds of the recording's clock; its own clock begins there.

        Times keep the file's microseconds; boundaries are rounded to whole ones. It may hold no event: a stretch of silence.
        The other streams are cut alike.

        Raises:
            ValueError: not 0 <= start < stop <= duration.
        """
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise ValueError(
                f"window: start and stop must be finite times, got {start} and {stop}. Use window(0, 0.1)."
            )
        first, last = (self._start + round(edge / us) for edge in (start, stop))
        if not self._start <= first < last <= self._stop:
            raise ValueError(
                f"window: needs 0 <= start < stop <= {self.duration:g} s, the duration, got {start:g} to {stop:g} s. "
                f"Use for example window(0, {self.duration / 2:g})."
            )
        part, streams = _between(self.events, first, last), self.streams.items()
        cut = {name: _between(values, first, last) for name, values in streams}
        return dataclasses.replace(self, events=part, start=first, stop=last, streams=cut)

    def crop(self, left: int, top: int, width: int, height: int) -> "Recording":
        """The events on a rectangle of pixels, whose upper left corner becomes (0, 0).

        Raises:
            ValueError: it does not lie on the sensor, or the sensor is unknown.
        """
        whole = self.sensor_size
        if not (0 <= left < left + width <= whole[0] and 0 <= top < top + height <= whole[1]):
            raise ValueError(
                f"crop: the rectangle must lie on {whole[0]} x {whole[1]} pixels, got x {left} to {left + width - 1}, "
                f"y {top} to {top + height - 1}. Use for example crop(0, 0, {whole[0] // 2}, {whole[1] // 2})."
            )
        x, y = self.events["x"], self.events["y"]
        events = self.events[(x >= left) & (x < left + width) & (y >= top) & (y < top + height)]
        events["x"] -= left
        events["y"] -= top
        return dataclasses.replace(self, events=events, width=width, height=height)

    def pool(self, factor: int) -> "Recording":
        """The recording on a coarser sensor: factor x factor pixels become one, and all their events are kept.

        Where `factor` does not divide a side, the last row or column stands for fewer pixels. Events of one coarse pixel in
        one step are merged or counted only by `to_events` and `to_frames`.

        Raises:
            ValueError: `factor` is not a whole number from 1 up, or the sensor is unknown.
        """
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
            raise ValueError(f"pool: factor must be an int from 1 up, got {factor!r}. Use for example pool(2).")
        width, height, _ = self.sensor_size
        events = self.events.copy()
        events["x"] //= factor
        events["y"] //= factor
        return dataclasses.replace(self, events=events, width=-(-width // factor), height=-(-height // factor))

    def to_events(self, dt: float, *, steps: int | None = None, polarities: int = 2, clip: bool = False) -> Events:
        """Spikes of shape [T, 1, polarities, height, width] for a network, OFF in channel 0 and ON in channel 1.

        Step t holds the events from t * dt to (t + 1) * dt after `start`. Several events of one pixel and polarity in one step
        become one spike; `len(recording) - events.count` tells how many were lost, a smaller dt keeps them apart, `to_frames`
        counts them. With polarities=1 both polarities share one channel and merge alike.

        Args:
            dt: time step in seconds.
            steps: number of steps T; None reaches to `stop`.
            polarities: 2, or 1 for one channel.
            clip: leave out events after the last step instead of refusing them.

        Raises:
            ValueError: sensor unknown, bad dt, events after the last step.
        """
        steps, size = self._steps("to_events", dt, steps), self._size("to_events", polarities)
        relative = self.events.copy()
        relative["t"] -= self._start
        return Events.from_aer(relative, sensor_size=size, dt=dt, steps=steps, clip=clip)

    def to_frames(self, dt: float, *, steps: int | None = None, polarities: int = 2, clip: bool = False) -> Tensor:
        """Number of events of each step, polarity and pixel: float32 [T, 1, polarities, height, width]; nothing is lost.

        Steps, channels and arguments as in `to_events`. For zeros and ones use `to_events(dt).to_dense()`.

        Raises:
            ValueError: as `to_events`, or the frames are larger than memory.
        """
        steps, (width, height, _) = self._steps("to_frames", dt, steps), self._size("to_frames", polarities)
        shape = (steps, 1, polarities, height, width)
        short = lacking(4 * math.prod(shape))
        if short:
            raise ValueError(
                f"to_frames: shape {shape} needs {short}. Use to_events(dt), whose size follows the events, a larger dt, window or pool."
            )
        t, inside = binned("to_frames", self.events["t"] - self._start, us, dt, steps, clip)
        events = self.events[inside]
        channel = events["p"].astype(np.int64) if polarities == 2 else 0
        place = ((t * polarities + channel) * height + events["y"]) * width + events["x"]
        counts = np.zeros(math.prod(shape), np.float32)
        np.add.at(counts, place, np.float32(1))
        return torch.from_numpy(counts).view(shape)

    @property
    def _start(self) -> int:
        assert self.start is not None
        return self.start

    @property
    def _stop(self) -> int:
        assert self.stop is not None
        return self.stop

    def _steps(self, where: str, dt: float, steps: int | None) -> int:
        positive_time(where, "dt", dt)
        if steps is None:
            return max(1, math.ceil((self._stop - self._start) * us / dt - TOLERANCE))
        steps_at_least(where, steps)
        return steps

    def _size(self, where: str, polarities: int) -> tuple[int, int, int]:
        if polarities not in (1, 2):
            raise ValueError(f"{where}: polarities must be 2 (OFF, ON) or 1 (both in one), got {polarities!r}.")
        width, height, _ = self.sensor_size
        return width, height, polarities


def _between(values: np.ndarray, first: int, last: int) -> np.ndarray:
    a, b = np.searchsorted(values["t"], (first, last))
    return values[a:b]


def _own_dtype(array: np.ndarray) -> np.ndarray:
    """`array` in the dtype of address events, as a view where it has it."""
    names = (array.dtype.names or ()) if isinstance(array, np.ndarray) else ()
    if any(name not in names or array.dtype[name].kind not in "iub" for name in "xytp") or array.ndim != 1:
        given = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(
            f"Recording: events must be a structured array [count] with integer fields x, y, t and p, got {given}. "
            "Use np.array([(x, y, t, p), ...], dtype=[('x', 'i2'), ('y', 'i2'), ('t', 'i8'), ('p', '?')])."
        )
    if array.dtype == DTYPE:
        return array.view()
    own = np.empty(len(array), DTYPE)
    for name in "xy":
        if len(array) and not 0 <= int(array[name].min()) <= int(array[name].max()) < 2**15:
            raise ValueError(
                f"Recording: {name} must lie in [0, 32768), got {array[name].min()} to {array[name].max()}. Use crop before."
            )
        own[name] = array[name]
    own["t"], own["p"] = array["t"], array["p"] > 0
    return own
