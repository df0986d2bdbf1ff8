"""From dense tensors, sparse tensors and lists of times to keys (see `packing`), each refused by name where it is no spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.checks import positive_time, steps_at_least
from ranvier.spikes.checking import as_array, checked_shape, in_range, only_ones, vector
from ranvier.units import ms

TOLERANCE = 1e-6  # of a step, by which a time may fall short of a step's beginning and still belong to it


def dense_keys(x: Tensor | np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
    """Shape and keys of x [T, B, *N] of zeros and ones."""
    where = "Events.from_dense"
    if isinstance(x, Tensor):
        if x.layout != torch.strided:
            raise TypeError(f"{where}: x must be dense, got layout {x.layout}. Use Events.from_sparse(x).")
    elif not isinstance(x, np.ndarray):
        raise TypeError(f"{where}: x must be a tensor or an array, got {type(x).__name__}. Use torch.as_tensor(...).")
    if x.is_complex() if isinstance(x, Tensor) else x.dtype.kind not in "biuf":
        raise TypeError(f"{where}: x must hold real numbers or bools, got {x.dtype}. Use x.real, or x != 0.")
    shape = checked_shape(where, tuple(x.shape))
    flat = as_array(x).reshape(-1)
    keys = np.flatnonzero(flat != 0)
    only_ones(where, flat[keys], keys, shape)
    return shape, keys


def sparse_keys(x: Tensor) -> tuple[tuple[int, ...], np.ndarray]:
    """Shape and keys of a sparse COO tensor x [T, B, *N] of zeros and ones."""
    where = "Events.from_sparse"
    if not isinstance(x, Tensor) or x.layout != torch.sparse_coo:
        given = x.layout if isinstance(x, Tensor) else type(x).__name__
        remedy = "Events.from_dense(x)" if given is torch.strided else "x.to_sparse_coo()"
        raise TypeError(f"{where}: x must be a sparse COO tensor, got {given}. Use {remedy}.")
    if x.dense_dim():
        raise ValueError(
            f"{where}: all axes of x must be sparse, got {x.dense_dim()} dense ones. Use x.to_dense().to_sparse()."
        )
    shape = checked_shape(where, tuple(x.shape))
    x = x.detach().cpu().coalesce()  # sums the values of one place, as COO means it
    values = as_array(x.values())
    keys, spikes = np.asarray(np.ravel_multi_index(tuple(x.indices().numpy()), shape)), values != 0
    only_ones(where, values[spikes], keys[spikes], shape)
    return shape, keys[spikes]


def timed_keys(
    times: Any,
    ids: Any,
    samples: Any,
    *,
    steps: int,
    neurons: int | Sequence[int],
    dt: float,
    batch: int | None,
    clip: bool,
) -> tuple[tuple[int, ...], np.ndarray]:
    """Shape and keys of spikes given by time, neuron and sample."""
    where = "Events.from_times"
    steps_at_least(where, steps)
    positive_time(where, "dt", dt)
    if samples is None and batch not in (None, 1):
        raise ValueError(f"{where}: batch={batch} needs the sample of each spike. Give samples=, of the length of ids.")
    if samples is not None and batch is None:
        raise ValueError(f"{where}: samples needs the number of samples, silent ones included. Give batch=.")
    axes = tuple(neurons) if isinstance(neurons, Sequence) else (neurons,)
    shape = checked_shape(where, (steps, 1 if batch is None else batch, *axes))
    seconds = vector(where, "times", times, "fiu", "seconds")
    n = vector(where, "ids", ids, "iu", "neuron numbers")
    b = np.zeros(len(n), np.int64) if samples is None else vector(where, "samples", samples, "iu", "sample numbers")
    if not len(seconds) == len(n) == len(b):
        raise ValueError(
            f"{where}: times, ids and samples must be equally long, got {len(seconds)}, {len(n)} and {len(b)}. "
            "Give one time, one id and one sample for each spike."
        )
    width = int(np.prod(shape[2:], dtype=np.int64))
    in_range(where, "ids", n, width)
    in_range(where, "samples", b, shape[1])
    t, inside = binned(where, seconds, 1.0, dt, steps, clip)
    return shape, (t * shape[1] + b[inside]) * width + n[inside]


def binned(
    where: str, times: np.ndarray, unit: float, dt: float, steps: int | None, clip: bool
) -> tuple[np.ndarray, np.ndarray | slice]:
    """Step int64 of each time (in units of `unit` seconds) that lies within the window, and which those are."""
    position = times.astype(np.float64) * unit / dt
    if not np.isfinite(position).all():
        k = int(np.flatnonzero(~np.isfinite(position))[0])
        raise ValueError(
            f"{where}: times must be finite, got {times[k]} at [{k}]. Use only those of np.isfinite(times)."
        )
    rounding = np.finfo(times.dtype).eps if times.dtype.kind == "f" else 0
    t = np.floor(position + (TOLERANCE + rounding * np.abs(position)))
    inside = (t >= 0) if steps is None else (t >= 0) & (t < steps)
    if inside.all():
        return t.astype(np.int64), slice(None)
    if not clip:
        window = "at 0 ms or later" if steps is None else f"in [0, {steps * dt / ms:g}) ms"
        remedy = "times that begin at 0 (subtract the earliest)" if t.min() < 0 else f"steps={t.max() + 1:.0f}"
        raise ValueError(
            f"{where}: times must lie {window}, got {position.min() * dt / ms:g} to {position.max() * dt / ms:g} ms, "
            f"{np.count_nonzero(~inside)} of {len(t)} outside. Use {remedy}, or clip=True to leave out the spikes outside."
        )
    return t[inside].astype(np.int64), inside
