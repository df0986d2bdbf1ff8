"""Refusals of what is no spikes: each names the method, what was given and what to type."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

LARGEST = 2**31 - 1  # kernels count rows and neurons in int32


def checked_shape(where: str, shape: Sequence[int]) -> tuple[int, ...]:
    """`shape` as a tuple (T, B, *N); refuses what is not at least two sizes of 1 or more that int32 can count."""
    if not isinstance(shape, Sequence) or any(
        isinstance(n, bool) or not isinstance(n, int | np.integer) for n in shape
    ):
        raise TypeError(
            f"{where}: shape must be a tuple of ints (T, B, *N), got {shape!r}. Use for example (100, 1, 784)."
        )
    sizes = tuple(int(n) for n in shape)
    if len(sizes) < 2:
        raise ValueError(
            f"{where}: shape must be (T, B, *N) (time, batch, neurons), got {sizes}. Use unsqueeze(1) for a single sample."
        )
    if min(sizes) < 1:
        raise ValueError(f"{where}: every axis of (T, B, *N) must be at least 1, got {sizes}.")
    rows, neurons = sizes[0] * sizes[1], int(np.prod(np.array(sizes[2:], dtype=object)))
    if max(rows, neurons) > LARGEST:
        raise ValueError(
            f"{where}: T * B and the neurons must each be at most {LARGEST}, got {rows} and {neurons}. "
            "Use a larger dt, or time stamps that begin at 0, or fewer samples."
        )
    return sizes


def check_rows(shape: tuple[int, ...], starts: Tensor, indices: Tensor) -> None:
    """Refuses what are no compressed rows of T * B rows, with indices that rise within each row."""
    for name, x, dtype in (("starts", starts, torch.int64), ("indices", indices, torch.int32)):
        if not isinstance(x, Tensor) or x.dtype != dtype:
            given = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(
                f"Events: {name} must be a tensor of {dtype}, got {given}. Use torch.as_tensor({name}, dtype={dtype})."
            )
        if x.device.type != "cpu":
            raise ValueError(f"Events: {name} must be on the CPU, got {x.device}. Use {name}.cpu().")
        if x.ndim != 1:
            raise ValueError(f"Events: {name} must have one axis, got shape {tuple(x.shape)}. Use {name}.reshape(-1).")
    rows, neurons, count = shape[0] * shape[1], math.prod(shape[2:]), len(indices)
    if len(starts) != rows + 1:
        raise ValueError(
            f"Events: starts must have T * B + 1 = {rows + 1} values for shape {shape}, got {len(starts)}. "
            "Give where each row (t, b) begins in indices, and last the number of spikes."
        )
    begins, ids = starts.numpy(), indices.numpy()
    falls = bool((np.diff(begins) < 0).any())
    if begins[0] != 0 or begins[-1] != count or falls:
        raise ValueError(
            f"Events: starts must rise from 0 to the number of indices, {count}, got {begins[0]} to {begins[-1]}"
            f"{' with a fall between' if falls else ''}. Use the cumulative sum of the spikes in each row, a 0 before it."
        )
    in_range("Events", "indices", ids, neurons)
    fall = np.diff(ids) <= 0
    within = begins[(begins > 0) & (begins < count)]
    fall[within - 1] = False  # from one row to the next the index may fall
    if fall.any():
        k = int(np.flatnonzero(fall)[0])
        t, b = divmod(int(np.searchsorted(begins, k, side="right")) - 1, shape[1])
        raise ValueError(
            f"Events: indices must rise within a row, got {ids[k]} before {ids[k + 1]} in row t={t}, b={b}. "
            "Sort them and remove repeats, or use Events.from_times."
        )


def only_ones(where: str, values: np.ndarray, keys: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuses values [count] at keys [count] that are not all 1."""
    bad = np.flatnonzero(values != 1)
    if not len(bad):
        return
    at = ", ".join(str(int(i)) for i in np.unravel_index(keys[bad[0]], shape))
    value = values[bad[0]]
    if np.isnan(value):
        raise ValueError(f"{where}: x must hold only 0 and 1, got NaN at x[{at}]. Find them with torch.isnan(x).")
    raise ValueError(
        f"{where}: x must hold only 0 and 1, got {value:g} at x[{at}], {len(bad)} such values. "
        "Use x > 0 if every positive value is a spike, or an encoder, for example encoders.bernoulli."
    )


def vector(where: str, name: str, x: Any, kinds: str, what: str) -> np.ndarray:
    """`x` as an array [count] whose dtype is of one of `kinds`."""
    array = as_array(x) if isinstance(x, Tensor) else np.asarray(x)
    if array.ndim != 1:
        raise ValueError(
            f"{where}: {name} must be one list of {what}, got shape {array.shape}. Use {name}.reshape(-1)."
        )
    if not len(array):
        return array.astype(np.float64 if "f" in kinds else np.int64)
    if array.dtype.kind not in kinds:
        kind, dtype = ("numbers", "float64") if "f" in kinds else ("integers", "int64")
        raise TypeError(
            f"{where}: {name} must be {kind} ({what}), got {array.dtype}. Use np.asarray({name}, dtype=np.{dtype})."
        )
    return array if "f" in kinds else array.astype(np.int64)


def in_range(where: str, name: str, x: np.ndarray, size: int) -> None:
    """Refuses numbers x [count] outside [0, size)."""
    if len(x) and not (x.min() >= 0 and x.max() < size):
        at = int(np.flatnonzero((x < 0) | (x >= size))[0])
        raise ValueError(
            f"{where}: {name} must lie in [0, {size}), got {x.min()} to {x.max()}, the first outside at [{at}]. "
            "Count from 0, or give a larger size."
        )


def as_array(x: Tensor | np.ndarray) -> np.ndarray:
    """The values of a dense tensor or array as an array, without a copy where possible."""
    if isinstance(x, np.ndarray):
        return x
    x = x.detach().cpu()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # NumPy has no bfloat16
