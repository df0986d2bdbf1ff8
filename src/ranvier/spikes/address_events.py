"""Address events: structured arrays with the fields x, y, t (microseconds) and p (polarity), as event cameras give them."""

from collections.abc import Sequence

import numpy as np

from ranvier.checks import positive_time, steps_at_least
from ranvier.spikes.checking import checked_shape, in_range, vector
from ranvier.spikes.conversion import TOLERANCE, binned
from ranvier.units import us

DTYPE = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", np.bool_)])  # as in tonic


def address_keys(
    array: np.ndarray, *, sensor_size: Sequence[int], dt: float, steps: int | None, clip: bool
) -> tuple[tuple[int, ...], np.ndarray]:
    """Shape (T, 1, polarities, height, width) and keys of one recording."""
    where = "Events.from_aer"
    positive_time(where, "dt", dt)
    if steps is not None:
        steps_at_least(where, steps)
    if not isinstance(sensor_size, Sequence) or len(sensor_size) != 3:
        raise ValueError(
            f"{where}: sensor_size must be (width, height, polarities), got {sensor_size!r}. Use for example (34, 34, 2)."
        )
    width, height, polarities = sensor_size
    checked_shape(where, (1, 1, polarities, height, width))
    fields = (array.dtype.names or ()) if isinstance(array, np.ndarray) else ()
    if "x" not in fields or "t" not in fields:
        raise TypeError(
            f"{where}: array must be a structured array with the fields x, y, t and p, got "
            f"{array.dtype if isinstance(array, np.ndarray) else type(array).__name__}. "
            "Use np.array([(x, y, t, p), ...], dtype=[('x', 'i2'), ('y', 'i2'), ('t', 'i8'), ('p', '?')])."
        )
    micros = vector(where, "t", array["t"], "iu", "microseconds")
    place = np.zeros(len(micros), np.int64)
    for name, size in (("p", polarities), ("y", height), ("x", width)):
        if size == 1 and (name == "p" or name not in fields):
            continue
        if name not in fields:
            raise ValueError(f"{where}: array has no field {name}, sensor_size asks for {size}. Use 1 in its place.")
        values = vector(where, name, array[name], "iub", "addresses")
        if name == "p" and len(values) and values.min() < 0:
            raise ValueError(f"{where}: p must be 0 or 1, got {values.min()}. Use array['p'] = array['p'] > 0.")
        in_range(where, name, values, size)
        place = place * size + values
    t, inside = binned(where, micros, us, dt, steps, clip)
    if steps is None:
        if not len(t):
            raise ValueError(f"{where}: array holds no event to tell the number of steps from. Give steps=.")
        steps = int(t.max()) + 1
    shape = checked_shape(where, (steps, 1, polarities, height, width))
    return shape, t * (polarities * height * width) + place[inside]


def address_events(shape: tuple[int, ...], t: np.ndarray, ids: np.ndarray, dt: float) -> np.ndarray:
    """One sample as a structured array, from steps t int64 [count] and neurons ids int64 [count] (p, y, x in C order)."""
    array = np.empty(len(t), DTYPE)
    array["t"] = np.ceil(t * (dt / us) - TOLERANCE)  # the first microsecond that lies in the step
    array["p"], array["y"], array["x"] = np.unravel_index(ids, shape[2:])
    return array


def check_sensor(shape: tuple[int, ...], dt: float) -> None:
    """Refuses a shape or a step that address events cannot hold."""
    where = "Events.to_aer"
    positive_time(where, "dt", dt)
    if len(shape) != 5 or shape[2] > 2:
        raise ValueError(
            f"{where}: neurons must stand in axes (1 or 2 polarities, height, width), got {shape[2:]}. Use to_times(dt)."
        )
    if max(shape[3:]) > np.iinfo(np.int16).max + 1:
        raise ValueError(f"{where}: x and y are int16, got a sensor of {shape[4]} x {shape[3]}. Use to_times(dt).")
    if dt < us * (1 - TOLERANCE):
        raise ValueError(f"{where}: time stamps are whole microseconds, got a dt of {dt / us:g} us. Use to_times(dt).")
