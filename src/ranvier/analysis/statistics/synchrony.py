"""Synchrony: of spikes, by coincidences whose window follows the local rate; of a population, by its mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import check_window, checked_matrix, checked_pair, checked_trains
from ranvier.analysis.distances.pairs import of_pairs
from ranvier.kernels.cpu.compile import kernel


def spike_synchronization(a: Any, b: Any, *, start: float = 0.0, stop: float) -> float:
    """SPIKE-synchronization: share of spikes that coincide with one of the other train, in [0, 1].

    Spikes a_i and b_j coincide if they are less than half of the shortest of the four interspike intervals before and
    after them apart, so a spike coincides with one other at most. Where a first or last spike lacks a neighbour, the
    length of the window stands for the interval, as in PySpike. 1 for equal trains; 1 for two silent trains, 0 if one is
    silent.

    Args:
        a, b: spike times in seconds in [start, stop], strictly rising; lists, arrays or tensors [n] and [m].
        start, stop: window in seconds.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise, is not finite or leaves the window; a window of no length.

    Source: Kreuz, Mulansky and Bozanic 2015, Journal of Neurophysiology 113.
    """
    where = "spike_synchronization"
    trains = checked_pair(where, a, b, repeats=False)
    check_window(where, start, stop, trains)
    return float(of_pairs(_spike_synchronization, trains, stop - start)[0, 1])


def spike_synchronization_matrix(trains: Sequence[Any], *, start: float = 0.0, stop: float) -> np.ndarray:
    """SPIKE-synchronization of all pairs, float64 [trains, trains]. Takes and refuses what `spike_synchronization` does."""
    where = "spike_synchronization_matrix"
    found = checked_trains(where, trains, repeats=False)
    check_window(where, start, stop, found)
    return of_pairs(_spike_synchronization, found, stop - start, diagonal=1.0)


def chi(v: Any) -> float:
    """Population synchrony: how much of the variance in time survives the mean over neurons, in [0, 1].

        chi^2 = var_t(mean_n v[t, n]) / mean_n var_t(v[t, n])

    chi is returned: 1 for neurons that do the same, near 1 / sqrt(N) for N independent ones. NaN if no neuron varies.

    Args:
        v: membrane potentials or smoothed spike trains, shape [T, N], numbers.

    Raises:
        ValueError: not of two axes, empty, or not finite.

    Source: Golomb and Rinzel 1994, Physica D 72; Golomb 2007, Scholarpedia 2(1):1347.
    """
    found = checked_matrix("chi", "v", v, "[T, N]")
    if not found.size:
        raise ValueError(f"chi: v is empty, its shape is {found.shape}. Give at least one step and one neuron.")
    if not np.ptp(found, axis=0).any():
        return float("nan")
    # By Jensen's inequality the ratio is at most 1; rounding may exceed it.
    return float(np.sqrt(min(1.0, found.mean(1).var() / found.var(0).mean())))


@kernel
def _spike_synchronization(times, starts, left, right, out, window, first, last):
    for p in range(first, last):
        a = times[starts[left[p]] : starts[left[p] + 1]]
        b = times[starts[right[p]] : starts[right[p] + 1]]
        i = j = coincident = 0
        while i < len(a) and j < len(b):
            shortest = window
            if i > 0:
                shortest = min(shortest, a[i] - a[i - 1])
            if i + 1 < len(a):
                shortest = min(shortest, a[i + 1] - a[i])
            if j > 0:
                shortest = min(shortest, b[j] - b[j - 1])
            if j + 1 < len(b):
                shortest = min(shortest, b[j + 1] - b[j])
            coincident += abs(a[i] - b[j]) < 0.5 * shortest
            if a[i] <= b[j]:  # the earlier one has met all that it could coincide with
                i += 1
            else:
                j += 1
        spikes = len(a) + len(b)
        out[p] = 2.0 * coincident / spikes if spikes else 1.0
