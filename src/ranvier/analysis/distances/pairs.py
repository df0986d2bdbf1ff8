"""All pairs of many trains, shared between threads; and trains that reach to the edges of a window."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import check_window
from ranvier.kernels.cpu.threads import split


def of_pairs(
    kernel: Callable[..., Any], trains: Sequence[np.ndarray], *parameters: float, diagonal: float = 0.0
) -> np.ndarray:
    """Symmetric matrix [trains, trains] of what a kernel finds for two different trains.

    The kernel is called with (times, starts, left, right, out, *parameters, first, last): train k is
    times[starts[k]:starts[k + 1]], and out[p] is to become the value of trains left[p] and right[p].
    """
    lengths = [len(train) for train in trains]
    times = np.concatenate([np.empty(0), *trains])
    starts = np.cumsum([0, *lengths], dtype=np.int64)
    left, right = (np.ascontiguousarray(index, dtype=np.int64) for index in np.triu_indices(len(trains), 1))
    out = np.empty(len(left))
    work = len(trains) * len(times)  # each train meets all others
    if len(left):
        split(len(left), work, kernel, times, starts, left, right, out, *map(float, parameters))
    matrix = np.full((len(trains), len(trains)), diagonal)
    matrix[left, right] = matrix[right, left] = out
    return matrix


def within_window(
    where: str, kernel: Callable[..., Any], trains: Sequence[np.ndarray], start: float, stop: float
) -> np.ndarray:
    """`of_pairs` of trains that reach to the edges of a window, which is the kernel's parameters (start, stop).

    Raises:
        ValueError: a window of no length, or a train that leaves it.
    """
    check_window(where, start, stop, trains)
    return of_pairs(kernel, [with_auxiliary_spikes(train, start, stop) for train in trains], start, stop)


def with_auxiliary_spikes(train: np.ndarray, start: float, stop: float) -> np.ndarray:
    """The train with a spike more at either end, at the edge or outside, so that every moment lies between two spikes.

    The interval cut by an edge is at least as long as its neighbour, and reaches to the edge at least. A silent train is
    one with spikes at both edges. Source: as in PySpike (Mulansky and Kreuz 2016, SoftwareX 5).
    """
    if not len(train):
        train = np.array([start, stop])
    if len(train) == 1:
        return np.array([start, train[0], stop])
    before = min(start, train[0] - (train[1] - train[0]))
    after = max(stop, train[-1] + (train[-1] - train[-2]))
    return np.concatenate([[before], train, [after]])
