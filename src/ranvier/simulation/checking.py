"""Refusals shared by patterns, sources and networks."""

import math
import reprlib
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ranvier.checks import scalar
from ranvier.synapses.synapse import Synapse


def probability(where: str, given: Any) -> Any:
    """A number in [0, 1]."""
    value = scalar(given)
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ValueError(f"{where}: the probability must be a number in [0, 1], got {value!r}. Write {where}(0.1).")
    return value


def whole(where: str, name: str, given: Any, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = scalar(given)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{where}: {name} must be a whole number, got {value!r}. Write {name}={max(least, 10)}.")
    if value < least:
        raise ValueError(f"{where}: {name} must be at least {least}, got {value}.")
    return int(value)


def seconds(where: str, name: str, given: Any, least: float = 0.0, example: str = "100 * ms") -> float:
    """A finite time of at least `least` seconds, but for what rounding takes from it."""
    value = scalar(given)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError(f"{where}: {name} must be a number of seconds, got {value!r}. Write {name}={example}.")
    if float(value) < least * (1 - 1e-6):
        raise ValueError(
            f"{where}: {name} must be at least {least:g} s, got {float(value):g} s. Write {name}={example}."
        )
    return float(value)


def number(where: str, name: str, given: Any, example: str = "100") -> float:
    """A finite number."""
    value = scalar(given)
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError(f"{where}: {name} must be a finite number, got {value!r}. Write {name}={example}.")
    return float(value)


def floats(where: str, name: str, value: Any, expected: str) -> NDArray[np.float64]:
    """Numbers of any shape, from one, a list, an array or a tensor; text and complex numbers are none. expected: what they should be, in words."""
    array = _array(where, name, value, expected)
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, RuntimeError):
        raise _no_numbers(where, name, value, expected) from None


def _array(where: str, name: str, value: Any, expected: str) -> NDArray[Any]:
    """Numbers as they are stored, or objects that may be some."""
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
    except (TypeError, ValueError, RuntimeError):
        raise _no_numbers(where, name, value, expected) from None
    if value is None or array.dtype.kind not in "biufO":
        raise _no_numbers(where, name, value, expected)
    return array


def _no_numbers(where: str, name: str, value: Any, expected: str) -> TypeError:
    return TypeError(f"{where}: {name} must be {expected}, got {reprlib.repr(value)}.")


def of_synapses(where: str, name: str, given: Any, example: str) -> Any:
    """What each synapse of a projection has: a number, a distribution as it is, or an array. Sizes are looked at when the synapses are drawn."""
    value = scalar(given)
    expected = f"a number, a distribution, or an array of a number for each synapse, as in {name}={example}"
    if isinstance(value, type | bool):
        raise _no_numbers(where, name, value, expected)
    if hasattr(value, "kind"):
        return value
    if np.ndim(array := _array(where, name, value, expected)):
        return array
    one = float(floats(where, name, array, expected))
    if not math.isfinite(one):
        raise ValueError(f"{where}: {name} must be finite, got {one}. Write {name}={example}.")
    return one


def synapse_object(where: str, given: Any) -> None:
    """Refuses what is no synapse, such as its class."""
    if given is not None and not isinstance(given, Synapse):
        raise TypeError(f"{where}: the synapse must be an object such as rv.ExponentialSynapse(), got {given!r}.")


def numbers(where: str, name: str, value: Any, count: int) -> NDArray[np.float64]:
    """`count` finite numbers, from a list, an array or a tensor."""
    array = floats(where, name, value, f"a number or an array of {count} numbers")
    if array.shape != (count,):
        raise ValueError(f"{where}: {name} must have shape ({count},), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: {name} holds NaN or inf in {int((~np.isfinite(array)).sum())} of {count} places.")
    return array


def whole_numbers(where: str, name: str, value: Any) -> NDArray[Any]:
    """A list of whole numbers, or an empty one."""
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(
            f"{where}: {name} must be a list of whole numbers, got {array.dtype} of shape {array.shape}. Give neuron numbers."
        )
    return array


def indices(where: str, name: str, value: Any, below: int) -> NDArray[np.uint32]:
    """Whole numbers in [0, below)."""
    array = whole_numbers(where, name, value)
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
