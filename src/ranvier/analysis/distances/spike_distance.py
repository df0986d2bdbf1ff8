"""SPIKE-distance: how far each moment's surrounding spikes lie from the nearest ones of the other train."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ranvier.analysis.checking import checked_pair, checked_trains
from ranvier.analysis.distances.pairs import within_window
from ranvier.kernels.cpu.compile import kernel


def spike_distance(a: Any, b: Any, *, start: float = 0.0, stop: float) -> float:
    """SPIKE-distance, in [0, 1], without a scale to choose.

        D    = 1 / (stop - start) * integral S(t) dt
        S(t) = (A(t) * y + B(t) * x) / (2 * ((x + y) / 2)^2)
        A(t) = (d_P * (t_F - t) + d_F * (t - t_P)) / x

    with x, y the interspike intervals of a and b that hold t, t_P and t_F the spikes of a around t, and d_P, d_F their
    distances to the nearest spike of b; B likewise of b. It is symmetric and 0 for equal trains, but no metric: the triangle
    inequality may fail.

    Edges: intervals as in `isi_distance`; a spike counts as near to the end of the interval that an edge cuts, and outside
    of its first and last spike a train keeps their distances. A silent train is one with spikes at both edges; two silent
    trains have the distance 0. PySpike agrees, but for a train whose only spike lies at `start`.

    Args:
        a, b: spike times in seconds in [start, stop], strictly rising; lists, arrays or tensors [n] and [m].
        start, stop: window in seconds.

    Raises:
        TypeError: times that are no numbers.
        ValueError: a train that does not strictly rise, is not finite or leaves the window; a window of no length.

    Source: Kreuz et al. 2013, Journal of Neurophysiology 109. S is linear between spikes, so the integral is
    exact. The work is n + m.

    Example:
        >>> round(spike_distance([0.0, 2.0, 5.0, 8.0], [0.0, 1.0, 5.0, 9.0], stop=10.0), 12)
        0.18630952381
    """
    trains = checked_pair("spike_distance", a, b, repeats=False)
    return float(within_window("spike_distance", _spike_distance, trains, start, stop)[0, 1])


def spike_distance_matrix(trains: Sequence[Any], *, start: float = 0.0, stop: float) -> np.ndarray:
    """SPIKE-distances of all pairs, float64 [trains, trains]. Takes and refuses what `spike_distance` does."""
    found = checked_trains("spike_distance_matrix", trains, repeats=False)
    return within_window("spike_distance_matrix", _spike_distance, found, start, stop)


@kernel
def _to_nearest(a, b, out):
    """Distance of each spike of a to the nearest of b; at a's auxiliary spikes that of their neighbour."""
    k = 0
    for i in range(1, len(a) - 1):
        while k + 1 < len(b) and abs(b[k + 1] - a[i]) <= abs(b[k] - a[i]):
            k += 1
        out[i] = abs(b[k] - a[i])
    out[0], out[len(a) - 1] = out[1], out[len(a) - 2]


@kernel
def _spike_distance(times, starts, left, right, out, start, stop, first, last):
    longest = np.max(np.diff(starts))
    from_a, from_b = np.empty(longest), np.empty(longest)
    for p in range(first, last):
        a = times[starts[left[p]] : starts[left[p] + 1]]
        b = times[starts[right[p]] : starts[right[p] + 1]]
        _to_nearest(a, b, from_a)
        _to_nearest(b, a, from_b)
        now, area = start, 0.0
        i = j = 0  # now lies in [a[i], a[i + 1]) and [b[j], b[j + 1])
        while now < stop:
            if a[i + 1] <= now:
                i += 1
            if b[j + 1] <= now:
                j += 1
            x, y = a[i + 1] - a[i], b[j + 1] - b[j]
            then = min(a[i + 1], b[j + 1], stop)
            middle = 0.5 * (now + then)  # the integral of a linear function is its middle times the length
            at_a = (from_a[i] * (a[i + 1] - middle) + from_a[i + 1] * (middle - a[i])) / x
            at_b = (from_b[j] * (b[j + 1] - middle) + from_b[j + 1] * (middle - b[j])) / y
            area += (then - now) * 2.0 * (at_a * y + at_b * x) / ((x + y) * (x + y))
            now = then
        out[p] = area / (stop - start)
