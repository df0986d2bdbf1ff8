"""Refusals shared by patterns, sources and networks."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def probability(where: str, value: Any) -> None:
    """Refuses what is no number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ValueError(f"{where}: the probability must be a number in [0, 1], got {value!r}. Write {where}(0.1).")


def whole(where: str, name: str, value: Any, least: int = 0) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{where}: {name} must be a whole number, got {value!r}. Write {name}={max(least, 10)}.")
    if value < least:
        raise ValueError(f"{where}: {name} must be at least {least}, got {value}.")
    return int(value)


def seconds(where: str, name: str, value: Any, least: float = 0.0) -> float:
    """A finite time of at least `least` seconds."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError(f"{where}: {name} must be a number of seconds, got {value!r}. Write {name}=100 * ms.")
    if float(value) < least:
        raise ValueError(f"{where}: {name} must be at least {least:g} s, got {float(value):g} s.")
    return float(value)


def number(where: str, name: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError(f"{where}: {name} must be a finite number, got {value!r}. Write {name}=100.")
    return float(value)


def numbers(where: str, name: str, value: Any, count: int) -> NDArray[np.float64]:
    """`count` finite numbers, from a list, an array or a tensor."""
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{where}: {name} must be a number or an array of {count} numbers, got {value!r}.") from None
    if array.shape != (count,):
        raise ValueError(f"{where}: {name} must have shape ({count},), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: {name} holds NaN or inf in {int((~np.isfinite(array)).sum())} of {count} places.")
    return array


def indices(where: str, name: str, value: Any, below: int) -> NDArray[np.uint32]:
    """Whole numbers in [0, below)."""
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"{where}: {name} must be a list of whole numbers, got {array.dtype} of shape {array.shape}. Give neuron numbers."
        )
    if array.size and (array.min() < 0 or array.max() >= below):
        raise ValueError(f"{where}: {name} must lie in 0..{below - 1}, got values from {array.min()} to {array.max()}.")
    return array.astype(np.uint32)


def positions(where: str, name: str, value: Any) -> NDArray[np.float64]:
    """Finite positions [n, 1], [n, 2] or [n, 3]."""
    array = np.asarray(value, np.float64)
    if array.ndim != 2 or array.shape[1] not in (1, 2, 3) or not np.isfinite(array).all():
        raise ValueError(
            f"{where}: {name} must be finite positions [n, 1], [n, 2] or [n, 3], got shape {array.shape}. rv.simulation.grid(15, 3, 3) makes some."
        )
    return array
