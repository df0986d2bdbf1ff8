"""Refusals of what is no spike train, window or scale: each names the function, what was given and what to type."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ranvier.spikes import Events
from ranvier.spikes.checking import vector


def checked_train(where: str, name: str, times: Any, *, repeats: bool = True) -> np.ndarray:
    """Times float64 [count] of one train, finite and rising; without `repeats`, strictly."""
    train = np.ascontiguousarray(vector(where, name, times, "fiu", "seconds"), dtype=np.float64)
    if not np.isfinite(train).all():
        k = int(np.flatnonzero(~np.isfinite(train))[0])
        raise ValueError(
            f"{where}: {name} must hold finite times, got {train[k]} at [{k}]. Use only those of np.isfinite({name})."
        )
    steps = np.diff(train)
    if len(steps) and steps.min() < 0:
        k = int(np.flatnonzero(steps < 0)[0])
        raise ValueError(
            f"{where}: {name} must be sorted, got {train[k]:g} s before {train[k + 1]:g} s at [{k}]. "
            f"Use np.sort({name})."
        )
    if not repeats and len(steps) and steps.min() == 0:
        k = int(np.flatnonzero(steps == 0)[0])
        raise ValueError(
            f"{where}: {name} must hold each time once, got {train[k]:g} s twice at [{k}]. Use np.unique({name})."
        )
    return train


def checked_pair(where: str, a: Any, b: Any, *, repeats: bool = True) -> list[np.ndarray]:
    """Times float64 [n] and [m] of two trains, called a and b."""
    return [checked_train(where, name, times, repeats=repeats) for name, times in (("a", a), ("b", b))]


def checked_trains(where: str, trains: Any, *, repeats: bool = True) -> list[np.ndarray]:
    """Times float64 [count] of each train of a sequence."""
    if isinstance(trains, Events | Tensor | np.ndarray) or not isinstance(trains, Sequence):
        raise TypeError(
            f"{where}: trains must be a list of spike trains, got {type(trains).__name__}. "
            "Use [a, b, c], or spike_trains(spikes, dt=1*ms)[0] for those of a raster's first sample."
        )
    return [checked_train(where, f"trains[{k}]", train, repeats=repeats) for k, train in enumerate(trains)]


def check_window(where: str, start: float, stop: float, trains: Sequence[np.ndarray] = ()) -> None:
    """Refuses a window of no length, and trains that reach out of it."""
    if not (math.isfinite(start) and math.isfinite(stop) and start < stop):
        raise ValueError(
            f"{where}: the window must begin before it ends, got start={start} and stop={stop} s. "
            "Use for example start=0.0, stop=1.0."
        )
    for train in trains:
        if len(train) and not (start <= train[0] and train[-1] <= stop):
            raise ValueError(
                f"{where}: spikes must lie in [{start:g}, {stop:g}] s, got {train[0]:g} to {train[-1]:g} s. "
                "Give the window of the recording, or only the spikes within it."
            )


def check_scale(where: str, name: str, value: float, unit: str) -> None:
    """Refuses what is no number from 0 to infinity."""
    if not value >= 0:
        raise ValueError(f"{where}: {name} must be 0 {unit} or above, got {value}. Use for example {name}=10.0.")


def checked_edges(where: str, edges: Any) -> np.ndarray:
    """Edges float64 [bins + 1], finite and strictly rising."""
    found = vector(where, "edges", edges, "fiu", "seconds").astype(np.float64)
    if len(found) < 2 or not np.isfinite(found).all() or np.diff(found).min() <= 0:
        raise ValueError(
            f"{where}: edges must be at least two finite times that rise, got {found}. "
            "Use for example np.linspace(0.0, 1.0, 101) for bins of 10 ms."
        )
    return found


def checked_matrix(where: str, name: str, x: Any, axes: str) -> np.ndarray:
    """Finite values float64 with two axes."""
    array = np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x)
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{where}: {name} must be numbers of shape {axes}, got {array.dtype} of shape {array.shape}. "
            f"Take one sample at a time, and give both axes."
        )
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{where}: {name} contains NaN or inf in {np.count_nonzero(~np.isfinite(array))} of {array.size} values. "
            f"Find them with np.isfinite({name})."
        )
    return array
