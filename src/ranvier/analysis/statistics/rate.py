"""Firing rates: of a whole window, in bins, over trials, and smoothed."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import check_window, checked_edges, checked_train, checked_trains
from ranvier.analysis.statistics.bins import counts_in_bins
from ranvier.checks import positive_time
from ranvier.spikes.checking import vector

BLOCK = 1 << 20  # kernel values computed at a time


def firing_rate(times: Any, *, start: float = 0.0, stop: float) -> float:
    """Spikes in [start, stop] divided by its length, in Hz. Spikes outside do not count; a silent train has the rate 0.

    Args:
        times: spike times in seconds, sorted, [n].
        start, stop: window in seconds.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that is not sorted or not finite, or a window of no length.
    """
    train = checked_train("firing_rate", "times", times)
    check_window("firing_rate", start, stop)
    return int(counts_in_bins(train, np.array([start, stop]))[0]) / (stop - start)


def spike_counts(trains: Sequence[Any], *, edges: Any) -> np.ndarray:
    """Spikes of each train in each bin, int64 [trains, bins].

    Bin k holds the times from edges[k] to edges[k + 1], the latter left out but for the last bin, as with np.histogram.
    A time that misses an edge by rounding alone counts as at the edge.

    Args:
        trains: list of trains, spike times in seconds, sorted.
        edges: where bins begin and the last one ends, in seconds, rising, [bins + 1].

    Raises:
        TypeError: `trains` is no list of trains, or times that are no numbers.
        ValueError: a train that is not sorted or not finite, or edges that do not rise.
    """
    found = checked_trains("spike_counts", trains)
    bounds = checked_edges("spike_counts", edges)
    return np.array([counts_in_bins(train, bounds) for train in found], np.int64).reshape(len(found), len(bounds) - 1)


def psth(trials: Sequence[Any], *, edges: Any) -> np.ndarray:
    """Peri-stimulus time histogram: mean firing rate over trials in each bin, in Hz, float64 [bins].

        rate[k] = spikes of all trials in bin k / (trials * (edges[k + 1] - edges[k]))

    NaN without any trial. Bins, arguments and errors are those of `spike_counts`. Times may be negative: count them from
    the stimulus. For a smooth curve take the mean of `instantaneous_rate` over trials.
    """
    found = checked_trains("psth", trials)
    bounds = checked_edges("psth", edges)
    if not found:
        return np.full(len(bounds) - 1, np.nan)
    return spike_counts(found, edges=bounds).sum(0) / (len(found) * np.diff(bounds))


def gaussian(x: np.ndarray) -> np.ndarray:
    """Smoothing kernel: normal density, exp(-x^2 / 2) / sqrt(2 pi)."""
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def exponential(x: np.ndarray) -> np.ndarray:
    """Smoothing kernel that looks back only: exp(-x) from x = 0 on."""
    return np.where(x >= 0, np.exp(-np.maximum(x, 0.0)), 0.0)


def rectangular(x: np.ndarray) -> np.ndarray:
    """Smoothing kernel: constant for |x| <= sqrt(3)."""
    return np.where(np.abs(x) <= math.sqrt(3), 0.5 / math.sqrt(3), 0.0)


def instantaneous_rate(
    times: Any, at: Any, *, width: float, kernel: Callable[[np.ndarray], np.ndarray] = gaussian
) -> np.ndarray:
    """Kernel estimate of the firing rate, in Hz, float64 [points].

        rate(t) = sum_i kernel((t - t_i) / width) / width

    No correction is made at the ends of a recording: rates within about a width of them are too low. A silent train has
    the rate 0.

    Args:
        times: spike times t_i in seconds, sorted, [n].
        at: times t in seconds, in any order, [points].
        width: standard deviation of the kernel in seconds.
        kernel: density of standard deviation 1: `gaussian`, `exponential` (causal), `rectangular` or your own.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that is not sorted or not finite, or a width that is not above 0.

    Source: Nawrot, Aertsen and Rotter 1999, Journal of Neuroscience Methods 94.
    """
    train = checked_train("instantaneous_rate", "times", times)
    points = vector("instantaneous_rate", "at", at, "fiu", "seconds").astype(np.float64)
    positive_time("instantaneous_rate", "width", width)
    rates, rows = np.zeros(len(points)), max(1, BLOCK // max(1, len(train)))
    for k in range(0, len(points), rows):
        rates[k : k + rows] = kernel((points[k : k + rows, None] - train) / width).sum(1) / width
    return rates
